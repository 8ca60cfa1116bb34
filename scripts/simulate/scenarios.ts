/** From a gateway's settings to the limits that are compared. */
import type { SchedulerLimits } from "../../src/domain/scheduler.ts";
import { hasPace } from "../../src/lane/pace.ts";
import type { Settings } from "../../src/settings/settings.ts";
import type { Scenario } from "./world.ts";

/** As `laneLimits` of src/host/active.ts, which would load the whole host: a test holds the two together. */
export function schedulerLimits(settings: Settings): SchedulerLimits {
  const { budget, cooldown, fleet, lane, preemption, resume } = settings;
  return {
    maxConcurrent: budget.maxConcurrent,
    maxPerAgent: budget.maxPerAgent,
    maxTokensPerBoot: budget.maxTokensPerBoot,
    maxCostPerBoot: budget.maxCostPerBoot,
    maxPreemptions: preemption.maxPreemptions,
    maxWaitMs: preemption.maxWaitMs,
    preemptionScope: preemption.scope,
    cooldown,
    needsPermit: hasPace(budget) || fleet !== undefined,
    quietMs: lane.quietMs,
    retryDelayMs: resume.retryDelayMs,
    maxAttempts: resume.maxAttempts,
  };
}

const NO_PACE = { startIntervalMs: 0, startsPerMinute: 0 };

/**
 * The settings as they are, the same without a fleet, and without anything that spares the provider: no slots, no pace, no
 * cool-down. Users come first in all of them.
 */
export function scenariosOf(settings: Settings): Scenario[] {
  const { fleet, ...others } = settings;
  const alone = scenarioOf("each on its own", { ...others, fleet: undefined });
  const unlimited: Scenario = {
    ...alone,
    name: "no limits at all",
    limits: { ...alone.limits, maxConcurrent: Infinity, maxPerAgent: undefined, needsPermit: false },
    pace: NO_PACE,
    seesProvider: false,
  };
  return fleet === undefined ? [alone, unlimited] : [scenarioOf("fleet budget", settings), alone, unlimited];
}

const scenarioOf = (name: string, settings: Settings): Scenario => ({
  name,
  limits: schedulerLimits(settings),
  pace: settings.budget,
  fleet: settings.fleet,
  maxPerBoot: settings.budget.maxPerBoot,
  timeoutMs: settings.resume.timeoutMs,
  seesProvider: true,
});
