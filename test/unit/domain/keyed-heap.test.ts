import { expect, it } from "vitest";
import { KeyedHeap } from "../../../src/domain/keyed-heap.ts";

interface Item {
  readonly key: string;
  readonly weight: number;
}

function heapOf(...weights: number[]): KeyedHeap<Item> {
  const heap = new KeyedHeap<Item>(
    ({ key }) => key,
    (left, right) => left.weight - right.weight,
  );
  for (const weight of weights) heap.push({ key: `k${weight}`, weight });
  return heap;
}

function drain(heap: KeyedHeap<Item>): number[] {
  const weights: number[] = [];
  for (let item = heap.pop(); item !== undefined; item = heap.pop()) weights.push(item.weight);
  return weights;
}

it("gives its items in order", () => {
  expect(drain(heapOf(5, 1, 4, 2, 3))).toEqual([1, 2, 3, 4, 5]);
});

it("is empty when it is new", () => {
  const heap = heapOf();
  expect([heap.size, heap.peek(), heap.pop(), heap.remove("k"), heap.get("k")]).toEqual([
    0,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

it("removes from the middle by key and keeps the order of the rest", () => {
  const heap = heapOf(1, 9, 2, 10, 11, 3, 4);
  expect(heap.remove("k10")).toEqual({ key: "k10", weight: 10 });
  expect(heap.get("k10")).toBeUndefined();
  expect(drain(heap)).toEqual([1, 2, 3, 4, 9, 11]);
});

it("replaces an item of the same key, whether it rises or sinks", () => {
  const heap = heapOf(1, 2, 3);
  heap.push({ key: "k3", weight: 0 });
  heap.push({ key: "k1", weight: 7 });
  expect(heap.size).toBe(3);
  expect(drain(heap)).toEqual([0, 2, 7]);
});

it("looks at the first without taking it", () => {
  const heap = heapOf(2, 1);
  expect(heap.peek()?.weight).toBe(1);
  expect(heap.size).toBe(2);
});

it("lists all items", () => {
  expect([...heapOf(3, 1, 2).values()].map(({ key }) => key).toSorted()).toEqual(["k1", "k2", "k3"]);
});
