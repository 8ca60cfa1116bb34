/** One number for a series: what stats, bars and legends show. */
import type { Series } from "../prometheus.ts";

export function reduce({ points }: Series, calc: string): number {
  const values = points.map(([, value]) => value).filter((value) => !Number.isNaN(value));
  const first = values[0] ?? Number.NaN;
  const last = values.at(-1) ?? Number.NaN;
  switch (calc) {
    case "lastNotNull":
    case "last":
      return last;
    case "firstNotNull":
    case "first":
      return first;
    case "max":
      return values.length === 0 ? Number.NaN : Math.max(...values);
    case "min":
      return values.length === 0 ? Number.NaN : Math.min(...values);
    case "sum":
      return values.reduce((sum, value) => sum + value, 0);
    case "mean":
      return values.reduce((sum, value) => sum + value, 0) / values.length;
    case "count":
      return values.length;
    case "range":
      return Math.max(...values) - Math.min(...values);
    case "diff":
      return last - first;
    default:
      throw new Error(`calculation ${calc} is not understood here`);
  }
}

export const CALC_NAMES: Record<string, string> = {
  lastNotNull: "Last *",
  last: "Last",
  firstNotNull: "First *",
  first: "First",
  max: "Max",
  min: "Min",
  sum: "Total",
  mean: "Mean",
  count: "Count",
  range: "Range",
  diff: "Difference",
};
