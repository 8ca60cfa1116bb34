/** The settings of the simulated gateways: those of a file or the defaults, with what the command line says of the limits. */
import { Failure } from "../../src/cli/failure.ts";
import { readSettings } from "../../src/cli/config-file.ts";
import { resolveSettings } from "../../src/settings/resolve.ts";
import type { Settings } from "../../src/settings/settings.ts";
import { UsageError } from "../demo/options.ts";

/** Each option that stands for a setting, with the setting's path. */
export const LIMIT_OPTIONS = {
  "max-concurrent": "budget.maxConcurrent",
  "start-interval-ms": "budget.startIntervalMs",
  "starts-per-minute": "budget.startsPerMinute",
  "fleet-concurrent": "fleet.maxConcurrent",
  "fleet-starts-per-minute": "fleet.startsPerMinute",
} as const;
export type LimitOption = keyof typeof LIMIT_OPTIONS;
export type GivenLimits = Readonly<Partial<Record<LimitOption, string>>>;

/** Slots of the fleet when nobody says anything of it. */
export const FLEET_CONCURRENT = 200;
/** Nothing connects to it. */
const NO_REDIS = "redis://simulated";

type Group = Readonly<Record<string, unknown>>;

/** Throws a `UsageError` with everything that is wrong. */
export function settingsOf(config: string | undefined, given: GivenLimits): Settings {
  const raw = withLimits(config === undefined ? DEFAULTS : read(config), given);
  const result = resolveSettings(raw);
  if (!result.ok) {
    const problems = result.errors.map(({ path, message }) => `${nameOf(path, config, given)}: ${message}`);
    throw new UsageError(problems.join("\n       "));
  }
  const { mode } = result.settings;
  if (mode === "active") return result.settings;
  throw new UsageError(`${config ?? ""}: mode "${mode}" resumes nothing; expected "active"`);
}

const DEFAULTS: Group = { fleet: { redisUrl: NO_REDIS, maxConcurrent: FLEET_CONCURRENT } };

function read(config: string): unknown {
  try {
    return readSettings(config);
  } catch (error) {
    if (error instanceof Failure) throw new UsageError(`--config ${error.message}`);
    throw error;
  }
}

function withLimits(config: unknown, given: GivenLimits): unknown {
  if (!isGroup(config)) return config;
  const { budget, fleet, ...others } = config;
  const changedFleet = withFleet(fleet, given);
  return {
    ...others,
    budget: isGroup(budget ?? {}) ? { ...(budget as Group | undefined), ...limitsIn("budget", given) } : budget,
    ...(changedFleet === undefined ? {} : { fleet: changedFleet }),
  };
}

/** Its address may be in a store of secrets that is not at hand here. */
function withFleet(fleet: unknown, given: GivenLimits): unknown {
  if (fleet !== undefined && !isGroup(fleet)) return fleet;
  const { startsPerMinute, ...limits }: Group = limitsIn("fleet", given);
  if (isNone(given["fleet-concurrent"]) || (fleet === undefined && given["fleet-concurrent"] === undefined)) {
    if (startsPerMinute === undefined) return undefined;
    throw new UsageError("--fleet-starts-per-minute: there is no fleet; expected --fleet-concurrent N beside it");
  }
  const { startsPerMinute: before, ...others }: Group = { ...fleet, redisUrl: NO_REDIS };
  const rate = given["fleet-starts-per-minute"] === undefined ? before : startsPerMinute;
  return { ...others, ...limits, ...(rate === undefined ? {} : { startsPerMinute: rate }) };
}

/** What is given of one group of settings. What is no number stays as it is: the settings themselves say what would be. */
function limitsIn(group: "budget" | "fleet", given: GivenLimits): Group {
  const pairs = Object.entries(LIMIT_OPTIONS).flatMap(([option, path]) => {
    const text = given[option as LimitOption];
    if (text === undefined || !path.startsWith(`${group}.`)) return [];
    if (group === "fleet" && isNone(text)) return [];
    return [[path.slice(group.length + 1), /^\d+$/.test(text) ? Number(text) : text]];
  });
  return Object.fromEntries(pairs);
}

/** Where a wrong setting comes from. */
function nameOf(path: string, config: string | undefined, given: GivenLimits): string {
  const option = Object.entries(LIMIT_OPTIONS).find(([, setting]) => setting === path)?.[0] as LimitOption | undefined;
  return option !== undefined && given[option] !== undefined ? `--${option}` : `${config ?? "settings"}: ${path}`;
}

export const isNone = (text: string | undefined): boolean => text === "none" || text === "0";

const isGroup = (value: unknown): value is Group =>
  typeof value === "object" && value !== null && !Array.isArray(value);
