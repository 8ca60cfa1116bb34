import { randomBytes } from "node:crypto";
import { redactSensitiveText } from "openclaw/plugin-sdk/logging-core";
import type { OpenClawPluginServiceContext } from "openclaw/plugin-sdk/plugin-entry";
import type { Logger } from "pino";
import { EventBus } from "../domain/events.ts";
import { canonicalKey } from "../domain/session-key.ts";
import { publishEvents } from "../observe/diagnostics.ts";
import { createLog, logEvents } from "../observe/log.ts";
import { chooseLevel, LEVEL_VARIABLE } from "../observe/log-level.ts";
import { Metrics, type MetricsOptions } from "../observe/metrics.ts";
import { type Redact, redactor } from "../observe/redact.ts";
import { Changes } from "../observe/changes.ts";
import { SessionRefs } from "../observe/session-ref.ts";
import { Timeline } from "../observe/timeline.ts";
import { Totals } from "../operate/totals.ts";
import type { Facts } from "../record/facts.ts";
import { inProcess } from "./in-process.ts";

/** What listens to everything that the plugin does, from one start of the service to the next. */
export interface Instruments {
  readonly events: EventBus;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly totals: Totals;
  readonly timeline: Timeline;
  readonly changes: Changes;
  readonly refs: SessionRefs;
  readonly redact: Redact;
}

/** Makes them. What stands for a session in the log stays the same for the life of the process. */
export function createInstruments(
  { logger, config }: Pick<OpenClawPluginServiceContext, "logger" | "config">,
  options: Pick<MetricsOptions, "nowMs" | "service" | "versions"> & {
    /** The host's lane of a slot. */
    readonly laneOf: (slot: number) => string;
  },
): Instruments {
  const events = new EventBus();
  const refs = new SessionRefs((inProcess.logKey ??= randomBytes(16).toString("hex")));
  const choice = chooseLevel(process.env[LEVEL_VARIABLE], hostLevels(config));
  const log = createLog(logger, choice);
  if (choice.complaint !== undefined) log.warn({ step: "starting" }, choice.complaint);
  const redact = redactor(refs, redactSensitiveText);
  logEvents(events, { log, refs, redact, laneOf: options.laneOf });
  publishEvents(events);
  const refOf: MetricsOptions["refOf"] = ({ agentId, sessionKey }) => refs.of(canonicalKey(agentId, sessionKey));
  const metrics = new Metrics({ ...options, events, refOf });
  const shown = {
    totals: new Totals(events),
    timeline: new Timeline(events, options.nowMs),
    changes: new Changes(events),
  };
  return { events, log, metrics, ...shown, refs, redact };
}

/** A log is read after its gateway, too; longer ago than this many gateways nobody asks. */
const LOG_KEYS_KEPT = 5;

/** Keeps the key of what stands for a session in the log, beside those of the gateways before. */
export function rememberLogKey(facts: Pick<Facts, "get" | "set">, key: string): void {
  const before = facts.get("logKeys") ?? [];
  facts.set("logKeys", [key, ...before.filter((one) => one !== key)].slice(0, LOG_KEYS_KEPT));
}

/** What the host's own log shows: one variable, or its settings for the file and the console. */
function hostLevels({ logging }: OpenClawPluginServiceContext["config"]): (string | undefined)[] {
  const forced = process.env["OPENCLAW_LOG_LEVEL"];
  return forced === undefined ? [logging?.level, logging?.consoleLevel] : [forced];
}
