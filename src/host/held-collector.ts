import type { ClockJump } from "../domain/clock-jumps.ts";
import type { EventBus } from "../domain/events.ts";
import type { RetiredReason } from "../domain/reasons.ts";
import type { ResumeRecord } from "../domain/record.ts";
import { dueBeforeMs, retirementOf } from "../domain/retirement.ts";
import type { ResumeLane } from "../lane/resume-lane.ts";
import type { RecordStore } from "../record/record-store.ts";
import type { Settings } from "../settings/settings.ts";
import type { SessionStore } from "./session-store.ts";
import { SLICE_MS } from "./slices.ts";

export interface HeldCollectorOptions {
  readonly records: Pick<RecordStore, "held" | "retire">;
  readonly sessions: Pick<SessionStore, "get">;
  readonly lane: Pick<ResumeLane, "isIdle">;
  /** Those in force when they are asked for. */
  readonly settings: () => Settings["gc"];
  readonly clockJumps: () => readonly ClockJump[];
  readonly events: EventBus;
  /** By the wall clock. */
  readonly nowMs: () => number;
  /** Calls back once after `delayMs`; the returned function cancels. */
  readonly after: (delayMs: number, callback: () => void) => () => void;
}

/** After a boot users and resumes come first, and a machine without a clock of its own gets the time. */
const FIRST_PASS_MS = 20_000;
/** The limits are days. */
const NEXT_PASS_MS = 6 * 3_600_000;
/** When the lane is busy. */
const RETRY_MS = 5_000;

const BETWEEN_SLICES_MS = 50;
/** What the log and the history make of each is not free either. */
const MOST_AT_ONCE = 16;

/**
 * Retires sessions that were held for too long (`gc`), a few at a time in the lane's quiet time: after the gateway has
 * started, and every few hours from then on.
 */
export class HeldCollector {
  readonly #options: HeldCollectorOptions;
  readonly #stopListening: () => void;
  #cancel: (() => void) | undefined;
  /** What is left of a pass that has begun. */
  #pass: Iterator<ResumeRecord> | undefined;

  constructor(options: HeldCollectorOptions) {
    this.#options = options;
    this.#stopListening = options.events.on("reconfigured", ({ changed }) => {
      if (!changed.some((path) => /^gc\b/.test(path))) return;
      this.#pass = undefined;
      this.#later(RETRY_MS);
    });
    this.#later(FIRST_PASS_MS);
  }

  stop(): void {
    this.#stopListening();
    this.#cancel?.();
  }

  /** While it is switched off nothing is due. */
  #later(delayMs: number): void {
    const { after, settings } = this.#options;
    this.#cancel?.();
    this.#cancel = settings().enabled ? after(delayMs, () => this.#later(this.#go())) : undefined;
  }

  /** Returns when to go on, milliseconds. */
  #go(): number {
    if (!this.#options.lane.isIdle) return RETRY_MS;
    try {
      if (!this.#slice()) return BETWEEN_SLICES_MS;
    } catch (error) {
      this.#options.events.emit("trouble", { what: "retire held sessions", error });
    }
    this.#pass = undefined;
    return NEXT_PASS_MS;
  }

  /** Goes on with the pass for a moment; returns whether it is over. */
  #slice(): boolean {
    const { records, sessions, settings, clockJumps, events } = this.#options;
    const untilMs = performance.now() + SLICE_MS;
    const nowMs = this.#options.nowMs();
    const limits = { ...settings(), clockJumps: clockJumps() };
    this.#pass ??= records.held(dueBeforeMs(limits, nowMs));
    const due: Due[] = [];
    let next = this.#pass.next();
    while (next.done !== true) {
      const record = next.value;
      const said = retirementOf(record, () => rowOf(record, sessions), limits, nowMs);
      if (said.action === "retire") due.push({ record, reason: said.reason });
      if (due.length === MOST_AT_ONCE || performance.now() >= untilMs) break;
      next = this.#pass.next();
    }
    retire(due, { records, events });
    return next.done === true;
  }
}

/** The row of a session, as retirement asks for it. */
export function rowOf({ agentId, sessionKey }: ResumeRecord, sessions: Pick<SessionStore, "get">) {
  try {
    return sessions.get(agentId, sessionKey);
  } catch {
    return "unreadable";
  }
}

/** A held session that is to be forgotten. */
interface Due {
  readonly record: ResumeRecord;
  readonly reason: RetiredReason;
}

/** Forgets held sessions: their rows and transcripts stay as they are. */
export function retire(
  due: readonly Due[],
  { records, events }: { readonly records: Pick<RecordStore, "retire">; readonly events: Pick<EventBus, "emit"> },
): void {
  if (due.length === 0) return;
  records.retire(...due.map(({ record }) => record));
  for (const { record, reason } of due) {
    const { agentId, sessionKey, attempts } = record;
    events.emit("settled", { agentId, sessionKey, outcome: "retired", reason, attempts });
  }
}
