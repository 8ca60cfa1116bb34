import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import { type Weighed, weighed, WeighedHeap } from "../unit/support/weighed.ts";

const compare = (left: Weighed, right: Weighed): number =>
  left.weight - right.weight || (left.key < right.key ? -1 : left.key > right.key ? 1 : 0);

const KEYS = Array.from({ length: 40 }, (_, nth) => `k${nth}`);
const key = fc.constantFrom(...KEYS);
const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant("push" as const), key, weight: fc.integer({ min: 0, max: 9 }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("remove" as const), key }) },
  { weight: 2, arbitrary: fc.constant({ do: "pop" as const }) },
);

test.prop([fc.array(step, { maxLength: 200, size: "max" })], { numRuns: 2000 })(
  "a heap does what a sorted array does",
  (steps) => {
    const heap = new WeighedHeap();
    const known = new Map<string, Weighed>();
    let sorted: Weighed[] = [];
    const takeOut = (item: Weighed | undefined) => {
      if (item !== undefined && !item.hasLeft) heap.remove(item);
    };
    for (const one of steps) {
      if (one.do === "push") {
        const before = known.get(one.key);
        takeOut(before);
        const item = weighed(one.key, one.weight);
        known.set(one.key, item);
        heap.add(item);
        sorted = [...sorted.filter((other) => other !== before), item].toSorted(compare);
      } else if (one.do === "remove") {
        const item = known.get(one.key);
        takeOut(item);
        sorted = sorted.filter((other) => other !== item);
      } else {
        expect(heap.pop()).toBe(sorted.shift());
      }
      expect(heap.size).toBe(sorted.length);
      expect(heap.peek()).toBe(sorted[0]);
      expect(heap.values().toSorted(compare)).toEqual(sorted);
    }
  },
  60_000,
);
