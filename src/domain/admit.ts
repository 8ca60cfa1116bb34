import { CLOCK_TOLERANCE_MS, type ClockJump, elapsedMs } from "./clock-jumps.ts";
import { isOwned } from "./conversation.ts";
import { isReplaced } from "./identify.ts";
import { compareCandidates } from "./rank.ts";
import type { HeldReason, HoldReason, LeaveReason } from "./reasons.ts";
import type { ResumeRecord } from "./record.ts";
import type { SessionRow } from "./session.ts";
import type { TranscriptFacts } from "./transcript-facts.ts";
import type { Candidate, Evidence, Fact, Verdict } from "./verdict.ts";

/** What admission goes by. Durations in milliseconds. */
export interface AdmissionLimits {
  readonly idleMs: number;
  readonly maxAgeMs: number;
  readonly maxFailures: number;
  readonly maxPerBoot: number;
  readonly maxAttempts: number;
  /** Whether a transcript that ends inside a tool call is held. */
  readonly holdUnsafeTails: boolean;
  /** The host writes a conversation down with its first answer only, and tells the user when there was none. */
  readonly hostTellsOfUnwritten?: boolean;
  /** Which pattern keeps a session out; `undefined` when it is in scope. */
  readonly excludedBy: (row: SessionRow) => Evidence | undefined;
  /** What becomes of a session out of scope. */
  readonly excluded: "leave" | "hold";
  /** The host's `session.dmScope` is "main": direct chats have no sessions of their own any more. */
  readonly directChatsShareMain: boolean;
  /** How the wall clock was set while sessions were left alone. */
  readonly clockJumps?: readonly ClockJump[];
}

/** A candidate with what admission says of it. */
export interface Judged {
  readonly candidate: Candidate;
  readonly verdict: Verdict;
}

/** A gateway that dies in the middle of an attempt may do so by chance once. */
const MAX_CUT_OFFS = 1;

/** Judges all candidates of one boot, the newest user activity first, because the boot limit favours the newest. */
export const admitAll = (candidates: readonly Candidate[], limits: AdmissionLimits, nowMs: number): Judged[] => [
  ...admitEach(candidates.toSorted(compareCandidates), limits, nowMs),
];

/**
 * The same, each when it is asked for; `candidates` in the order of their ranks. When a boot has admitted as many as it may, no
 * transcript is read any more.
 */
export function* admitEach(
  candidates: Iterable<Candidate>,
  limits: AdmissionLimits,
  nowMs: number,
): Generator<Judged, void> {
  let admitted = 0;
  for (const candidate of candidates) {
    const ruled = ruledOf(candidate, limits, nowMs);
    const isFull = admitted >= limits.maxPerBoot;
    const verdict =
      ruled ??
      (isFull
        ? hold("over-boot-limit", admitted + 1, limits.maxPerBoot)
        : (transcriptObjection(candidate, limits) ?? admission(candidate, limits, nowMs)));
    // What is owed or was asked for takes no place.
    if (ruled === undefined && verdict.kind === "admit") admitted += 1;
    yield { candidate, verdict };
  }
}

/** Judges one candidate by itself, everything but the boot limit. The first rule that objects decides. */
export function admit(candidate: Candidate, limits: AdmissionLimits, nowMs: number): Verdict {
  return (
    ruledOf(candidate, limits, nowMs) ?? transcriptObjection(candidate, limits) ?? admission(candidate, limits, nowMs)
  );
}

function ruledOf(candidate: Candidate, limits: AdmissionLimits, nowMs: number): Verdict | undefined {
  for (const rule of RULES) {
    const verdict = rule(candidate, limits, nowMs);
    if (verdict !== undefined) return verdict;
  }
  return undefined;
}

/** Nothing speaks against it. */
function admission(candidate: Candidate, limits: AdmissionLimits, nowMs: number): Verdict {
  const { record, orphaned } = candidate;
  const reason = orphaned ? "record-lost" : "interrupted";
  return record === undefined
    ? { kind: "admit", reason, found: idleMs(candidate, nowMs, limits), limit: limits.idleMs }
    : { kind: "admit", reason: "claimed-earlier", found: attemptsOf(record), limit: limits.maxAttempts };
}

/** How many of its attempts were cut off, the one that its phase still tells of included. */
export function cutOffs(record: ResumeRecord): number {
  return record.cutOffs + (record.phase === "running" ? 1 : 0);
}

/** Its attempts that count; the one that a dying gateway cut off is handed back. */
export function attemptsOf(record: ResumeRecord): number {
  return record.phase === "running" ? record.attempts - 1 : record.attempts;
}

/**
 * Whether a session that only looks claimed is taken for ours: nobody has answered it, and no filter objects. Nothing old
 * is dug up, and nothing is answered twice.
 */
export function isRealOrphan(candidate: Candidate, limits: AdmissionLimits, nowMs: number): boolean {
  return admit(candidate, limits, nowMs).kind === "admit" && candidate.transcript().tail.kind !== "answered";
}

type Rule = (candidate: Candidate, limits: AdmissionLimits, nowMs: number) => Verdict | undefined;

/** What costs nothing to know comes first; what is said of the transcript itself comes after all of these. */
const RULES: readonly Rule[] = [
  hasOtherOwner,
  askedForTheRestart,
  isDamaged,
  isOver,
  isReleased,
  isOwed,
  isHeldEarlier,
  isExhausted,
  isRequested,
  isExcluded,
  isRetiredDirectChat,
  isDuplicate,
  isTooLongAgo,
  isUnwritten,
];

function hasOtherOwner({ row }: Candidate): Verdict | undefined {
  const { kind } = row.conversation;
  if (isOwned(kind)) return leave(kind, kind, "conversation");
  const mark = OWNER_MARKS.find(([field]) => row.marks[field]);
  return mark && leave(mark[1], true, false);
}

const OWNER_MARKS: readonly (readonly [keyof SessionRow["marks"], LeaveReason])[] = [
  ["spawned", "spawned"],
  ["pluginOwned", "plugin-owned"],
  ["pendingFinalDelivery", "pending-final-delivery"],
  ["messageToolOnly", "message-tool-only"],
  ["harnessCompletion", "harness-completion"],
  ["deliveryReceipt", "delivery-receipt"],
  ["recoveryTombstone", "recovery-tombstone"],
  ["modelSelectionLocked", "model-selection-locked"],
  ["cliBacked", "cli-backed"],
];

function askedForTheRestart({ restartContinuation }: Candidate): Verdict | undefined {
  return restartContinuation ? leave("restart-continuation", true, false) : undefined;
}

/** Before anything that its fields would say. */
function isDamaged({ record }: Candidate): Verdict | undefined {
  return record?.damage === undefined ? undefined : hold("record-damaged", record.damage, null);
}

function isReleased({ record }: Candidate): Verdict | undefined {
  return record?.phase === "released" ? leave("released", "released", null) : undefined;
}

function isOver({ row, record, userContinued }: Candidate): Verdict | undefined {
  if (record === undefined) return undefined;
  if (isReplaced(record, row)) {
    return {
      kind: "retire",
      reason: "session-replaced",
      found: row.startedAtMs ?? null,
      limit: record.sessionStartedAtMs ?? null,
    };
  }
  if (!userContinued) return undefined;
  return {
    kind: "retire",
    reason: "user-continued",
    found: row.lastInteractionAtMs ?? null,
    limit: record.claimedAtMs,
  };
}

/** A reply that exists is delivered whatever its age: the user has been owed it since before the restart. */
function isOwed({ record, hasAnswer }: Candidate): Verdict | undefined {
  if (record === undefined || (record.phase !== "delivering" && !hasAnswer)) return undefined;
  return { kind: "admit", reason: "reply-owed", found: record.phase, limit: null };
}

function isHeldEarlier({ record }: Candidate): Verdict | undefined {
  return record?.outcome === "held" ? hold("held-earlier", record.reason, record.heldBecause ?? null) : undefined;
}

function isRequested({ record }: Candidate): Verdict | undefined {
  if (record?.requestedAtMs === undefined) return undefined;
  return { kind: "admit", reason: "requested", found: record.requestedAtMs, limit: null };
}

function isExcluded({ row }: Candidate, limits: AdmissionLimits): Verdict | undefined {
  const by = limits.excludedBy(row);
  return by && { kind: limits.excluded, reason: "excluded", ...by };
}

function isRetiredDirectChat({ row }: Candidate, limits: AdmissionLimits): Verdict | undefined {
  const isRetired = limits.directChatsShareMain && isDirectChat(row);
  return isRetired ? hold("dm-scope-retired", row.sessionKey, "main") : undefined;
}

/**
 * Whether a row is that of a direct chat of its own, which `session.dmScope: "main"` leaves behind. As the host's `sessions
 * cleanup --fix-dm-scope` has it (2026.9.6): it leaves ids with a colon in them alone.
 */
export function isDirectChat({ conversation: { kind, peer }, archived }: SessionRow): boolean {
  return kind === "direct" && !archived && peer?.includes(":") !== true;
}

/** One conversation gets one resume: the row that was active last has what its user said last. */
function isDuplicate({ newerRow }: Candidate): Verdict | undefined {
  return newerRow === undefined ? undefined : hold("duplicate-of", newerRow.sessionKey, null);
}

function isExhausted({ record }: Candidate, limits: AdmissionLimits): Verdict | undefined {
  if (record === undefined) return undefined;
  if (attemptsOf(record) >= limits.maxAttempts) {
    return hold("attempts-exhausted", attemptsOf(record), limits.maxAttempts);
  }
  return cutOffs(record) > MAX_CUT_OFFS ? hold("crash-loop", cutOffs(record), MAX_CUT_OFFS) : undefined;
}

function isTooLongAgo(candidate: Candidate, limits: AdmissionLimits, nowMs: number): Verdict | undefined {
  const { row } = candidate;
  const idle = idleMs(candidate, nowMs, limits);
  if (idle === null) return hold("activity-unknown", null, limits.idleMs);
  const ageMs = row.startedAtMs === undefined ? 0 : elapsedMs(row.startedAtMs, nowMs, limits.clockJumps);
  const aheadMs = Math.max(-idle, -ageMs);
  if (aheadMs > CLOCK_TOLERANCE_MS) return hold("time-in-future", nowMs + aheadMs, nowMs);
  if (idle > limits.idleMs) return hold("idle-too-long", idle, limits.idleMs);
  return ageMs > limits.maxAgeMs ? hold("too-old", ageMs, limits.maxAgeMs) : undefined;
}

/** How long nobody has touched it; the transcript is asked only when the entry alone would make it too long. */
function idleMs(candidate: Candidate, nowMs: number, { idleMs: enoughMs, clockJumps }: AdmissionLimits): number | null {
  const { row, transcript } = candidate;
  const sinceMs = (atMs: number | undefined) => (atMs === undefined ? Infinity : elapsedMs(atMs, nowMs, clockJumps));
  const sinceEntryMs = sinceMs(row.lastInteractionAtMs);
  if (sinceEntryMs <= enoughMs) return sinceEntryMs;
  const idle = Math.min(sinceEntryMs, sinceMs(transcript().newestEventAtMs));
  return idle === Infinity ? null : idle;
}

function isUnwritten({ transcript }: Candidate, { hostTellsOfUnwritten }: AdmissionLimits): Verdict | undefined {
  const isMissing = hostTellsOfUnwritten === true && transcript().state === "missing";
  return isMissing ? leave("transcript-unwritten", "missing", "ok") : undefined;
}

/** What there is to be said against a session's transcript. */
export function transcriptObjection(
  { row, transcript }: { readonly row: Pick<SessionRow, "lastRunError">; readonly transcript: () => TranscriptFacts },
  limits: Pick<AdmissionLimits, "maxFailures" | "holdUnsafeTails">,
): Hold<HoldReason & HeldReason> | undefined {
  const { state, failures, lastError, tail } = transcript();
  if (state !== "ok") return hold(`transcript-${state}`, state, "ok");
  const error = row.lastRunError ?? lastError;
  if (error?.permanent === true) return hold("permanent-error", error.kind, null);
  if (failures >= limits.maxFailures) return hold("failing", failures, limits.maxFailures);
  return limits.holdUnsafeTails && tail.kind === "unsafe" ? hold("unsafe-tail", "unsafe", "hold") : undefined;
}

type Hold<Reason extends HoldReason> = { readonly kind: "hold"; readonly reason: Reason } & Evidence;

const hold = <Reason extends HoldReason>(reason: Reason, found: Fact, limit: Fact): Hold<Reason> => ({
  kind: "hold",
  reason,
  found,
  limit,
});
const leave = (reason: LeaveReason, found: Fact, limit: Fact): Verdict => ({ kind: "leave", reason, found, limit });
