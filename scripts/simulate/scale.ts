/** Axes: from values to pixels, and where their labels stand. */

export interface Scale {
  at(value: number): number;
  readonly ticks: readonly number[];
}

/** Curves whose peaks are further apart than this are not to be read on one even axis. */
const FURTHEST = 10;

/** From 0 to the highest peak; each ten times as far up as the one before when the peaks are far apart. */
export function scaleOf(peaks: readonly number[], { top, bottom }: { top: number; bottom: number }): Scale {
  const most = Math.max(...peaks);
  const isEven = most <= FURTHEST * Math.min(...peaks);
  const step = niceStep(most, 5);
  const highest = isEven ? Math.ceil(most / step) * step : 10 ** Math.ceil(Math.log10(most));
  const height = (value: number) => (isEven ? value / highest : Math.log10(1 + value) / Math.log10(1 + highest));
  const tens = Array.from({ length: Math.round(Math.log10(highest)) + 1 }, (_, power) => 10 ** power);
  return {
    at: (value) => bottom - height(value) * (bottom - top),
    ticks: isEven ? upTo(highest, step) : [0, ...tens],
  };
}

const UNITS = [
  { unit: "seconds", seconds: 1 },
  { unit: "minutes", seconds: 60 },
  { unit: "hours", seconds: 3600 },
] as const;
/** With more than so many of a unit the next one is used. */
const MANY = 300;

export function timeScale(seconds: number, left: number, right: number) {
  const { unit, seconds: inUnit } = UNITS.find((one) => seconds / one.seconds <= MANY) ?? UNITS[2];
  const step = niceStep(seconds / inUnit, 8);
  return {
    unit,
    at: (second: number) => left + (second / seconds) * (right - left),
    ticks: upTo(seconds / inUnit, step).map((value) => ({ at: value * inUnit, label: String(value) })),
  };
}

/** 1, 2 or 5 times a power of ten, so that there are about `count` of them. */
function niceStep(most: number, count: number): number {
  const rough = most / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  return ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10) * power;
}

/** Multiples of `step` from 0 on, without the dust of adding fractions. */
function upTo(most: number, step: number): number[] {
  const count = Math.floor(most / step + 1e-9);
  return Array.from({ length: count + 1 }, (_, at) => Number((at * step).toPrecision(12)));
}
