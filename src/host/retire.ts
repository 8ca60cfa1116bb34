import type { EventBus } from "../domain/events.ts";
import type { RetiredReason } from "../domain/reasons.ts";
import type { ResumeRecord } from "../domain/record.ts";
import type { SessionRow } from "../domain/session.ts";
import type { RecordStore } from "../record/record-store.ts";
import type { SessionStore } from "./session-store.ts";

/** The row of a session; one that cannot be read is not one that is gone. */
export function rowOf(
  { agentId, sessionKey }: Pick<SessionRow, "agentId" | "sessionKey">,
  sessions: Pick<SessionStore, "get">,
): SessionRow | "unreadable" | undefined {
  try {
    return sessions.get(agentId, sessionKey);
  } catch {
    return "unreadable";
  }
}

/** Forgets a held session: its row and transcript stay as they are. */
export function retire(
  { agentId, sessionKey, attempts }: ResumeRecord,
  reason: RetiredReason,
  { records, events }: { readonly records: Pick<RecordStore, "retire">; readonly events: Pick<EventBus, "emit"> },
): void {
  records.retire(agentId, sessionKey);
  events.emit("settled", { agentId, sessionKey, outcome: "retired", reason, attempts });
}
