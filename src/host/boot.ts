import { type AdmissionLimits, admitEach, attemptsOf, cutOffs, isRealOrphan, type Judged } from "../domain/admit.ts";
import type { BootTimes, EventBus } from "../domain/events.ts";
import { laterBy } from "../domain/clock-jumps.ts";
import { identify } from "../domain/identify.ts";
import type { QueuedResume } from "../domain/queued-resume.ts";
import { compareRanks, type Rank, rankOf } from "../domain/rank.ts";
import type { ResumeRecord } from "../domain/record.ts";
import { NOTHING_USED } from "../domain/spend.ts";
import { rowName, type SessionRow } from "../domain/session.ts";
import { KnownRecords } from "../domain/known-records.ts";
import { Conversations, newerRows } from "../domain/same-conversation.ts";
import { canonicalKey } from "../domain/session-key.ts";
import { type Candidate, describeEvidence, type Verdict } from "../domain/verdict.ts";
import type { RecordStore } from "../record/record-store.ts";
import type { BootVerdict } from "../record/verdicts.ts";
import type { Forecast, SessionStore } from "./session-store.ts";
import { CLAIM_SLICES, Slices, type Steps } from "./slices.ts";
import type { Transcripts } from "./transcripts.ts";

export interface JudgeOptions {
  readonly agentIds: readonly string[];
  readonly sessions: Pick<SessionStore, "list">;
  readonly transcripts: Pick<Transcripts, "atBoot" | "whole">;
  /** Session keys for which the host holds a restart continuation. */
  readonly continuations: ReadonlySet<string>;
  /** What earlier boots have claimed. */
  readonly known: readonly ResumeRecord[];
  /** There were more. */
  readonly recordLost?: boolean | undefined;
  readonly limits: AdmissionLimits;
  readonly nowMs: number;
  /** Since when a `running` turn can be live, epoch milliseconds (see `identify`). */
  readonly liveSinceMs: number;
  readonly events: Pick<EventBus, "emit">;
}

/** What a boot says: of every candidate, and of the sessions that cannot even be read. */
export interface Judgement {
  readonly judged: readonly Judged[];
  readonly unreadable: readonly BootVerdict[];
  /** Conversations with more than one row, the newest first in each. */
  readonly shared: readonly (readonly SessionRow[])[];
  /** Agents whose sessions could not be listed. */
  readonly unlisted: ReadonlySet<string>;
  readonly tookMs: Pick<BootTimes, "discover" | "admit">;
}

export interface ClaimOptions {
  readonly sessions: Pick<SessionStore, "claim" | "release" | "forecast">;
  readonly records: Pick<RecordStore, "put" | "delete" | "verdicts" | "facts" | "gather">;
  /** What earlier boots have claimed. */
  readonly known: readonly ResumeRecord[];
  readonly pluginVersion: string;
  readonly bootId: string;
  readonly nowMs: number;
  readonly events: Pick<EventBus, "emit">;
  /** The service was stopped meanwhile: what is not claimed yet is left to the next boot. */
  readonly isOver: () => boolean;
}

/**
 * So many are judged in one piece: the host reads their transcripts in less than 0.1 s, and a gateway that starts is ready later
 * by whatever others do meanwhile (see `CLAIM_SLICES`).
 */
const FEW = 100;

/**
 * discover -> identify -> admit: finds the interrupted sessions and judges each. Changes nothing.
 *
 * With thousands of rows it takes a while: it can be left alone after every row, but for the host's own listing of an agent
 * and for a few that are to be judged.
 * What a claim then takes is compared with what was read here.
 */
export function* judgeInterrupted(options: JudgeOptions): Steps<Judgement> {
  const { agentIds, sessions, transcripts, continuations, known, limits, nowMs, liveSinceMs, events } = options;
  const unreadable: BootVerdict[] = [];
  const unlisted = new Set<string>();
  let shared: SessionRow[][] = [];
  let candidates: Ranked[] = [];
  const startedMs = performance.now();
  const found = {
    liveSinceMs,
    recordLost: options.recordLost,
    isLater: laterBy(limits.clockJumps ?? [], nowMs),
    transcript: (row: SessionRow) => transcripts.atBoot(row),
    wholeTranscript: (row: SessionRow) => transcripts.whole(row),
    continues: ({ agentId, sessionKey }: SessionRow) => continuations.has(canonicalKey(agentId, sessionKey)),
  };
  for (const agentId of agentIds) {
    try {
      yield* identifyAll(agentId);
    } catch (error) {
      unlisted.add(agentId);
      events.emit("trouble", { agentId, what: "list the sessions of an agent", error });
    }
  }
  const discoveredMs = performance.now();
  const judged: Judged[] = [];
  const inOrder = candidates.toSorted((left, right) => compareRanks(left.rank, right.rank));
  for (const one of admitEach(
    inOrder.map(({ candidate }) => candidate),
    limits,
    nowMs,
  )) {
    judged.push(one);
    if (inOrder.length > FEW) yield;
  }
  const tookMs = { discover: discoveredMs - startedMs, admit: performance.now() - discoveredMs };
  return { judged, unreadable, shared, unlisted, tookMs };

  /** Of one agent; what fails costs that agent all of its sessions. */
  function* identifyAll(agentId: string): Steps<void> {
    const onUnreadable = (sessionKey: string, error: unknown) => {
      unreadable.push({ agentId, sessionKey, verdict: UNREADABLE });
      events.emit("trouble", { agentId, sessionKey, what: "read a session entry", error });
    };
    const rows: SessionRow[] = [];
    const conversations = new Conversations();
    const isRemembered = known.length > 0 || options.recordLost === true;
    for (const row of sessions.list(agentId, onUnreadable)) {
      conversations.add(row);
      // Most turns have ended, and nothing is remembered of them.
      if (isRemembered || row.status === "running") rows.push(row);
      yield;
    }
    const ofAgent: SessionRow[][] = [];
    for (const ofOne of conversations.shared(found.transcript, nowMs)) {
      ofAgent.push(ofOne);
      yield;
    }
    const newer = newerRows(ofAgent);
    const records = new KnownRecords(known, rows);
    const about = { ...found, newerRow: (row: SessionRow) => newer.get(row) };
    const identified: Ranked[] = [];
    for (const row of rows) {
      const candidate = identify(row, records.of(row), about);
      const isOurs = candidate?.orphaned !== true || isRealOrphan(candidate, limits, nowMs);
      if (candidate !== undefined && isOurs) identified.push({ candidate, rank: rankOf(candidate) });
      yield;
    }
    shared = [...shared, ...ofAgent];
    candidates = [...candidates, ...identified];
  }
}

interface Ranked {
  readonly candidate: Candidate;
  readonly rank: Rank;
}

/**
 * claim: takes the sessions that are ours from the host's recovery, and lets others have their turn meanwhile. Returns those
 * that are to be resumed, and what was said of each in the end.
 *
 * One session's error costs that session its claim. Throws only when the record cannot be written: then nothing has
 * been claimed, and the host recovers everything as it would without us.
 */
export async function claimJudged(
  judgement: Judgement,
  options: ClaimOptions,
): Promise<{ readonly queue: readonly QueuedResume[]; readonly verdicts: readonly BootVerdict[] }> {
  const { judged, unreadable } = judgement;
  const { records, nowMs, events, isOver } = options;
  const slices = new Slices(CLAIM_SLICES);
  const written = writeAhead(judgement, options);
  await forget(judgement, written, options, slices);
  const queue: QueuedResume[] = [];
  const said: BootVerdict[] = [...unreadable];
  for (const { candidate, verdict: wanted } of judged) {
    if (isOver()) return { queue, verdicts: said };
    const done = await carryOut(candidate, wanted, options);
    const verdict = done === undefined ? CLAIM_FAILED : wanted;
    said.push(toBootVerdict(candidate.row, verdict));
    if (verdict.kind === "admit") {
      const isAnswered = verdict.reason === "reply-owed";
      const forecast = isAnswered ? NOTHING_ASKED : (done?.forecast ?? options.sessions.forecast(candidate.row));
      queue.push(toQueued(candidate, { isAnswered, ...forecast }, nowMs));
    }
    // What was ours and is the host's now may be ours again: the next boot judges it anew.
    if (verdict.kind === "leave" && verdict.reason !== "released" && verdict !== CLAIM_FAILED) {
      takeBack(candidate.row, undefined, records, events);
    }
    await slices.between();
  }
  if (isOver()) return { queue, verdicts: said };
  await report(said, events, slices);
  try {
    records.verdicts.replace(said);
    records.facts.set("bootedAt", nowMs);
    records.facts.set("recordLost", undefined);
    records.gather();
  } catch (error) {
    events.emit("trouble", { what: "remember the verdicts of this boot", error });
  }
  return { queue, verdicts: said };
}

/** Tells of the verdicts; after the claim, so that a failed claim is told as what it is. */
export async function report(
  verdicts: readonly BootVerdict[],
  events: Pick<EventBus, "emit">,
  slices = new Slices(),
): Promise<void> {
  for (const verdict of verdicts) {
    events.emit("judged", verdict);
    await slices.between();
  }
}

/** Writes the record of everything that is ours, all of it or nothing, and returns it. What is nothing new is left alone. */
function writeAhead({ judged }: Judgement, options: ClaimOptions): readonly ResumeRecord[] {
  const wanted = judged.flatMap((one) => {
    const record = recordOf(one, options);
    return record === undefined ? [] : [{ record, isNew: record !== one.candidate.record }];
  });
  options.records.put(...wanted.flatMap(({ record, isNew }) => (isNew ? [record] : [])));
  return wanted.map(({ record }) => record);
}

/** What a judgement says without any claim. */
export function verdictsOf({ judged, unreadable }: Judgement): BootVerdict[] {
  return [...unreadable, ...judged.map(({ candidate, verdict }) => toBootVerdict(candidate.row, verdict))];
}

const toBootVerdict = (row: SessionRow, verdict: Verdict): BootVerdict => ({
  agentId: row.agentId,
  sessionKey: row.sessionKey,
  verdict,
  estimatedTokens: row.totalTokens,
  conversationKey: row.conversation.key,
  name: row.name,
});

const CLAIM_FAILED = { kind: "leave", reason: "claim-failed", found: "changed", limit: "unchanged" } as const;
const UNREADABLE = { kind: "leave", reason: "unreadable-entry", found: "no session id", limit: "session id" } as const;

/**
 * Records that no candidate speaks for any more: what was retired, what the host was given and has finished, and what is
 * damaged, which its session gets a new one for.
 */
async function forget(
  { judged, unlisted }: Judgement,
  written: readonly ResumeRecord[],
  { records, known, isOver }: ClaimOptions,
  slices: Slices,
): Promise<void> {
  // As they are stored: the damage can be to the key itself.
  const isNew = new Set(written.map(rowName));
  const open = new Set(judged.map(({ candidate: { row } }) => canonicalKey(row.agentId, row.sessionKey)));
  const renamed = new Set(judged.flatMap(({ candidate: { row, record } }) => (isRenamed(row, record) ? [record] : [])));
  for (const record of known) {
    if (isOver()) return;
    const { agentId, sessionKey, phase, damage } = record;
    if (unlisted.has(agentId)) continue;
    const isGone = phase === "released" && !open.has(canonicalKey(agentId, sessionKey));
    const isReplaced = damage !== undefined || renamed.has(record);
    if (isGone || (isReplaced && !isNew.has(rowName(record)))) records.delete(agentId, sessionKey);
    await slices.between();
  }
  for (const { candidate, verdict } of judged) {
    if (isOver()) return;
    if (verdict.kind !== "retire") continue;
    records.delete(candidate.row.agentId, candidate.row.sessionKey);
    await slices.between();
  }
}

const isRenamed = (row: SessionRow, record: ResumeRecord | undefined): boolean =>
  record !== undefined && record.damage === undefined && rowName(row) !== rowName(record);

/**
 * The record after this verdict, under the name that its row has now; none where there is nothing to remember, and the same
 * one where nothing is new.
 */
function recordOf({ candidate, verdict }: Judged, options: ClaimOptions): ResumeRecord | undefined {
  const { record } = candidate;
  const { kind, reason } = verdict;
  if (kind === "retire") return undefined;
  if (kind === "leave") return record?.phase === "released" ? record : undefined;
  const isUsable = record !== undefined && record.damage === undefined;
  const { agentId, sessionKey } = candidate.row;
  const kept = isUsable && isRenamed(candidate.row, record) ? { ...record, agentId, sessionKey } : record;
  const base = isUsable && kept !== undefined ? kept : newRecord(candidate, reason, options);
  if (kind === "hold") {
    if (base.outcome === "held") return base;
    const heldBecause = describeEvidence(verdict);
    return { ...base, phase: "settled", outcome: "held", reason, heldBecause, heldSinceMs: options.nowMs };
  }
  const { bootId, pluginVersion } = options;
  if (base.phase === "delivering") return { ...base, bootId, pluginVersion };
  const handedBack = { attempts: attemptsOf(base), cutOffs: cutOffs(base) };
  return { ...base, phase: "claimed", bootId, pluginVersion, ...handedBack };
}

function newRecord({ row }: Candidate, reason: string, options: ClaimOptions): ResumeRecord {
  return {
    agentId: row.agentId,
    sessionKey: row.sessionKey,
    sessionId: row.sessionId,
    phase: "claimed",
    outcome: undefined,
    reason,
    attempts: 0,
    cutOffs: 0,
    preemptions: 0,
    bootId: options.bootId,
    claimedAtMs: options.nowMs,
    sessionStartedAtMs: row.startedAtMs,
    heldBecause: undefined,
    heldSinceMs: undefined,
    hostStatus: row.status,
    runId: undefined,
    runStartedAtMs: undefined,
    reply: undefined,
    requestedAtMs: undefined,
    notifiedAtMs: undefined,
    pluginVersion: options.pluginVersion,
  };
}

/**
 * Takes one session from the host, or gives it back. What is retired is taken too: a conversation that its user has
 * stopped must not be resumed by the host. A session that has the right marks already needs no patch. Returns what the claim
 * has told; `undefined` when it failed.
 */
async function carryOut(
  candidate: Candidate,
  verdict: Verdict,
  options: ClaimOptions,
): Promise<{ readonly forecast?: Forecast } | undefined> {
  const { row, record } = candidate;
  const { sessions, records, events } = options;
  // A run of ours that was killed can leave an entry without any status.
  const isTheirs = row.status === "running" || row.status === undefined;
  const step = verdict.kind === "leave" ? "release" : "claim";
  if (step === "claim" ? !isTheirs : record === undefined || isTheirs) return {};
  try {
    if (step === "claim") {
      const forecast = await sessions.claim(row);
      if (forecast === undefined) throw new Error("the session changed before the claim");
      events.emit("claimed", { agentId: row.agentId, sessionKey: row.sessionKey });
      return { forecast };
    }
    if (!(await sessions.release(row, "now"))) throw new Error("the session changed before the release");
    return {};
  } catch (error) {
    events.emit("trouble", { agentId: row.agentId, sessionKey: row.sessionKey, what: `${step} a session`, error });
    takeBack(row, record, records, events);
    return undefined;
  }
}

/** A step that failed leaves the record as it was. When that fails too, the next boot reconciles it with the entry. */
function takeBack(
  { agentId, sessionKey }: SessionRow,
  record: ResumeRecord | undefined,
  records: ClaimOptions["records"],
  events: ClaimOptions["events"],
): void {
  try {
    if (record === undefined) records.delete(agentId, sessionKey);
    else records.put(record);
  } catch (error) {
    events.emit("trouble", { agentId, sessionKey, what: "take a claim back", error });
  }
}

const NOTHING_ASKED: Forecast = { provider: undefined, estimate: NOTHING_USED };

function toQueued(
  candidate: Candidate,
  expected: Pick<QueuedResume, "isAnswered" | keyof Forecast>,
  nowMs: number,
): QueuedResume {
  const { row, record } = candidate;
  return {
    ...rankOf(candidate),
    key: canonicalKey(row.agentId, row.sessionKey),
    agentId: row.agentId,
    sessionKey: row.sessionKey,
    sessionId: row.sessionId,
    attempts: record === undefined ? 0 : attemptsOf(record),
    preemptions: record?.preemptions ?? 0,
    refusals: 0,
    ...expected,
    queuedAtMs: nowMs,
    enqueuedAtMs: nowMs,
    notBeforeMs: nowMs,
  };
}
