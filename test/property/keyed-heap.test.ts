import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import { KeyedHeap } from "../../src/domain/keyed-heap.ts";

interface Item {
  readonly key: string;
  readonly weight: number;
}

const compare = (left: Item, right: Item): number =>
  left.weight - right.weight || (left.key < right.key ? -1 : left.key > right.key ? 1 : 0);

const key = fc.constantFrom("a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l");
const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant("push" as const), key, weight: fc.integer({ min: 0, max: 9 }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("remove" as const), key }) },
  { weight: 2, arbitrary: fc.constant({ do: "pop" as const }) },
);

test.prop([fc.array(step, { maxLength: 120, size: "max" })], { numRuns: 2000 })(
  "a heap does what a sorted array does",
  (steps) => {
    const heap = new KeyedHeap<Item>((item) => item.key, compare);
    let sorted: Item[] = [];
    for (const one of steps) {
      if (one.do === "push") {
        const item = { key: one.key, weight: one.weight };
        heap.push(item);
        sorted = [...sorted.filter((other) => other.key !== one.key), item].toSorted(compare);
      } else if (one.do === "remove") {
        expect(heap.remove(one.key)).toEqual(sorted.find((item) => item.key === one.key));
        sorted = sorted.filter((item) => item.key !== one.key);
      } else {
        expect(heap.pop()).toEqual(sorted.shift());
      }
      expect(heap.size).toBe(sorted.length);
      expect(heap.peek()).toEqual(sorted[0]);
      expect([...heap.values()].toSorted(compare)).toEqual(sorted);
      for (const item of sorted) expect(heap.get(item.key)).toEqual(item);
    }
  },
  30_000,
);
