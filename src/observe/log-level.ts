/** From all there is to nothing. */
const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** The environment variable that overrides the level of the plugin's log. */
export const LEVEL_VARIABLE = "OPENCLAW_RESUME_LOG";

/** The levels of the host's log that its plugins can write at, the most talkative first. */
const SHOWN_LEVELS = ["debug", "info", "warn", "error"] as const;
export type ShownLevel = (typeof SHOWN_LEVELS)[number];

export interface LevelChoice {
  readonly level: LogLevel;
  /** The host's level at which lines are written at least: what the operator asks for by name, the host has to show. */
  readonly shownFrom?: ShownLevel;
  /** What is wrong with the variable. */
  readonly complaint?: string;
}

/**
 * The level of the plugin's log: `OPENCLAW_RESUME_LOG`; without it `info`, or `debug` where the host's own log shows that.
 * `hostLevels` are those of the host's file and console, undefined where the host's default counts.
 */
export function chooseLevel(wanted: string | undefined, hostLevels: readonly (string | undefined)[]): LevelChoice {
  const shown = hostLevels.map((level) => (level === "trace" ? "debug" : (level ?? "info")));
  const shownFrom = SHOWN_LEVELS.find((level) => shown.includes(level)) ?? "error";
  const fallback: LogLevel = shownFrom === "debug" ? "debug" : "info";
  if (wanted === undefined || wanted === "") return { level: fallback };
  const level = LOG_LEVELS.find((one) => one === wanted.toLowerCase());
  if (level !== undefined) return { level, shownFrom };
  const complaint = `${LEVEL_VARIABLE}: expected one of ${LOG_LEVELS.join(", ")}, found ${JSON.stringify(wanted.slice(0, 40))}; the log stays at ${fallback}`;
  return { level: fallback, complaint };
}
