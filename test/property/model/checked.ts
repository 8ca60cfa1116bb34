import { expect } from "vitest";
import type { CancelCause, Decision, Refusal, RunEnd, Settlement } from "../../../src/domain/decisions.ts";
import { changeMode, type SchedulerMode } from "../../../src/domain/mode.ts";
import type { QueuedResume, RunningResume } from "../../../src/domain/queued-resume.ts";
import { Scheduler, type SchedulerLimits } from "../../../src/domain/scheduler.ts";
import { NOTHING_USED } from "../../../src/domain/spend.ts";
import { steadyClock } from "../../../src/host/steady-clock.ts";
import { queued } from "../../unit/support/makers.ts";
import { type Asking, Upstream } from "./upstream.ts";
import { Users } from "./users.ts";

const REFUSED_REST_MS = 5_000;
/** Whom each session asks; one agent has two providers, and of one session it is not known before. */
const PROVIDERS: Readonly<Record<string, string>> = { a1: "p", a2: "p", a3: "q", b1: "p", b2: "q" };
const ESTIMATE = { tokens: 100, costUsd: 0.25 };
const ANSWERED = { isAnswered: true, provider: undefined, estimate: NOTHING_USED };

interface Run extends Asking {
  readonly resume: RunningResume;
  readonly attempts: number;
  readonly cancels: CancelCause[];
  /** The user's own run on this session has started since. */
  continued: boolean;
  /** What the operator has made of it meanwhile. */
  fate: Settlement | undefined;
  /** What it rests when nobody knows who has refused it. */
  restsMs: number | undefined;
  /** By which provider its end says that it was refused. */
  refuser?: string | undefined;
  /** How it has ended, while its conclusion is drawn. */
  end: RunEnd["kind"] | undefined;
}

/** Controls that must fail: another scheduler than the one that it is checked as. */
export interface Tampering {
  /** Other limits than it is checked by. */
  readonly loosen?: (limits: SchedulerLimits) => SchedulerLimits;
  readonly clock?: (wallMs: () => number, monotonicMs: () => number) => () => number;
  readonly make?: (limits: SchedulerLimits) => Scheduler;
}

/** Drives a scheduler as the lane does, and checks every decision against what has happened so far. */
export class Checked {
  nowMs = 0;
  readonly users = new Users();
  /** What waits, contested or not: a queued resume is contested for as long as its user waits. */
  readonly queue = new Map<string, QueuedResume>();
  readonly running = new Map<string, Run>();
  /** How often a session has come to the queue from outside, and how often one was settled. */
  readonly count = { entered: 0, settled: 0 };
  limits: SchedulerLimits;
  readonly #scheduler: Scheduler;
  readonly #upstream = new Upstream();
  readonly #spent = { tokens: 0, costUsd: 0 };
  readonly #besideUsers = new Set<string>();
  #permit: "none" | "asked" | "granted" = "none";
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

  constructor(schedulerLimits: SchedulerLimits, tampering: Tampering = {}) {
    const { loosen = (given) => given, clock = steadyClock, make = (given) => new Scheduler(given) } = tampering;
    this.#clockMs = clock(
      () => this.nowMs + this.#setByMs,
      () => this.nowMs,
    );
    this.limits = schedulerLimits;
    this.#mostRunning = schedulerLimits.maxConcurrent;
    this.#loosen = loosen;
    this.#scheduler = make(loosen(schedulerLimits));
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
    const times = { queuedAtMs: this.nowMs, enqueuedAtMs: this.nowMs, notBeforeMs: this.nowMs };
    const resume = queued(one, { ...times, provider: PROVIDERS[one], estimate: ESTIMATE });
    // What the operator has asked for is not queued a second time as if he had not.
    if (this.queue.has(one) && this.#holds(resume) !== undefined) return;
    if (!this.running.has(one)) {
      if (!this.queue.has(one)) this.count.entered += 1;
      this.queue.set(one, resume);
    }
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
    expectOnlyStarts(rest);
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
      this.count.settled += 1;
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
    // Nothing is cancelled or put back by it, only what there is no budget for is settled, and nobody who waits is changed.
    expectOnlyStartsAndHolds(decisions);
    for (const resume of this.#scheduler.queue()) expect(before).toContainEqual(resume);
    this.#take(decisions);
  }

  served(one: string): void {
    this.users.quietSince(this.nowMs);
    if (this.users.waiting.delete(one)) this.users.lastSeenAtMs = this.nowMs;
    const decisions = this.#scheduler.userServed(one, this.#clockMs());
    expectOnlyStarts(decisions);
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
    const run = picked([...this.users.running], pick);
    if (run === undefined) return;
    this.users.quietSince(this.nowMs);
    this.users.running.delete(run[0]);
    this.users.waiting.delete(run[1]);
    this.users.lastSeenAtMs = this.nowMs;
    this.#take(this.#scheduler.userRunEnded(run[0], this.#clockMs()));
  }

  /** A permit is asked for: it can be granted. */
  get isAsking(): boolean {
    return this.#permit === "asked";
  }

  /** The permit that was asked for is granted: one starts with it, or it is given back. */
  grant(): void {
    if (!this.isAsking) return;
    this.#permit = "granted";
    const decisions = this.#scheduler.permitGranted(this.#clockMs());
    const kinds = decisions.map((decision) => decision.do);
    if (this.limits.needsPermit) expect([[], ["give-back"], ["start"], ["start", "ask"]]).toContainEqual(kinds);
    this.#take(decisions);
    expect(this.#permit).not.toBe("granted");
  }

  /** Everything that is asked for is granted. */
  grantAll(): void {
    for (let grants = 0; this.isAsking; grants += 1) {
      expect(grants).toBeLessThan(10);
      this.grant();
    }
  }

  /** A run makes a request, or the host tells whom it asks: the one that was expected, or another. */
  asked(pick: number, named: string | undefined): void {
    const run = picked([...this.running.values()], pick);
    if (run === undefined) return;
    if (named === undefined) Object.assign(run, { askedAtMs: this.nowMs, refused: false });
    run.askedAtMs ??= this.nowMs;
    run.provider = named ?? run.provider;
    const decisions = this.#scheduler.providerAsked(run.resume.key, named, this.#clockMs());
    expectOnlyStarts(decisions);
    this.#take(decisions);
  }

  answered(provider: string): void {
    this.#upstream.answered(provider);
    const decisions = this.#scheduler.providerAnswered(provider, this.#clockMs());
    expectOnlyStarts(decisions);
    this.#take(decisions);
  }

  /** A provider refuses one of our runs, or somebody else's. */
  refused(pick: number | undefined, refusal: Refusal & { readonly provider: string }): void {
    const run = pick === undefined ? undefined : picked([...this.running.values()], pick);
    if (run !== undefined) run.refused = true;
    this.#upstream.refused(refusal.provider, refusal, this.limits.cooldown, this.nowMs);
    const decisions = this.#scheduler.providerRefused(refusal, run?.resume.key, this.#clockMs());
    expectOnlyStartsAndHolds(decisions);
    this.#take(decisions);
  }

  runEnd(pick: number, end: RunEnd): void {
    const run = picked([...this.running.values()], pick);
    if (run === undefined) return;
    if (end.kind === "refused") this.#refusedUntilMs = this.nowMs + REFUSED_REST_MS;
    if (end.kind === "provider-fault") {
      this.#noteRefusedEnd(run, end);
      run.refuser = end.provider;
    }
    run.end = end.kind;
    // Its slot is free, but it is among the running until its conclusion is drawn.
    const used = end.usage ?? (run.askedAtMs !== undefined && !run.refused ? run.resume.estimate : NOTHING_USED);
    this.#spent.tokens += used.tokens;
    this.#spent.costUsd += used.costUsd;
    const decisions = this.#scheduler.runEnded(run.resume.key, end, this.#clockMs());
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
    expectOnlyStartsAndHolds(rest);
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

  #noteRefusedEnd(run: Run, end: Refusal): void {
    const provider = end.provider ?? run.provider;
    // Nobody's cool-down: it rests by itself.
    if (provider === undefined) run.restsMs = Math.max(this.limits.cooldown.initialMs, end.retryAfterMs);
    if (!run.refused && provider !== undefined) {
      this.#upstream.refused(provider, end, this.limits.cooldown, this.nowMs);
    }
    run.refused = true;
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
      else if (decision.do === "settle") this.#settled(decision.resume, decision.settlement);
      else if (decision.do === "ask") this.#asks();
      else this.#givesBack();
    }
    expect([...this.queue.keys()].filter((one) => this.running.has(one))).toEqual([]);
    expect([this.#scheduler.queued, this.#scheduler.running]).toEqual([this.queue.size, this.running.size]);
    expect(
      this.#scheduler
        .queue()
        .map((resume) => resume.key)
        .toSorted(),
    ).toEqual([...this.queue.keys()].toSorted());
    for (const one of Object.keys(PROVIDERS)) {
      const place = this.queue.has(one) ? "queued" : this.running.has(one) ? "running" : undefined;
      if (this.#scheduler.find(one)?.place !== place) throw new Error(`${one} is not ${place}`);
    }
    this.#expectSpend();
    this.#mode = changeMode(this.#mode, this.#scheduler.mode);
    const isCut = [...this.running.values()].some(({ cancels }) => cancels.length > 0);
    const ready = this.running.size === 0 ? "waiting" : isCut ? "yielding" : "running";
    const stopping = this.running.size === 0 ? "stopped" : "draining";
    expect(this.#mode).toBe(this.#drained ? stopping : this.#opened ? ready : "starting");
    expect(this.running.size).toBeLessThanOrEqual(this.#mostRunning);
    this.#mostRunning = Math.max(this.limits.maxConcurrent, this.running.size);
    this.#expectNobodyWaitsForNothing();
  }

  /** What is counted is what was used, and nobody is queued who is to be held. */
  #expectSpend(): void {
    const { tokens, costUsd } = this.#scheduler.spent;
    if (tokens !== this.#spent.tokens || costUsd !== this.#spent.costUsd) {
      throw new Error(`spent ${tokens} and ${costUsd} instead of ${this.#spent.tokens} and ${this.#spent.costUsd}`);
    }
    for (const resume of this.queue.values()) {
      const reason = this.#holds(resume);
      if (reason !== undefined) throw new Error(`${resume.key} is queued, but ${reason}`);
    }
  }

  /** Where users are quiet and slots are free, whoever may start has started, or is waiting for the permit. */
  #expectNobodyWaitsForNothing(): void {
    if (!this.#opened || this.#drained || this.#paused || this.nowMs < this.#refusedUntilMs || this.isAsking) return;
    if (this.running.size >= this.limits.maxConcurrent) return;
    const quietSince = this.users.quietSince(this.nowMs);
    if (quietSince === undefined || this.nowMs - quietSince < this.limits.quietMs) return;
    for (const resume of this.queue.values()) {
      if (this.#mayStart(resume)) throw new Error(`${resume.key} waits for nothing`);
    }
  }

  /** Why this one is not run in this boot, unless the operator asks for it. */
  #holds({ provider, requestedAtMs, isAnswered }: QueuedResume): string | undefined {
    if (requestedAtMs !== undefined || isAnswered || this.#drained) return undefined;
    if (provider !== undefined && this.#upstream.isGivenUp(provider)) return "permanent-error";
    if (this.#spent.tokens >= (this.limits.maxTokensPerBoot ?? Infinity)) return "over-token-budget";
    return this.#spent.costUsd >= (this.limits.maxCostPerBoot ?? Infinity) ? "over-cost-budget" : undefined;
  }

  /** Whether neither its rest, its user, its agent nor its provider is in its way. */
  #mayStart({ key, agentId, provider, notBeforeMs }: QueuedResume): boolean {
    if (notBeforeMs > this.nowMs || this.users.waiting.has(key)) return false;
    const runs = [...this.running.values()];
    const ofAgent = runs.filter(({ resume }) => resume.agentId === agentId).length;
    if (ofAgent >= (this.limits.maxPerAgent ?? Infinity)) return false;
    if (provider === undefined) return true;
    return !this.#upstream.isCooling(provider, this.nowMs) && !this.#upstream.isProbed(provider, runs, this.nowMs);
  }

  #asks(): void {
    expect([this.limits.needsPermit, this.#permit]).toEqual([true, "none"]);
    this.#permit = "asked";
  }

  #givesBack(): void {
    expect(this.#permit).toBe("granted");
    this.#permit = "none";
  }

  #started(resume: RunningResume): void {
    expect([this.#opened, this.#drained, this.#paused]).toEqual([true, false, false]);
    expect(this.nowMs).toBeGreaterThanOrEqual(this.#refusedUntilMs);
    expect(this.running.size).toBeLessThan(this.limits.maxConcurrent);
    if (this.limits.needsPermit) {
      expect(this.#permit).toBe("granted");
      this.#permit = "none";
    }
    const waiting = this.queue.get(resume.key);
    if (waiting === undefined) throw new Error(`${resume.key} was started and was not queued`);
    expect(this.running.has(resume.key)).toBe(false);
    const quietSince = this.users.quietSince(this.nowMs);
    expect(this.#mayStart(waiting)).toBe(true);
    expect(this.#holds(waiting)).toBeUndefined();
    expect(resume.attempts).toBe(waiting.attempts + 1);
    const { maxPreemptions, maxWaitMs, quietMs } = this.limits;
    const isAged = waiting.preemptions >= maxPreemptions || this.nowMs - waiting.queuedAtMs >= maxWaitMs;
    expect(resume.aged).toBe(isAged);
    if (quietSince === undefined || this.nowMs - quietSince < quietMs) {
      expect(resume.aged).toBe(true);
      expect([...this.#besideUsers]).toEqual([]);
      this.#besideUsers.add(resume.key);
    }
    if (!isAged && resume.requestedAtMs === undefined) {
      // What the operator asked for and may start comes before it.
      const asked = [...this.queue.values()].filter((other) => other.requestedAtMs !== undefined);
      expect(asked.filter((other) => this.#mayStart(other))).toEqual([]);
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
      restsMs: undefined,
      end: undefined,
      startedAtMs: this.nowMs,
      provider: waiting.provider,
      askedAtMs: undefined,
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
    const uncut = run.end === "provider-fault" ? "provider-fault" : "retry";
    const cutShort = cancel === undefined ? uncut : cancel === "shutdown" ? "shutdown" : "preempted";
    expect(cause).toBe(run.end === "refused" ? "shutdown" : cutShort);
    expect(resume.attempts).toBe(cause === "retry" ? run.attempts + 1 : run.attempts);
    if (cause === "retry") expect(resume.attempts).toBeLessThan(this.limits.maxAttempts);
    expect(run.fate).toBeUndefined();
    expect(this.#holds(resume)).toBeUndefined();
    expect(resume.requestedAtMs).toBe(run.resume.requestedAtMs);
    expect(resume.preemptions).toBe(run.resume.preemptions + (cause === "preempted" ? 1 : 0));
    // What it has to say is there: to deliver it asks nobody and uses nothing.
    const hasAnswer = run.end === "undelivered";
    const { isAnswered, estimate } = hasAnswer ? ANSWERED : run.resume;
    // Whom it has asked it will ask again, whoever was expected.
    const refuser = cause === "provider-fault" ? run.refuser : undefined;
    const provider = hasAnswer ? undefined : (refuser ?? run.provider);
    expect(resume).toMatchObject({ isAnswered, provider, estimate });
    const rest = { retry: this.limits.retryDelayMs, "provider-fault": run.restsMs };
    const restsMs = cause === "retry" || cause === "provider-fault" ? rest[cause] : undefined;
    expect(resume.notBeforeMs).toBe(restsMs === undefined ? run.resume.notBeforeMs : this.nowMs + restsMs);
    expect(resume.refusals).toBe(run.resume.refusals + (cause === "provider-fault" ? 1 : 0));
    expect(resume.queuedAtMs).toBe(run.resume.queuedAtMs);
    this.#leave(resume.key);
    this.queue.set(resume.key, resume);
  }

  #settled(resume: QueuedResume, { outcome, reason }: Settlement): void {
    const one = resume.key;
    const isQueued = this.queue.has(one);
    expect(Number(isQueued) + Number(this.running.has(one))).toBe(1);
    if (isQueued) expect(["superseded", "held"]).toContain(outcome);
    const isOverBudget = reason === "over-token-budget" || reason === "over-cost-budget";
    if (outcome === "held" && (isQueued || isOverBudget)) expect(this.#holds(resume)).toBe(reason);
    this.queue.delete(one);
    this.count.settled += 1;
    this.#leave(one);
  }

  #leave(one: string): void {
    this.running.delete(one);
    this.#besideUsers.delete(one);
  }
}

const picked = <Item>(items: readonly Item[], pick: number): Item | undefined =>
  items[pick % Math.max(1, items.length)];

const isStart = ({ do: what }: Decision): boolean => what === "start" || what === "ask";

function expectOnlyStarts(decisions: readonly Decision[]): void {
  expect(decisions.filter((decision) => !isStart(decision))).toEqual([]);
}

function expectOnlyStartsAndHolds(decisions: readonly Decision[]): void {
  const others = decisions.filter((decision) => !isStart(decision));
  for (const decision of others) expect(decision).toMatchObject({ do: "settle", settlement: { outcome: "held" } });
}
