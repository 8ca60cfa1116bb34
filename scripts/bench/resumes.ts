/** Queued resumes as a boot makes them, and a lane to queue them in. */
import { EventBus } from "../../src/domain/events.ts";
import type { QueuedResume, RunningResume } from "../../src/domain/queued-resume.ts";
import { rankOf } from "../../src/domain/rank.ts";
import { canonicalKey } from "../../src/domain/session-key.ts";
import type { RunEnd } from "../../src/domain/decisions.ts";
import { type LaneLimits, ResumeLane } from "../../src/lane/resume-lane.ts";
import { candidate, LANE_LIMITS, row } from "../../test/unit/support/makers.ts";

/** When the gateway of all benchmarks started: today's times are no small integers, which V8 keeps in another way. */
export const BOOT_MS = 1_780_000_000_000;
const HOUR_MS = 3_600_000;
const PROVIDER = "anthropic";

/** The defaults, but without a wait for users to be quiet. */
export const LIMITS: LaneLimits = { ...LANE_LIMITS, quietMs: 0 };

/** What the host's row of a session lends to its resume. */
export interface SessionNames {
  readonly sessionKey: string;
  readonly sessionId: string;
}

/** Of so many sessions, counted from `from`. */
export function makeNames(count: number, from = 0): SessionNames[] {
  const names = Array.from({ length: count }, (_, nth) => ({
    sessionKey: `agent:main:telegram:direct:${100_000_000 + from + nth}`,
    sessionId: `0e5a0e7c-5b1c-4c1e-9d57-${String(from + nth).padStart(12, "0")}`,
  }));
  // Out of a JSON text, as the host has them: a string that was put together is not in one piece before it is needed so.
  return JSON.parse(JSON.stringify(names)) as SessionNames[];
}

/** Resumes of these sessions of one agent, whose users were active at random times of the last hour. */
export const resumesOf = (names: readonly SessionNames[]): QueuedResume[] =>
  names.map((name) => {
    const lastInteractionAtMs = BOOT_MS - Math.round(Math.random() * HOUR_MS);
    return {
      ...rankOf(candidate({ row: row({ agentId: "main", ...name, lastInteractionAtMs }) })),
      key: canonicalKey("main", name.sessionKey),
      agentId: "main",
      ...name,
      attempts: 0,
      preemptions: 0,
      refusals: 0,
      provider: PROVIDER,
      estimate: { tokens: Math.round(Math.random() * 100_000), costUsd: Math.random() },
      isAnswered: false,
      queuedAtMs: BOOT_MS,
      enqueuedAtMs: BOOT_MS,
      notBeforeMs: BOOT_MS,
    };
  });

/** Resumes of so many sessions, counted from `from`. */
export const makeResumes = (count: number, from = 0): QueuedResume[] => resumesOf(makeNames(count, from));

type Run = (resume: RunningResume, signal: AbortSignal) => Promise<RunEnd>;

/** The lane as the gateway wires it, with a runner, a record and timers that cost nothing; nobody listens to its events. */
export function makeLane(run: Run, limits: Partial<LaneLimits> = {}) {
  let [nowMs, runs] = [BOOT_MS, 0];
  const events = new EventBus();
  const nothing = () => undefined;
  const lane = new ResumeLane({
    limits: { ...LIMITS, ...limits },
    runner: { run: (resume, _runId, signal) => run(resume, signal) },
    ledger: { started: nothing, requeued: nothing, settled: nothing },
    events,
    clock: { nowMs: () => nowMs, after: () => nothing, newRunId: () => `run-${(runs += 1)}` },
  });
  // It answers: otherwise one request at a time is sent to it.
  lane.providerAnswered("a user's run", PROVIDER, false);
  lane.open();
  return { lane, events, pass: (ms: number) => void (nowMs += ms) };
}

export const REPLIED: RunEnd = { kind: "completed", reason: "replied" };
