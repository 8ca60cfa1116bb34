/** Eight children (2 to the power of this), a third of the levels of two: their weights lie in one or two lines of a processor's cache. */
const CHILD_BITS = 3;
const CHILDREN = 1 << CHILD_BITS;
/** Up to so many that have left stay beside those that have not. */
const FEW = 32;

/** What can be in heaps until it leaves all of them, for good. */
export interface Leaving {
  hasLeft: boolean;
}

/**
 * A heap whose items may leave from anywhere, at no cost: they are passed over when they would come out, and cleared away
 * once they are the most.
 *
 * Superseding one of many queued resumes must not cost a scan of the queue. The lightest item comes out first; weights lie
 * beside the items, so that a comparison reads no item unless two weigh the same, and moving one reads none.
 */
export abstract class LazyHeap<Item extends Leaving> {
  readonly #items: Item[] = [];
  readonly #weights: number[] = [];
  #leftCount = 0;

  /** Whether `left` comes out before `right`, which weighs the same. */
  protected abstract isBefore(left: Item, right: Item): boolean;

  /** How many are here that have not left. */
  get size(): number {
    return this.#items.length - this.#leftCount;
  }

  peek(): Item | undefined {
    while (this.#items.length > 0) {
      const first = this.#itemAt(0);
      if (!first.hasLeft) return first;
      this.#dropFirst();
    }
    return undefined;
  }

  /** All that have not left, in no particular order. */
  values(): Item[] {
    return this.#items.filter(({ hasLeft }) => !hasLeft);
  }

  /** Adds an item that has not been in this heap. */
  push(item: Item, weight: number): void {
    let free = this.#items.length;
    while (free > 0) {
      const parent = (free - 1) >> CHILD_BITS;
      const other = this.#weightAt(parent);
      if (weight > other || (weight === other && !this.isBefore(item, this.#itemAt(parent)))) break;
      this.#put(this.#itemAt(parent), other, free);
      free = parent;
    }
    this.#put(item, weight, free);
  }

  /** One that is in this heap has left: to be called once for each, after it says so itself. */
  oneLeft(): void {
    this.#leftCount += 1;
    const isEmpty = this.#leftCount === this.#items.length;
    if (isEmpty || (this.#leftCount > FEW && 2 * this.#leftCount > this.#items.length)) this.#clearAway();
  }

  #dropFirst(): void {
    const last = this.#items.pop() as Item;
    const weight = this.#weights.pop() as number;
    this.#leftCount -= 1;
    if (this.#items.length > 0) this.#sink(last, weight, 0);
  }

  #clearAway(): void {
    let kept = 0;
    for (let at = 0; at < this.#items.length; at += 1) {
      const item = this.#itemAt(at);
      if (item.hasLeft) continue;
      this.#put(item, this.#weightAt(at), kept);
      kept += 1;
    }
    this.#items.length = this.#weights.length = kept;
    this.#leftCount = 0;
    for (let parent = (kept - 2) >> CHILD_BITS; parent >= 0; parent -= 1) {
      this.#sink(this.#itemAt(parent), this.#weightAt(parent), parent);
    }
  }

  /** Puts an item where `from` is free, or below it. */
  #sink(item: Item, weight: number, from: number): void {
    let free = from;
    for (;;) {
      const child = this.#firstChild(free);
      if (child === undefined) break;
      const other = this.#weightAt(child);
      if (other > weight || (other === weight && !this.isBefore(this.#itemAt(child), item))) break;
      this.#put(this.#itemAt(child), other, free);
      free = child;
    }
    this.#put(item, weight, free);
  }

  /** Where the child is that comes out first. */
  #firstChild(parent: number): number | undefined {
    let first = CHILDREN * parent + 1;
    const end = Math.min(first + CHILDREN, this.#weights.length);
    if (first >= end) return undefined;
    let least = this.#weightAt(first);
    for (let child = first + 1; child < end; child += 1) {
      const weight = this.#weightAt(child);
      if (weight > least || (weight === least && !this.isBefore(this.#itemAt(child), this.#itemAt(first)))) continue;
      first = child;
      least = weight;
    }
    return first;
  }

  #itemAt(position: number): Item {
    return this.#items[position] as Item;
  }

  #weightAt(position: number): number {
    return this.#weights[position] as number;
  }

  #put(item: Item, weight: number, position: number): void {
    this.#items[position] = item;
    this.#weights[position] = weight;
  }
}
