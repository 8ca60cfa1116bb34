/** Measures things against each other in one process: interleaved, so that what disturbs one disturbs the others too. */
import { median } from "../measure/row.ts";
import { workNs } from "./clock.ts";

export const WARM_UPS = 3;
const RUNS = 7;

/** One run of what is measured; what it needs is made by `before`, outside the time. */
export type Subject = {
  before?: () => void | Promise<void>;
  /** The work itself. */
  run: () => unknown;
  after?: () => void | Promise<void>;
};

export type CompareOptions = {
  /** Runs that are not counted (default 3), and those that are (default 7). */
  warmUps?: number;
  runs?: number;
};

/** The median time of each subject, nanoseconds, without what the thread waited for a processor. */
export async function compare<Name extends string>(
  subjects: Readonly<Record<Name, Subject>>,
  { warmUps = WARM_UPS, runs = RUNS }: CompareOptions = {},
): Promise<Record<Name, number>> {
  const named = Object.entries<Subject>(subjects);
  const times = new Map(named.map(([name]) => [name, [] as number[]]));
  for (let round = -warmUps; round < runs; round += 1) {
    // The other way round every second time: who comes second finds the caches as the first has left them.
    for (const [name, subject] of round % 2 === 0 ? named : named.toReversed()) {
      const spentNs = await timeOf(subject);
      if (round >= 0) times.get(name)?.push(spentNs);
    }
  }
  return Object.fromEntries(named.map(([name]) => [name, median(times.get(name)!)])) as Record<Name, number>;
}

async function timeOf({ before, run, after }: Subject): Promise<number> {
  await before?.();
  // What the others have left behind is not this one's to clear away.
  globalThis.gc?.();
  const startedAtNs = workNs();
  await run();
  const spentNs = workNs() - startedAtNs;
  await after?.();
  return spentNs;
}

/** How cost grows with size: the slope of log(cost) over log(size), by least squares. 1 is linear. */
export function growthOf(costs: readonly { size: number; cost: number }[]): number {
  const points = costs.map(({ size, cost }) => ({ x: Math.log(size), y: Math.log(cost) }));
  const mean = (axis: "x" | "y") => points.reduce((sum, point) => sum + point[axis], 0) / points.length;
  const [meanX, meanY] = [mean("x"), mean("y")];
  const covariance = points.reduce((sum, { x, y }) => sum + (x - meanX) * (y - meanY), 0);
  const variance = points.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0);
  return covariance / variance;
}

export function inUnits(ns: number): string {
  if (ns < 1_000) return `${ns.toFixed(0)} ns`;
  if (ns < 1_000_000) return `${(ns / 1_000).toFixed(1)} µs`;
  return `${(ns / 1_000_000).toFixed(1)} ms`;
}
