import type { Moment } from "./by-wait.ts";
import { LazyHeap } from "./lazy-heap.ts";
import type { QueuedResume } from "./queued-resume.ts";
import { compareRanks } from "./rank.ts";

/** A part of the waiting room. */
export interface Place {
  enter(entry: Entry): void;
  leave(entry: Entry): void;
  /** One of this agent's was taken from here: it was its turn. */
  endTurn(agentId: string): void;
}

/** A resume in one place of the waiting room; in another one it is another entry. */
export class Entry {
  readonly resume: QueuedResume;
  /** Those that it is ranked with; set by its place. */
  ranked: Ranked | undefined;
  /** The moment at which it was queued, and the next one that was queued then; set by that. */
  queuedAt: Moment | undefined;
  queuedWith: Entry | undefined;
  hasLeft = false;

  constructor(resume: QueuedResume) {
    this.resume = resume;
  }
}

/** By a weight, and by rank where it is the same. */
export class Ranked extends LazyHeap<Entry> {
  readonly place: Place;
  /** Of all of them; `undefined` where it is not known, or not the same. */
  readonly provider: string | undefined;

  constructor(place: Place, provider?: string) {
    super();
    this.place = place;
    this.provider = provider;
  }

  protected override isBefore(left: Entry, right: Entry): boolean {
    return compareRanks(left.resume, right.resume) < 0;
  }
}
