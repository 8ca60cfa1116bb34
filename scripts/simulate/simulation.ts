/** A restart of all gateways under one scenario's limits. */
import { percentile } from "../measure/row.ts";
import { VirtualClock } from "./clock.ts";
import { Gateway } from "./gateway.ts";
import { LoadMeter, mostPerMinute } from "./load-meter.ts";
import { FleetModel } from "./permits.ts";
import { Provider } from "./provider.ts";
import { Tally } from "./tally.ts";
import type { Scenario, World } from "./world.ts";

/** Durations in milliseconds. */
export interface Result {
  readonly name: string;
  readonly sessions: number;
  readonly resumed: number;
  /** By reason. */
  readonly held: ReadonlyMap<string, number>;
  /** Sessions that were still waiting when the simulation was given up. */
  readonly unfinished: number;
  /** From the moment at which a session's gateway was ready; `undefined` when none was resumed. */
  readonly recoveredMs:
    | { readonly first: number; readonly median: number; readonly most: number; readonly last: number }
    | undefined;
  /** From the first restart to the last session's end. */
  readonly tookMs: number;
  /** Requests by resumes that were under way at once, and in 60 seconds; refused ones too. */
  readonly atOnce: { readonly peak: number; readonly mean: number };
  readonly perMinute: { readonly peak: number; readonly mean: number };
  /** Resumes that ran at once. */
  readonly mostRunning: number;
  /** Answers with 429. */
  readonly refused: { readonly resume: number; readonly user: number };
  readonly users: number;
  readonly preemptions: number;
  /** By second since the first restart. */
  readonly bySecond: { readonly atOnce: readonly number[]; readonly recovered: readonly number[] };
}

const MINUTE_MS = 60_000;
/** A simulation that comes to no end, as with a provider that users alone keep busy, is given up. */
export const LONGEST_MS = 7 * 24 * 60 * MINUTE_MS;

export function simulate(world: World, scenario: Scenario): Result {
  const clock = new VirtualClock();
  const meter = new LoadMeter();
  const provider = new Provider(world.provider, clock, meter);
  const sessions = world.gateways * world.sessions;
  const tally = new Tally(sessions);
  const fleet = scenario.fleet === undefined ? undefined : new FleetModel(scenario.fleet, clock);
  for (let index = 0; index < world.gateways; index += 1) {
    new Gateway({ index, world, scenario, clock, provider, fleet: fleet?.join(), tally }).restart();
  }
  clock.run(() => tally.open === 0, LONGEST_MS);
  const tookMs = clock.nowMs;
  const { recoveredMs, held, open: unfinished, users, preemptions, mostRunning } = tally;
  const requests = meter.requests.reduce((sum, count) => sum + count, 0);
  const mean = meter.mean(tookMs);
  return {
    name: scenario.name,
    sessions,
    resumed: recoveredMs.length,
    held,
    unfinished,
    recoveredMs: recoveredMs.length === 0 ? undefined : percentiles(recoveredMs),
    tookMs,
    atOnce: { peak: meter.atOnce.reduce((most, count) => Math.max(most, count), 0), mean },
    perMinute: { peak: mostPerMinute(meter.requests), mean: tookMs === 0 ? 0 : (requests * MINUTE_MS) / tookMs },
    mostRunning,
    refused: meter.refused,
    users,
    preemptions,
    bySecond: { atOnce: meter.atOnce, recovered: tally.recovered },
  };
}

function percentiles(values: readonly number[]): NonNullable<Result["recoveredMs"]> {
  return {
    first: percentile(values, 0),
    median: percentile(values, 0.5),
    most: percentile(values, 0.95),
    last: percentile(values, 1),
  };
}
