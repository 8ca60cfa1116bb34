import { loadTranscriptEventsSync } from "openclaw/plugin-sdk/session-store-runtime";
import type { SessionRow } from "../domain/session.ts";

/** Reads a session's transcript events, oldest first. */
export type ReadTranscript = (row: SessionRow) => readonly unknown[];

/** The host's transcript store. A transcript that cannot be read counts as empty. */
export function createTranscriptReader(storePathOf: (agentId: string) => string): ReadTranscript {
  return ({ agentId, sessionKey, sessionId }) => {
    try {
      return loadTranscriptEventsSync({ agentId, sessionKey, sessionId, storePath: storePathOf(agentId) });
    } catch {
      return [];
    }
  };
}
