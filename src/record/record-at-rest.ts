import { HeldList } from "./held-list.ts";
import { RecordStore } from "./record-store.ts";

/** What the record tells while no lane of this gateway writes to it. Times are epoch milliseconds. */
export interface RecordAtRest {
  readonly held: Pick<HeldList, "count" | "revision" | "all">;
  /** Sessions whose resume has not ended: nobody goes on with them. A reply that exists is the outbound queue's. */
  readonly claimed: number;
  readonly pausedSinceMs: number | null;
  readonly fusedUntilMs: number | null;
}

export const NO_RECORD: RecordAtRest = { held: new HeldList([]), claimed: 0, pausedSinceMs: null, fusedUntilMs: null };

/** Reads the record, every row of it. Changes nothing. */
export function readAtRest(stateDir: string): RecordAtRest {
  return RecordStore.peek(stateDir, read, NO_RECORD);
}

function read(store: RecordStore): RecordAtRest {
  const records = store.all();
  return {
    held: new HeldList(records),
    claimed: records.filter(({ phase }) => phase === "claimed" || phase === "running").length,
    pausedSinceMs: store.facts.get("pausedSince") ?? null,
    fusedUntilMs: store.facts.get("fusedUntil") ?? null,
  };
}
