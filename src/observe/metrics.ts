import { Counter, Gauge, Histogram } from "prom-client";
import type { BootTimes, EventBus, Subject } from "../domain/events.ts";
import type { FleetState } from "../domain/fleet-state.ts";
import type { SchedulerMode } from "../domain/mode.ts";
import type { ServiceState } from "../domain/service-state.ts";
import type { Usage } from "../domain/spend.ts";
import { type LaneLabel, StarvationMeter } from "../domain/starvation.ts";
import type { WaitCause } from "../domain/wait-cause.ts";
import { metricsRegistry } from "./exposition.ts";
import { fullName, type LabelsOf, METRICS, type MetricName, type MetricsOf } from "./catalogue.ts";

/** What a scrape reads of the lane at that moment. Times are milliseconds of the lane's clock. */
export interface LaneView {
  readonly slots: { readonly total: number; readonly used: number };
  readonly mode: SchedulerMode;
  readonly spent: Usage;
  cooldowns(): readonly unknown[];
  waitCauses(): ReadonlySet<WaitCause>;
  oldestSinceMs(lane: LaneLabel): number | undefined;
}

/** Of the gateway's start. Milliseconds; `atMs` since 1970, `firstReplyMs` since it was ready. */
export interface BootFacts {
  readonly atMs: number;
  readonly tookMs: BootTimes;
  readonly firstReplyMs?: number;
}

/** What a scrape reads of the service. */
export interface ServiceView {
  readonly state: ServiceState;
  readonly settingsErrors: readonly unknown[];
  /** Undefined while there is no lane. */
  readonly lane: LaneView | undefined;
  /** Undefined for a gateway on its own. */
  readonly fleetState: FleetState | undefined;
  /** Undefined until sessions have been judged. */
  readonly boot: BootFacts | undefined;
  /** Sessions that are held now. May throw: then the number before stands. */
  heldCount(): number;
  /** How many conversations were split at boot; `undefined` until that is known. */
  readonly splitCount: number | undefined;
}

export interface MetricsOptions {
  readonly events: EventBus;
  /** By the lane's clock. */
  readonly nowMs: () => number;
  readonly service: ServiceView;
  readonly versions: { readonly plugin: string; readonly host: string };
  /** What stands for a session in the log; the same in exemplars, so that one leads to the other. */
  readonly refOf: (subject: Subject) => string;
}

/** The labels of the lanes. The load is told at every step: they are not made anew each time. */
const USERS = { lane: "main" } as const satisfies LabelsOf<"queue_depth" | "running" | "queue_wait_seconds">;
const RESUMES = { lane: "startup-resume" } as const satisfies LabelsOf<
  "queue_depth" | "running" | "queue_wait_seconds"
>;

/** A version is no free text, whoever wrote it. */
const VERSION = /^[\w.+-]{1,40}$/;

/**
 * The plugin's Prometheus series, in a registry of their own. Every series of the catalogue is there from the start, and no
 * other can be added: what is counted names its labels from the catalogue.
 */
export class Metrics {
  readonly registry = metricsRegistry();
  readonly #options: MetricsOptions;
  readonly #starvation: StarvationMeter;
  readonly #gauges = new Map<MetricName, Gauge>();
  readonly #counters = new Map<MetricName, Counter>();
  readonly #histograms = new Map<MetricName, Histogram>();

  constructor(options: MetricsOptions) {
    this.#options = options;
    this.#starvation = new StarvationMeter(options.nowMs());
    this.#register();
    this.#set("build_info", this.#versions(), 1);
    this.#watch();
  }

  /** Everything that happens. */
  #watch(): void {
    const { events, nowMs, refOf } = this.#options;
    const [depth, running] = [this.#gauge("queue_depth"), this.#gauge("running")];
    events.on("load", (load) => {
      this.#starvation.observe(load, nowMs());
      depth.set(USERS, load.usersWaiting);
      depth.set(RESUMES, load.queued);
      running.set(USERS, load.usersRunning);
      running.set(RESUMES, load.running);
    });
    events.on("judged", ({ verdict: { kind, reason } }) =>
      this.#gauge("sessions").inc({ verdict: kind, reason } satisfies LabelsOf<"sessions">),
    );
    events.on("mainWaited", ({ waitMs }) => this.#observe("queue_wait_seconds", USERS, waitMs));
    events.on("started", (event) => this.#observe("queue_wait_seconds", RESUMES, event.waitedMs, refOf(event)));
    events.on("ended", (event) => {
      const { result, ranMs, cancelCause, drainedMs } = event;
      const ref = refOf(event);
      this.#count("attempts_total", { result });
      this.#observe("run_seconds", { outcome: result }, ranMs, ref);
      if (cancelCause === undefined) return;
      this.#count("preemptions_total", { cause: cancelCause });
      const isForUser = cancelCause === "own-user" || cancelCause === "other-user";
      if (isForUser && drainedMs !== undefined) this.#observe("preemption_seconds", {}, drainedMs, ref);
    });
    events.on("settled", ({ outcome }) => this.#count("outcomes_total", { outcome }));
  }

  /** What is read when it is asked for. It must not wait: a scrape works while everything else is stuck. */
  readonly #collectors: { readonly [Name in MetricName]?: () => void } = {
    oldest_waiting_seconds: () => {
      const nowMs = this.#options.nowMs();
      for (const { lane } of METRICS.oldest_waiting_seconds.series) {
        const sinceMs = this.#options.service.lane?.oldestSinceMs(lane) ?? nowMs;
        this.#set("oldest_waiting_seconds", { lane }, Math.max(0, nowMs - sinceMs) / 1000);
      }
    },
    starvation_seconds_total: () => {
      const starved = this.#counter("starvation_seconds_total");
      starved.reset();
      for (const { lane } of METRICS.starvation_seconds_total.series) {
        starved.inc({ lane }, this.#starvation.totalMs(lane, this.#options.nowMs()) / 1000);
      }
    },
    budget_slots: () => {
      const { total, used } = this.#options.service.lane?.slots ?? { total: 0, used: 0 };
      this.#set("budget_slots", { state: "used" }, used);
      this.#set("budget_slots", { state: "free" }, Math.max(0, total - used));
    },
    spent_tokens: () => this.#set("spent_tokens", {}, this.#options.service.lane?.spent.tokens ?? 0),
    spent_dollars: () => this.#set("spent_dollars", {}, this.#options.service.lane?.spent.costUsd ?? 0),
    providers_cooling: () => this.#set("providers_cooling", {}, this.#options.service.lane?.cooldowns().length ?? 0),
    fleet: () => {
      const current = this.#options.service.fleetState;
      for (const { state } of METRICS.fleet.series) this.#set("fleet", { state }, state === current ? 1 : 0);
    },
    boot_timestamp_seconds: () =>
      this.#set("boot_timestamp_seconds", {}, (this.#options.service.boot?.atMs ?? 0) / 1000),
    boot_seconds: () => {
      const tookMs = this.#options.service.boot?.tookMs;
      for (const { phase } of METRICS.boot_seconds.series) {
        this.#set("boot_seconds", { phase }, (tookMs?.[phase] ?? 0) / 1000);
      }
    },
    first_user_reply_seconds: () =>
      this.#set("first_user_reply_seconds", {}, (this.#options.service.boot?.firstReplyMs ?? 0) / 1000),
    mode: () => {
      const { state, lane } = this.#options.service;
      const current = state === "failed" ? state : lane?.mode;
      for (const { mode } of METRICS.mode.series) this.#set("mode", { mode }, mode === current ? 1 : 0);
    },
    state: () => {
      const current = this.#options.service.state;
      for (const { state } of METRICS.state.series) this.#set("state", { state }, state === current ? 1 : 0);
    },
    settings_errors: () => this.#set("settings_errors", {}, this.#options.service.settingsErrors.length),
    lane_paused: () => {
      const causes = this.#options.service.lane?.waitCauses();
      for (const { cause } of METRICS.lane_paused.series) {
        this.#set("lane_paused", { cause }, causes?.has(cause) === true ? 1 : 0);
      }
    },
    held: () => {
      try {
        this.#set("held", {}, this.#options.service.heldCount());
        this.#set("split_conversations", {}, this.#options.service.splitCount ?? 0);
      } catch {
        // The record cannot be read this moment; the number before stands.
      }
    },
    events_dropped_total: () => {
      const dropped = this.#counter("events_dropped_total");
      dropped.reset();
      dropped.inc(this.#options.events.dropped);
    },
  };

  /** Every metric of the catalogue, each of its series at zero. */
  #register(): void {
    for (const name of Object.keys(METRICS) as MetricName[]) {
      const { type, series, meaning, ...rest } = METRICS[name];
      const collect = this.#collectors[name];
      const config = {
        name: fullName(name),
        help: meaning,
        labelNames: Object.keys(series[0] ?? {}),
        registers: [this.registry],
        ...(collect === undefined ? {} : { collect }),
      };
      const zeroed = name === "build_info" ? [] : series;
      if (type === "gauge") {
        const gauge = new Gauge(config);
        for (const labels of zeroed) gauge.set(labels, 0);
        this.#gauges.set(name, gauge);
      } else if (type === "counter") {
        const counter = new Counter(config);
        for (const labels of zeroed) counter.inc(labels, 0);
        this.#counters.set(name, counter);
      } else {
        const buckets = "buckets" in rest ? [...rest.buckets.bounds] : [];
        const histogram = new Histogram({ ...config, buckets, enableExemplars: true });
        for (const labels of zeroed) histogram.zero(labels);
        this.#histograms.set(name, histogram);
      }
    }
  }

  #versions(): LabelsOf<"build_info"> {
    const checked = (version: string) => (VERSION.test(version) ? version : "unknown");
    const { plugin, host } = this.#options.versions;
    return { version: checked(plugin), host: checked(host) };
  }

  #set<Name extends MetricsOf<"gauge">>(name: Name, labels: LabelsOf<Name>, value: number): void {
    this.#gauge(name).set(labels, value);
  }

  #count<Name extends MetricsOf<"counter">>(name: Name, labels: LabelsOf<Name>): void {
    this.#counter(name).inc(labels);
  }

  #observe<Name extends MetricsOf<"histogram">>(name: Name, labels: LabelsOf<Name>, ms: number, ref?: string): void {
    const value = ms / 1000;
    const histogram = found(this.#histograms, name);
    if (ref === undefined) histogram.observe({ labels, value });
    else histogram.observe({ labels, value, exemplarLabels: { session_ref: ref } });
  }

  #gauge(name: MetricsOf<"gauge">): Gauge {
    return found(this.#gauges, name);
  }

  #counter(name: MetricsOf<"counter">): Counter {
    return found(this.#counters, name);
  }
}

function found<Metric>(metrics: ReadonlyMap<MetricName, Metric>, name: MetricName): Metric {
  const metric = metrics.get(name);
  if (metric === undefined) throw new Error(`${name} is not in the catalogue`);
  return metric;
}
