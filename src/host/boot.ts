import { type AdmissionLimits, admitAll, type Judged } from "../domain/admit.ts";
import type { EventBus } from "../domain/events.ts";
import { identify } from "../domain/identify.ts";
import type { QueuedResume } from "../domain/queued-resume.ts";
import { rankOf } from "../domain/rank.ts";
import type { ResumeRecord } from "../domain/record.ts";
import { canonicalKey, type SessionRow } from "../domain/session.ts";
import { newestEventAtMs } from "../domain/transcript-tail.ts";
import type { Candidate } from "../domain/verdict.ts";
import type { RecordStore } from "../record/record-store.ts";
import type { SessionStore } from "./session-store.ts";
import type { ReadTranscript } from "./transcripts.ts";

export interface BootOptions {
  readonly agentIds: readonly string[];
  readonly sessions: SessionStore;
  readonly transcript: ReadTranscript;
  readonly records: RecordStore;
  readonly limits: AdmissionLimits;
  readonly bootId: string;
  readonly nowMs: number;
  /** First start in this process: every `running` turn was cut off. */
  readonly freshProcess: boolean;
  /** Judge and report, change nothing. */
  readonly observeOnly: boolean;
  readonly events: EventBus;
}

/**
 * discover -> identify -> admit -> claim: finds the interrupted sessions, judges them, takes those that are ours from the
 * host's recovery, and returns those that are to be resumed.
 *
 * One session's error costs that session its claim. Throws only when the record cannot be written: then nothing has
 * been claimed, and the host recovers everything as it would without us.
 */
export async function claimInterrupted(options: BootOptions): Promise<QueuedResume[]> {
  const judged = admitAll(discover(options), options.limits, options.nowMs);
  if (options.observeOnly) {
    for (const { candidate, verdict } of judged) options.events.emit("judged", { ...subject(candidate.row), verdict });
    return [];
  }
  retire(judged, options);
  const ours = judged.filter(({ verdict }) => verdict.kind === "admit" || verdict.kind === "hold");
  options.records.put(...ours.map((one) => recordOf(one, options)));
  const queue: QueuedResume[] = [];
  for (const one of judged) {
    const { candidate } = one;
    const isOurs = one.verdict.kind === "admit" || one.verdict.kind === "hold";
    const verdict = isOurs && !(await claim(candidate.row, options)) ? CLAIM_FAILED : one.verdict;
    options.events.emit("judged", { ...subject(candidate.row), verdict });
    if (verdict.kind === "admit") queue.push(toQueued(candidate, options.nowMs));
  }
  return queue;
}

const CLAIM_FAILED = { kind: "leave", reason: "claim-failed" } as const;
const UNREADABLE = { kind: "leave", reason: "unreadable-entry" } as const;

function discover({ agentIds, sessions, transcript, records, freshProcess, events }: BootOptions): Candidate[] {
  const known = new Map(records.all().map((record) => [`${record.agentId} ${record.sessionKey}`, record]));
  const transcriptActivityAtMs = (row: SessionRow) => newestEventAtMs(transcript(row));
  return agentIds.flatMap((agentId) => {
    try {
      const onUnreadable = (sessionKey: string, error: unknown) => {
        events.emit("judged", { agentId, sessionKey, verdict: UNREADABLE });
        events.emit("trouble", { agentId, sessionKey, what: "read a session entry", error });
      };
      return sessions.list(agentId, onUnreadable).flatMap((row) => {
        const record = known.get(`${agentId} ${row.sessionKey}`);
        return identify(row, record, { freshProcess, transcriptActivityAtMs }) ?? [];
      });
    } catch (error) {
      events.emit("trouble", { agentId, what: "list the sessions of an agent", error });
      return [];
    }
  });
}

function retire(judged: readonly Judged[], { records }: BootOptions): void {
  for (const { candidate, verdict } of judged) {
    if (verdict.kind === "retire") records.delete(candidate.row.agentId, candidate.row.sessionKey);
  }
}

function recordOf({ candidate: { row, record }, verdict }: Judged, { bootId, nowMs }: BootOptions): ResumeRecord {
  const held = verdict.kind === "hold";
  const base: ResumeRecord = record ?? {
    agentId: row.agentId,
    sessionKey: row.sessionKey,
    sessionId: row.sessionId,
    phase: "claimed",
    outcome: undefined,
    reason: verdict.reason,
    attempts: 0,
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
  return { ...base, phase: base.phase === "delivering" ? "delivering" : "claimed", bootId };
}

/** Takes one session from the host; a session that was not interrupted (any more) needs no patch. */
async function claim(row: SessionRow, { sessions, records, events }: BootOptions): Promise<boolean> {
  // A run of ours that was killed can leave an entry without any status.
  if (row.status !== "running" && row.status !== undefined) return true;
  try {
    if (await sessions.claim(row)) return true;
    throw new Error("the session changed while it was being claimed");
  } catch (error) {
    events.emit("trouble", { ...subject(row), what: "claim a session", error });
    records.delete(row.agentId, row.sessionKey);
    return false;
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
    attempts: record?.attempts ?? 0,
    preemptions: record?.preemptions ?? 0,
    queuedAtMs: nowMs,
    enqueuedAtMs: nowMs,
    notBeforeMs: nowMs,
  };
}

const subject = ({ agentId, sessionKey }: SessionRow) => ({ agentId, sessionKey });
