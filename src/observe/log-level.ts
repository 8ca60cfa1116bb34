/** From all there is to nothing. */
const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** The environment variable that overrides the level of the plugin's log. */
export const LEVEL_VARIABLE = "OPENCLAW_RESUME_LOG";

export interface LevelChoice {
  readonly level: LogLevel;
  /** The operator wants these lines, whatever the host's own level leaves out. */
  readonly overrides: boolean;
  /** What is wrong with the variable. */
  readonly complaint?: string;
}

/**
 * The level of the plugin's log: `OPENCLAW_RESUME_LOG`; without it `info`, or `debug` where the host's own log shows that.
 * `hostLevels` are those of the host's file and console, undefined where the host's default counts.
 */
export function chooseLevel(wanted: string | undefined, hostLevels: readonly (string | undefined)[]): LevelChoice {
  const fallback: LogLevel = hostLevels.some((level) => level === "debug" || level === "trace") ? "debug" : "info";
  if (wanted === undefined || wanted === "") return { level: fallback, overrides: false };
  const level = LOG_LEVELS.find((one) => one === wanted.toLowerCase());
  if (level !== undefined) return { level, overrides: true };
  const complaint = `${LEVEL_VARIABLE}: expected one of ${LOG_LEVELS.join(", ")}, found ${JSON.stringify(wanted.slice(0, 40))}; the log stays at ${fallback}`;
  return { level: fallback, overrides: false, complaint };
}
