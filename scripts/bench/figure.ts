/** One figure of a benchmark, and what it may be. */
export type Figure = {
  /** What was measured. */
  what: string;
  value: number;
  unit: Unit;
  /** The bar: met up to it (`atMost`) or from it on (`atLeast`). */
  bar: Bar;
  /** The figures behind it, as people read them: "2.1 µs against 1.6 µs". */
  from: string;
};

export type Bar = { atMost: number } | { atLeast: number };

/** `x`: a ratio; `turns`: of the event loop; `exponent`: of the growth of a cost with size. */
export type Unit = "x" | "ms" | "bytes" | "%" | "turns" | "exponent" | "count";

/** By how much the bar is missed, in the figure's unit; 0 where it is met. */
export function missOf({ value, bar }: Figure): number {
  const over = "atMost" in bar ? value - bar.atMost : bar.atLeast - value;
  // What is no number meets no bar.
  return Number.isNaN(over) ? Number.POSITIVE_INFINITY : Math.max(0, over);
}

export function valueText(value: number, unit: Unit): string {
  const digits = { x: 2, ms: value < 10 ? 2 : 0, bytes: 0, "%": 1, turns: 0, exponent: 2, count: 0 }[unit];
  const text = value.toFixed(digits);
  return { x: `${text}x`, "%": `${text} %`, exponent: text, count: text }[unit as string] ?? `${text} ${unit}`;
}

export function barText({ bar, unit }: Pick<Figure, "bar" | "unit">): string {
  return "atMost" in bar ? `at most ${valueText(bar.atMost, unit)}` : `at least ${valueText(bar.atLeast, unit)}`;
}
