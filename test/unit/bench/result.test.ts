import { describe, expect, it } from "vitest";
import type { Figure } from "../../../scripts/bench/figure.ts";
import { gather, isDecided, isMissed, middleOf, missesOf } from "../../../scripts/bench/result.ts";

/** Invocations of a benchmark whose figures may be 2 at most. */
const invocations = (...values: number[][]): Figure[][] =>
  values.map((one) =>
    one.map((value, nth) => ({ what: `figure ${nth}`, value, unit: "x", bar: { atMost: 2 }, from: `from ${value}` })),
  );

describe("gather", () => {
  it("keeps the values of each figure in the order of the invocations", () => {
    const figures = gather(invocations([3, 10], [1, 20], [2, 30]));
    expect(figures.map(({ what, values }) => [what, values])).toEqual([
      ["figure 0", [3, 1, 2]],
      ["figure 1", [10, 20, 30]],
    ]);
  });

  it("tells where the value in the middle is from", () => {
    const [figure] = gather(invocations([3], [1], [2]));
    expect([figure?.from, figure && middleOf(figure)]).toEqual(["from 2", 2]);
  });

  it("is empty without invocations", () => {
    expect(gather([])).toEqual([]);
  });
});

describe("a bar that was missed", () => {
  const missed = (...values: number[]) => gather(invocations(...values.map((value) => [value]))).map(isMissed);

  it("in two of three invocations is missed, in one it is not", () => {
    expect([missed(3, 1, 3), missed(3, 1, 1)]).toEqual([[true], [false]]);
  });

  it("in the only one is missed", () => {
    expect([missed(3), missed(2)]).toEqual([[true], [false]]);
  });

  it("tells by how much, each time", () => {
    expect(gather(invocations([3], [1], [2.5])).map(missesOf)).toEqual([[1, 0.5]]);
  });
});

describe("it is decided", () => {
  it("when two invocations agree about every figure", () => {
    expect(isDecided(invocations([1, 3], [2, 4]), 3)).toBe(true);
  });

  it("not before the second, and not while two disagree about one", () => {
    expect([isDecided([], 3), isDecided(invocations([1]), 3), isDecided(invocations([1, 1], [1, 3]), 3)]).toEqual([
      false,
      false,
      false,
    ]);
  });

  it("when there are to be no more", () => {
    expect([isDecided(invocations([1]), 1), isDecided(invocations([1], [3], [3]), 3)]).toEqual([true, true]);
  });
});
