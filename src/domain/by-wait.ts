import { LazyHeap, type Leaving } from "./lazy-heap.ts";
import type { Entry } from "./waiting-entry.ts";

/** Up to so many that have left stay where they are. */
const FEW = 100;

/** Entries whose resumes were queued at the same moment, as a boot queues all of its own. It leaves with the last of them. */
export class Moment implements Leaving {
  readonly atMs: number;
  hasLeft = false;
  /** How many have not left. */
  count = 0;
  #leftCount = 0;
  /** The first of a chain of them; some may have left. */
  #first: Entry | undefined;

  constructor(atMs: number) {
    this.atMs = atMs;
  }

  add(entry: Entry): void {
    this.count += 1;
    this.#chain(entry);
  }

  /** One of them has left: to be called once for each, after it says so itself. */
  oneLeft(): void {
    this.count -= 1;
    this.#leftCount += 1;
    if (this.#leftCount > FEW && this.#leftCount > this.count) this.#clearAway();
  }

  /** Any of them. */
  one(): Entry | undefined {
    while (this.#first?.hasLeft === true) {
      this.#first = this.#first.queuedWith;
      this.#leftCount -= 1;
    }
    return this.#first;
  }

  #chain(entry: Entry): void {
    entry.queuedAt = this;
    entry.queuedWith = this.#first;
    this.#first = entry;
  }

  #clearAway(): void {
    let next = this.#first;
    this.#first = undefined;
    this.#leftCount = 0;
    while (next !== undefined) {
      const entry = next;
      next = entry.queuedWith;
      if (!entry.hasLeft) this.#chain(entry);
    }
  }
}

class Moments extends LazyHeap<Moment> {
  protected override isBefore(): boolean {
    return false;
  }
}

/** Entries by how long their resumes have waited. There are few moments, and to be chained to one is all that an entry costs. */
export class ByWait {
  readonly #byTime = new Map<number, Moment>();
  readonly #moments = new Moments();
  /** The one that was asked for last: most often it is the next one too. */
  #latest: Moment | undefined;

  /** Since when the one has waited that has waited longest, epoch milliseconds. */
  get oldestSinceMs(): number | undefined {
    return this.#moments.peek()?.atMs;
  }

  /** One that has waited longest. */
  oldest(): Entry | undefined {
    return this.#moments.peek()?.one();
  }

  add(entry: Entry): void {
    const { queuedAtMs } = entry.resume;
    (this.#find(queuedAtMs) ?? this.#begin(queuedAtMs)).add(entry);
  }

  /** One that is in here has left: to be called once for each, after it says so itself. */
  oneLeft({ queuedAt }: Entry): void {
    queuedAt?.oneLeft();
    if (queuedAt?.count === 0) this.#end(queuedAt);
  }

  #find(atMs: number): Moment | undefined {
    if (this.#latest?.atMs !== atMs) this.#latest = this.#byTime.get(atMs);
    return this.#latest;
  }

  #begin(atMs: number): Moment {
    const moment = (this.#latest = new Moment(atMs));
    this.#byTime.set(atMs, moment);
    this.#moments.push(moment, atMs);
    return moment;
  }

  #end(moment: Moment): void {
    this.#latest = undefined;
    this.#byTime.delete(moment.atMs);
    moment.hasLeft = true;
    this.#moments.oneLeft();
  }
}
