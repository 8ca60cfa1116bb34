import type { EventBus } from "../domain/events.ts";
import { isFinishedByHost, isOpen, movedOn } from "../domain/identify.ts";
import { RecordStore } from "../record/record-store.ts";
import type { HostParts } from "./host-parts.ts";

/**
 * Gives what earlier boots have claimed and not begun to deliver back to the host's recovery, which is about to begin:
 * this plugin resumes nothing in this gateway, and the sessions must not be left to nobody. Held ones stay held.
 */
export async function handBack(
  { stateDir, sessions, transcripts, isLater }: HostParts,
  events: Pick<EventBus, "emit">,
): Promise<void> {
  const isWaiting = RecordStore.peek(stateDir, (store) => store.all().some(isStranded), false);
  if (!isWaiting) return;
  const records = RecordStore.open(stateDir);
  try {
    for (const record of records.all().filter(isStranded)) {
      const { agentId, sessionKey, attempts } = record;
      try {
        const row = sessions.get(agentId, sessionKey);
        const isOver =
          row === undefined ||
          isFinishedByHost(record, row) ||
          movedOn(record, row, () => transcripts.whole(row), isLater());
        const isGiven = !isOver && row.status !== "running" && (await sessions.release(row, "now"));
        records.delete(agentId, sessionKey);
        if (isGiven) {
          events.emit("settled", { agentId, sessionKey, outcome: "released", reason: "not-active", attempts });
        }
      } catch (error) {
        events.emit("trouble", { agentId, sessionKey, what: "give a session back to the host", error });
      }
    }
  } finally {
    records.close();
  }
}

const isStranded = (record: Parameters<typeof isOpen>[0]): boolean =>
  isOpen(record) && record.outcome !== "held" && record.phase !== "delivering";
