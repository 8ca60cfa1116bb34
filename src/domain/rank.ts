import type { Candidate } from "./verdict.ts";

/** What decides the order of two resumes of one agent. */
export interface Rank {
  /** When the operator asked for it, epoch milliseconds. */
  readonly requestedAtMs: number | undefined;
  /** Last user activity, epoch milliseconds. */
  readonly activityAtMs: number | undefined;
  readonly direct: boolean;
  readonly key: string;
}

/**
 * What the operator asked for first; then newest user activity, then direct chats before groups, then by key so that the
 * order is total.
 */
export function compareRanks(left: Rank, right: Rank): number {
  const [asked, askedToo] = [left.requestedAtMs ?? Infinity, right.requestedAtMs ?? Infinity];
  if (asked !== askedToo) return asked < askedToo ? -1 : 1;
  return (
    (right.activityAtMs ?? 0) - (left.activityAtMs ?? 0) ||
    Number(right.direct) - Number(left.direct) ||
    (left.key < right.key ? -1 : left.key > right.key ? 1 : 0)
  );
}

/**
 * What decides first, as a number that is smaller for what comes first. Only for ranks all or none of which were asked for;
 * where it is the same, `compareRanks` goes on.
 */
export const weightOf = ({ requestedAtMs, activityAtMs }: Rank): number => requestedAtMs ?? -(activityAtMs ?? 0);

/** The rank of a candidate. */
export function rankOf({ row, record, transcript }: Candidate): Rank {
  return {
    requestedAtMs: record?.requestedAtMs,
    activityAtMs: row.lastInteractionAtMs ?? transcript().newestEventAtMs,
    direct: row.chatKind === "direct",
    key: row.sessionKey,
  };
}

/** Candidates in the order of their ranks. */
export const compareCandidates = (left: Candidate, right: Candidate): number =>
  compareRanks(rankOf(left), rankOf(right));
