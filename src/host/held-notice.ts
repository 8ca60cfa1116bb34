import type { OpenClawConfig } from "openclaw/plugin-sdk/plugin-entry";
import type { EventBus, Subject } from "../domain/events.ts";
import { movedOn } from "../domain/identify.ts";
import type { ResumeRecord } from "../domain/record.ts";
import type { SessionRow } from "../domain/session.ts";
import type { RecordStore } from "../record/record-store.ts";
import type { Deliver } from "./delivery.ts";
import type { SessionStore } from "./session-store.ts";
import type { HostParts } from "./host-parts.ts";
import type { Transcripts } from "./transcripts.ts";

export interface HeldNoticesOptions {
  readonly records: Pick<RecordStore, "get" | "put">;
  readonly sessions: Pick<SessionStore, "get" | "routeOf">;
  readonly transcripts: Pick<Transcripts, "whole">;
  readonly isLater: HostParts["isLater"];
  readonly config: () => OpenClawConfig;
  readonly deliver: Deliver;
  readonly events: EventBus;
  readonly nowMs: () => number;
  /** Whether conversations are to be told (`notify`), as it is set when one is held. */
  readonly isOn: () => boolean;
}

/** True whatever the reason is. */
const TEXT =
  "A restart cut off my last turn here, and it is not continued on its own. If you still need an answer, please write to me again.";

/** Held on purpose, a conversation that has moved elsewhere, a turn that was answered: nobody there needs to be told. */
const UNTOLD: ReadonlySet<string> = new Set([
  "excluded",
  "dm-scope-retired",
  "duplicate-of",
  "held-earlier",
  "delivery-failed",
]);

/**
 * Tells a conversation once that its interrupted turn is held.
 *
 * Its id in the host's outbound queue is made from the interruption, so it goes out at most once, whatever crashes
 * (before 2026.8: but for a kill between the queue's note of it and ours).
 */
export class HeldNotices {
  readonly #options: HeldNoticesOptions;
  readonly #due: Subject[] = [];
  readonly #stops: (() => void)[];
  readonly #stopping = new AbortController();
  #isSending = false;
  #isOpen = false;

  constructor(options: HeldNoticesOptions) {
    this.#options = options;
    const { events } = options;
    this.#stops = [
      events.on("judged", ({ verdict, ...subject }) => {
        if (verdict.kind === "hold") this.#held(subject, verdict.reason);
      }),
      events.on("settled", ({ outcome, reason, ...subject }) => {
        if (outcome === "held") this.#held(subject, reason);
      }),
    ];
  }

  /** The gateway is ready: channels can send. */
  open(): void {
    this.#isOpen = true;
    this.#sendLater();
  }

  stop(): void {
    for (const stop of this.#stops) stop();
    this.#stopping.abort();
    this.#due.length = 0;
  }

  #held({ agentId, sessionKey }: Subject, reason: string): void {
    if (!this.#options.isOn() || UNTOLD.has(reason)) return;
    this.#due.push({ agentId, sessionKey });
    this.#sendLater();
  }

  #sendLater(): void {
    if (this.#isOpen && !this.#isSending) void this.#sendAll();
  }

  /** One after the other: they are no urgent matter. */
  async #sendAll(): Promise<void> {
    this.#isSending = true;
    for (let next = this.#due.shift(); next !== undefined; next = this.#due.shift()) {
      try {
        await this.#tell(next);
      } catch (error) {
        this.#options.events.emit("trouble", { ...next, what: "tell a conversation that it is held", error });
      }
    }
    this.#isSending = false;
  }

  async #tell(subject: Subject): Promise<void> {
    const { records, sessions, transcripts, isLater, deliver, events, nowMs } = this.#options;
    const { agentId, sessionKey } = subject;
    const record = records.get(agentId, sessionKey);
    if (record?.outcome !== "held" || record.notifiedAtMs !== undefined) return;
    const row = sessions.get(agentId, sessionKey);
    if (row === undefined || movedOn(record, row, () => transcripts.whole(row), isLater())) return;
    const route = sessions.routeOf(row);
    if (route === undefined || (await this.#isQuiet(row))) return;
    const remember = () => {
      const latest = records.get(agentId, sessionKey);
      if (latest !== undefined) records.put({ ...latest, notifiedAtMs: nowMs() });
    };
    await deliver({
      resume: subject,
      runId: noticeId(record),
      parts: [{ text: TEXT }],
      route,
      silent: true,
      signal: this.#stopping.signal,
      onQueued: remember,
    });
    remember();
    events.emit("notified", { ...subject, reason: record.reason });
  }

  /** A room where the agent speaks only through its message tool hears nothing from us either. */
  async #isQuiet({ chatKind, sessionKey, route }: SessionRow): Promise<boolean> {
    const { resolveChannelMessageSourceReplyDeliveryMode } = await import("openclaw/plugin-sdk/channel-outbound");
    const ctx = {
      SessionKey: sessionKey,
      ChatType: chatKind,
      ...(route === undefined ? {} : { Provider: route.channel, Surface: route.channel }),
    };
    const mode = resolveChannelMessageSourceReplyDeliveryMode({ cfg: this.#options.config(), ctx });
    return mode === "message_tool_only";
  }
}

const noticeId = ({ agentId, sessionKey, claimedAtMs }: ResumeRecord): string =>
  `held:${claimedAtMs}:${agentId}:${sessionKey}`;
