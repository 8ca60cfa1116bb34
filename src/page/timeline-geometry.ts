import type { AttemptResult } from "../domain/decisions.ts";
import type { TimelineRun, TimelineSpan, TimelineView } from "../operate/page-views.ts";

/** How a bar is drawn: by how its run ended, `running`, or `mixed` where runs too short to tell apart are one bar. */
export type BarKind = AttemptResult | "running" | "mixed";

export interface Bar {
  readonly x: number;
  readonly width: number;
  readonly kind: BarKind;
  readonly runs: number;
  /** The first of them. */
  readonly run: TimelineRun;
}
/** Where users preempted. */
export interface Mark {
  readonly x: number;
  readonly count: number;
}
export interface Stretch {
  readonly x: number;
  readonly width: number;
}
export interface SlotRow {
  readonly slot: number;
  readonly y: number;
  readonly bars: readonly Bar[];
  readonly marks: readonly Mark[];
}
export interface Tick {
  readonly x: number;
  /** Where `x` is in its label. */
  readonly anchor: "middle" | "end";
  readonly label: string;
}
export interface TimelineLayout {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly main: {
    readonly y: number;
    readonly running: readonly Stretch[];
    readonly waiting: readonly Stretch[];
    readonly starved: readonly Stretch[];
  };
  readonly slots: readonly SlotRow[];
  readonly starved: readonly Stretch[];
  readonly ticks: readonly Tick[];
  readonly axisY: number;
}

export const ROW = 26;
export const BAR = 16;
const LEFT = 58;
const RIGHT = 14;
const TOP = 8;
const AXIS = 26;
/** Narrower bars could not be seen. */
const NARROWEST = 3;
const MARK_WIDTH = 9;
const TICK_GAP = 96;

/** Where everything is, in pixels of a drawing that is `width` wide. */
export function layOut(view: TimelineView, width: number, originMs: number): TimelineLayout {
  const spanMs = Math.max(1000, view.toMs - view.fromMs);
  const scale = (width - LEFT - RIGHT) / spanMs;
  const xOf = (atMs: number) => round(LEFT + (Math.min(view.toMs, Math.max(view.fromMs, atMs)) - view.fromMs) * scale);
  const stretches = (spans: readonly TimelineSpan[]) => merged(spans, view, xOf);
  const bySlot = Map.groupBy(view.runs, ({ slot }) => slot);
  const slots = Array.from({ length: view.slots }, (_, index) => {
    const runs = bySlot.get(index + 1) ?? [];
    return { slot: index + 1, y: TOP + ROW * (index + 1), bars: bars(runs, view, xOf), marks: marks(runs, xOf) };
  });
  const axisY = TOP + ROW * (view.slots + 1);
  return {
    width,
    height: axisY + AXIS,
    left: LEFT,
    main: {
      y: TOP,
      running: stretches(view.users.running),
      waiting: stretches(view.users.waiting),
      starved: stretches(view.starved.main),
    },
    slots,
    starved: stretches(view.starved["startup-resume"]),
    ticks: ticks(view, width - LEFT - RIGHT, originMs, xOf),
    axisY,
  };
}

type ToX = (atMs: number) => number;

function bars(runs: readonly TimelineRun[], { toMs }: TimelineView, xOf: ToX): Bar[] {
  const made: Bar[] = [];
  for (const run of runs) {
    const kind = run.result ?? "running";
    const x = xOf(run.fromMs);
    const width = Math.max(NARROWEST, round(xOf(run.toMs ?? toMs) - x));
    const last = made.at(-1);
    if (last === undefined || x >= last.x + last.width || width > NARROWEST) {
      made.push({ x: Math.max(x, last === undefined ? x : last.x + last.width), width, kind, runs: 1, run });
      continue;
    }
    made[made.length - 1] = { ...last, kind: last.kind === kind ? kind : "mixed", runs: last.runs + 1 };
  }
  return made;
}

const isByUser = ({ cancelled }: TimelineRun): boolean =>
  cancelled?.cause === "own-user" || cancelled?.cause === "other-user";

function marks(runs: readonly TimelineRun[], xOf: ToX): Mark[] {
  const made: Mark[] = [];
  for (const run of runs) {
    if (!isByUser(run) || run.cancelled === null) continue;
    const x = xOf(run.cancelled.atMs);
    const last = made.at(-1);
    if (last !== undefined && x < last.x + MARK_WIDTH) made[made.length - 1] = { x: last.x, count: last.count + 1 };
    else made.push({ x, count: 1 });
  }
  return made;
}

/** Spans that touch once they are drawn are one. */
function merged(spans: readonly TimelineSpan[], { toMs }: TimelineView, xOf: ToX): Stretch[] {
  const made: Stretch[] = [];
  for (const span of spans) {
    const x = xOf(span.fromMs);
    const end = Math.max(x + 2, xOf(span.toMs ?? toMs));
    const last = made.at(-1);
    if (last === undefined || x > last.x + last.width + 0.5) made.push({ x, width: round(end - x) });
    else made[made.length - 1] = { x: last.x, width: round(Math.max(last.width, end - last.x)) };
  }
  return made;
}

const STEPS_MS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400].map(
  (seconds) => seconds * 1000,
);

function ticks({ fromMs, toMs }: TimelineView, widthPx: number, originMs: number, xOf: ToX): Tick[] {
  const most = Math.max(1, Math.floor(widthPx / TICK_GAP));
  const wantedMs = (toMs - fromMs) / most;
  const dayMs = 86_400_000;
  const stepMs = STEPS_MS.find((step) => step >= wantedMs) ?? Math.ceil(wantedMs / dayMs) * dayMs;
  const first = Math.ceil((fromMs - originMs) / stepMs);
  const last = Math.floor((toMs - originMs) / stepMs);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => {
    const sinceMs = (first + index) * stepMs;
    const x = xOf(originMs + sinceMs);
    return { x, anchor: x > LEFT + widthPx - TICK_GAP / 2 ? "end" : "middle", label: offset(sinceMs) };
  });
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
