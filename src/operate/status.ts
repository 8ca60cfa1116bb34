import type { QueuedResume } from "../domain/queued-resume.ts";
import { NOTHING_USED } from "../domain/spend.ts";
import type { ResumeLane } from "../lane/resume-lane.ts";
import type { HeldRecord } from "../domain/record.ts";
import { countVerdicts, verdictOn } from "./explain.ts";
import type { Office } from "./office.ts";
import type { HeldItem, QueueItem, RunningItem, StatusView } from "./views.ts";

/** Everything about the lane at this moment. */
export function statusView(office: Office, held: readonly HeldRecord[]): StatusView {
  const { version, state, settings, settingsErrors, boot, totals, active } = office;
  const nowMs = office.nowMs();
  const lane = active?.lane;
  const queue = queueItems(office);
  return {
    version,
    state,
    atMs: nowMs,
    bootedAtMs: boot?.atMs ?? null,
    lane: {
      name: settings?.lane.name ?? "",
      mode: lane?.mode ?? null,
      pausedSinceMs: active?.records.facts.get("pausedSince") ?? null,
      fusedUntilMs: active?.fuse.untilMs ?? null,
      waitingFor: queue.length === 0 ? null : (lane?.waitsFor() ?? null),
    },
    budget: {
      slots: office.lane?.slots.total ?? 0,
      used: office.lane?.slots.used ?? 0,
      perAgent: settings?.budget.maxPerAgent ?? null,
    },
    spend: {
      ...(lane?.spent ?? NOTHING_USED),
      maxTokens: settings?.budget.maxTokensPerBoot ?? null,
      maxCostUsd: settings?.budget.maxCostPerBoot ?? null,
    },
    cooldowns: (lane?.cooldowns() ?? []).map(({ provider, fault, forMs, refusals }) => ({
      provider,
      fault,
      untilMs: Math.round(nowMs + forMs),
      refusals,
    })),
    fleet: active?.permits.fleet ?? null,
    users: office.lane?.users ?? { waiting: 0, running: 0 },
    queue,
    running: lane === undefined ? [] : runningItems(lane),
    held: held.map(heldItem),
    totals: { verdicts: countVerdicts(boot?.verdicts ?? []), attempts: totals.attempts, outcomes: totals.outcomes },
    settingsErrors,
  };
}

/** The queue in order. */
export function queueItems({ active, boot }: Office): QueueItem[] {
  if (active === undefined) return [];
  const { lane, records } = active;
  const nowMs = lane.nowMs();
  const reasonOf = (resume: QueuedResume) => {
    if (resume.requestedAtMs !== undefined) return "requested";
    const said = verdictOn(resume, boot?.verdicts)?.verdict.reason;
    return said ?? records.get(resume.agentId, resume.sessionKey)?.reason ?? "interrupted";
  };
  return lane.queue().map(({ resume, aged }, index) => ({
    agentId: resume.agentId,
    sessionKey: resume.sessionKey,
    position: index + 1,
    waitedMs: Math.max(0, nowMs - resume.queuedAtMs),
    reason: reasonOf(resume),
    attempts: resume.attempts,
    preemptions: resume.preemptions,
    requested: resume.requestedAtMs !== undefined,
    aged,
    restsMs: Math.max(0, resume.notBeforeMs - nowMs),
  }));
}

function runningItems(lane: ResumeLane): RunningItem[] {
  const nowMs = lane.nowMs();
  return lane
    .running()
    .map(({ resume, timeoutMs }) => ({
      agentId: resume.agentId,
      sessionKey: resume.sessionKey,
      slot: resume.slot,
      attempt: resume.attempts,
      elapsedMs: Math.max(0, nowMs - resume.startedAtMs),
      timeoutMs,
      aged: resume.aged,
    }))
    .toSorted((left, right) => left.slot - right.slot);
}

const heldItem = ({ agentId, sessionKey, reason, claimedAtMs }: HeldRecord): HeldItem => ({
  agentId,
  sessionKey,
  reason,
  claimedAtMs,
});
