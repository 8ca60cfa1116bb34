import { LazyHeap, type Leaving } from "./lazy-heap.ts";
import type { Entry } from "./waiting-entry.ts";

/** When resumes were queued that are still here. It leaves with the last of them. */
export interface Moment extends Leaving {
  readonly atMs: number;
  count: number;
}

class Moments extends LazyHeap<Moment> {
  protected override isBefore(): boolean {
    return false;
  }
}

/**
 * Since when entries have waited. A boot queues all of its own at one moment, so that there are few, and to count them is
 * all that each entry costs.
 */
export class ByWait {
  readonly #byTime = new Map<number, Moment>();
  readonly #moments = new Moments();
  /** The one that was asked for last: most often it is the next one too. */
  #latest: Moment | undefined;

  /** Since when the one has waited that has waited longest, epoch milliseconds. */
  get oldestSinceMs(): number | undefined {
    return this.#moments.peek()?.atMs;
  }

  add(entry: Entry): void {
    const { queuedAtMs } = entry.resume;
    const moment = this.#find(queuedAtMs) ?? this.#begin(queuedAtMs);
    moment.count += 1;
    entry.queuedAt = moment;
  }

  /** Takes out one that is in here. */
  remove({ queuedAt }: Entry): void {
    if (queuedAt === undefined) return;
    queuedAt.count -= 1;
    if (queuedAt.count === 0) this.#end(queuedAt);
  }

  #find(atMs: number): Moment | undefined {
    if (this.#latest?.atMs !== atMs) this.#latest = this.#byTime.get(atMs);
    return this.#latest;
  }

  #begin(atMs: number): Moment {
    const moment = (this.#latest = { atMs, count: 0, hasLeft: false });
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
