import type { ClockJump } from "../domain/clock-jumps.ts";
import type { EventBus } from "../domain/events.ts";
import type { ResumeRecord } from "../domain/record.ts";
import { dueBeforeMs, retirementOf } from "../domain/retirement.ts";
import type { ResumeLane } from "../lane/resume-lane.ts";
import type { RecordStore } from "../record/record-store.ts";
import type { Settings } from "../settings/settings.ts";
import type { SessionStore } from "./session-store.ts";
import { retire, rowOf } from "./retire.ts";
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
    let next = this.#pass.next();
    while (next.done !== true) {
      const record = next.value;
      const said = retirementOf(record, () => rowOf(record, sessions), limits, nowMs);
      // One by one: what is told of each, to the log and the metrics, takes longer than the rest.
      if (said.action === "retire") retire(record, said.reason, { records, events });
      if (performance.now() >= untilMs) break;
      next = this.#pass.next();
    }
    return next.done === true;
  }
}
