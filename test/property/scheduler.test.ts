import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import type { QueuedResume, RunningResume } from "../../src/domain/queued-resume.ts";
import {
  type CancelCause,
  type Decision,
  type RunEnd,
  Scheduler,
  type SchedulerLimits,
} from "../../src/domain/scheduler.ts";
import { queued } from "../unit/support/makers.ts";

const SIGNAL_TTL_MS = 15_000;

const limits: fc.Arbitrary<SchedulerLimits> = fc.record({
  maxConcurrent: fc.integer({ min: 1, max: 4 }),
  maxPerAgent: fc.option(fc.integer({ min: 1, max: 2 }), { nil: undefined }),
  quietMs: fc.constantFrom(0, 1, 2000),
  retryDelayMs: fc.constantFrom(0, 500, 30_000),
  maxAttempts: fc.integer({ min: 1, max: 3 }),
  preemptionScope: fc.constantFrom("lane", "session"),
  maxPreemptions: fc.integer({ min: 0, max: 3 }),
  maxWaitMs: fc.constantFrom(0, 3000, 60_000, 600_000),
});

const KEYS = ["a1", "a2", "a3", "b1", "b2", "c1"];
const key = fc.constantFrom(...KEYS);
const userKey = fc.constantFrom(...KEYS, "x1", "x2");
const runEnd: fc.Arbitrary<RunEnd> = fc.constantFrom<RunEnd>(
  { kind: "completed", reason: "replied" },
  { kind: "superseded" },
  { kind: "held", reason: "unsafe-tail" },
  { kind: "failed", error: "x" },
  { kind: "timed-out", error: "x" },
  { kind: "undelivered", error: "x" },
  { kind: "cancelled" },
);
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant("enqueue" as const), key }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("wrote" as const), key: userKey }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("userRun" as const), key: userKey }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("userEnd" as const), pick: fc.nat(9) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("runEnd" as const), pick: fc.nat(9), end: runEnd }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("pass" as const),
      ms: fc.constantFrom(0, 1, 400, 1999, 2000, 16_000, 70_000),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ do: "open" as const }) },
);

/** Who is being served, written down a second time and by time alone. */
class Users {
  readonly waiting = new Map<string, number>();
  readonly running = new Map<string, string>();
  lastSeenAtMs = -Infinity;

  quietSince(nowMs: number): number | undefined {
    for (const [one, sinceMs] of this.waiting) {
      if (nowMs - sinceMs < SIGNAL_TTL_MS) continue;
      this.waiting.delete(one);
      this.lastSeenAtMs = Math.max(this.lastSeenAtMs, sinceMs + SIGNAL_TTL_MS);
    }
    return this.waiting.size + this.running.size > 0 ? undefined : this.lastSeenAtMs;
  }
}

/** Drives a scheduler as the lane does, and checks every decision against what has happened so far. */
class Checked {
  nowMs = 0;
  readonly users = new Users();
  readonly queue = new Map<string, QueuedResume>();
  readonly running = new Map<
    string,
    { readonly resume: RunningResume; readonly attempts: number; readonly cancels: CancelCause[] }
  >();
  readonly limits: SchedulerLimits;
  readonly #scheduler: Scheduler;
  readonly #besideUsers = new Set<string>();
  #userRuns = 0;
  #opened = false;
  #drained = false;

  constructor(schedulerLimits: SchedulerLimits) {
    this.limits = schedulerLimits;
    this.#scheduler = new Scheduler(schedulerLimits);
  }

  open(): void {
    if (!this.#opened && !this.#drained) this.users.lastSeenAtMs = this.nowMs;
    this.#opened = true;
    this.#take(this.#scheduler.open(this.nowMs));
  }

  enqueue(one: string): void {
    const resume = queued(one, { queuedAtMs: this.nowMs, enqueuedAtMs: this.nowMs, notBeforeMs: this.nowMs });
    if (!this.running.has(one)) this.queue.set(one, resume);
    this.#take(this.#scheduler.enqueue(resume, this.nowMs));
  }

  wrote(one: string): void {
    this.users.quietSince(this.nowMs);
    this.users.lastSeenAtMs = this.nowMs;
    if (!this.users.waiting.has(one)) this.users.waiting.set(one, this.nowMs);
    this.#take(this.#scheduler.userWrote(one, this.nowMs));
    this.#expectContinuedByUser(one);
  }

  userRun(one: string): void {
    this.users.quietSince(this.nowMs);
    this.users.lastSeenAtMs = this.nowMs;
    this.users.waiting.delete(one);
    this.#userRuns += 1;
    this.users.running.set(`user-${this.#userRuns}`, one);
    this.#take(this.#scheduler.userRunStarted(`user-${this.#userRuns}`, one, this.nowMs));
    this.#expectContinuedByUser(one);
  }

  userEnd(pick: number): void {
    const runs = [...this.users.running];
    const run = runs[pick % Math.max(1, runs.length)];
    if (run === undefined) return;
    this.users.quietSince(this.nowMs);
    this.users.running.delete(run[0]);
    this.users.waiting.delete(run[1]);
    this.users.lastSeenAtMs = this.nowMs;
    this.#take(this.#scheduler.userRunEnded(run[0], this.nowMs));
  }

  runEnd(pick: number, end: RunEnd): void {
    const keys = [...this.running.keys()];
    const one = keys[pick % Math.max(1, keys.length)];
    if (one === undefined) return;
    const decisions = this.#scheduler.runEnded(one, end, this.nowMs);
    const [conclusion, ...rest] = decisions;
    // Exactly one conclusion, and it comes first.
    expect(["requeue", "settle"]).toContain(conclusion?.do);
    expect(rest.filter((decision) => decision.do !== "start")).toEqual([]);
    this.#take(decisions);
  }

  /** Time passes as in the lane: a tick when one is due. In between, at any moment, a tick does nothing. */
  pass(ms: number): void {
    const untilMs = this.nowMs + ms;
    for (
      let due = this.#scheduler.nextWakeAtMs();
      due !== undefined && due <= untilMs;
      due = this.#scheduler.nextWakeAtMs()
    ) {
      expect(due).toBeGreaterThan(this.nowMs - 1);
      this.#expectNothingBefore(due);
      this.nowMs = Math.max(this.nowMs, due);
      this.#take(this.#scheduler.tick(this.nowMs));
    }
    this.#expectNothingBefore(untilMs);
    this.nowMs = untilMs;
  }

  drain(): void {
    this.#drained = true;
    this.#take(this.#scheduler.drain());
    expect([...this.running.values()].filter(({ cancels }) => cancels.length === 0)).toEqual([]);
  }

  /** The next moment at which something is due. */
  get nextWakeAtMs(): number | undefined {
    return this.#scheduler.nextWakeAtMs();
  }

  #expectNothingBefore(untilMs: number): void {
    const betweenMs = Math.floor((this.nowMs + untilMs) / 2);
    if (betweenMs <= this.nowMs || betweenMs >= untilMs) return;
    expect(this.#scheduler.tick(betweenMs)).toEqual([]);
    this.nowMs = betweenMs;
  }

  /** The user's own turn goes on with this session: nothing of ours is queued for it or runs uncancelled. */
  #expectContinuedByUser(one: string): void {
    expect(this.queue.has(one)).toBe(false);
    expect(this.running.get(one)?.cancels.at(-1) ?? "own-user").toBe("own-user");
  }

  #take(decisions: readonly Decision[]): void {
    for (const decision of decisions) {
      if (decision.do === "start") this.#started(decision.resume);
      else if (decision.do === "cancel") this.#cancelled(decision.key, decision.cause);
      else if (decision.do === "requeue") this.#requeued(decision);
      else this.#settled(decision.resume.key);
    }
    expect([this.#scheduler.queued, this.#scheduler.running]).toEqual([this.queue.size, this.running.size]);
    expect(this.running.size).toBeLessThanOrEqual(this.limits.maxConcurrent);
  }

  #started(resume: RunningResume): void {
    expect([this.#opened, this.#drained]).toEqual([true, false]);
    const waiting = this.queue.get(resume.key);
    if (waiting === undefined) throw new Error(`${resume.key} was started and was not queued`);
    expect(this.running.has(resume.key)).toBe(false);
    expect(waiting.notBeforeMs).toBeLessThanOrEqual(this.nowMs);
    expect(resume.attempts).toBe(waiting.attempts + 1);
    const { maxPreemptions, maxWaitMs, quietMs, maxPerAgent } = this.limits;
    const isAged = waiting.preemptions >= maxPreemptions || this.nowMs - waiting.queuedAtMs >= maxWaitMs;
    expect(resume.aged).toBe(isAged);
    const quietSince = this.users.quietSince(this.nowMs);
    if (quietSince === undefined || this.nowMs - quietSince < quietMs) {
      expect(resume.aged).toBe(true);
      expect([...this.#besideUsers]).toEqual([]);
      this.#besideUsers.add(resume.key);
    }
    const ofAgent = [...this.running.values()].filter((other) => other.resume.agentId === resume.agentId).length;
    expect(ofAgent).toBeLessThan(maxPerAgent ?? Infinity);
    const taken = [...this.running.values()].map((other) => other.resume.slot);
    const lowestFree = [1, 2, 3, 4].find((slot) => !taken.includes(slot));
    expect(resume.slot).toBe(lowestFree);
    this.queue.delete(resume.key);
    this.running.set(resume.key, { resume, attempts: waiting.attempts, cancels: [] });
  }

  /** One cancel, and one more when its own user takes over a cancel for anything else. */
  #cancelled(one: string, cause: CancelCause): void {
    const run = this.running.get(one);
    if (run === undefined) throw new Error(`${one} was cancelled and does not run`);
    const [earlier] = run.cancels;
    if (earlier !== undefined) expect([earlier === "own-user", cause]).toEqual([false, "own-user"]);
    run.cancels.push(cause);
    expect(run.cancels.length).toBeLessThanOrEqual(2);
  }

  #requeued({ resume, cause }: Extract<Decision, { do: "requeue" }>): void {
    const run = this.running.get(resume.key);
    if (run === undefined) throw new Error(`${resume.key} was put back and did not run`);
    expect(run.cancels).not.toContain("own-user");
    expect(resume.attempts).toBe(cause === "retry" ? run.attempts + 1 : run.attempts);
    expect(resume.attempts).toBeLessThan(this.limits.maxAttempts);
    expect(resume.preemptions).toBe(run.resume.preemptions + (cause === "preempted" ? 1 : 0));
    expect(resume.queuedAtMs).toBe(run.resume.queuedAtMs);
    this.#leave(resume.key);
    this.queue.set(resume.key, resume);
  }

  #settled(one: string): void {
    expect(Number(this.queue.has(one)) + Number(this.running.has(one))).toBe(1);
    this.queue.delete(one);
    this.#leave(one);
  }

  #leave(one: string): void {
    this.running.delete(one);
    this.#besideUsers.delete(one);
  }
}

function play(checked: Checked, steps: readonly (typeof step extends fc.Arbitrary<infer Step> ? Step : never)[]): void {
  for (const one of steps) {
    if (one.do === "enqueue") checked.enqueue(one.key);
    else if (one.do === "wrote") checked.wrote(one.key);
    else if (one.do === "userRun") checked.userRun(one.key);
    else if (one.do === "userEnd") checked.userEnd(one.pick);
    else if (one.do === "runEnd") checked.runEnd(one.pick, one.end);
    else if (one.do === "pass") checked.pass(one.ms);
    else checked.open();
  }
}

const steps = fc.array(step, { maxLength: 60, size: "max" });

test.prop([limits, steps], { numRuns: 2000 })(
  "everything settles when users are quiet and runs complete",
  (given, past) => {
    const checked = new Checked(given);
    play(checked, past);
    checked.open();
    while (checked.users.running.size > 0) checked.userEnd(0);
    for (let turns = 0; checked.queue.size + checked.running.size > 0; turns += 1) {
      // Each turn ends a run or goes on to the next moment that is due; more turns than this are a standstill.
      expect(turns).toBeLessThan(100);
      if (checked.running.size > 0) {
        checked.runEnd(0, { kind: "completed", reason: "replied" });
      } else {
        const due = checked.nextWakeAtMs;
        expect(due).toBeGreaterThanOrEqual(checked.nowMs);
        checked.pass((due ?? checked.nowMs) - checked.nowMs);
      }
    }
  },
);

test.prop([limits, steps, steps], { numRuns: 1000 })(
  "nothing starts after a drain, and nothing is lost in it",
  (given, past, after) => {
    const checked = new Checked(given);
    play(checked, [{ do: "open" }, ...past]);
    checked.drain();
    play(checked, after);
    expect(checked.nextWakeAtMs).toBeUndefined();
    while (checked.running.size > 0) checked.runEnd(0, { kind: "cancelled" });
    expect(checked.running.size).toBe(0);
  },
);
