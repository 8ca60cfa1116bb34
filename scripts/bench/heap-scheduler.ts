/**
 * The reference: a binary heap and a limit of slots, and nothing else. No keys, no turns, no ageing: what is queued cannot
 * be found again, only run.
 */
export interface Prioritised {
  /** The highest comes first. */
  readonly priority: number;
}

export class BinaryHeap<Item extends Prioritised> {
  readonly #items: Item[] = [];

  push(item: Item): void {
    const items = this.#items;
    let free = items.push(item) - 1;
    while (free > 0) {
      const parent = (free - 1) >> 1;
      if (items[parent]!.priority >= item.priority) break;
      items[free] = items[parent]!;
      free = parent;
    }
    items[free] = item;
  }

  pop(): Item | undefined {
    const items = this.#items;
    const first = items[0];
    const last = items.pop();
    if (last === undefined || last === first) return first;
    const size = items.length;
    let free = 0;
    for (;;) {
      let child = 2 * free + 1;
      if (child >= size) break;
      if (child + 1 < size && items[child + 1]!.priority > items[child]!.priority) child += 1;
      if (items[child]!.priority <= last.priority) break;
      items[free] = items[child]!;
      free = child;
    }
    items[free] = last;
    return first;
  }
}

interface Job extends Prioritised {
  readonly task: () => Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Runs tasks by priority, so many at once. */
export class HeapScheduler {
  readonly #heap = new BinaryHeap<Job>();
  readonly #slots: number;
  #running = 0;

  constructor(slots: number) {
    this.#slots = slots;
  }

  /** Resolves when the task has run. It waits for `start`, or for the end of one that runs. */
  add(priority: number, task: () => Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#heap.push({ priority, task, resolve, reject });
    });
  }

  /** Fills the slots, and each again when it is free. */
  start(): void {
    while (this.#running < this.#slots) {
      const job = this.#heap.pop();
      if (job === undefined) return;
      void this.#run(job).then(() => this.start());
    }
  }

  /** Runs the first one, and no other after it. */
  async runOne(): Promise<void> {
    const job = this.#heap.pop();
    if (job !== undefined) await this.#run(job);
  }

  async #run({ task, resolve, reject }: Job): Promise<void> {
    this.#running += 1;
    try {
      await task();
      resolve();
    } catch (error) {
      reject(error);
    } finally {
      this.#running -= 1;
    }
  }
}
