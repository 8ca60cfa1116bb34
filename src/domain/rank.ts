import type { Candidate } from "./verdict.ts";

/** What decides the order of two resumes of one agent. */
export interface Rank {
  /** Last user activity, epoch milliseconds. */
  readonly activityAtMs: number | undefined;
  readonly direct: boolean;
  readonly key: string;
}

/** Newest user activity first, then direct chats before groups, then by key so that the order is total. */
export function compareRanks(left: Rank, right: Rank): number {
  return (
    (right.activityAtMs ?? 0) - (left.activityAtMs ?? 0) ||
    Number(right.direct) - Number(left.direct) ||
    (left.key < right.key ? -1 : left.key > right.key ? 1 : 0)
  );
}

/** The rank of a candidate. */
export function rankOf({ row, activityAtMs }: Candidate): Rank {
  return {
    activityAtMs: row.lastInteractionAtMs ?? activityAtMs,
    direct: row.chatKind === "direct",
    key: row.sessionKey,
  };
}

/** Candidates in the order of their ranks. */
export const compareCandidates = (left: Candidate, right: Candidate): number =>
  compareRanks(rankOf(left), rankOf(right));
