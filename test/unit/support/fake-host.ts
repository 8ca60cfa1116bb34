import type { OpenClawConfig } from "openclaw/plugin-sdk/plugin-entry";
import { plainlyLater } from "../../../src/domain/clock-jumps.ts";
import { transcriptFacts } from "../../../src/domain/transcript-facts.ts";
import type { HostParts } from "../../../src/host/host-parts.ts";
import { createSessionStore, type SessionStore } from "../../../src/host/session-store.ts";
import type { Transcripts } from "../../../src/host/transcripts.ts";
import { SessionRefs } from "../../../src/observe/session-ref.ts";
import { HOUR, NOW } from "./makers.ts";

type Entry = Readonly<Record<string, unknown>>;
type Api = Parameters<typeof createSessionStore>[0];

/** A direct chat whose turn was cut off a minute ago, as the host keeps it. */
export const entry = (over: Entry = {}): Entry => ({
  sessionId: "session-1",
  status: "running",
  chatType: "direct",
  lastInteractionAt: NOW - 60_000,
  sessionStartedAt: NOW - 2 * HOUR,
  delivery: { kind: "external", context: { channel: "telegram", to: "1" } },
  ...over,
});

/** The user's message of that turn. */
export const ASKED = { type: "message", timestamp: NOW - 60_000, message: { role: "user", content: "do it" } };

/** What its user wrote and was answered while it was claimed. */
export const CONTINUED = [
  { ...ASKED, timestamp: NOW - 1 },
  { ...ASKED, timestamp: NOW - 1, message: { role: "assistant", content: [{ type: "text", text: "done" }] } },
];

/** A host in memory: its configuration, its agents' session entries and their transcripts. */
export class FakeHost implements HostParts {
  readonly stateDir: string;
  current: OpenClawConfig;
  /** Transcript events by session id; `[ASKED]` where there are none. */
  readonly events = new Map<string, readonly unknown[]>();
  /** What keeps the host from reading or patching entries. */
  broken: Error | undefined;
  readonly sessions: SessionStore;
  readonly transcripts: Transcripts;
  /** By agent, then by key. */
  readonly #entries = new Map<string, Map<string, Entry>>();

  constructor(stateDir: string, agentIds: readonly string[] = ["a"]) {
    this.stateDir = stateDir;
    this.current = { agents: { list: agentIds.map((id) => ({ id })) } };
    this.sessions = createSessionStore(this.#api() as object as Api, this.config);
    const read: Transcripts["whole"] = ({ sessionId }) => transcriptFacts(this.events.get(sessionId) ?? [ASKED], 512);
    this.transcripts = { atBoot: read, whole: read, restored: async (row) => read(row) };
  }

  readonly isLater = () => plainlyLater;
  readonly refs = () => [new SessionRefs("key"), new SessionRefs("key before")];
  readonly config = (): OpenClawConfig => this.current;
  readonly storePathOf = (agentId: string): string => `/store/${agentId}`;
  readonly transcriptFileOf = () => undefined;
  readonly besideMessage = () => ({});

  /** Puts an entry, or changes the one that is there. */
  set(sessionKey: string, over: Entry = {}, agentId = "a"): void {
    const entries = this.#entries.get(agentId) ?? new Map<string, Entry>();
    this.#entries.set(agentId, entries.set(sessionKey, { ...(entries.get(sessionKey) ?? entry()), ...over }));
  }

  delete(sessionKey: string, agentId = "a"): void {
    this.#entries.get(agentId)?.delete(sessionKey);
  }

  statusOf(sessionKey: string, agentId = "a"): unknown {
    return this.#entries.get(agentId)?.get(sessionKey)?.["status"];
  }

  #api() {
    const find = (agentId: string, sessionKey: string) => {
      if (this.broken !== undefined) throw this.broken;
      // The host looks a key that names an agent up in that agent's store.
      const [scheme, owner] = sessionKey.split(":");
      return this.#entries.get(scheme === "agent" && owner !== undefined ? owner : agentId)?.get(sessionKey);
    };
    return {
      listSessionEntries: ({ agentId }: { agentId: string }) => {
        if (this.broken !== undefined) throw this.broken;
        return [...(this.#entries.get(agentId) ?? [])].map(([sessionKey, found]) => ({ sessionKey, entry: found }));
      },
      getSessionEntry: ({ agentId, sessionKey }: { agentId: string; sessionKey: string }) => find(agentId, sessionKey),
      patchSessionEntry: async (options: {
        agentId: string;
        sessionKey: string;
        update: (entry: Entry) => Entry | null;
      }) => {
        const found = find(options.agentId, options.sessionKey);
        const patch = found === undefined ? null : options.update(found);
        if (patch !== null) this.set(options.sessionKey, patch, options.agentId);
      },
    };
  }
}
