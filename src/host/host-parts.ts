import type { OpenClawConfig } from "openclaw/plugin-sdk/plugin-entry";
import type { PluginRuntime } from "openclaw/plugin-sdk/runtime-store";
import { type IsLater, laterBy } from "../domain/clock-jumps.ts";
import type { SessionRow } from "../domain/session.ts";
import { SessionRefs } from "../observe/session-ref.ts";
import { RecordStore } from "../record/record-store.ts";
import { knownJumps } from "./clock-watch.ts";
import { inProcess } from "./in-process.ts";
import { keepsTranscriptFiles } from "./sdk.ts";
import { createSessionStore, type SessionStore } from "./session-store.ts";
import { besideMessage, type BesideMessage } from "./standing-message.ts";
import { transcriptFile } from "./transcript-file.ts";
import { createTranscripts, type Transcripts } from "./transcripts.ts";

/** The host's configuration, sessions and transcripts, as the plugin's parts take them. */
export interface HostParts {
  /** The host's configuration as it is now. */
  readonly config: () => OpenClawConfig;
  readonly storePathOf: (agentId: string) => string;
  /** The file of a transcript, on a host that keeps them as files. */
  readonly transcriptFileOf: (row: SessionRow) => string | undefined;
  /** What a run with this prompt must be told besides, on a host that would move the unanswered message. May throw. */
  readonly besideMessage: (row: SessionRow, attempt: Parameters<typeof besideMessage>[2]) => BesideMessage;
  readonly sessions: SessionStore;
  readonly transcripts: Transcripts;
  /** Orders times that the wall clock dates, as it is set now. */
  readonly isLater: () => IsLater;
  /** What stands for a session in the logs of this gateway and of the last ones, the newest first. */
  readonly refs: () => readonly SessionRefs[];
  /** The gateway's state folder. */
  readonly stateDir: string;
}

/** Works in the gateway and in the process of a command alike. */
export function hostParts(runtime: PluginRuntime, stateDir: string): HostParts {
  const { session } = runtime.agent;
  const config = () => runtime.config.current() as OpenClawConfig;
  const storePathOf = (agentId: string) => session.resolveStorePath(config().session?.store, { agentId });
  const fileOf = (row: SessionRow) => transcriptFile(session, row, storePathOf(row.agentId));
  return {
    config,
    storePathOf,
    transcriptFileOf: (row) => (keepsTranscriptFiles ? fileOf(row) : undefined),
    besideMessage: (row, attempt) => besideMessage(row, storePathOf(row.agentId), attempt),
    sessions: createSessionStore(session, config),
    transcripts: createTranscripts(storePathOf, fileOf),
    isLater: () => laterBy(knownJumps(stateDir), Date.now()),
    refs: () => {
      const kept = RecordStore.peek(stateDir, ({ facts }) => facts.get("logKeys"), undefined) ?? [];
      return [...new Set([...(inProcess.logKey === undefined ? [] : [inProcess.logKey]), ...kept])].map(
        (key) => new SessionRefs(key),
      );
    },
    stateDir,
  };
}
