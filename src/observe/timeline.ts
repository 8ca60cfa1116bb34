import type { AttemptResult, CancelCause } from "../domain/decisions.ts";
import type { EventBus, Subject } from "../domain/events.ts";
import { isStarving, LANES, type LaneLabel, type LaneLoad } from "../domain/starvation.ts";
import { type Span, Spans } from "./spans.ts";

/** One run of a resume. Times are milliseconds of the clock that the timeline was given. */
export interface RunSpan extends Span, Subject {
  /** From 1. */
  readonly slot: number;
  readonly result: AttemptResult | null;
  readonly cancelled: { readonly cause: CancelCause; readonly atMs: number } | null;
}

/** What is remembered of each kind: a picture shows no more, and a gateway that runs for weeks must not grow. */
export const MOST_REMEMBERED = 1_000;

/** Whether the lane has work: only then it matters to it what users do. */
const isBusy = ({ queued, running, inTheWay }: LaneLoad): boolean => queued + running + inTheWay > 0;

/** Remembers what the lanes did while there was something to resume, for whoever wants to see it. */
export class Timeline {
  readonly startedAtMs: number;
  /** The clock that its times are of: one that never jumps. */
  readonly nowMs: () => number;
  readonly #running = new Map<number, RunSpan>();
  readonly #ended: RunSpan[] = [];
  readonly #usersRunning = new Spans(MOST_REMEMBERED);
  readonly #usersWaiting = new Spans(MOST_REMEMBERED);
  readonly #starved: Readonly<Record<LaneLabel, Spans>>;
  #slots = 0;
  readonly #busy = new Spans(MOST_REMEMBERED);
  #forgotToMs = -Infinity;

  constructor(events: EventBus, nowMs: () => number) {
    this.startedAtMs = nowMs();
    this.nowMs = nowMs;
    this.#starved = Object.fromEntries(LANES.map((lane) => [lane, new Spans(MOST_REMEMBERED)])) as Record<
      LaneLabel,
      Spans
    >;
    events.on("started", ({ agentId, sessionKey, slot }) => {
      this.#slots = Math.max(this.#slots, slot);
      const run = { agentId, sessionKey, slot, fromMs: nowMs(), toMs: null, result: null, cancelled: null };
      this.#running.set(slot, run);
    });
    events.on("cancelled", ({ slot, cause }) => {
      const run = this.#running.get(slot);
      if (run !== undefined) this.#running.set(slot, { ...run, cancelled: { cause, atMs: nowMs() } });
    });
    events.on("ended", ({ slot, result }) => this.#end(slot, result));
    events.on("load", (load) => {
      const atMs = nowMs();
      const busy = isBusy(load);
      this.#busy.set(busy, atMs);
      this.#usersRunning.set(busy && load.usersRunning > 0, atMs);
      this.#usersWaiting.set(busy && load.usersWaiting > 0, atMs);
      for (const lane of LANES) this.#starved[lane].set(isStarving(lane, load), atMs);
    });
  }

  #end(slot: number, result: AttemptResult): void {
    const run = this.#running.get(slot);
    if (run === undefined) return;
    this.#running.delete(slot);
    this.#ended.push({ ...run, toMs: this.nowMs(), result });
    if (this.#ended.length > MOST_REMEMBERED) this.#forgotToMs = this.#ended.shift()?.toMs ?? this.#forgotToMs;
  }

  /** The highest slot that was ever used. */
  get slots(): number {
    return this.#slots;
  }

  /** In the order in which they began. */
  get runs(): RunSpan[] {
    return [...this.#ended, ...this.#running.values()].toSorted((left, right) => left.fromMs - right.fromMs);
  }

  get users(): { readonly running: readonly Span[]; readonly waiting: readonly Span[] } {
    return { running: this.#usersRunning.all(), waiting: this.#usersWaiting.all() };
  }

  get starved(): Readonly<Record<LaneLabel, readonly Span[]>> {
    return { main: this.#starved.main.all(), "startup-resume": this.#starved["startup-resume"].all() };
  }

  /** When the lane had something to do. */
  get busy(): Span[] {
    return this.#busy.all();
  }

  /** Since when no run is forgotten. */
  get runsSinceMs(): number {
    return Math.max(this.startedAtMs, this.#forgotToMs);
  }

  /** Something is forgotten, of whichever kind. */
  get isCut(): boolean {
    const spans = [this.#busy, this.#usersRunning, this.#usersWaiting, ...LANES.map((lane) => this.#starved[lane])];
    return this.#forgotToMs > -Infinity || spans.some(({ forgotSome }) => forgotSome);
  }
}
