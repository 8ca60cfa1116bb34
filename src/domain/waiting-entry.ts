import { IndexedHeap, OUTSIDE } from "./indexed-heap.ts";
import type { QueuedResume } from "./queued-resume.ts";
import { compareRanks } from "./rank.ts";

/** A part of the waiting room. */
export interface Place {
  enter(entry: Entry): void;
  leave(entry: Entry): void;
  /** One of this agent's was taken from here: it was its turn. */
  endTurn(agentId: string): void;
}

/** A resume in the waiting room, and its positions in the two lists that it is in there. */
export class Entry {
  readonly resume: QueuedResume;
  /** Those that it is ranked with, in the place where it is; set there. */
  ranked: Ranked | undefined;
  atRank = OUTSIDE;
  atWait = OUTSIDE;

  constructor(resume: QueuedResume) {
    this.resume = resume;
  }
}

/** By a weight, and by rank where it is the same. */
export class Ranked extends IndexedHeap<Entry> {
  readonly place: Place;

  constructor(place: Place) {
    super();
    this.place = place;
  }

  protected override positionOf({ atRank }: Entry): number {
    return atRank;
  }

  protected override setPosition(entry: Entry, position: number): void {
    entry.atRank = position;
  }

  protected override isBefore(left: Entry, right: Entry): boolean {
    return compareRanks(left.resume, right.resume) < 0;
  }
}

/** Whoever has waited longest first. Which of two goes first that have waited as long decides nothing. */
export class ByWait extends IndexedHeap<Entry> {
  add(entry: Entry): void {
    this.push(entry, entry.resume.queuedAtMs);
  }

  protected override positionOf({ atWait }: Entry): number {
    return atWait;
  }

  protected override setPosition(entry: Entry, position: number): void {
    entry.atWait = position;
  }

  protected override isBefore(): boolean {
    return false;
  }
}
