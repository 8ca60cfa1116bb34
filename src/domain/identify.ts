import type { ResumeRecord } from "./record.ts";
import type { SessionRow } from "./session.ts";
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
    /** Since when a turn can be live, epoch milliseconds; `-Infinity` when only the host's mark counts. */
    readonly liveSinceMs: number;
    /** When the transcript was last written, epoch milliseconds; asked only where it can matter. */
    readonly transcriptActivityAtMs: (row: SessionRow) => number | undefined;
    readonly userMessageAtMs: UserMessageAtMs;
  },
): Candidate | undefined {
  const cutOff = row.abortedLastRun || (row.lastInteractionAtMs ?? Infinity) < options.liveSinceMs;
  const interrupted = row.status === "running" && cutOff;
  if (row.status === "running" && !interrupted) return undefined;
  const open = record !== undefined && isOpen(record);
  if (!interrupted && !open) return undefined;
  const past = open && speaksOf(record, row, options.userMessageAtMs) ? record : undefined;
  return {
    row,
    record: past,
    activityAtMs: latest(row.lastInteractionAtMs, options.transcriptActivityAtMs(row)),
    userContinued: past !== undefined && userContinued(past, row, options.userMessageAtMs),
  };
}

/** Whether the record still waits for something: a resume, a delivery, the operator or the user. */
export function isOpen(record: ResumeRecord): boolean {
  return record.phase !== "settled" || record.outcome === "held";
}

function speaksOf(record: ResumeRecord, row: SessionRow, userMessageAtMs: UserMessageAtMs): boolean {
  if (row.status !== "running") return true;
  return record.sessionId === row.sessionId && !userWroteAfter(record, row, userMessageAtMs);
}

/** When the user last wrote into the transcript, epoch milliseconds. */
type UserMessageAtMs = (row: SessionRow) => number | undefined;

/**
 * Whether the user has continued the conversation since it was claimed, or has stopped it. A command such as `/status`
 * is an interaction and no continuation: what was interrupted is still to be answered.
 */
export function userContinued(record: ResumeRecord, row: SessionRow, userMessageAtMs: UserMessageAtMs): boolean {
  return (row.stoppedAtMs ?? -Infinity) > record.claimedAtMs || userWroteAfter(record, row, userMessageAtMs);
}

/** The transcript is asked only when the entry says that the user was there. */
function userWroteAfter(record: ResumeRecord, row: SessionRow, userMessageAtMs: UserMessageAtMs): boolean {
  return userCameAfter(record, row) && (userMessageAtMs(row) ?? -Infinity) > record.claimedAtMs;
}

function userCameAfter(record: ResumeRecord, row: SessionRow): boolean {
  return row.lastInteractionAtMs !== undefined && row.lastInteractionAtMs > record.claimedAtMs;
}

function latest(...times: (number | undefined)[]): number | undefined {
  const known = times.filter((time): time is number => time !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}
