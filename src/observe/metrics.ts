import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { EventBus } from "../domain/events.ts";
import { CANCEL_CAUSES, PAUSE_CAUSES, type PauseCause } from "../domain/scheduler.ts";
import { SCHEDULER_MODES, type SchedulerMode } from "../domain/mode.ts";
import { LANES, type LaneLabel, StarvationMeter } from "../domain/starvation.ts";
import { OUTCOMES, type Outcome, reasonsOf, VERDICTS } from "../domain/reasons.ts";

/** What a scrape reads at that moment. Times are epoch milliseconds. */
export interface LaneView {
  readonly slots: { readonly total: number; readonly used: number };
  /** Undefined while there is no lane. */
  readonly mode: SchedulerMode | undefined;
  readonly pausedBy: ReadonlySet<PauseCause>;
  oldestSinceMs(lane: LaneLabel): number | undefined;
}

const OUTCOME_LABELS = Object.keys(OUTCOMES) as Outcome[];
const RUN_OUTCOMES = [...OUTCOME_LABELS, "preempted"] as const;
/** From an unnoticed wait to one that makes a user write again. */
const WAIT_BUCKETS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 600, 3600];
/** A drain takes 0.1 to 0.4 s on the real host; 0.5 s is the bar. */
const DRAIN_BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 1, 2.5, 5];
/** A turn takes seconds; the default time limit is 60 s, the largest 3600 s. */
const RUN_BUCKETS = [0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 900, 3600];

/** The plugin's Prometheus series, in a registry of their own; every series is there from the start. */
export class Metrics {
  readonly registry = new Registry();
  readonly #events: EventBus;
  readonly #nowMs: () => number;
  readonly #starvation: StarvationMeter;
  #view: LaneView = {
    slots: { total: 0, used: 0 },
    mode: undefined,
    pausedBy: new Set(),
    oldestSinceMs: () => undefined,
  };

  constructor(events: EventBus, nowMs: () => number) {
    this.#events = events;
    this.#nowMs = nowMs;
    this.#starvation = new StarvationMeter(nowMs());
    this.#watchLoad();
    this.#watchBoot();
    this.#watchRuns();
    this.#watchSlots();
  }

  /** From now on a scrape reads this lane. */
  watch(view: LaneView): void {
    this.#view = view;
  }

  #watchLoad(): void {
    const depth = this.#gauge("queue_depth", "Turns that wait: user turns on main, resumes on startup-resume.", [
      "lane",
    ]);
    const running = this.#gauge("running", "Turns that run: user turns on main, resumes on startup-resume.", ["lane"]);
    const wait = this.#histogram(
      "queue_wait_seconds",
      "Wait from queueing to start; main is the host's own lane wait.",
      WAIT_BUCKETS,
      ["lane"],
    );
    const oldest = this.#gauge(
      "oldest_waiting_seconds",
      "How long the longest waiting turn has waited.",
      ["lane"],
      () => {
        for (const lane of LANES) oldest.set({ lane }, secondsSince(this.#view.oldestSinceMs(lane), this.#nowMs()));
      },
    );
    const starved = this.#counter(
      "starvation_seconds_total",
      "main: a user turn waited while a resume ran; startup-resume: work queued and nothing running.",
      ["lane"],
      () => {
        starved.reset();
        for (const lane of LANES) starved.inc({ lane }, this.#starvation.totalMs(lane, this.#nowMs()) / 1000);
      },
    );
    for (const lane of LANES) {
      depth.set({ lane }, 0);
      running.set({ lane }, 0);
      wait.zero({ lane });
    }
    this.#events.on("load", (load) => {
      this.#starvation.observe(load, this.#nowMs());
      depth.set({ lane: "main" }, load.usersWaiting);
      depth.set({ lane: "startup-resume" }, load.queued);
      running.set({ lane: "main" }, load.usersRunning);
      running.set({ lane: "startup-resume" }, load.running);
    });
    this.#events.on("mainWaited", ({ waitMs }) => wait.observe({ lane: "main" }, waitMs / 1000));
    this.#events.on("started", ({ waitedMs }) => wait.observe({ lane: "startup-resume" }, waitedMs / 1000));
  }

  #watchBoot(): void {
    const sessions = this.#gauge("sessions", "Candidates of this boot by verdict and reason.", ["verdict", "reason"]);
    for (const verdict of Object.keys(VERDICTS) as (keyof typeof VERDICTS)[]) {
      for (const reason of reasonsOf(verdict)) sessions.set({ verdict, reason }, 0);
    }
    this.#events.on("judged", ({ verdict }) => sessions.inc({ verdict: verdict.kind, reason: verdict.reason }));
  }

  #watchRuns(): void {
    const outcomes = this.#counter(
      "outcomes_total",
      "Ended resumes by outcome; failed and timed-out count each attempt.",
      ["outcome"],
    );
    const runs = this.#histogram("run_seconds", "How long a resume held its slot.", RUN_BUCKETS, ["outcome"]);
    const preemptions = this.#counter("preemptions_total", "Running resumes cancelled, by cause.", ["cause"]);
    const drains = this.#histogram(
      "preemption_seconds",
      "From the user's signal to the drained run.",
      DRAIN_BUCKETS,
      [],
    );
    for (const outcome of OUTCOME_LABELS) outcomes.inc({ outcome }, 0);
    for (const outcome of RUN_OUTCOMES) runs.zero({ outcome });
    for (const cause of CANCEL_CAUSES) preemptions.inc({ cause }, 0);
    this.#events.on("ended", ({ outcome, ranMs, cancelCause, drainedMs }) => {
      runs.observe({ outcome }, ranMs / 1000);
      if (outcome === "failed" || outcome === "timed-out") outcomes.inc({ outcome });
      if (cancelCause !== undefined) preemptions.inc({ cause: cancelCause });
      if (drainedMs !== undefined && cancelCause !== "shutdown") drains.observe(drainedMs / 1000);
    });
    this.#events.on("settled", ({ outcome }) => outcomes.inc({ outcome }));
  }

  #watchSlots(): void {
    const slots = this.#gauge("budget_slots", "Slots of the budget by state.", ["state"], () => {
      const { total, used } = this.#view.slots;
      slots.set({ state: "used" }, used);
      slots.set({ state: "free" }, Math.max(0, total - used));
    });
    const mode = this.#gauge("mode", "1 for what the scheduler is doing, 0 for the rest.", ["mode"], () => {
      for (const one of SCHEDULER_MODES) mode.set({ mode: one }, this.#view.mode === one ? 1 : 0);
    });
    const paused = this.#gauge("lane_paused", "1 for each cause for which resumes may not start.", ["cause"], () => {
      for (const cause of PAUSE_CAUSES) paused.set({ cause }, this.#view.pausedBy.has(cause) ? 1 : 0);
    });
  }

  #gauge(name: string, help: string, labelNames: readonly string[], collect?: () => void): Gauge {
    return new Gauge({ ...this.#named(name, help, labelNames), ...(collect ? { collect } : {}) });
  }

  #counter(name: string, help: string, labelNames: readonly string[], collect?: () => void): Counter {
    return new Counter({ ...this.#named(name, help, labelNames), ...(collect ? { collect } : {}) });
  }

  #histogram(name: string, help: string, buckets: number[], labelNames: readonly string[]): Histogram {
    return new Histogram({ ...this.#named(name, help, labelNames), buckets });
  }

  #named(name: string, help: string, labelNames: readonly string[]) {
    return { name: `openclaw_resume_${name}`, help, labelNames, registers: [this.registry] };
  }
}

const secondsSince = (sinceMs: number | undefined, nowMs: number): number =>
  sinceMs === undefined ? 0 : Math.max(0, nowMs - sinceMs) / 1000;
