/** One row of the table: what was measured, the figure, its bar, and whether it was met. */
export type Row = {
  what: string;
  /** As it is read by people. */
  figure: string;
  bar: string;
  pass: boolean;
  /** Raw figures, durations in milliseconds; for `--out`. */
  data: Record<string, unknown>;
};

/** Tells what is going on. */
export type Say = (text: string) => void;

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The smallest value that at least this share of the values (0 to 1) does not exceed. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!;
}

export const inSeconds = (seconds: number): string => `${seconds.toFixed(2)} s`;
export const ms = (value: number): string => `${Math.round(value)} ms`;
