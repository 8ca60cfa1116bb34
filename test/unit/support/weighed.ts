import { IndexedHeap, OUTSIDE } from "../../../src/domain/indexed-heap.ts";

/** An item of a heap; of two that weigh the same the one whose key comes first comes out first. */
export interface Weighed {
  readonly key: string;
  readonly weight: number;
  position: number;
}

export const weighed = (key: string, weight: number): Weighed => ({ key, weight, position: OUTSIDE });

export class WeighedHeap extends IndexedHeap<Weighed> {
  add(item: Weighed): void {
    this.push(item, item.weight);
  }

  protected override positionOf({ position }: Weighed): number {
    return position;
  }

  protected override setPosition(item: Weighed, position: number): void {
    item.position = position;
  }

  protected override isBefore(left: Weighed, right: Weighed): boolean {
    return left.key < right.key;
  }
}
