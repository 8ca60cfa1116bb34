import { type AdmissionLimits, admitAll, attemptsOf, cutOffs, type Judged } from "../domain/admit.ts";
import type { EventBus, Subject } from "../domain/events.ts";
import { identify } from "../domain/identify.ts";
import type { QueuedResume } from "../domain/queued-resume.ts";
import { rankOf } from "../domain/rank.ts";
import type { ResumeRecord } from "../domain/record.ts";
import { canonicalKey, type SessionRow } from "../domain/session.ts";
import { lastUserMessageAtMs, newestEventAtMs } from "../domain/transcript-tail.ts";
import type { Candidate, Verdict } from "../domain/verdict.ts";
import type { RecordStore } from "../record/record-store.ts";
import type { SessionStore } from "./session-store.ts";
import type { ReadTranscript } from "./transcripts.ts";

export interface JudgeOptions {
  readonly agentIds: readonly string[];
  readonly sessions: Pick<SessionStore, "list">;
  readonly transcript: ReadTranscript;
  /** What earlier boots have claimed. */
  readonly known: readonly ResumeRecord[];
  readonly limits: AdmissionLimits;
  readonly nowMs: number;
  /** Since when a `running` turn can be live, epoch milliseconds (see `identify`). */
  readonly liveSinceMs: number;
  readonly events: EventBus;
}

export interface ClaimOptions {
  readonly sessions: Pick<SessionStore, "claim">;
  readonly records: Pick<RecordStore, "put" | "delete">;
  readonly bootId: string;
  readonly nowMs: number;
  readonly events: EventBus;
}

/** discover -> identify -> admit: finds the interrupted sessions and judges each. Changes nothing. */
export function judgeInterrupted(options: JudgeOptions): Judged[] {
  const { agentIds, sessions, transcript, known, limits, nowMs, liveSinceMs, events } = options;
  const records = new Map(known.map((record) => [canonicalKey(record.agentId, record.sessionKey), record]));
  // Reading a transcript costs milliseconds: only where the user's own activity does not settle the matter.
  const transcriptActivityAtMs = (row: SessionRow) =>
    nowMs - (row.lastInteractionAtMs ?? -Infinity) <= limits.idleMs ? undefined : newestEventAtMs(transcript(row));
  const userMessageAtMs = (row: SessionRow) => lastUserMessageAtMs(transcript(row));
  const candidates = agentIds.flatMap((agentId) => {
    try {
      const onUnreadable = (sessionKey: string, error: unknown) => {
        report({ agentId, sessionKey }, UNREADABLE, events);
        events.emit("trouble", { agentId, sessionKey, what: "read a session entry", error });
      };
      return sessions.list(agentId, onUnreadable).flatMap((row) => {
        const record = records.get(canonicalKey(agentId, row.sessionKey));
        return identify(row, record, { liveSinceMs, transcriptActivityAtMs, userMessageAtMs }) ?? [];
      });
    } catch (error) {
      events.emit("trouble", { agentId, what: "list the sessions of an agent", error });
      return [];
    }
  });
  return admitAll(candidates, limits, nowMs);
}

/**
 * claim: takes the sessions that are ours from the host's recovery and returns those that are to be resumed.
 *
 * One session's error costs that session its claim. Throws only when the record cannot be written: then nothing has
 * been claimed, and the host recovers everything as it would without us.
 */
export async function claimJudged(judged: readonly Judged[], options: ClaimOptions): Promise<QueuedResume[]> {
  retire(judged, options);
  options.records.put(...judged.filter(isOurs).map((one) => recordOf(one, options)));
  const queue: QueuedResume[] = [];
  for (const one of judged) {
    const { candidate } = one;
    const verdict = isTaken(one) && !(await claim(candidate, options)) ? CLAIM_FAILED : one.verdict;
    report(candidate.row, verdict, options.events);
    if (verdict.kind === "admit") queue.push(toQueued(candidate, options.nowMs));
  }
  return queue;
}

/** Tells of one verdict; after the claim, so that a failed claim is told as what it is. */
export function report({ agentId, sessionKey }: Subject, verdict: Verdict, events: EventBus): void {
  events.emit("judged", { agentId, sessionKey, verdict });
}

const CLAIM_FAILED = { kind: "leave", reason: "claim-failed" } as const;
const UNREADABLE = { kind: "leave", reason: "unreadable-entry" } as const;

const isOurs = ({ verdict }: Judged): boolean => verdict.kind === "admit" || verdict.kind === "hold";
/** What is retired is taken from the host too: a conversation that its user has stopped must not be resumed by it. */
const isTaken = (one: Judged): boolean => isOurs(one) || one.verdict.kind === "retire";

function retire(judged: readonly Judged[], { records }: ClaimOptions): void {
  for (const { candidate, verdict } of judged) {
    if (verdict.kind === "retire") records.delete(candidate.row.agentId, candidate.row.sessionKey);
  }
}

function recordOf({ candidate: { row, record }, verdict }: Judged, { bootId, nowMs }: ClaimOptions): ResumeRecord {
  const held = verdict.kind === "hold";
  const base: ResumeRecord = record ?? {
    agentId: row.agentId,
    sessionKey: row.sessionKey,
    sessionId: row.sessionId,
    phase: "claimed",
    outcome: undefined,
    reason: verdict.reason,
    attempts: 0,
    cutOffs: 0,
    preemptions: 0,
    bootId,
    claimedAtMs: nowMs,
    hostStatus: row.status,
    runId: undefined,
    runStartedAtMs: undefined,
    reply: undefined,
  };
  if (held && base.outcome === "held") return base;
  if (held) return { ...base, phase: "settled", outcome: "held", reason: verdict.reason };
  if (base.phase === "delivering") return { ...base, bootId };
  return { ...base, phase: "claimed", bootId, attempts: attemptsOf(base), cutOffs: cutOffs(base) };
}

/** Takes one session from the host; a session that was not interrupted (any more) needs no patch. */
async function claim({ row, record }: Candidate, { sessions, records, events }: ClaimOptions): Promise<boolean> {
  // A run of ours that was killed can leave an entry without any status.
  if (row.status !== "running" && row.status !== undefined) return true;
  try {
    if (await sessions.claim(row)) return true;
    throw new Error("the session changed while it was being claimed");
  } catch (error) {
    events.emit("trouble", { agentId: row.agentId, sessionKey: row.sessionKey, what: "claim a session", error });
    giveBack(row, record, records, events);
    return false;
  }
}

/** A claim that failed leaves the record as it was. When that fails too, the next boot reconciles it with the entry. */
function giveBack(
  { agentId, sessionKey }: SessionRow,
  record: ResumeRecord | undefined,
  records: ClaimOptions["records"],
  events: EventBus,
): void {
  try {
    if (record === undefined) records.delete(agentId, sessionKey);
    else records.put(record);
  } catch (error) {
    events.emit("trouble", { agentId, sessionKey, what: "give a claim back", error });
  }
}

function toQueued(candidate: Candidate, nowMs: number): QueuedResume {
  const { row, record } = candidate;
  return {
    ...rankOf(candidate),
    key: canonicalKey(row.agentId, row.sessionKey),
    agentId: row.agentId,
    sessionKey: row.sessionKey,
    sessionId: row.sessionId,
    attempts: record === undefined ? 0 : attemptsOf(record),
    preemptions: record?.preemptions ?? 0,
    queuedAtMs: nowMs,
    enqueuedAtMs: nowMs,
    notBeforeMs: nowMs,
  };
}
