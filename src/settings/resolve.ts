import { settingsSchema } from "./schema.generated.ts";
import type { ContinuitySettings, FleetSettings, GcSettings, Settings } from "./settings.ts";
import { applySchema, type SettingsError } from "./validate.ts";

/** Either the settings in force or everything that is wrong with them; never half of each. */
export type SettingsResult =
  | { readonly ok: true; readonly settings: Settings }
  | { readonly ok: false; readonly errors: readonly SettingsError[] };

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** A run that was cancelled at its time limit has drained by then, and its reply is on its way. */
const LEASE_MARGIN_MS = 60_000;
const LEAST_LEASE_MARGIN_MS = 5_000;

/** The form of `applySchema`'s result; guaranteed by the schema that it walked. */
interface RawSettings extends Omit<Settings, "filter" | "fleet" | "gc" | "continuity"> {
  readonly gc: Pick<GcSettings, "enabled"> & { readonly heldDays: number; readonly errorDays: number };
  readonly continuity: Omit<ContinuitySettings, "maxAgeMs"> & { readonly maxAgeHours: number };
  readonly fleet: (Omit<FleetSettings, "leaseMs"> & { readonly leaseMs: number | undefined }) | undefined;
  readonly filter: Omit<Settings["filter"], "idleMs" | "maxAgeMs"> & {
    readonly idleHours: number;
    readonly maxAgeHours: number;
  };
}

/** Turns `plugins.entries.resume-scheduler.config` into settings, or says all that is wrong with it at once. */
export function resolveSettings(config: unknown): SettingsResult {
  const errors: SettingsError[] = [];
  const raw = applySchema(settingsSchema, config, errors) as RawSettings;
  if (errors.length === 0) contradictions(raw, errors);
  if (errors.length > 0) return { ok: false, errors };
  const { idleHours, maxAgeHours, ...filter } = raw.filter;
  const times = { idleMs: idleHours * HOUR_MS, maxAgeMs: maxAgeHours * HOUR_MS };
  const { maxAgeHours: hoursCarried, ...carried } = raw.continuity;
  const continuity = { ...carried, maxAgeMs: hoursCarried * HOUR_MS };
  const { enabled, heldDays, errorDays } = raw.gc;
  const gc = { enabled, heldMs: heldDays * DAY_MS, errorMs: errorDays * DAY_MS };
  const leaseMs = raw.fleet?.leaseMs ?? raw.resume.timeoutMs + LEASE_MARGIN_MS;
  const fleet = raw.fleet === undefined ? undefined : { ...raw.fleet, leaseMs };
  return { ok: true, settings: { ...raw, filter: { ...filter, ...times }, fleet, gc, continuity } };
}

/** What is right by itself and wrong beside something else. */
function contradictions({ cooldown, fleet, resume }: RawSettings, errors: SettingsError[]): void {
  if (cooldown.maxMs < cooldown.initialMs) {
    const message = `got ${cooldown.maxMs}; expected at least cooldown.initialMs (${cooldown.initialMs})`;
    errors.push({ path: "cooldown.maxMs", message });
  }
  const leastMs = resume.timeoutMs + LEAST_LEASE_MARGIN_MS;
  if (fleet?.leaseMs !== undefined && fleet.leaseMs < leastMs) {
    const why = `a slot must not be free while its resume may still run (resume.timeoutMs is ${resume.timeoutMs})`;
    errors.push({ path: "fleet.leaseMs", message: `got ${fleet.leaseMs}; expected at least ${leastMs}: ${why}` });
  }
}

/** The configuration with every default, under its own names and in its own units. */
export const withDefaults = (config: unknown): unknown => applySchema(settingsSchema, config, []);
