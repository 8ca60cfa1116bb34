import { type Logger, pino } from "pino";
import type { EventBus } from "../domain/events.ts";

/** The host's logger, which takes finished lines. */
export interface LineLogger {
  debug?: (line: string) => void;
  info: (line: string) => void;
  warn: (line: string) => void;
  error: (line: string) => void;
}

/** A pino logger that writes each JSON line through the host's log, at the host's level of the same name. */
export function createLog(host: LineLogger): Logger {
  const stream = {
    // Asks pino to set `lastLevel` before each write.
    [Symbol.for("pino.metadata")]: true,
    lastLevel: 30,
    write(line: string) {
      const text = line.trimEnd();
      if (this.lastLevel >= 50) host.error(text);
      else if (this.lastLevel >= 40) host.warn(text);
      else if (this.lastLevel >= 30) host.info(text);
      else host.debug?.(text);
    },
  };
  return pino({ level: "debug", base: null, timestamp: false, formatters: { level: (level) => ({ level }) } }, stream);
}

/** One line per step, with verdicts and reasons; never message text. */
export function logEvents(events: EventBus, log: Logger): void {
  events.on("claimed", (event) => log.debug(event, "claimed"));
  events.on("judged", ({ verdict, ...event }) =>
    log.info({ ...event, ...verdict, kind: undefined, verdict: verdict.kind }, "judged"),
  );
  events.on("booted", (event) => log.info(event, "booted"));
  events.on("queued", (event) => log.debug(event, "queued"));
  events.on("started", (event) => log.info(event, "resume started"));
  events.on("cancelled", (event) => log.info(event, "resume cancelled"));
  events.on("ended", (event) => log.info(event, "resume ended"));
  events.on("settled", (event) => log.info(event, "settled"));
  events.on("asked", (event) => log.info(event, "operator asked"));
  events.on("notified", (event) => log.info(event, "conversation told"));
  events.on("reconfigured", (event) => log.info(event, "settings changed"));
  events.on("fused", ({ deaths, untilMs }) =>
    log.error(
      { deaths, until: new Date(untilMs).toISOString() },
      `${deaths} gateways in a row died while resumes ran: nothing is resumed until then; ` +
        "`openclaw resumes status` shows what ran, `openclaw resumes hold <key>` keeps one back, `openclaw resumes unpause` goes on",
    ),
  );
  events.on("mode", (event) => log.debug(event, "mode"));
  events.on("trouble", ({ error, ...event }) => {
    log.warn({ ...event, error: error instanceof Error ? error.message : String(error) }, "survived an error");
  });
}
