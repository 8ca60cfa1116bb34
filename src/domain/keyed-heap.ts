/**
 * A binary heap that also finds and removes by key: every operation is O(log n).
 *
 * Superseding one of many queued resumes must not cost a scan of the queue.
 */
export class KeyedHeap<Item> {
  readonly #items: Item[] = [];
  readonly #positions = new Map<string, number>();
  readonly #keyOf: (item: Item) => string;
  readonly #compare: (left: Item, right: Item) => number;

  /** `compare` is negative when `left` comes out first; it must be a total order. */
  constructor(keyOf: (item: Item) => string, compare: (left: Item, right: Item) => number) {
    this.#keyOf = keyOf;
    this.#compare = compare;
  }

  get size(): number {
    return this.#items.length;
  }

  peek(): Item | undefined {
    return this.#items[0];
  }

  get(key: string): Item | undefined {
    const position = this.#positions.get(key);
    return position === undefined ? undefined : this.#items[position];
  }

  /** Adds an item; one with the same key is replaced. */
  push(item: Item): void {
    this.remove(this.#keyOf(item));
    this.#items.push(item);
    this.#place(item, this.#items.length - 1);
    this.#rise(this.#items.length - 1);
  }

  pop(): Item | undefined {
    const first = this.#items[0];
    return first === undefined ? undefined : this.remove(this.#keyOf(first));
  }

  remove(key: string): Item | undefined {
    const position = this.#positions.get(key);
    if (position === undefined) return undefined;
    const removed = this.#items[position];
    const last = this.#items.pop();
    this.#positions.delete(key);
    if (last !== undefined && position < this.#items.length) {
      this.#place(last, position);
      this.#rise(position);
      this.#sink(this.#positions.get(this.#keyOf(last)) ?? position);
    }
    return removed;
  }

  /** All items, in no particular order. */
  values(): Iterable<Item> {
    return this.#items.values();
  }

  #place(item: Item, position: number): void {
    this.#items[position] = item;
    this.#positions.set(this.#keyOf(item), position);
  }

  #rise(from: number): void {
    let position = from;
    while (position > 0) {
      const parent = (position - 1) >> 1;
      if (!this.#swapIfBefore(position, parent)) return;
      position = parent;
    }
  }

  #sink(from: number): void {
    let position = from;
    for (;;) {
      const left = 2 * position + 1;
      const right = left + 1;
      const child = this.#isBefore(right, left) ? right : left;
      if (!this.#swapIfBefore(child, position)) return;
      position = child;
    }
  }

  #isBefore(a: number, b: number): boolean {
    const left = this.#items[a];
    const right = this.#items[b];
    return left !== undefined && right !== undefined && this.#compare(left, right) < 0;
  }

  #swapIfBefore(a: number, b: number): boolean {
    if (!this.#isBefore(a, b)) return false;
    const left = this.#items[a] as Item;
    this.#place(this.#items[b] as Item, a);
    this.#place(left, b);
    return true;
  }
}
