import { randomUUID } from "node:crypto";
import type { PluginRuntime } from "openclaw/plugin-sdk/runtime-store";
import { ownRunId } from "../domain/own-runs.ts";
import type { SchedulerMemory } from "../domain/scheduler.ts";
import { type LaneLimits, ResumeLane } from "../lane/resume-lane.ts";
import { writeHistory } from "../record/history-writer.ts";
import { Ledger } from "../record/ledger.ts";
import { RecordStore } from "../record/record-store.ts";
import type { Settings } from "../settings/settings.ts";
import { clockJumps, clockMark, watchClock } from "./clock-watch.ts";
import { createDelivery } from "./delivery.ts";
import { HeldCollector } from "./held-collector.ts";
import { HeldNotices } from "./held-notice.ts";
import { HeldSessions } from "./held-sessions.ts";
import type { HostParts } from "./host-parts.ts";
import { LaneFuse } from "./lane-fuse.ts";
import { LoadGuard } from "./load-guard.ts";
import type { Permits } from "./permits.ts";
import { ResetGuard } from "./reset-guard.ts";
import { HostRunner } from "./runner.ts";
import type { UserSignals } from "./user-signals.ts";
import { startWatching, watchProviders, watchUsers, type WatchUsersOptions } from "./watch-users.ts";

/** What exists while sessions are claimed. */
export interface Active {
  readonly lane: ResumeLane;
  readonly records: RecordStore;
  readonly signals: UserSignals;
  readonly resets: ResetGuard;
  readonly notices: HeldNotices;
  readonly fuse: LaneFuse;
  readonly permits: Permits;
  /** Listens to nobody any more; what runs can still be drained. */
  readonly quiet: () => void;
  /** Closes the record, when everything has drained. */
  readonly close: () => void;
}

export interface ActiveOptions extends WatchUsersOptions {
  readonly host: HostParts;
  readonly runtime: Pick<PluginRuntime, "agent" | "events">;
  /** By the lane's clock. */
  readonly nowMs: () => number;
  /** Those in force when they are asked for. */
  readonly settings: () => Settings;
  readonly permits: Permits;
  /** Of the lane of this boot before, when the plugin was replaced. */
  readonly memory: SchedulerMemory | undefined;
  /** The gateway has started; otherwise the plugin was replaced in it. */
  readonly isBoot: boolean;
}

/** Opens the record and makes the lane, with all that feeds it. Throws with nothing left open. */
export function startActive(options: ActiveOptions): Active {
  const { host, runtime, events, settings } = options;
  const stores: (() => void)[] = [];
  const inputs: (() => void)[] = [];
  const quiet = () => endAll(inputs);
  const close = () => endAll(stores);
  try {
    const records = RecordStore.open(host.stateDir);
    stores.push(() => records.close());
    const history = writeHistory(events, records.history, Date.now);
    stores.push(() => history.stop());
    records.history.prune(Date.now());
    const stopWatchingClock = watchClock({
      facts: records.facts,
      read: clockMark,
      failed: (error) => events.emit("trouble", { what: "watch the clock", error }),
    });
    inputs.push(stopWatchingClock);

    const ledger = new Ledger(records, Date.now);
    const deliver = createDelivery(host.config);
    const resets = new ResetGuard({ config: host.config });
    const runner = new HostRunner({
      ...host,
      agent: runtime.agent,
      deliver,
      ledger,
      settings,
      expectOwnTurn: async (key, runId) => {
        const ends = [await resets.guard(key, runId), signals.expectOwnTurn(key, runId)];
        return () => endAll(ends);
      },
    });
    const clock = { nowMs: options.nowMs, after: timer, newRunId: () => ownRunId(randomUUID()) };
    const { permits, memory } = options;
    const lane = new ResumeLane({
      limits: laneLimits(settings(), permits),
      runner,
      ledger,
      events,
      clock,
      permits,
      memory,
    });
    const signals = watchUsers(options, lane);
    inputs.push(() => signals.stop());
    const providers = watchProviders(options, lane);
    inputs.push(() => providers.stop());
    const guard = new LoadGuard({ lane, events, limits: () => settings().budget });
    inputs.push(() => guard.stop());
    const isOn = () => settings().notify === "held";
    const notices = new HeldNotices({ ...host, records, deliver, events, nowMs: Date.now, isOn });
    inputs.push(() => notices.stop());
    const held = new HeldSessions({ records, events });
    inputs.push(() => held.stop());
    const collector = new HeldCollector({
      ...host,
      records,
      lane,
      settings: () => settings().gc,
      clockJumps: () => clockJumps(records.facts, clockMark()),
      events,
      nowMs: Date.now,
      after: timer,
    });
    inputs.push(() => collector.stop());
    const { facts } = records;
    const { isBoot } = options;
    const fuse = new LaneFuse({
      lane,
      facts,
      known: records.running(),
      isBoot,
      events,
      nowMs: Date.now(),
      after: timer,
    });
    inputs.push(() => fuse.stop());
    if (facts.get("pausedSince") !== undefined) lane.pause("operator");
    startWatching(signals, events);
    return { lane, records, signals, resets, notices, fuse, permits, quiet, close };
  } catch (error) {
    quiet();
    close();
    throw error;
  }
}

/** The newest first: it may need those before it. */
function endAll(ends: (() => void)[]): void {
  for (const end of ends.splice(0).toReversed()) end();
}

/** What the lane takes of the settings. */
export function laneLimits(
  { budget, cooldown, preemption, lane, resume }: Settings,
  permits: Pick<Permits, "areNeeded"> | undefined,
): LaneLimits {
  return {
    ...budget,
    ...preemption,
    cooldown,
    needsPermit: permits?.areNeeded(budget) === true,
    quietMs: lane.quietMs,
    retryDelayMs: resume.retryDelayMs,
    maxAttempts: resume.maxAttempts,
    timeoutMs: resume.timeoutMs,
    preemptionScope: preemption.scope,
  };
}

/** Beyond it a timer fires at once. Whoever waits for longer looks again by then. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

/** Calls back once after `delayMs`, and keeps no process alive for it; the returned function cancels. */
export function timer(delayMs: number, callback: () => void): () => void {
  const handle = setTimeout(callback, Math.min(delayMs, LONGEST_DELAY_MS));
  handle.unref();
  return () => clearTimeout(handle);
}
