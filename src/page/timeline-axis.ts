import type { TimelineView } from "../operate/page-views.ts";

export interface Tick {
  readonly x: number;
  /** Where `x` is in its label. */
  readonly anchor: "middle" | "end";
  readonly label: string;
}
/** Where time in which the lane had nothing to do is left out. */
export interface Break {
  readonly x: number;
  readonly width: number;
  readonly leftOutMs: number;
}
/** Which time is where. */
export interface Axis {
  readonly xOf: (atMs: number) => number;
  readonly breaks: readonly Break[];
  readonly ticks: readonly Tick[];
}

interface Stage {
  readonly fromMs: number;
  readonly toMs: number;
  readonly x: number;
}

const BREAK = 18;
const TICK_GAP = 96;
/** A shorter rest is drawn, and so is one that takes up less than a quarter. */
const SHORTEST_BREAK_MS = 60_000;
const SMALLEST_SHARE = 1 / 4;

/** From `left` on, over so many pixels. `originMs` is the 0 of its labels. */
export function axisOf(view: TimelineView, { left, width }: { left: number; width: number }, originMs: number): Axis {
  const parts = partsOf(view);
  const totalMs = Math.max(1000, sum(parts));
  const scale = (width - BREAK * (parts.length - 1)) / totalMs;
  const stages: Stage[] = [];
  const breaks: Break[] = [];
  let x = left;
  for (const [fromMs, toMs] of parts) {
    const last = stages.at(-1);
    if (last !== undefined) breaks.push({ x: round(x - BREAK), width: BREAK, leftOutMs: fromMs - last.toMs });
    stages.push({ fromMs, toMs, x });
    x += (toMs - fromMs) * scale + BREAK;
  }
  const xOf = (atMs: number) => {
    const stage = stages.findLast(({ fromMs }) => fromMs <= atMs) ?? stages[0];
    if (stage === undefined) return left;
    return round(stage.x + (Math.min(stage.toMs, Math.max(stage.fromMs, atMs)) - stage.fromMs) * scale);
  };
  return { xOf, breaks, ticks: ticksOf(stages, { stepMs: stepFor(totalMs, width), end: left + width, xOf }, originMs) };
}

/** What is drawn of the time: all but the long rests. */
function partsOf({ fromMs, toMs, busy }: TimelineView): readonly (readonly [fromMs: number, toMs: number])[] {
  const within = (atMs: number) => Math.min(toMs, Math.max(fromMs, atMs));
  const parts = busy.map((span) => [within(span.fromMs), within(span.toMs ?? toMs)] as const);
  const busyMs = sum(parts);
  const drawn: (readonly [number, number])[] = [];
  for (const [partFromMs, partToMs] of [[fromMs, fromMs] as const, ...parts, [toMs, toMs] as const]) {
    const last = drawn.at(-1);
    const restMs = last === undefined ? Infinity : partFromMs - last[1];
    if (last === undefined || restMs >= Math.max(SHORTEST_BREAK_MS, busyMs * SMALLEST_SHARE)) {
      drawn.push([partFromMs, partToMs]);
    } else drawn[drawn.length - 1] = [last[0], Math.max(last[1], partToMs)];
  }
  return drawn.filter(([from, to]) => to > from || drawn.length === 1);
}

const sum = (parts: readonly (readonly [fromMs: number, toMs: number])[]): number =>
  parts.reduce((total, [fromMs, toMs]) => total + toMs - fromMs, 0);

const STEPS_MS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400].map(
  (seconds) => seconds * 1000,
);
const DAY_MS = 86_400_000;

function stepFor(totalMs: number, width: number): number {
  const wantedMs = totalMs / Math.max(1, Math.floor(width / TICK_GAP));
  return STEPS_MS.find((step) => step >= wantedMs) ?? Math.ceil(wantedMs / DAY_MS) * DAY_MS;
}

interface Marking {
  readonly stepMs: number;
  readonly end: number;
  readonly xOf: Axis["xOf"];
}

/** Round times, and where it goes on after a break: that one comes first where there is no room for both. */
function ticksOf(stages: readonly Stage[], { stepMs, end, xOf }: Marking, originMs: number): Tick[] {
  const isClose = (x: number, other: Tick | undefined) => other !== undefined && x - other.x < (TICK_GAP * 3) / 4;
  const tick = (atMs: number, x: number): Tick => ({
    x,
    anchor: x > end - TICK_GAP / 2 ? "end" : "middle",
    label: offset(atMs - originMs),
  });
  const ticks: Tick[] = [];
  for (const [index, { fromMs, toMs, x }] of stages.entries()) {
    if (index > 0) {
      while (isClose(x, ticks.at(-1))) ticks.pop();
      ticks.push(tick(fromMs, round(x)));
    }
    for (let atMs = originMs + Math.ceil((fromMs - originMs) / stepMs) * stepMs; atMs <= toMs; atMs += stepMs) {
      if (!isClose(xOf(atMs), ticks.at(-1))) ticks.push(tick(atMs, xOf(atMs)));
    }
  }
  return ticks;
}

/** A time relative to the boot: `+30 s`, `+1 min 30 s`. */
export function offset(sinceMs: number): string {
  const sign = sinceMs < 0 ? "\u{2212}" : "+";
  const seconds = Math.round(Math.abs(sinceMs) / 1000);
  if (seconds === 0) return "boot";
  const parts = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "min"],
    [seconds % 60, "s"],
  ] as const;
  const said = parts.filter(([count]) => count > 0).slice(0, 2);
  return sign + said.map(([count, unit]) => `${count} ${unit}`).join(" ");
}

const round = (pixels: number): number => Math.round(pixels * 10) / 10;
