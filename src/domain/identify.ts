import { isOwned } from "./conversation.ts";
import { type IsLater, plainlyLater } from "./clock-jumps.ts";
import { isOwnRun } from "./own-runs.ts";
import type { ResumeRecord } from "./record.ts";
import type { SessionRow } from "./session.ts";
import type { TranscriptFacts } from "./transcript-facts.ts";
import type { TailKind } from "./transcript-tail.ts";
import type { Candidate } from "./verdict.ts";

/**
 * Decides whether a session is a candidate: its turn was cut off, or this plugin claimed it and has not settled it.
 *
 * A `running` turn was cut off when the host has marked it so, or when its user last wrote before this process could run
 * turns. Any other may be a user's live turn: channels start before plugins do.
 *
 * A record speaks only of the interruption it was written for. When the entry says `running` although the record's
 * resume was not running, a later turn of the user was interrupted: that is a new candidate without a past.
 */
export function identify(
  row: SessionRow,
  record: ResumeRecord | undefined,
  options: {
    /**
     * Since when a turn can be live, epoch milliseconds; `-Infinity` when only the host's mark counts, `Infinity` when no
     * turn is live.
     */
    readonly liveSinceMs: number;
    readonly transcript: (row: SessionRow) => TranscriptFacts;
    /** Asked only when it must be known: it reads a transcript of any length. */
    readonly wholeTranscript: (row: SessionRow) => TranscriptFacts;
    /** Records of earlier boots are lost: what looks claimed may be so. */
    readonly recordLost?: boolean | undefined;
    /** Orders times that the wall clock dates; it may have been set since the claim. */
    readonly isLater?: IsLater | undefined;
    /** The row of its conversation that was active last, when that is another one. */
    readonly newerRow?: (row: SessionRow) => SessionRow | undefined;
    /** Whether the host holds a restart continuation for this session. */
    readonly continues: (row: SessionRow) => boolean;
  },
): Candidate | undefined {
  const { liveSinceMs, isLater = plainlyLater } = options;
  const wroteAtMs = row.lastInteractionAtMs ?? Infinity;
  const cutOff = row.abortedLastRun || liveSinceMs === Infinity || wroteAtMs < liveSinceMs;
  const interrupted = row.status === "running" && cutOff;
  if (row.status === "running" && !interrupted) return undefined;
  const open = record !== undefined && isOpen(record) && !isFinishedByHost(record, row);
  const orphaned = options.recordLost === true && record === undefined && looksClaimed(row);
  if (!interrupted && !open && !orphaned) return undefined;
  const transcript = once(() => options.transcript(row));
  const whole = once(() => {
    const facts = transcript();
    return facts.wasRead ? facts : options.wholeTranscript(row);
  });
  const past = open && speaksOf(record, row, whole, isLater) ? record : undefined;
  const newerRow = options.newerRow?.(row);
  const goesOnThere = () =>
    past !== undefined &&
    newerRow !== undefined &&
    userWroteAfter(past, newerRow, () => options.wholeTranscript(newerRow), isLater);
  return {
    row,
    record: past,
    orphaned,
    userContinued: past !== undefined && (userContinued(past, row, whole, isLater) || goesOnThere()),
    hasAnswer: past !== undefined && isUndelivered(past) && wroteAnswer(past, whole().tail, isLater),
    restartContinuation: options.continues(row),
    newerRow,
    transcript,
  };
}

/** As a claim leaves an entry, or a run of ours that was killed; not as its user's `/stop` does. */
function looksClaimed({ conversation, status, abortedLastRun, stoppedAtMs, lastInteractionAtMs }: SessionRow): boolean {
  const isStopped = stoppedAtMs !== undefined && stoppedAtMs >= (lastInteractionAtMs ?? -Infinity);
  return !isOwned(conversation.kind) && (status === "killed" || status === undefined) && !abortedLastRun && !isStopped;
}

/** Whether the record still waits for something: a resume, a delivery, the operator or the user. */
export function isOpen(record: ResumeRecord): boolean {
  return record.phase !== "settled" || record.outcome === "held";
}

/** What was given back to the host ends with the host's own run; only a release that was cut short is still ours. */
export function isFinishedByHost(record: ResumeRecord, row: SessionRow): boolean {
  return record.phase === "released" && row.status !== "running" && row.status !== "killed";
}

function speaksOf(record: ResumeRecord, row: SessionRow, whole: WholeTranscript, isLater: IsLater): boolean {
  if (row.status !== "running") return true;
  return !isReplaced(record, row) && !userWroteAfter(record, row, whole, isLater);
}

/** Whether the user has started the conversation afresh since it was claimed; a host can keep the session id for that. */
export function isReplaced(record: ResumeRecord, row: SessionRow): boolean {
  const startedAtMs = row.startedAtMs ?? -Infinity;
  return record.sessionId !== row.sessionId || startedAtMs > (record.sessionStartedAtMs ?? record.claimedAtMs);
}

/** Whether what was claimed is over: the user has continued, stopped or restarted the conversation. */
export function movedOn(
  record: ResumeRecord,
  row: SessionRow,
  whole: WholeTranscript,
  isLater: IsLater = plainlyLater,
): boolean {
  return isReplaced(record, row) || userContinued(record, row, whole, isLater);
}

/** The transcript, whatever its length. */
type WholeTranscript = () => Pick<TranscriptFacts, "lastUserMessageAtMs" | "tail" | "refused">;

/**
 * Whether the user has continued the conversation since it was claimed, or has stopped it. A command such as `/status`
 * is an interaction and no continuation: what was interrupted is still to be answered.
 */
export function userContinued(
  record: ResumeRecord,
  row: SessionRow,
  whole: WholeTranscript,
  isLater: IsLater = plainlyLater,
): boolean {
  if (isAfterClaim(record, row.stoppedAtMs, isLater)) return true;
  return userWroteAfter(record, row, whole, isLater) && !wasRefused(row, whole);
}

/** The transcript is asked only when the entry says that the user was there. */
function userWroteAfter(record: ResumeRecord, row: SessionRow, whole: WholeTranscript, isLater: IsLater): boolean {
  const after = (atMs: number | undefined) => isAfterClaim(record, atMs, isLater);
  return after(row.lastInteractionAtMs) && after(whole().lastUserMessageAtMs);
}

function isAfterClaim({ claimedAtMs }: ResumeRecord, atMs: number | undefined, isLater: IsLater): boolean {
  return atMs !== undefined && isLater(atMs, claimedAtMs);
}

/**
 * A gateway that stops takes a message into the transcript and makes no turn of it (2026.9.6): it is as unanswered as the
 * turn before. One that dies that moment leaves no note of it; a turn would have left another mark than our claim.
 */
function wasRefused({ status }: SessionRow, whole: WholeTranscript): boolean {
  return whole().refused || (status === "killed" && whole().tail.kind === "unanswered");
}

/** An attempt was made, and what it has written has not been handed over. */
function isUndelivered({ phase, runStartedAtMs }: ResumeRecord): boolean {
  return runStartedAtMs !== undefined && (phase === "claimed" || phase === "running");
}

/**
 * Whether a run of ours has written its answer; then nothing is left but to deliver it. One of the host's, in a gateway
 * without this plugin, has been delivered.
 */
export function wroteAnswer(
  { runStartedAtMs, runId }: ResumeRecord,
  tail: TailKind,
  isLater: IsLater = plainlyLater,
): tail is Extract<TailKind, { kind: "answered" }> {
  if (tail.kind !== "answered" || tail.atMs === undefined || runStartedAtMs === undefined) return false;
  if (tail.runId !== undefined && tail.runId !== runId && !isOwnRun(tail.runId)) return false;
  return !isLater(runStartedAtMs, tail.atMs);
}

function once<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined;
  return () => (made ??= { value: make() }).value;
}
