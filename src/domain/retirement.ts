import { type ClockJump, elapsedMs } from "./clock-jumps.ts";
import type { HoldReason, Protection, RetiredReason } from "./reasons.ts";
import type { ResumeRecord } from "./record.ts";
import { canonicalKey } from "./session-key.ts";
import type { SessionRow } from "./session.ts";

/** What retirement goes by. Durations in milliseconds. */
export interface RetirementLimits {
  /** Longest time that a session is held. */
  readonly heldMs: number;
  /** The same of one that a permanent error holds. */
  readonly errorMs: number;
  /** How the wall clock was set meanwhile. */
  readonly clockJumps: readonly ClockJump[];
  /** The canonical key of a session that the operator wants to keep. */
  readonly activeKey?: string | undefined;
}

/** What becomes of a held session. */
export type Retirement =
  | { readonly action: "retire"; readonly reason: RetiredReason }
  | { readonly action: "keep" }
  | { readonly action: "protect"; readonly reason: Protection };

/** The session's row; `undefined` where there is none any more. Asked only when it must be known. */
type RowOf = () => SessionRow | "unreadable" | undefined;

/** Decides whether a held session is to be forgotten. What is not held, or not for long enough, is kept. */
export function retirementOf(record: ResumeRecord, row: RowOf, limits: RetirementLimits, nowMs: number): Retirement {
  const reason = dueBecause(record, limits, nowMs);
  if (reason === undefined) return { action: "keep" };
  const protection = protectionOf(record, row, limits);
  return protection === undefined ? { action: "retire", reason } : { action: "protect", reason: protection };
}

/** Nothing that was held later than this can be due. */
export const dueBeforeMs = ({ heldMs, errorMs }: Pick<RetirementLimits, "heldMs" | "errorMs">, nowMs: number): number =>
  nowMs - Math.min(heldMs, errorMs);

/**
 * For how long a session has been held. By the clock as it is now and past its jumps, whichever says less: nobody is
 * retired because of a guess.
 */
export function heldForMs(record: ResumeRecord, nowMs: number, clockJumps: readonly ClockJump[]): number {
  const sinceMs = record.heldSinceMs ?? record.claimedAtMs;
  return Math.min(nowMs - sinceMs, elapsedMs(sinceMs, nowMs, clockJumps));
}

function dueBecause(record: ResumeRecord, limits: RetirementLimits, nowMs: number): RetiredReason | undefined {
  if (record.outcome !== "held") return undefined;
  const ageMs = heldForMs(record, nowMs, limits.clockJumps);
  if (ageMs > limits.heldMs) return "held-too-long";
  // However many boots have found it held since, its reason is the first.
  const isError = record.reason === ("permanent-error" satisfies HoldReason);
  return isError && ageMs > limits.errorMs ? "error-too-long" : undefined;
}

function protectionOf(record: ResumeRecord, rowOf: RowOf, { activeKey }: RetirementLimits): Protection | undefined {
  const { agentId, sessionKey, damage, reply, reason } = record;
  if (damage !== undefined) return "record-damaged";
  if (reply !== undefined || reason === "delivery-failed") return "reply-owed";
  if (activeKey === canonicalKey(agentId, sessionKey)) return "active-key";
  const row = rowOf();
  if (row === undefined) return undefined;
  if (row === "unreadable") return "unreadable-entry";
  if (row.pinned) return "pinned";
  // Without its record it would be a candidate again, or the host's own recovery would take it.
  return row.status === "running" || row.abortedLastRun ? "interrupted" : undefined;
}
