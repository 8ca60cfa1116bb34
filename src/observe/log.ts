import { type Level, type Logger, pino } from "pino";
import type { EventBus, ResumeEvents, Subject } from "../domain/events.ts";
import { canonicalKey } from "../domain/session-key.ts";
import type { Verdict } from "../domain/verdict.ts";
import type { LevelChoice, ShownLevel } from "./log-level.ts";
import { errorText, type Redact } from "./redact.ts";
import type { SessionRefs } from "./session-ref.ts";

/** The host's logger, which takes finished lines. */
export interface LineLogger {
  debug?: (line: string) => void;
  info: (line: string) => void;
  warn: (line: string) => void;
  error: (line: string) => void;
}

/** The host's levels, by pino's numbers. */
const HOST_LEVELS = { debug: 0, info: 30, warn: 40, error: 50 } as const satisfies Record<ShownLevel, number>;

/** A pino logger that writes each JSON line through the host's log, at the host's level of the same name or higher. */
export function createLog(host: LineLogger, { level, shownFrom = "debug" }: LevelChoice): Logger {
  const stream = {
    // Asks pino to set `lastLevel` before each write.
    [Symbol.for("pino.metadata")]: true,
    lastLevel: 30,
    write(line: string) {
      const text = line.trimEnd();
      const at = Math.max(this.lastLevel, HOST_LEVELS[shownFrom]);
      if (at >= HOST_LEVELS.error) host.error(text);
      else if (at >= HOST_LEVELS.warn) host.warn(text);
      else if (at >= HOST_LEVELS.info) host.info(text);
      else host.debug?.(text);
    },
  };
  return pino({ level, base: null, timestamp: false, formatters: { level: (label) => ({ level: label }) } }, stream);
}

export interface LogParts {
  readonly log: Logger;
  readonly refs: SessionRefs;
  readonly redact: Redact;
  /** The host's lane of a slot. */
  readonly laneOf: (slot: number) => string;
}

/**
 * One line per step: `step`, `sessionRef`, `verdict`, `reason`, `lane`, `ms`, and what else belongs to it; never message
 * text or a session key. A step whose level is off is not even listened to.
 */
export function logEvents(events: EventBus, { log, refs, redact, laneOf }: LogParts): void {
  const session = ({ agentId, sessionKey }: Subject) => ({ sessionRef: refs.of(canonicalKey(agentId, sessionKey)) });
  const maybeSession = ({ agentId, sessionKey }: Partial<Subject>) =>
    agentId === undefined ? {} : sessionKey === undefined ? { agentId } : session({ agentId, sessionKey });

  function on<Step extends keyof ResumeEvents>(
    step: Step,
    level: Level,
    message: string,
    fields: (event: ResumeEvents[Step]) => object,
  ): void {
    if (!log.isLevelEnabled(level)) return;
    events.on(step, (event) => log[level]({ step, ...fields(event) }, message));
  }

  const verdicts = new Map<string, number>();
  on("claimed", "debug", "claimed", session);
  if (log.isLevelEnabled("info")) {
    events.on("judged", ({ verdict, ...subject }) => {
      const name = `${verdict.kind} ${verdict.reason}`;
      verdicts.set(name, (verdicts.get(name) ?? 0) + 1);
      const level = isNews(verdict) ? "info" : "debug";
      if (!log.isLevelEnabled(level)) return;
      const { kind, reason } = verdict;
      log[level]({ step: "judged", ...session(subject), verdict: kind, reason, ...evidence(verdict) }, "judged");
    });
  }
  on("booted", "info", "booted", ({ mode, claimed, tookMs, isBoot }) => ({
    mode,
    ...(isBoot ? {} : { replaced: true }),
    claimed,
    verdicts: Object.fromEntries(verdicts),
    ms: Math.round(tookMs.discover + tookMs.admit + tookMs.claim),
  }));
  on("queued", "debug", "queued", ({ attempts, ...subject }) => ({ ...session(subject), attempts }));
  on("started", "info", "resume started", ({ slot, attempt, waitedMs, aged, ...subject }) => ({
    ...session(subject),
    lane: laneOf(slot),
    attempt,
    aged,
    ms: waitedMs,
  }));
  on("cancelled", "info", "resume cancelled", ({ slot, cause, ...subject }) => ({
    ...session(subject),
    lane: laneOf(slot),
    cause,
  }));
  on("ended", "info", "resume ended", ({ slot, result, ranMs, error, cancelCause, drainedMs, ...subject }) => ({
    ...session(subject),
    lane: laneOf(slot),
    result,
    error,
    cause: cancelCause,
    drainedMs,
    ms: ranMs,
  }));
  on("settled", "info", "settled", ({ outcome, reason, attempts, ...subject }) => ({
    ...session(subject),
    outcome,
    reason,
    attempts,
  }));
  on("cooldown", "warn", "a model provider refuses: it gets no resume for a while", (event) => {
    const { provider, fault, refusals, forMs } = event;
    return { provider, fault, refusals, ms: forMs };
  });
  on("usedUp", "warn", USED_UP, ({ reason, tokens, costUsd }) => ({ reason, tokens, costUsd }));
  on("fleetLost", "warn", FLEET_LOST, ({ error }) => ({ error }));
  on("fleetHealed", "info", "the fleet shares its budget again", ({ lostForMs }) => ({ ms: lostForMs }));
  on("asked", "info", "operator asked", ({ action, ...subject }) => ({ ...maybeSession(subject), action }));
  on("notified", "info", "conversation told", ({ reason, ...subject }) => ({ ...session(subject), reason }));
  on("carriedOver", "info", "conversation carried over", ({ messages, chars, bytesRead, tookMs, ...subject }) => ({
    ...session(subject),
    messages,
    chars,
    bytesRead,
    ms: tookMs,
  }));
  on("notCarriedOver", "info", "nothing to carry over", ({ reason, ...subject }) => ({ ...session(subject), reason }));
  on("reconfigured", "info", "settings changed", ({ changed }) => ({ changed }));
  on("firstUserReply", "info", "first user served", ({ sinceReadyMs }) => ({ lane: "main", ms: sinceReadyMs }));
  on("fused", "error", FUSED, ({ deaths, untilMs }) => ({ deaths, until: new Date(untilMs).toISOString() }));
  on("failed", "error", FAILED, ({ error }) => ({ error: errorText(error, redact) }));
  on("mode", "debug", "mode", ({ from, to }) => ({ from, to }));
  on("trouble", "warn", "survived an error", ({ what, error, ...subject }) => ({
    ...maybeSession(subject),
    what,
    error: errorText(error, redact),
  }));

  /** Numbers and marks; words only where they cannot be those of a scope filter, which name a session. */
  function evidence({ reason, found, limit }: Verdict): object {
    // What decided is a name: the operator's pattern, or another session's key.
    if (reason === "excluded" || reason === "duplicate-of") return {};
    const fact = (value: Verdict["found"]) => (typeof value === "string" ? redact(value) : value);
    return { found: fact(found), limit: fact(limit) };
  }
}

/** What is held already, and what is not ours anyway, is the same at every boot: `booted` counts it. */
function isNews({ kind, reason }: Verdict): boolean {
  if (kind === "leave") return reason === "claim-failed" || reason === "unreadable-entry" || reason === "released";
  return reason !== "held-earlier";
}

const FAILED = "the plugin could not start: the host recovers as it would without it";

const USED_UP =
  "what resumes may use in one boot is used up: the rest is held; `openclaw resumes resume <key>` runs one anyway";
const FLEET_LOST = "Redis cannot be reached: until it is back this gateway resumes by its own fallback";

const FUSED =
  "several gateways in a row died while resumes ran: nothing is resumed until then; " +
  "`openclaw resumes status` shows what ran, `openclaw resumes hold <key>` keeps one back, `openclaw resumes unpause` goes on";
