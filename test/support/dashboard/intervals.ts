/** The step of a query and the durations of Grafana's variables, as Grafana works them out. */

const UNITS: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
/** Grafana rounds a step to one of these. */
const STEPS_MS = [
  1, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 20_000, 30_000, 60_000, 120_000, 300_000, 600_000,
  900_000, 1_800_000, 3_600_000, 7_200_000, 10_800_000, 21_600_000, 43_200_000, 86_400_000,
];

/** `15s`, `>1m`, `1h30m` in milliseconds. */
export function durationMs(text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhdw])/g)];
  if (parts.length === 0) throw new Error(`${JSON.stringify(text)} is no duration`);
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * UNITS[unit!]!, 0);
}

/** As PromQL takes it. */
export function durationText(ms: number): string {
  return ms % 1_000 === 0 ? `${ms / 1_000}s` : `${ms}ms`;
}

/** One point for each pixel, but not more often than there are samples. */
export function stepOf(range: { startMs: number; endMs: number }, widthPx: number, atLeastMs: number): number {
  const wantedMs = (range.endMs - range.startMs) / widthPx;
  const rounded = STEPS_MS.findLast((step, index) => wantedMs >= (step + (STEPS_MS[index - 1] ?? 0)) / 2);
  return Math.max(rounded ?? 1, atLeastMs);
}

/** Long enough for `rate()` to see two samples wherever the window falls. */
export function rateIntervalMs(stepMs: number, scrapeIntervalMs: number): number {
  return Math.max(stepMs + scrapeIntervalMs, 4 * scrapeIntervalMs);
}
