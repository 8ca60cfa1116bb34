import { settingsSchema } from "./schema.generated.ts";
import type { Settings } from "./settings.ts";
import { applySchema, type SettingsError } from "./validate.ts";

/** Either the settings in force or everything that is wrong with them; never half of each. */
export type SettingsResult =
  | { readonly ok: true; readonly settings: Settings }
  | { readonly ok: false; readonly errors: readonly SettingsError[] };

const HOUR_MS = 3_600_000;

/** The form of `applySchema`'s result; guaranteed by the schema that it walked. */
interface RawSettings extends Omit<Settings, "filter"> {
  readonly filter: Omit<Settings["filter"], "idleMs" | "maxAgeMs"> & {
    readonly idleHours: number;
    readonly maxAgeHours: number;
  };
}

/** Turns `plugins.entries.resume-scheduler.config` into settings, or says all that is wrong with it at once. */
export function resolveSettings(config: unknown): SettingsResult {
  const errors: SettingsError[] = [];
  const raw = applySchema(settingsSchema, config, errors) as RawSettings;
  if (errors.length > 0) return { ok: false, errors };
  const { idleHours, maxAgeHours, ...filter } = raw.filter;
  const times = { idleMs: idleHours * HOUR_MS, maxAgeMs: maxAgeHours * HOUR_MS };
  return { ok: true, settings: { ...raw, filter: { ...filter, ...times } } };
}

/** The configuration with every default, under its own names and in its own units. */
export const withDefaults = (config: unknown): unknown => applySchema(settingsSchema, config, []);
