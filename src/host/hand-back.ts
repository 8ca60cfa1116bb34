import type { EventBus, Subject } from "../domain/events.ts";
import { isFinishedByHost, isOpen, movedOn } from "../domain/identify.ts";
import { recordIn, unusable } from "../record/database.ts";
import { RecordStore } from "../record/record-store.ts";
import { judgeSessions } from "./admission.ts";
import type { HostParts } from "./host-parts.ts";
import { betweenTurns } from "./slices.ts";

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
      await giveBack(record, events, async () => {
        const row = sessions.get(record.agentId, record.sessionKey);
        const isOver =
          row === undefined ||
          isFinishedByHost(record, row) ||
          movedOn(record, row, () => transcripts.whole(row), isLater());
        const isGiven = !isOver && row.status !== "running" && (await sessions.release(row, "now"));
        records.delete(record.agentId, record.sessionKey);
        return isGiven;
      });
    }
  } finally {
    records.close();
  }
}

/**
 * The same when this plugin could not start. Where the record cannot be read or written, only the sessions tell: those that
 * look claimed, and would be resumed if they were.
 */
export async function handBackAfterFailure(
  host: HostParts,
  options: Omit<Parameters<typeof judgeSessions>[1], "known" | "lost">,
): Promise<void> {
  const { events } = options;
  const found = recordIn(host.stateDir);
  if (found === undefined) return;
  try {
    const lost = unusable(host.stateDir);
    if (lost !== undefined) throw new Error(lost);
    if (found === "file") return await handBack(host, events);
  } catch (error) {
    events.emit("trouble", { what: "read what earlier boots have claimed", error });
  }
  const { judged } = await betweenTurns(judgeSessions(host, { ...options, known: [], lost: "it cannot be opened" }));
  for (const { candidate, verdict } of judged) {
    if (!candidate.orphaned || verdict.kind !== "admit") continue;
    await giveBack({ ...candidate.row, attempts: 0 }, events, () => host.sessions.release(candidate.row, "now"));
  }
}

/** Says what became of it; one session's error costs no other its turn. */
async function giveBack(
  { agentId, sessionKey, attempts }: Subject & { readonly attempts: number },
  events: Pick<EventBus, "emit">,
  give: () => Promise<boolean>,
): Promise<void> {
  try {
    const isGiven = await give();
    if (isGiven) events.emit("settled", { agentId, sessionKey, outcome: "released", reason: "not-active", attempts });
  } catch (error) {
    events.emit("trouble", { agentId, sessionKey, what: "give a session back to the host", error });
  }
}

const isStranded = (record: Parameters<typeof isOpen>[0]): boolean =>
  isOpen(record) && record.outcome !== "held" && record.phase !== "delivering";
