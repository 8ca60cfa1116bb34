import { HeldList } from "./held-list.ts";
import { RecordStore } from "./record-store.ts";

/** What the record tells while no lane of this gateway writes to it. Times are epoch milliseconds. */
export interface RecordAtRest {
  readonly held: Pick<HeldList, "count" | "revision" | "all">;
  /** Claimed sessions that are not held: nobody goes on with them. */
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
    claimed: records.filter(({ phase }) => phase !== "settled" && phase !== "released").length,
    pausedSinceMs: store.facts.get("pausedSince") ?? null,
    fusedUntilMs: store.facts.get("fusedUntil") ?? null,
  };
}
