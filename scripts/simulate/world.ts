/** What is simulated. Durations in milliseconds. */
import type { SchedulerLimits } from "../../src/domain/scheduler.ts";
import type { FleetSettings } from "../../src/settings/settings.ts";
import type { PaceLimits } from "../../src/lane/pace.ts";

/** What the limits do not change. */
export interface World {
  readonly seed: number;
  readonly gateways: number;
  /** Interrupted ones of each gateway. */
  readonly sessions: number;
  /** Between the restarts of two gateways. */
  readonly staggerMs: number;
  /** A gateway is ready at some moment within this time after its restart. */
  readonly jitterMs: number;
  /** One resume, on average. */
  readonly resumeMs: number;
  /** Standard deviation of the logarithm of a resume's duration. */
  readonly resumeSpread: number;
  readonly requestsPerResume: number;
  /** Messages to one gateway. */
  readonly usersPerMinute: number;
  /** One user's turn. */
  readonly userMs: number;
  readonly provider: ProviderLimits;
}

/** Above these the provider answers 429. */
export interface ProviderLimits {
  /** Requests at once; `undefined`: no limit. */
  readonly concurrent: number | undefined;
  /** Requests in any 60 seconds; `undefined`: no limit. */
  readonly perMinute: number | undefined;
}

export type FleetLimits = Pick<FleetSettings, "maxConcurrent" | "startsPerMinute">;

/** The limits that are tried. */
export interface Scenario {
  readonly name: string;
  /** Of each gateway. */
  readonly limits: SchedulerLimits;
  readonly pace: PaceLimits;
  readonly fleet: FleetLimits | undefined;
  /** Sessions of one gateway that are admitted; the rest is held. */
  readonly maxPerBoot: number;
  /** Longest run of one resume. */
  readonly timeoutMs: number;
  /** Whether the scheduler is told what the provider does: it lets one that refuses cool down, and cuts off what it refuses. */
  readonly seesProvider: boolean;
}
