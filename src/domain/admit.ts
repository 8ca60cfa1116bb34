import { compareCandidates } from "./rank.ts";
import type { ResumeRecord } from "./record.ts";
import type { SessionRow } from "./session.ts";
import type { Candidate, HoldReason, LeaveReason, Verdict } from "./verdict.ts";

/** The limits that admission compares with. Durations in milliseconds. */
export interface AdmissionLimits {
  readonly idleMs: number;
  readonly maxAgeMs: number;
  readonly maxPerBoot: number;
  readonly maxAttempts: number;
}

/** A candidate with what admission says of it. */
export interface Judged {
  readonly candidate: Candidate;
  readonly verdict: Verdict;
}

/** Judges all candidates of one boot, the newest user activity first, because the boot limit favours the newest. */
export function admitAll(candidates: readonly Candidate[], limits: AdmissionLimits, nowMs: number): Judged[] {
  let admitted = 0;
  return candidates.toSorted(compareCandidates).map((candidate) => {
    const verdict = admit(candidate, limits, nowMs);
    if (verdict.kind !== "admit") return { candidate, verdict };
    // A reply that is owed costs no turn.
    if (candidate.record?.phase === "delivering") return { candidate, verdict };
    if (admitted >= limits.maxPerBoot) return { candidate, verdict: hold("over-boot-limit") };
    admitted += 1;
    return { candidate, verdict };
  });
}

/** Judges one candidate by itself, everything but the boot limit. */
export function admit(candidate: Candidate, limits: AdmissionLimits, nowMs: number): Verdict {
  const { row, record } = candidate;
  const owner = otherOwner(row);
  if (owner !== undefined) return { kind: "leave", reason: owner };
  if (record !== undefined) {
    if (record.sessionId !== row.sessionId) return { kind: "retire", reason: "session-replaced" };
    if (candidate.userContinued) return { kind: "retire", reason: "user-continued" };
    // A reply that exists is delivered whatever its age: the user has been owed it since before the restart.
    if (record.phase === "delivering") return { kind: "admit", reason: "claimed-earlier" };
    if (record.outcome === "held") return hold("held-earlier");
    if (attemptsOf(record) >= limits.maxAttempts || cutOffs(record) > MAX_CUT_OFFS) return hold("attempts-exhausted");
  }
  const age = tooLongAgo(candidate, limits, nowMs);
  if (age !== undefined) return hold(age);
  return { kind: "admit", reason: record === undefined ? "interrupted" : "claimed-earlier" };
}

/** A gateway that dies in the middle of an attempt is not the resume's fault, but a resume that is always there may be. */
const MAX_CUT_OFFS = 4;

/** How many of its attempts were cut off, the one that its phase still tells of included. */
export function cutOffs(record: ResumeRecord): number {
  return record.cutOffs + (record.phase === "running" ? 1 : 0);
}

/** Its attempts that count; the one that a dying gateway cut off is handed back. */
export function attemptsOf(record: ResumeRecord): number {
  return record.phase === "running" ? record.attempts - 1 : record.attempts;
}

function otherOwner({ keyKind, marks }: SessionRow): LeaveReason | undefined {
  if (keyKind !== "conversation") return keyKind;
  if (marks.spawned) return "spawned";
  if (marks.pluginOwned) return "plugin-owned";
  if (marks.pendingFinalDelivery) return "pending-final-delivery";
  if (marks.messageToolOnly) return "message-tool-only";
  if (marks.harnessCompletion) return "harness-completion";
  if (marks.deliveryReceipt) return "delivery-receipt";
  if (marks.recoveryTombstone) return "recovery-tombstone";
  if (marks.modelSelectionLocked) return "model-selection-locked";
  if (marks.cliBacked) return "cli-backed";
  return undefined;
}

function tooLongAgo({ row, activityAtMs }: Candidate, limits: AdmissionLimits, nowMs: number): HoldReason | undefined {
  if (activityAtMs === undefined) return "activity-unknown";
  if (nowMs - activityAtMs > limits.idleMs) return "idle-too-long";
  if (row.startedAtMs !== undefined && nowMs - row.startedAtMs > limits.maxAgeMs) return "too-old";
  return undefined;
}

const hold = (reason: HoldReason): Verdict => ({ kind: "hold", reason });
