import type { ResumeRecord } from "../domain/record.ts";
import { sharedConversations } from "../domain/same-conversation.ts";
import { rowName, type SessionRow } from "../domain/session.ts";
import { type TranscriptFacts, unreadFacts } from "../domain/transcript-facts.ts";
import type { HostParts } from "../host/host-parts.ts";
import type { HistoryEntry } from "../record/history.ts";
import type { BootVerdict } from "../record/verdicts.ts";
import { explain } from "./explain.ts";
import type { FoundSession } from "./find-session.ts";
import type { Explanation, ShowView } from "./views.ts";

export interface ShowFacts {
  readonly host: HostParts;
  readonly source: ShowView["source"];
  /** What this boot has said, and what a restart now would say. */
  readonly boot: readonly BootVerdict[];
  readonly now: readonly BootVerdict[];
  /** Names of rows in the order of the queue. */
  readonly queue: readonly string[];
  readonly running: ReadonlySet<string>;
  readonly history: readonly HistoryEntry[];
}

/** One session: its facts, the rule that decided, and what has happened to it. */
export function showView(found: FoundSession, facts: ShowFacts): ShowView {
  const { agentId, sessionKey, key, row, record } = found;
  const name = rowName(found);
  const position = facts.queue.indexOf(name) + 1;
  return {
    agentId,
    sessionKey,
    ref: facts.host.refs()[0]?.of(key) ?? null,
    source: facts.source,
    session: sessionPart(row, record),
    conversation: conversationPart(found, facts.host),
    transcript: transcriptPart(row === undefined ? unreadFacts("missing") : facts.host.transcripts.whole(row)),
    place: position > 0 ? "queued" : facts.running.has(name) ? "running" : placeByRecord(record),
    position: position > 0 ? position : null,
    boot: verdictOf(name, facts.boot),
    now: verdictOf(name, facts.now),
    record: record === undefined ? null : recordPart(record),
    history: facts.history,
  };
}

function sessionPart(row: SessionRow | undefined, record: ResumeRecord | undefined): ShowView["session"] {
  return {
    sessionId: row?.sessionId ?? record?.sessionId ?? "",
    kind: row?.conversation.kind ?? "gone",
    chat: row?.chatKind ?? "other",
    channel: row?.conversation.channel ?? null,
    status: row?.status ?? null,
    abortedLastRun: row?.abortedLastRun ?? false,
    lastInteractionAtMs: row?.lastInteractionAtMs ?? null,
    startedAtMs: row?.startedAtMs ?? null,
    stoppedAtMs: row?.stoppedAtMs ?? null,
    lastRunError: row?.lastRunError?.kind ?? null,
    marks: Object.entries(row?.marks ?? {}).flatMap(([mark, isSet]) => (isSet ? [mark] : [])),
  };
}

function conversationPart({ row, rows }: FoundSession, { transcripts }: HostParts): ShowView["conversation"] {
  if (row === undefined) return null;
  const { key, kind, channel, accountId, peer, threadId } = row.conversation;
  const [newestFirst = [row]] = sharedConversations(rows, (one) => transcripts.atBoot(one), Date.now());
  return {
    key,
    kind,
    channel: channel ?? null,
    accountId: accountId ?? null,
    peer: peer ?? null,
    threadId: threadId ?? null,
    rows: newestFirst.map(({ sessionKey, sessionId, status, lastInteractionAtMs }) => ({
      sessionKey,
      sessionId,
      status: status ?? null,
      lastInteractionAtMs: lastInteractionAtMs ?? null,
    })),
  };
}

function transcriptPart(facts: TranscriptFacts): ShowView["transcript"] {
  return {
    state: facts.state,
    sizeBytes: facts.sizeBytes ?? null,
    endsWith: facts.tail.kind,
    newestEventAtMs: facts.newestEventAtMs ?? null,
    failures: facts.failures,
    lastError: facts.lastError?.kind ?? null,
  };
}

function placeByRecord(record: ResumeRecord | undefined): ShowView["place"] {
  if (record?.outcome === "held") return "held";
  if (record?.phase === "released" || record?.phase === "delivering") return record.phase;
  return "none";
}

function verdictOf(name: string, verdicts: readonly BootVerdict[]): Explanation | null {
  const found = verdicts.find((one) => rowName(one) === name);
  return found === undefined ? null : explain(found.verdict);
}

function recordPart(record: ResumeRecord): NonNullable<ShowView["record"]> {
  const { phase, reason, attempts, cutOffs, preemptions, claimedAtMs } = record;
  return {
    phase,
    outcome: record.outcome ?? null,
    reason,
    attempts,
    cutOffs,
    preemptions,
    claimedAtMs,
    requestedAtMs: record.requestedAtMs ?? null,
    notifiedAtMs: record.notifiedAtMs ?? null,
    pluginVersion: record.pluginVersion ?? null,
  };
}
