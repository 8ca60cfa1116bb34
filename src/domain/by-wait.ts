import { LazyHeap, type Leaving } from "./lazy-heap.ts";
import type { Entry } from "./waiting-entry.ts";

/** Below so many it is not worth while to look for those that have left. */
const FEW = 32;

/** Entries that were queued at the same moment, as a boot queues all of its own. It leaves when they all have. */
class Batch implements Leaving {
  readonly queuedAtMs: number;
  hasLeft = false;
  #entries: Entry[] = [];
  #leftCount = 0;

  constructor(queuedAtMs: number) {
    this.queuedAtMs = queuedAtMs;
  }

  get size(): number {
    return this.#entries.length - this.#leftCount;
  }

  add(entry: Entry): void {
    this.#entries.push(entry);
  }

  oneLeft(): void {
    this.#leftCount += 1;
    if (this.#leftCount <= FEW || 2 * this.#leftCount <= this.#entries.length) return;
    this.#entries = this.#entries.filter(({ hasLeft }) => !hasLeft);
    this.#leftCount = 0;
  }

  /** Any of them. */
  one(): Entry | undefined {
    while (this.#entries.at(-1)?.hasLeft === true) {
      this.#entries.pop();
      this.#leftCount -= 1;
    }
    return this.#entries.at(-1);
  }
}

class Batches extends LazyHeap<Batch> {
  protected override isBefore(): boolean {
    return false;
  }
}

/** Entries by how long their resumes have waited. They are few batches, and a batch is as fast as a list. */
export class ByWait {
  readonly #byTime = new Map<number, Batch>();
  readonly #batches = new Batches();
  /** The one that was asked for last: most often it is the next one too. */
  #latest: Batch | undefined;

  /** Since when the one has waited that has waited longest, epoch milliseconds. */
  get oldestSinceMs(): number | undefined {
    return this.#batches.peek()?.queuedAtMs;
  }

  /** One that has waited longest. */
  oldest(): Entry | undefined {
    return this.#batches.peek()?.one();
  }

  add(entry: Entry): void {
    const { queuedAtMs } = entry.resume;
    (this.#find(queuedAtMs) ?? this.#begin(queuedAtMs)).add(entry);
  }

  /** One that is in here has left: to be called once for each, after it says so itself. */
  oneLeft({ resume: { queuedAtMs } }: Entry): void {
    const batch = this.#find(queuedAtMs);
    batch?.oneLeft();
    if (batch?.size === 0) this.#end(batch);
  }

  #find(queuedAtMs: number): Batch | undefined {
    if (this.#latest?.queuedAtMs !== queuedAtMs) this.#latest = this.#byTime.get(queuedAtMs);
    return this.#latest;
  }

  #begin(queuedAtMs: number): Batch {
    const batch = (this.#latest = new Batch(queuedAtMs));
    this.#byTime.set(queuedAtMs, batch);
    this.#batches.push(batch, queuedAtMs);
    return batch;
  }

  #end(batch: Batch): void {
    this.#latest = undefined;
    this.#byTime.delete(batch.queuedAtMs);
    batch.hasLeft = true;
    this.#batches.oneLeft();
  }
}
