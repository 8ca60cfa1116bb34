import { expect, it } from "vitest";
import { OUTSIDE } from "../../../src/domain/indexed-heap.ts";
import { type Weighed, weighed, WeighedHeap } from "../support/weighed.ts";

function heapOf(...items: Weighed[]): WeighedHeap {
  const heap = new WeighedHeap();
  for (const item of items) heap.add(item);
  return heap;
}

const items = (...weights: number[]): Weighed[] => weights.map((weight) => weighed(`k${weight}`, weight));

function drain(heap: WeighedHeap): string[] {
  const keys: string[] = [];
  for (let item = heap.pop(); item !== undefined; item = heap.pop()) keys.push(item.key);
  return keys;
}

it("gives its items in order", () => {
  expect(drain(heapOf(...items(5, 1, 4, 2, 3, 9, 8, 7, 6)))).toEqual(
    [1, 2, 3, 4, 5, 6, 7, 8, 9].map((weight) => `k${weight}`),
  );
});

it("gives those that weigh the same in their own order", () => {
  expect(drain(heapOf(weighed("b", 1), weighed("c", 1), weighed("a", 1), weighed("d", 0)))).toEqual([
    "d",
    "a",
    "b",
    "c",
  ]);
});

it("is empty when it is new", () => {
  const heap = heapOf();
  expect([heap.size, heap.peek(), heap.pop(), heap.remove(weighed("k", 1))]).toEqual([0, undefined, undefined, false]);
});

it("removes from the middle and keeps the order of the rest", () => {
  const all = items(1, 9, 2, 10, 11, 3, 4);
  const heap = heapOf(...all);
  expect(heap.remove(all[3]!)).toBe(true);
  expect(heap.remove(all[3]!)).toBe(false);
  expect(drain(heap)).toEqual(["k1", "k2", "k3", "k4", "k9", "k11"]);
});

it("lets what fills a gap rise as well as sink", () => {
  // Below 1 and 20; below these 2 to 5 and 30 to 33. The last one, 6, replaces 31.
  const all = items(0, 1, 20, 40, 50, 2, 3, 4, 5, 30, 31, 32, 33, 41, 42, 43, 44, 51, 52, 53, 54, 6);
  const heap = heapOf(...all);
  heap.remove(all.find(({ weight }) => weight === 31)!);
  const rest = all.map(({ weight }) => weight).filter((weight) => weight !== 31);
  expect(drain(heap)).toEqual(rest.toSorted((left, right) => left - right).map((weight) => `k${weight}`));
});

it("tells its items where they are, and that they are outside again", () => {
  const [one, two] = [weighed("a", 1), weighed("b", 2)];
  const heap = heapOf(two, one);
  expect([one.position, two.position]).toEqual([0, 1]);
  heap.pop();
  expect([one.position, two.position]).toEqual([OUTSIDE, 0]);
});

it("takes an item again that was removed, with another weight", () => {
  const [one, two] = [weighed("a", 1), weighed("b", 2)];
  const heap = heapOf(one, two);
  heap.remove(one);
  heap.push(one, 3);
  expect(drain(heap)).toEqual(["b", "a"]);
});

it("looks at the first without taking it", () => {
  const heap = heapOf(...items(2, 1));
  expect([heap.peek()?.key, heap.size]).toEqual(["k1", 2]);
});

it("lists all items", () => {
  const keys = Array.from(heapOf(...items(3, 1, 2)).values(), ({ key }) => key);
  expect(new Set(keys)).toEqual(new Set(["k1", "k2", "k3"]));
});
