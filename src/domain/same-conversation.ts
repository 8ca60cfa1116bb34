import { CLOCK_TOLERANCE_MS } from "./clock-jumps.ts";
import { isOwned } from "./conversation.ts";
import type { SessionRow } from "./session.ts";
import type { TranscriptFacts } from "./transcript-facts.ts";

type Facts = (row: SessionRow) => TranscriptFacts;

/** Rows of one agent, by the conversation that they are of. */
export class Conversations {
  readonly #first = new Map<string, SessionRow>();
  readonly #shared = new Map<string, SessionRow[]>();

  /** What was put away is no part of a conversation: its user has made room for another. */
  add(row: SessionRow): void {
    const { kind, key } = row.conversation;
    if (row.archived || isOwned(kind)) return;
    const first = this.#first.get(key);
    if (first === undefined) {
      this.#first.set(key, row);
      return;
    }
    const known = this.#shared.get(key);
    if (known === undefined) this.#shared.set(key, [first, row]);
    else known.push(row);
  }

  /** Those with more than one row, each when it is asked for; in each the row that was active last comes first. */
  *shared(transcript: Facts, nowMs: number): Generator<SessionRow[]> {
    for (const rows of this.#shared.values()) yield newestFirst(rows, transcript, nowMs);
  }
}

/** The same of rows that are all there. */
export function sharedConversations(rows: Iterable<SessionRow>, transcript: Facts, nowMs: number): SessionRow[][] {
  const conversations = new Conversations();
  for (const row of rows) conversations.add(row);
  return [...conversations.shared(transcript, nowMs)];
}

/** For each row of a shared conversation that is not its newest: that one. */
export function newerRows(shared: readonly (readonly SessionRow[])[]): ReadonlyMap<SessionRow, SessionRow> {
  return new Map(
    shared.flatMap(([newest, ...others]) => (newest === undefined ? [] : others.map((row) => [row, newest] as const))),
  );
}

/** A conversation that has fallen apart: its user has spoken in two sessions, and neither knows of the other. */
export interface SplitConversation {
  readonly agentId: string;
  /** The key under which the host finds it today. */
  readonly key: string;
  /** In the order in which they began. */
  readonly parts: readonly SplitPart[];
}

/** One session of it. Times are epoch milliseconds. */
export interface SplitPart {
  readonly sessionKey: string;
  readonly sessionId: string;
  readonly userMessages: number;
  readonly firstUserMessageAtMs: number | undefined;
  readonly lastUserMessageAtMs: number | undefined;
}

/** Whether a conversation is split; `transcript` is asked for all of each session's. */
export function splitOf(rows: readonly SessionRow[], transcript: Facts): SplitConversation | undefined {
  const [first] = rows;
  if (first === undefined || new Set(rows.map(({ sessionId }) => sessionId)).size < 2) return undefined;
  const parts = rows.map((row) => partOf(row, transcript(row))).filter(({ userMessages }) => userMessages > 0);
  if (new Set(parts.map(({ sessionId }) => sessionId)).size < 2) return undefined;
  const began = ({ firstUserMessageAtMs }: SplitPart) => firstUserMessageAtMs ?? Infinity;
  const { agentId, conversation } = first;
  return { agentId, key: conversation.key, parts: parts.toSorted((left, right) => began(left) - began(right)) };
}

function partOf({ sessionKey, sessionId }: SessionRow, facts: TranscriptFacts): SplitPart {
  const { userMessages, firstUserMessageAtMs, lastUserMessageAtMs } = facts;
  return { sessionKey, sessionId, userMessages, firstUserMessageAtMs, lastUserMessageAtMs };
}

/** Of rows that were active at the same time the one goes first whose key is the conversation's own. */
function newestFirst(rows: readonly SessionRow[], transcript: Facts, nowMs: number): SessionRow[] {
  const dated = rows.map((row) => {
    const atMs = row.lastInteractionAtMs ?? transcript(row).newestEventAtMs ?? 0;
    // A time in the future is no time, and must not keep the others from being resumed.
    return { row, atMs: atMs > nowMs + CLOCK_TOLERANCE_MS ? 0 : atMs };
  });
  const isOwn = ({ sessionKey, conversation }: SessionRow) => Number(sessionKey === conversation.key);
  return dated
    .toSorted(
      (left, right) =>
        right.atMs - left.atMs ||
        isOwn(right.row) - isOwn(left.row) ||
        (left.row.sessionKey < right.row.sessionKey ? -1 : 1),
    )
    .map(({ row }) => row);
}
