/** What a benchmark came to over its invocations, as it is kept in `docs/performance.json`. */
import type { BenchId } from "./benches.ts";
import { type Figure, missOf } from "./figure.ts";

/** One figure over all invocations. */
export type FigureResult = Omit<Figure, "value"> & {
  /** Of each invocation. */
  values: number[];
};

export type BenchResult = { id: BenchId; measuredAt: string; openclaw: string; figures: FigureResult[] };

export type Results = {
  machine: { node: string; cpu: string; cpus: number; platform: string };
  results: BenchResult[];
};

/** A bar that is missed this often is missed. */
const MISSES = 2;

/** Puts the invocations' figures together. `from` is told of the one whose value is in the middle. */
export function gather(invocations: readonly Figure[][]): FigureResult[] {
  return (invocations[0] ?? []).map(({ value: _value, ...about }, index) => {
    const figures = invocations.flatMap((one) => one[index] ?? []);
    const middle = figures.toSorted((left, right) => left.value - right.value)[Math.floor((figures.length - 1) / 2)];
    return { ...about, from: middle?.from ?? about.from, values: figures.map(({ value }) => value) };
  });
}

/** Whether one more invocation can still decide anything. */
export function isDecided(invocations: readonly Figure[][], limit: number): boolean {
  if (invocations.length >= limit) return true;
  if (invocations.length < MISSES) return false;
  return gather(invocations).every((figure) => {
    const misses = missesOf(figure).length;
    return misses >= MISSES || figure.values.length - misses >= MISSES;
  });
}

/** By how much each invocation that missed the bar missed it. */
export function missesOf({ values, ...figure }: FigureResult): number[] {
  return values.map((value) => missOf({ ...figure, value })).filter((miss) => miss > 0);
}

export function isMissed(figure: FigureResult): boolean {
  return missesOf(figure).length >= Math.min(MISSES, figure.values.length);
}

/** The value that stands for all: the middle one. */
export function middleOf({ values }: FigureResult): number {
  return values.toSorted((left, right) => left - right)[Math.floor((values.length - 1) / 2)] ?? Number.NaN;
}
