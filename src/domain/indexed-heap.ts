/** Eight children (2 to the power of this), a third of the levels of two: each costs a write to an item that is probably in no cache. */
const CHILD_BITS = 3;
const CHILDREN = 1 << CHILD_BITS;
/** The position of an item that is not in the heap. */
export const OUTSIDE = -1;

/**
 * A heap whose items know their positions: any of them is taken out in O(log n), wherever it is.
 *
 * Superseding one of many queued resumes must not cost a scan of the queue. The lightest item comes out first; weights lie
 * beside the items, so that a comparison reads no item unless two weigh the same.
 */
export abstract class IndexedHeap<Item> {
  readonly #items: Item[] = [];
  readonly #weights: number[] = [];

  /** What `setPosition` was last told of this item; `OUTSIDE` before that. */
  protected abstract positionOf(item: Item): number;
  protected abstract setPosition(item: Item, position: number): void;
  /** Whether `left` comes out before `right`, which weighs the same. */
  protected abstract isBefore(left: Item, right: Item): boolean;

  get size(): number {
    return this.#items.length;
  }

  peek(): Item | undefined {
    return this.#items[0];
  }

  /** All items, in no particular order. */
  values(): Iterable<Item> {
    return this.#items.values();
  }

  /** Adds an item that is in no heap of this kind. */
  push(item: Item, weight: number): void {
    this.#rise(item, weight, this.size);
  }

  pop(): Item | undefined {
    const first = this.peek();
    if (first !== undefined) this.remove(first);
    return first;
  }

  /** Takes an item out that is in this heap; says whether there was one to take out. */
  remove(item: Item): boolean {
    const position = this.positionOf(item);
    if (position === OUTSIDE) return false;
    const freed = this.#weightAt(position);
    const last = this.#items.pop() as Item;
    const weight = this.#weights.pop() as number;
    this.setPosition(item, OUTSIDE);
    if (last === item) return true;
    if (weight < freed || (weight === freed && this.isBefore(last, item))) this.#rise(last, weight, position);
    else if (weight > freed || this.isBefore(item, last)) this.#sink(last, weight, position);
    else this.#put(last, weight, position);
    return true;
  }

  /** Puts an item where `from` is free, or above it. */
  #rise(item: Item, weight: number, from: number): void {
    let free = from;
    while (free > 0) {
      const parent = (free - 1) >> CHILD_BITS;
      const other = this.#weightAt(parent);
      if (weight > other || (weight === other && !this.isBefore(item, this.#itemAt(parent)))) break;
      this.#put(this.#itemAt(parent), other, free);
      free = parent;
    }
    this.#put(item, weight, free);
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
    this.setPosition(item, position);
  }
}
