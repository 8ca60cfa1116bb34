import { isDeepStrictEqual } from "node:util";
import { resolveSettings, withDefaults } from "./resolve.ts";
import type { Settings } from "./settings.ts";
import type { SettingsError } from "./validate.ts";

/** The settings in force while they may be edited: wrong ones are remembered as errors and change nothing. */
export class LiveSettings {
  #config: unknown;
  /** The newest configuration that was right. */
  #right: unknown;
  #current: Settings | undefined;
  #errors: readonly SettingsError[] = [];
  #changed: readonly string[] = [];

  /** `lastRight` is in force when `config` is wrong: that of an earlier start in the same process. */
  constructor(config: unknown, lastRight?: { readonly config: unknown }) {
    if (lastRight !== undefined) this.#take(lastRight.config);
    this.#config = config;
    this.#take(config);
  }

  /** The newest configuration that was right; `undefined` until there is one. */
  get lastRight(): { readonly config: unknown } | undefined {
    return this.#current === undefined ? undefined : { config: this.#right };
  }

  /** `undefined` until the first right ones. */
  get current(): Settings | undefined {
    return this.#current;
  }

  /** All that is wrong with the newest configuration. */
  get errors(): readonly SettingsError[] {
    return this.#errors;
  }

  /** Dotted paths of what the newest configuration has changed. */
  get changed(): readonly string[] {
    return this.#changed;
  }

  /** Takes a configuration over; false when it says what is known already. */
  change(config: unknown): boolean {
    if (isDeepStrictEqual(config, this.#config)) return false;
    this.#config = config;
    this.#take(config);
    return true;
  }

  #take(config: unknown): void {
    const resolved = resolveSettings(config);
    this.#errors = resolved.ok ? [] : resolved.errors;
    // What the host fills in, and an edit leaves out, has not changed.
    this.#changed = resolved.ok ? differences(withDefaults(this.#right), withDefaults(config)) : [];
    if (!resolved.ok) return;
    this.#current = resolved.settings;
    this.#right = config;
  }
}

/** Dotted paths at which two configurations differ. */
function differences(before: unknown, now: unknown, path = ""): string[] {
  if (isDeepStrictEqual(before, now)) return [];
  if (!isGroup(before) || !isGroup(now)) return [path];
  const keys = new Set([...Object.keys(before), ...Object.keys(now)]);
  return [...keys].flatMap((key) => differences(before[key], now[key], path === "" ? key : `${path}.${key}`));
}

const isGroup = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
