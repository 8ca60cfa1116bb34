import type { AdmissionLimits } from "../../../src/domain/admit.ts";
import type { QueuedResume, RunningResume } from "../../../src/domain/queued-resume.ts";
import type { ResumeRecord } from "../../../src/domain/record.ts";
import type { Decision } from "../../../src/domain/decisions.ts";
import type { SchedulerLimits } from "../../../src/domain/scheduler.ts";
import { NOTHING_USED } from "../../../src/domain/spend.ts";
import type { WaitingRoom } from "../../../src/domain/waiting-room.ts";
import type { Conversation } from "../../../src/domain/conversation.ts";
import type { SessionRow } from "../../../src/domain/session.ts";
import { type TranscriptFacts, unreadFacts } from "../../../src/domain/transcript-facts.ts";
import type { Candidate } from "../../../src/domain/verdict.ts";
import type { LaneLimits } from "../../../src/lane/resume-lane.ts";

export const HOUR = 3_600_000;
/** "Now" of the tests about ages: far enough from 0 that a missing time cannot pass for a recent one. */
export const NOW = 1000 * HOUR;

/** Of a run that asks nobody anything. */
export const FORECAST = { provider: undefined, estimate: NOTHING_USED };

type Marks = SessionRow["marks"];

/** A direct chat whose turn was cut off a minute ago. */
export function row({
  marks,
  conversation,
  ...over
}: Partial<Omit<SessionRow, "marks" | "conversation">> & {
  readonly marks?: Partial<Marks>;
  readonly conversation?: Partial<Conversation>;
} = {}): SessionRow {
  const sessionKey = over.sessionKey ?? "agent:a:chat";
  return {
    agentId: "a",
    sessionKey,
    sessionId: "session-1",
    chatKind: "direct",
    name: undefined,
    status: "running",
    abortedLastRun: false,
    lastInteractionAtMs: NOW - 60_000,
    stoppedAtMs: undefined,
    startedAtMs: NOW - 2 * HOUR,
    route: undefined,
    archived: false,
    pinned: false,
    lastRunError: undefined,
    totalTokens: undefined,
    ...over,
    conversation: {
      key: sessionKey,
      kind: "other",
      channel: undefined,
      accountId: undefined,
      peer: undefined,
      threadId: undefined,
      ...conversation,
    },
    marks: {
      pendingFinalDelivery: false,
      messageToolOnly: false,
      harnessCompletion: false,
      deliveryReceipt: false,
      recoveryTombstone: false,
      modelSelectionLocked: false,
      cliBacked: false,
      pluginOwned: false,
      spawned: false,
      ...marks,
    },
  };
}

/** What an earlier boot wrote of `row()` half a minute ago. */
export function record(over: Partial<ResumeRecord> = {}): ResumeRecord {
  return {
    agentId: "a",
    sessionKey: "agent:a:chat",
    sessionId: "session-1",
    phase: "claimed",
    outcome: undefined,
    reason: "interrupted",
    attempts: 0,
    cutOffs: 0,
    preemptions: 0,
    bootId: "boot-1",
    claimedAtMs: NOW - 30_000,
    sessionStartedAtMs: NOW - 2 * HOUR,
    hostStatus: "running",
    runId: undefined,
    runStartedAtMs: undefined,
    reply: undefined,
    requestedAtMs: undefined,
    notifiedAtMs: undefined,
    heldBecause: undefined,
    heldSinceMs: undefined,
    pluginVersion: "1.0.0",
    ...over,
  };
}

/** A transcript that was read and that nothing is to be said against. */
export function facts(over: Partial<TranscriptFacts> = {}): TranscriptFacts {
  return { ...unreadFacts("ok"), wasRead: true, ...over };
}

export function candidate({
  transcript,
  ...over
}: Partial<Omit<Candidate, "transcript">> & { readonly transcript?: Partial<TranscriptFacts> } = {}): Candidate {
  const made = facts(transcript);
  const nothing = {
    orphaned: false,
    userContinued: false,
    hasAnswer: false,
    restartContinuation: false,
    newerRow: undefined,
  };
  return { row: row(), record: undefined, ...nothing, ...over, transcript: () => made };
}

/** The defaults of the settings. */
export const ADMISSION: AdmissionLimits = {
  idleMs: HOUR,
  maxAgeMs: 120 * HOUR,
  maxFailures: 2,
  maxPerBoot: 100,
  maxAttempts: 2,
  holdUnsafeTails: false,
  excludedBy: () => undefined,
  excluded: "leave",
  directChatsShareMain: false,
};

/** A queued resume of the agent that its key begins with: `a1` belongs to agent `a`. */
export function queued(key: string, over: Partial<QueuedResume> = {}): QueuedResume {
  return {
    key,
    agentId: key.slice(0, 1),
    sessionKey: key,
    sessionId: `session of ${key}`,
    requestedAtMs: undefined,
    activityAtMs: 0,
    direct: true,
    attempts: 0,
    preemptions: 0,
    refusals: 0,
    isAnswered: false,
    provider: undefined,
    estimate: NOTHING_USED,
    queuedAtMs: 0,
    enqueuedAtMs: 0,
    notBeforeMs: 0,
    ...over,
  };
}

/** Starts the next one of a waiting room, if there is one that may start. */
export function takeNext(
  room: WaitingRoom,
  want: "any" | "aged",
  mayStart: (agentId: string, provider: string | undefined) => boolean,
): QueuedResume | undefined {
  const next = room.next(want, ({ agentId, provider }) => mayStart(agentId, provider));
  return next === undefined ? undefined : room.take(next);
}

export function running(key: string, over: Partial<RunningResume> = {}): RunningResume {
  return { ...queued(key), slot: 1, startedAtMs: 0, aged: false, ...over };
}

/** Round numbers, so that expectations can be computed by hand. */
export const LIMITS: SchedulerLimits = {
  maxConcurrent: 2,
  maxPerAgent: undefined,
  quietMs: 2000,
  retryDelayMs: 30_000,
  maxAttempts: 2,
  preemptionScope: "lane",
  maxPreemptions: 3,
  maxWaitMs: 600_000,
  cooldown: { initialMs: 30_000, maxMs: 900_000 },
  maxTokensPerBoot: undefined,
  maxCostPerBoot: undefined,
  needsPermit: false,
};

/** The same, with a time limit of a minute. */
export const LANE_LIMITS: LaneLimits = { ...LIMITS, timeoutMs: 60_000 };

/** Decisions as short lines: `start a1 slot 1`, `cancel a1 own-user`, `requeue a1 retry`, `settle a1 held reason`. */
export function said(decisions: readonly Decision[]): string[] {
  return decisions.map((decision) => {
    if (decision.do === "start") return `start ${decision.resume.key} slot ${decision.resume.slot}`;
    if (decision.do === "cancel") return `cancel ${decision.key} ${decision.cause}`;
    if (decision.do === "requeue") return `requeue ${decision.resume.key} ${decision.cause}`;
    if (decision.do !== "settle") return decision.do;
    return `settle ${decision.resume.key} ${decision.settlement.outcome} ${decision.settlement.reason}`;
  });
}
