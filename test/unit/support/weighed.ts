import { LazyHeap } from "../../../src/domain/lazy-heap.ts";

/** An item of a heap; of two that weigh the same the one whose key comes first comes out first. */
export interface Weighed {
  readonly key: string;
  readonly weight: number;
  hasLeft: boolean;
}

export const weighed = (key: string, weight: number): Weighed => ({ key, weight, hasLeft: false });

export class WeighedHeap extends LazyHeap<Weighed> {
  add(item: Weighed): void {
    this.push(item, item.weight);
  }

  /** Takes out one that is in this heap. */
  remove(item: Weighed): void {
    item.hasLeft = true;
    this.oneLeft();
  }

  pop(): Weighed | undefined {
    const first = this.peek();
    if (first !== undefined) this.remove(first);
    return first;
  }

  protected override isBefore(left: Weighed, right: Weighed): boolean {
    return left.key < right.key;
  }
}
