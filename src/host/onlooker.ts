import { randomUUID } from "node:crypto";
import { ResumeLane } from "../lane/resume-lane.ts";
import type { Settings } from "../settings/settings.ts";
import { laneLimits, timer } from "./active.ts";
import type { UserSignals } from "./user-signals.ts";
import { startWatching, watchUsers, type WatchUsersOptions } from "./watch-users.ts";

/** What exists while sessions are only observed. */
export interface Onlooker {
  /** Without any work; it tells what users wait for. */
  readonly lane: ResumeLane;
  readonly signals: UserSignals;
}

/**
 * Watches users and the host's own recoveries, and changes nothing: what the metrics then say of starvation is what happens
 * without this plugin.
 */
export function startOnlooker(
  options: WatchUsersOptions & { readonly settings: Settings; readonly nowMs: () => number },
): Onlooker {
  const { events, settings, nowMs } = options;
  const lane = new ResumeLane({
    limits: laneLimits(settings, undefined),
    runner: { run: () => Promise.reject(new Error("an onlooker runs nothing")) },
    ledger: { started: nothing, requeued: nothing, settled: nothing },
    events,
    clock: { nowMs, after: timer, newRunId: randomUUID },
  });
  lane.pause("mode");
  const signals = watchUsers(options, lane);
  startWatching(signals, events);
  return { lane, signals };
}

const nothing = () => undefined;
