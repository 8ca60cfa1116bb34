/** Ticks, and the way from a value to its place. */
import type { TimeRange } from "../data.ts";

export type Scale = { min: number; max: number; ticks: number[]; at: (value: number) => number };

/** From `from` (the lowest value) to `to` in pixels; about one tick for every 40. `isTime`: values are seconds. */
export function linearScale(values: { min: number; max: number }, from: number, to: number, isTime: boolean): Scale {
  const wanted = Math.max(2, Math.abs(to - from) / 40);
  const span = values.max - values.min || Math.abs(values.max) || 1;
  const step = niceStep(span / wanted, isTime);
  const min = Math.floor(values.min / step + 1e-9) * step;
  const max = Math.max(Math.ceil(values.max / step - 1e-9) * step, min + step);
  const ticks = Array.from({ length: Math.round((max - min) / step) + 1 }, (_, index) => min + index * step);
  return { min, max, ticks, at: (value) => from + ((value - min) / (max - min)) * (to - from) };
}

/** Powers of ten; what is not above 0 lies on the lowest one. */
export function logScale(values: { min: number; max: number }, from: number, to: number): Scale {
  const low = Math.floor(Math.log10(values.min > 0 ? values.min : 0.001));
  const high = Math.max(Math.ceil(Math.log10(values.max > 0 ? values.max : 1)), low + 1);
  const ticks = Array.from({ length: high - low + 1 }, (_, index) => 10 ** (low + index));
  const at = (value: number) => {
    const power = value > 0 ? Math.max(Math.log10(value), low) : low;
    return from + ((power - low) / (high - low)) * (to - from);
  };
  return { min: 10 ** low, max: 10 ** high, ticks, at };
}

const TIME_STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400];

export type TimeTick = { atMs: number; text: string };

/** Whole times of the day (UTC), at least 70 pixels apart. */
export function timeTicks({ startMs, endMs }: TimeRange, widthPx: number): TimeTick[] {
  const leastS = ((endMs - startMs) / 1_000) * (70 / widthPx);
  const stepMs = 1_000 * (TIME_STEPS_S.find((step) => step >= leastS) ?? TIME_STEPS_S.at(-1)!);
  const ticks: TimeTick[] = [];
  for (let atMs = Math.ceil(startMs / stepMs) * stepMs; atMs <= endMs; atMs += stepMs) {
    const time = new Date(atMs).toISOString();
    ticks.push({ atMs, text: stepMs < 60_000 ? time.slice(11, 19) : time.slice(11, 16) });
  }
  return ticks;
}

export const timeScale =
  ({ startMs, endMs }: TimeRange, from: number, to: number) =>
  (atMs: number): number =>
    from + ((atMs - startMs) / (endMs - startMs)) * (to - from);

/** Of about this size or larger: 1, 2 or 5 times a power of ten. */
function niceStep(least: number, isTime: boolean): number {
  // Whole minutes and hours, not 33.3 of them.
  const round = isTime && least > 10 ? TIME_STEPS_S.find((step) => step >= least) : undefined;
  if (round !== undefined) return round;
  const power = 10 ** Math.floor(Math.log10(least));
  return power * ([1, 2, 5, 10].find((factor) => factor * power >= least - 1e-12) ?? 10);
}
