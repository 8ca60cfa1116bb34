import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import type { QueuedResume, RunningResume } from "../../src/domain/queued-resume.ts";
import { changeMode, type SchedulerMode } from "../../src/domain/mode.ts";
import {
  type CancelCause,
  type Decision,
  type RunEnd,
  Scheduler,
  type SchedulerLimits,
  type Settlement,
} from "../../src/domain/scheduler.ts";
import { steadyClock } from "../../src/host/steady-clock.ts";
import { queued } from "../unit/support/makers.ts";

const HOUR = 3_600_000;
const SIGNAL_TTL_MS = 15_000;
const REFUSED_REST_MS = 5_000;

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
  { kind: "failed", error: "x", permanent: true },
  { kind: "timed-out", error: "x" },
  { kind: "undelivered", error: "x" },
  { kind: "refused" },
  { kind: "cancelled" },
);
/** What the operator can make of a resume. */
const fate: fc.Arbitrary<Settlement> = fc.constantFrom<Settlement>(
  { outcome: "held", reason: "by-operator" },
  { outcome: "discarded", reason: "by-operator" },
  { outcome: "released", reason: "by-operator" },
);
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant("enqueue" as const), key }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("wrote" as const), key: userKey }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("userRun" as const), key: userKey }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("userEnd" as const), pick: fc.nat(9) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("served" as const), key: userKey }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("runEnd" as const), pick: fc.nat(9), end: runEnd }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("pass" as const),
      ms: fc.constantFrom(0, 1, 400, 1999, 2000, 16_000, 70_000, HOUR),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("setClock" as const), byMs: fc.constantFrom(-HOUR, HOUR) }) },
  { weight: 1, arbitrary: fc.constant({ do: "open" as const }) },
  { weight: 1, arbitrary: fc.constant({ do: "pause" as const }) },
  { weight: 1, arbitrary: fc.constant({ do: "unpause" as const }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("request" as const), key }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("settle" as const), key, fate }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("setLimits" as const), limits }) },
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

interface Run {
  readonly resume: RunningResume;
  readonly attempts: number;
  readonly cancels: CancelCause[];
  /** The user's own run on this session has started since. */
  continued: boolean;
  /** What the operator has made of it meanwhile. */
  fate: Settlement | undefined;
  /** The host would not run it. */
  refused: boolean;
}

/** Drives a scheduler as the lane does, and checks every decision against what has happened so far. */
class Checked {
  nowMs = 0;
  readonly users = new Users();
  /** What waits, contested or not: a queued resume is contested for as long as its user waits. */
  readonly queue = new Map<string, QueuedResume>();
  readonly running = new Map<string, Run>();
  limits: SchedulerLimits;
  readonly #scheduler: Scheduler;
  readonly #besideUsers = new Set<string>();
  #userRuns = 0;
  #opened = false;
  #drained = false;
  #paused = false;
  #refusedUntilMs = -Infinity;
  #mode: SchedulerMode = "starting";
  /** As many run at once as may, or as there were when the budget got smaller. */
  #mostRunning: number;

  readonly #loosen: (limits: SchedulerLimits) => SchedulerLimits;
  /** What the scheduler is told of the time: by the lane's own clock. */
  readonly #clockMs: () => number;
  #setByMs = 0;

  /** `loosen` gives the scheduler other limits than it is checked by, `clock` another clock: controls that must fail. */
  constructor(
    schedulerLimits: SchedulerLimits,
    loosen = (given: SchedulerLimits) => given,
    clock: (wallMs: () => number, monotonicMs: () => number) => () => number = steadyClock,
  ) {
    this.#clockMs = clock(
      () => this.nowMs + this.#setByMs,
      () => this.nowMs,
    );
    this.limits = schedulerLimits;
    this.#mostRunning = schedulerLimits.maxConcurrent;
    this.#loosen = loosen;
    this.#scheduler = new Scheduler(loosen(schedulerLimits));
  }

  /** Somebody sets the machine's clock. */
  setClock(byMs: number): void {
    this.#setByMs += byMs;
  }

  open(): void {
    if (!this.#opened && !this.#drained) this.users.lastSeenAtMs = this.nowMs;
    this.#opened = true;
    this.#take(this.#scheduler.open(this.#clockMs()));
  }

  enqueue(one: string): void {
    const resume = queued(one, { queuedAtMs: this.nowMs, enqueuedAtMs: this.nowMs, notBeforeMs: this.nowMs });
    if (!this.running.has(one)) this.queue.set(one, resume);
    this.#take(this.#scheduler.enqueue(resume, this.#clockMs()));
  }

  wrote(one: string): void {
    this.users.quietSince(this.nowMs);
    this.users.lastSeenAtMs = this.nowMs;
    if (!this.users.waiting.has(one)) this.users.waiting.set(one, this.nowMs);
    const waited = this.queue.has(one);
    const decisions = this.#scheduler.userWrote(one, this.#clockMs());
    // It may turn out to be a command: nothing is settled by it and nothing of that session runs on.
    expect(decisions.filter((decision) => decision.do !== "cancel")).toEqual([]);
    this.#take(decisions);
    expect(this.queue.has(one)).toBe(waited);
    this.#expectCancelledByUser(one);
  }

  pause(): void {
    this.#paused = true;
    this.#scheduler.pause();
    this.#take([]);
  }

  unpause(): void {
    this.#paused = false;
    this.#take(this.#scheduler.unpause(this.#clockMs()));
  }

  request(one: string): void {
    const waiting = this.queue.get(one);
    const [requeue, ...rest] = this.#scheduler.request(one, this.#clockMs());
    if (waiting === undefined) {
      expect([requeue, ...rest]).toEqual([undefined]);
      return;
    }
    const asked = { attempts: 0, preemptions: 0, requestedAtMs: this.nowMs, notBeforeMs: this.nowMs };
    const resume = { ...waiting, ...asked, enqueuedAtMs: this.nowMs };
    expect(requeue).toEqual({ do: "requeue", cause: "requested", resume });
    expect(rest.filter((decision) => decision.do !== "start")).toEqual([]);
    this.queue.set(one, resume);
    this.#take(rest);
  }

  settle(one: string, settlement: Settlement): void {
    const waiting = this.queue.get(one);
    const run = this.running.get(one);
    const wasCancelled = (run?.cancels.length ?? 0) > 0;
    const decisions = this.#scheduler.settle(one, settlement);
    if (waiting !== undefined) {
      expect(decisions).toEqual([{ do: "settle", resume: waiting, settlement }]);
      this.queue.delete(one);
      this.#take([]);
      return;
    }
    if (run !== undefined) run.fate = settlement;
    expect(decisions).toEqual(run === undefined || wasCancelled ? [] : [{ do: "cancel", key: one, cause: "operator" }]);
    this.#take(decisions);
  }

  setLimits(next: SchedulerLimits): void {
    const before = this.#scheduler.queue();
    this.limits = next;
    this.#mostRunning = Math.max(next.maxConcurrent, this.running.size);
    const decisions = this.#scheduler.setLimits(this.#loosen(next), this.#clockMs());
    // Nothing is cancelled, settled or put back by it, and nobody who waits is changed.
    expect(decisions.filter((decision) => decision.do !== "start")).toEqual([]);
    for (const resume of this.#scheduler.queue()) expect(before).toContainEqual(resume);
    this.#take(decisions);
  }

  served(one: string): void {
    this.users.quietSince(this.nowMs);
    if (this.users.waiting.delete(one)) this.users.lastSeenAtMs = this.nowMs;
    const decisions = this.#scheduler.userServed(one, this.#clockMs());
    expect(decisions.filter((decision) => decision.do !== "start")).toEqual([]);
    this.#take(decisions);
  }

  userRun(one: string): void {
    this.users.quietSince(this.nowMs);
    this.users.lastSeenAtMs = this.nowMs;
    this.users.waiting.delete(one);
    this.#userRuns += 1;
    this.users.running.set(`user-${this.#userRuns}`, one);
    const waiting = this.queue.get(one);
    const run = this.running.get(one);
    if (run !== undefined) run.continued = true;
    const decisions = this.#scheduler.userRunStarted(`user-${this.#userRuns}`, one, this.#clockMs());
    const settled = decisions.flatMap((decision) => (decision.do === "settle" ? [decision.resume.key] : []));
    expect(settled).toEqual(waiting === undefined ? [] : [one]);
    this.#take(decisions);
    // The user's own turn goes on with this session: nothing of ours is queued for it or runs uncancelled.
    expect(this.queue.has(one)).toBe(false);
    this.#expectCancelledByUser(one);
  }

  userEnd(pick: number): void {
    const runs = [...this.users.running];
    const run = runs[pick % Math.max(1, runs.length)];
    if (run === undefined) return;
    this.users.quietSince(this.nowMs);
    this.users.running.delete(run[0]);
    this.users.waiting.delete(run[1]);
    this.users.lastSeenAtMs = this.nowMs;
    this.#take(this.#scheduler.userRunEnded(run[0], this.#clockMs()));
  }

  runEnd(pick: number, end: RunEnd): void {
    const keys = [...this.running.keys()];
    const one = keys[pick % Math.max(1, keys.length)];
    const run = one === undefined ? undefined : this.running.get(one);
    if (one === undefined || run === undefined) return;
    if (end.kind === "refused") this.#refusedUntilMs = this.nowMs + REFUSED_REST_MS;
    run.refused = end.kind === "refused";
    const decisions = this.#scheduler.runEnded(one, end, this.#clockMs());
    const [conclusion, ...rest] = decisions;
    const superseded = conclusion?.do === "settle" && conclusion.settlement.outcome === "superseded";
    expect(superseded).toBe(end.kind === "superseded" || (run.continued && end.kind !== "completed"));
    if (end.kind === "completed") expect(conclusion).toMatchObject({ settlement: { outcome: "completed" } });
    else if (!superseded && run.fate !== undefined) {
      // A turn that was cut short costs no attempt.
      expect(conclusion).toMatchObject({ settlement: run.fate, resume: { attempts: run.attempts } });
    } else if (end.kind === "failed" && end.permanent === true && run.cancels.length === 0) {
      expect(conclusion).toMatchObject({ settlement: { outcome: "held", reason: "permanent-error" } });
    }
    // Exactly one conclusion, and it comes first.
    expect(["requeue", "settle"]).toContain(conclusion?.do);
    expect(rest.filter((decision) => decision.do !== "start")).toEqual([]);
    this.#take(decisions);
  }

  /** Time passes as in the lane: a tick when one is due. In between, at any moment, a tick does nothing. */
  pass(ms: number): void {
    const untilMs = this.nowMs + ms;
    let wakes = 0;
    for (
      let due = this.#scheduler.nextWakeAtMs();
      due !== undefined && due <= untilMs;
      due = this.#scheduler.nextWakeAtMs()
    ) {
      // More is one that wakes for ever.
      expect((wakes += 1)).toBeLessThan(100);
      expect(due).toBeGreaterThan(this.nowMs - 1);
      this.#expectNothingBefore(due);
      this.nowMs = Math.max(this.nowMs, due);
      this.#take(this.#scheduler.tick(this.#clockMs()));
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

  #expectCancelledByUser(one: string): void {
    expect(this.running.get(one)?.cancels.at(-1) ?? "own-user").toBe("own-user");
  }

  #take(decisions: readonly Decision[]): void {
    for (const decision of decisions) {
      if (decision.do === "start") this.#started(decision.resume);
      else if (decision.do === "cancel") this.#cancelled(decision.key, decision.cause);
      else if (decision.do === "requeue") this.#requeued(decision);
      else this.#settled(decision.resume.key, decision.settlement);
    }
    expect([...this.queue.keys()].filter((one) => this.running.has(one))).toEqual([]);
    expect([this.#scheduler.queued, this.#scheduler.running]).toEqual([this.queue.size, this.running.size]);
    expect(
      this.#scheduler
        .queue()
        .map((resume) => resume.key)
        .toSorted(),
    ).toEqual([...this.queue.keys()].toSorted());
    for (const one of KEYS) {
      const place = this.queue.has(one) ? "queued" : this.running.has(one) ? "running" : undefined;
      expect(this.#scheduler.find(one)?.place).toBe(place);
    }
    this.#mode = changeMode(this.#mode, this.#scheduler.mode);
    const isCut = [...this.running.values()].some(({ cancels }) => cancels.length > 0);
    const ready = this.running.size === 0 ? "waiting" : isCut ? "yielding" : "running";
    const stopping = this.running.size === 0 ? "stopped" : "draining";
    expect(this.#mode).toBe(this.#drained ? stopping : this.#opened ? ready : "starting");
    expect(this.running.size).toBeLessThanOrEqual(this.#mostRunning);
    this.#mostRunning = Math.max(this.limits.maxConcurrent, this.running.size);
  }

  #started(resume: RunningResume): void {
    expect([this.#opened, this.#drained, this.#paused]).toEqual([true, false, false]);
    expect(this.nowMs).toBeGreaterThanOrEqual(this.#refusedUntilMs);
    expect(this.running.size).toBeLessThan(this.limits.maxConcurrent);
    const waiting = this.queue.get(resume.key);
    if (waiting === undefined) throw new Error(`${resume.key} was started and was not queued`);
    expect(this.running.has(resume.key)).toBe(false);
    expect(waiting.notBeforeMs).toBeLessThanOrEqual(this.nowMs);
    expect(resume.attempts).toBe(waiting.attempts + 1);
    const { maxPreemptions, maxWaitMs, quietMs, maxPerAgent } = this.limits;
    const isAged = waiting.preemptions >= maxPreemptions || this.nowMs - waiting.queuedAtMs >= maxWaitMs;
    expect(resume.aged).toBe(isAged);
    const quietSince = this.users.quietSince(this.nowMs);
    expect(this.users.waiting.has(resume.key)).toBe(false);
    if (quietSince === undefined || this.nowMs - quietSince < quietMs) {
      expect(resume.aged).toBe(true);
      expect([...this.#besideUsers]).toEqual([]);
      this.#besideUsers.add(resume.key);
    }
    const ofAgent = (agentId: string) =>
      [...this.running.values()].filter((other) => other.resume.agentId === agentId).length;
    expect(ofAgent(resume.agentId)).toBeLessThan(maxPerAgent ?? Infinity);
    if (!isAged && resume.requestedAtMs === undefined) {
      // What the operator asked for and may start comes before it.
      const asked = [...this.queue.values()].filter(
        (other) =>
          other.requestedAtMs !== undefined &&
          other.notBeforeMs <= this.nowMs &&
          !this.users.waiting.has(other.key) &&
          ofAgent(other.agentId) < (maxPerAgent ?? Infinity),
      );
      expect(asked).toEqual([]);
    }
    const taken = [...this.running.values()].map((other) => other.resume.slot);
    const lowestFree = [1, 2, 3, 4].find((slot) => !taken.includes(slot));
    expect(resume.slot).toBe(lowestFree);
    this.queue.delete(resume.key);
    this.running.set(resume.key, {
      resume,
      attempts: waiting.attempts,
      cancels: [],
      continued: false,
      fate: undefined,
      refused: false,
    });
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
    expect(run.continued).toBe(false);
    const cancel = run.cancels.at(-1);
    const cutShort = cancel === undefined ? "retry" : cancel === "shutdown" ? "shutdown" : "preempted";
    expect(cause).toBe(run.refused ? "shutdown" : cutShort);
    expect(resume.attempts).toBe(cause === "retry" ? run.attempts + 1 : run.attempts);
    if (cause === "retry") expect(resume.attempts).toBeLessThan(this.limits.maxAttempts);
    expect(run.fate).toBeUndefined();
    expect(resume.requestedAtMs).toBe(run.resume.requestedAtMs);
    expect(resume.preemptions).toBe(run.resume.preemptions + (cause === "preempted" ? 1 : 0));
    expect(resume.queuedAtMs).toBe(run.resume.queuedAtMs);
    this.#leave(resume.key);
    this.queue.set(resume.key, resume);
  }

  #settled(one: string, { outcome }: Settlement): void {
    expect(Number(this.queue.has(one)) + Number(this.running.has(one))).toBe(1);
    if (this.queue.has(one)) expect(outcome).toBe("superseded");
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
    else if (one.do === "served") checked.served(one.key);
    else if (one.do === "runEnd") checked.runEnd(one.pick, one.end);
    else if (one.do === "pass") checked.pass(one.ms);
    else if (one.do === "setClock") checked.setClock(one.byMs);
    else if (one.do === "pause") checked.pause();
    else if (one.do === "unpause") checked.unpause();
    else if (one.do === "request") checked.request(one.key);
    else if (one.do === "settle") checked.settle(one.key, one.fate);
    else if (one.do === "setLimits") checked.setLimits(one.limits);
    else checked.open();
  }
}

const steps = fc.array(step, { maxLength: 60, size: "max" });

test.prop([limits, steps, fc.boolean()], { numRuns: 10_000 })(
  "everything settles when users are quiet and runs complete",
  (given, past, served) => {
    const checked = new Checked(given);
    play(checked, past);
    checked.open();
    checked.unpause();
    while (checked.users.running.size > 0) checked.userEnd(0);
    // Whoever still waits is served with a command, or was never heard of again.
    if (served) for (const one of checked.users.waiting.keys()) checked.served(one);
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
  120_000,
);

test.prop([limits, fc.uniqueArray(key, { minLength: 1 }), fc.constantFrom("served", "forgotten")], { numRuns: 500 })(
  "a command to any session costs no session its resume",
  (given, keys, how) => {
    const checked = new Checked(given);
    for (const one of keys) checked.enqueue(one);
    checked.open();
    checked.pass(given.quietMs);
    for (const one of keys) checked.wrote(one);
    while (checked.running.size > 0) checked.runEnd(0, { kind: "cancelled" });
    expect([...checked.queue.keys()].toSorted()).toEqual(keys.toSorted());
    expect([...checked.queue.values()].map(({ attempts }) => attempts)).toEqual(keys.map(() => 0));
    if (how === "served") for (const one of keys) checked.served(one);
    else checked.pass(SIGNAL_TTL_MS);
    checked.pass(given.quietMs);
    expect(checked.running.size).toBeGreaterThan(0);
    expect(checked.running.size + checked.queue.size).toBe(keys.length);
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

test.prop([limits, fc.array(limits, { maxLength: 12 }), fc.uniqueArray(key), fc.infiniteStream(fc.nat(9))], {
  numRuns: 1000,
})("changing the budget under load loses nothing and runs nothing twice", (given, changes, keys, picks) => {
  const checked = new Checked(given);
  for (const one of keys) checked.enqueue(one);
  checked.open();
  checked.pass(given.quietMs);
  const [started, done] = [new Set(checked.running.keys()), new Set<string>()];
  const note = () => {
    for (const one of checked.running.keys()) {
      expect(done.has(one)).toBe(false);
      started.add(one);
    }
  };
  for (const next of [...changes, given]) {
    const [before, most] = [checked.running.size, Math.max(checked.running.size, next.maxConcurrent)];
    checked.setLimits(next);
    expect(checked.running.size).toBeGreaterThanOrEqual(before);
    expect(checked.running.size).toBeLessThanOrEqual(most);
    note();
    const running = [...checked.running.keys()];
    const ending = running[(picks.next().value ?? 0) % Math.max(1, running.length)];
    if (ending === undefined) continue;
    done.add(ending);
    checked.runEnd(running.indexOf(ending), { kind: "completed", reason: "replied" });
    note();
  }
  expect([...done, ...checked.running.keys(), ...checked.queue.keys()].toSorted()).toEqual(keys.toSorted());
});

test.prop([limits, steps, steps], { numRuns: 500 })("nothing starts while the lane is paused", (given, past, after) => {
  const checked = new Checked(given);
  play(checked, [{ do: "open" }, ...past]);
  checked.pause();
  // Every start asserts by itself that the lane is not paused.
  play(
    checked,
    after.filter((one) => one.do !== "unpause"),
  );
  const { size } = checked.running;
  checked.pass(1_000_000);
  expect(checked.running.size).toBe(size);
});

test.prop([limits, fc.uniqueArray(key, { minLength: 1 })], { numRuns: 1000 })(
  "the aged settle though users are never quiet",
  (given, keys) => {
    const checked = new Checked({ ...given, maxWaitMs: Math.min(given.maxWaitMs, 60_000) });
    checked.open();
    checked.userRun("x1");
    for (const one of keys) checked.enqueue(one);
    for (let turns = 0; checked.queue.size + checked.running.size > 0; turns += 1) {
      expect(turns).toBeLessThan(100);
      if (turns % 3 === 0) checked.wrote("x2");
      if (checked.running.size > 0) checked.runEnd(0, { kind: "completed", reason: "replied" });
      else checked.pass(60_000);
    }
    expect(checked.users.running.size).toBe(1);
  },
);

/** Schedulers without one restraint each: the checks above must find them out. */
const UNRESTRAINED: Readonly<Record<string, (limits: SchedulerLimits) => SchedulerLimits>> = {
  "no budget": (given) => ({ ...given, maxConcurrent: 64 }),
  "no budget per agent": (given) => ({ ...given, maxPerAgent: undefined }),
  "no waiting for users to be quiet": (given) => ({ ...given, quietMs: 0 }),
  "everything aged": (given) => ({ ...given, maxPreemptions: 0 }),
  "attempts without end": (given) => ({ ...given, maxAttempts: 1000 }),
};

function expectFoundOut(what: string, make: (given: SchedulerLimits) => Checked): void {
  test(`a scheduler with ${what} is found out`, () => {
    const found = fc.check(
      fc.property(limits, steps, (given, past) => play(make(given), [{ do: "open" }, ...past])),
      { numRuns: 10_000, endOnFailure: true },
    );
    expect(found.failed).toBe(true);
  });
}

for (const [what, loosen] of Object.entries(UNRESTRAINED)) {
  expectFoundOut(what, (given) => new Checked(given, loosen));
}
expectFoundOut("a clock that can be set", (given) => new Checked(given, undefined, (wallMs) => wallMs));
