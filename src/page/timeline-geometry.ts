import type { AttemptResult } from "../domain/decisions.ts";
import type { TimelineRun, TimelineSpan, TimelineView } from "../operate/page-views.ts";
import { type Axis, axisOf, type Break, type Tick } from "./timeline-axis.ts";

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
  readonly breaks: readonly Break[];
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

/** Where everything is, in pixels of a drawing that is `width` wide. */
export function layOut(view: TimelineView, width: number, originMs: number): TimelineLayout {
  const { xOf, ticks, breaks } = axisOf(view, { left: LEFT, width: width - LEFT - RIGHT }, originMs);
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
    ticks,
    breaks,
    axisY,
  };
}

type ToX = Axis["xOf"];

function bars(runs: readonly TimelineRun[], { toMs }: TimelineView, xOf: ToX): Bar[] {
  const made: Bar[] = [];
  for (const run of runs) {
    const kind = run.result ?? "running";
    const last = made.at(-1);
    const free = last === undefined ? 0 : last.x + last.width;
    const x = Math.max(xOf(run.fromMs), free);
    const end = xOf(run.toMs ?? toMs);
    // What is too short to be seen beside its predecessor is one with that, unless that is long enough to be itself.
    const isSwallowed = end - x < NARROWEST && xOf(run.fromMs) < free && last?.width === NARROWEST;
    if (last === undefined || !isSwallowed) {
      made.push({ x, width: Math.max(NARROWEST, round(end - x)), kind, runs: 1, run });
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

const round = (pixels: number): number => Math.round(pixels * 10) / 10;
