import PQueue from "p-queue";
import type { AttemptResult, CancelCause, Decision, Refusal, RunEnd, Settlement } from "../domain/decisions.ts";
import { errorKind } from "../domain/error-kind.ts";
import type { EventBus, Subject } from "../domain/events.ts";
import { changeMode, type SchedulerMode } from "../domain/mode.ts";
import type { Cooldown } from "../domain/providers.ts";
import type { QueuedResume, RunningResume } from "../domain/queued-resume.ts";
import type { HeldReason, Outcome } from "../domain/reasons.ts";
import { Scheduler, type SchedulerLimits, type SchedulerMemory } from "../domain/scheduler.ts";
import type { Usage } from "../domain/spend.ts";
import type { LaneLabel } from "../domain/starvation.ts";
import { PAUSE_CAUSES, type PauseCause, type WaitCause } from "../domain/wait-cause.ts";
import type { Permit, PermitSource } from "./permits.ts";

/** Runs one resume on the host. Settles only when the host's run has really ended; never rejects for a cancel. */
export interface ResumeRunner {
  run(resume: RunningResume, runId: string, signal: AbortSignal): Promise<RunEnd>;
}

/** The durable record, written ahead of every step. May throw; then the step does not happen. */
export interface ResumeLedger {
  started(resume: RunningResume, runId: string): void;
  requeued(resume: QueuedResume): void;
  settled(resume: QueuedResume, outcome: Outcome, reason: string): void;
}

/** Time and ids, passed in so that tests can hold them still. */
export interface LaneClock {
  nowMs(): number;
  /** Calls back once after `delayMs`; the returned function cancels. */
  after(delayMs: number, callback: () => void): () => void;
  newRunId(): string;
}

/** What the lane goes by. Durations in milliseconds. */
export interface LaneLimits extends SchedulerLimits {
  /** Longest run of one resume. */
  readonly timeoutMs: number;
}

export interface ResumeLaneOptions {
  readonly limits: LaneLimits;
  readonly runner: ResumeRunner;
  readonly ledger: ResumeLedger;
  readonly events: EventBus;
  readonly clock: LaneClock;
  /** Asked before each start while the limits say so. */
  readonly permits?: PermitSource;
  /** Of the lane of this boot before. */
  readonly memory?: SchedulerMemory | undefined;
}

interface ActiveRun {
  readonly resume: RunningResume;
  readonly runId: string;
  readonly permit: Permit | undefined;
  readonly abort: AbortController;
  readonly timeoutMs: number;
  /** Resolves when its slot is free, with how it was settled; a run that goes back to the queue was not. */
  ended: Promise<Settlement | undefined>;
  timedOut: boolean;
  cancel?: { readonly cause: CancelCause; readonly atMs: number };
  /** It was cut off because the provider had refused it; the host would ask again and again. */
  refusal?: Refusal;
}

/**
 * The low-priority lane: carries out what the scheduler decides.
 *
 * p-queue holds the slots. A task gets neither its `signal` nor its `timeout`: both free the slot while the host's run
 * still goes on. Cancelling goes to the runner, and the slot is free when the run has drained.
 */
export class ResumeLane {
  readonly #options: ResumeLaneOptions;
  #limits: LaneLimits;
  readonly #pauses = new Set<PauseCause>();
  readonly #scheduler: Scheduler;
  readonly #slots: PQueue;
  readonly #active = new Map<string, ActiveRun>();
  /** Decisions that are not carried out yet; the first is being carried out. */
  readonly #undone: Decision[] = [];
  #cancelWake: (() => void) | undefined;
  #mode: SchedulerMode = "starting";
  /** Granted, and for what starts next. */
  #permit: Permit | undefined;
  /** As they were last reported, by provider. */
  #cooldowns = new Map<string, Cooldown>();
  #usedUp: HeldReason | undefined;

  constructor(options: ResumeLaneOptions) {
    this.#options = options;
    this.#limits = options.limits;
    this.#scheduler = new Scheduler(options.limits, options.memory);
    this.#slots = new PQueue({ concurrency: options.limits.maxConcurrent });
  }

  get slots(): { readonly total: number; readonly used: number } {
    return { total: this.#slots.concurrency, used: this.#slots.pending };
  }

  /** By the clock that its times are of. */
  nowMs(): number {
    return this.#options.clock.nowMs();
  }

  /** Since when the longest waiting turn of a lane has waited, epoch milliseconds. */
  oldestSinceMs(lane: LaneLabel): number | undefined {
    return lane === "main" ? this.#scheduler.users.oldestWaitingSinceMs() : this.#scheduler.oldestQueuedSinceMs();
  }

  /** Users that wait and user turns that run. */
  get users(): { readonly waiting: number; readonly running: number } {
    const { waitingCount, runningCount } = this.#scheduler.users;
    return { waiting: waitingCount, running: runningCount };
  }

  get mode(): SchedulerMode {
    return this.#mode;
  }

  /** Queued resumes in the order in which they would start, and whether each has aged. */
  queue(): { readonly resume: QueuedResume; readonly aged: boolean }[] {
    const nowMs = this.nowMs();
    return this.#scheduler.queue().map((resume) => ({ resume, aged: this.#scheduler.isAged(resume, nowMs) }));
  }

  /** Running resumes with their time limits. */
  running(): { readonly resume: RunningResume; readonly timeoutMs: number }[] {
    return [...this.#active.values()].map(({ resume, timeoutMs }) => ({ resume, timeoutMs }));
  }

  /** Where a session is. */
  placeOf(key: string): "queued" | "running" | undefined {
    return this.#scheduler.find(key)?.place;
  }

  /** Why nothing starts, if something is queued. */
  waitsFor(): WaitCause | undefined {
    const wait = this.#scheduler.waitsFor(this.nowMs());
    if (wait === "permit") return this.#options.permits?.waitsFor;
    return wait === "paused" ? PAUSE_CAUSES.find((cause) => this.#pauses.has(cause)) : wait;
  }

  /** The lane's quiet time: nothing waits or runs, whosever it is, and a resume could start. */
  get isIdle(): boolean {
    return this.#scheduler.isIdle(this.nowMs());
  }

  /** Each cause for which something does not start: the pauses, what the queue waits for, and the limits that it meets. */
  waitCauses(): ReadonlySet<WaitCause> {
    const causes = new Set<WaitCause>(this.#pauses);
    if (this.#scheduler.usedUp !== undefined) causes.add("spend");
    if (this.#scheduler.queued === 0) return causes;
    const cause = this.waitsFor();
    if (cause !== undefined) causes.add(cause);
    return this.#scheduler.isCooling(this.nowMs()) ? causes.add("cooldown") : causes;
  }

  /** What the next lane of this boot goes on with. */
  get memory(): SchedulerMemory {
    return this.#scheduler.memory;
  }

  /** What runs of this boot have used. */
  get spent(): Usage {
    return this.#scheduler.spent;
  }

  /** Providers that are left alone now, with how long still, milliseconds. */
  cooldowns(): (Cooldown & { readonly forMs: number })[] {
    const nowMs = this.nowMs();
    return this.#scheduler.cooldowns(nowMs).map((cooldown) => ({ ...cooldown, forMs: cooldown.untilMs - nowMs }));
  }

  enqueue(resume: QueuedResume): void {
    this.#options.events.emit("queued", { ...subject(resume), attempts: resume.attempts });
    this.#carryOut(this.#scheduler.enqueue(resume, this.nowMs()));
  }

  /** The gateway is ready. */
  open(): void {
    this.#carryOut(this.#scheduler.open(this.nowMs()));
  }

  userWrote(key: string): void {
    this.#carryOut(this.#scheduler.userWrote(key, this.nowMs()));
  }

  userRunStarted(runId: string, key: string): void {
    this.#options.events.emit("userContinued", { key });
    this.#carryOut(this.#scheduler.userRunStarted(runId, key, this.nowMs()));
  }

  userServed(key: string, waitsForHost: boolean): void {
    this.#carryOut(this.#scheduler.userServed(key, this.nowMs(), waitsForHost));
  }

  /** `answered`: it did not end in an error. */
  userRunEnded(runId: string, answered: boolean): void {
    if (answered && this.#scheduler.users.hasRun(runId)) this.#options.events.emit("userAnswered", {});
    this.#carryOut(this.#scheduler.userRunEnded(runId, this.nowMs()));
  }

  /** How many turns wait for a slot of the host's lane `main`. */
  mainQueued(turns: number): void {
    this.#scheduler.mainQueued(turns);
  }

  recoveryStarted(runId: string, key: string): void {
    this.#scheduler.recoveryStarted(runId, key);
    this.#carryOut([]);
  }

  recoveryEnded(runId: string): void {
    this.#scheduler.recoveryEnded(runId);
    this.#carryOut([]);
  }

  /** The request of this run is on its way, to this provider where that is known; of any run in the gateway. */
  providerAsked(runId: string, provider?: string): void {
    const run = this.#runOf(runId);
    if (run === undefined) return;
    this.#carryOut(this.#scheduler.providerAsked(run.resume.key, provider, this.nowMs()));
  }

  /** The provider that this run is expected to ask; `undefined` where it is none of ours. */
  providerOf(runId: string): string | undefined {
    return this.#runOf(runId)?.resume.provider;
  }

  /** This provider has answered this run; `isOld`: a request that it had before it last refused. */
  providerAnswered(runId: string, provider: string, isOld: boolean): void {
    const run = this.#runOf(runId);
    if (run !== undefined) this.#scheduler.answerBegan(run.resume.key);
    if (!isOld) this.#carryOut(this.#scheduler.providerAnswered(provider, this.nowMs()));
  }

  /**
   * This provider has refused a run. A resume whose request the host is about to repeat is cut off: it would go on for
   * minutes, and hold its slot. What the host tries otherwise, with another key of the same provider, goes on.
   */
  providerRefused(runId: string, refusal: Refusal, isAboutToRepeat: boolean): void {
    const run = this.#runOf(runId);
    this.#carryOut(this.#scheduler.providerRefused(refusal, run?.resume.key, this.nowMs()));
    if (run === undefined || run.refusal !== undefined || !isAboutToRepeat) return;
    run.refusal = refusal;
    run.abort.abort(new Error(`the provider refuses: ${refusal.fault}`));
  }

  /** Starts nothing more; what runs goes on. */
  pause(cause: PauseCause): void {
    if (this.#pauses.has(cause)) return;
    this.#pauses.add(cause);
    this.#scheduler.pause();
    this.#carryOut([]);
  }

  /** Ends one pause; another may still be in force. */
  unpause(cause: PauseCause): void {
    if (!this.#pauses.delete(cause)) return;
    if (this.#pauses.size === 0) this.#carryOut(this.#scheduler.unpause(this.nowMs()));
  }

  /** New limits for everything that starts from now on; what runs goes on as it was started. */
  setLimits(limits: LaneLimits): void {
    this.#limits = limits;
    this.#slots.concurrency = limits.maxConcurrent;
    this.#carryOut(this.#scheduler.setLimits(limits, this.nowMs()));
  }

  /** The operator wants this queued resume next. */
  request(key: string): void {
    this.#carryOut(this.#scheduler.request(key, this.nowMs()));
  }

  /**
   * The operator ends a queued or running resume so. Resolves when its run, if there is one, has really ended, with how it
   * was settled: one that completed, or whose user came back, has not ended as the operator wanted.
   */
  async settle(key: string, settlement: Settlement): Promise<Settlement | undefined> {
    const ended = this.#active.get(key)?.ended;
    const decisions = this.#scheduler.settle(key, settlement);
    this.#carryOut(decisions);
    return ended ?? settlementOf(key, decisions);
  }

  /** The gateway stops: cancels what runs, starts nothing more. Resolves when every run has drained. */
  async drain(): Promise<void> {
    this.#carryOut(this.#scheduler.drain());
    this.#cancelWake?.();
    await this.#slots.onIdle();
  }

  /** Its service could not start. */
  fail(): void {
    this.#setMode("failed");
  }

  /** Starting one resume can raise the signal that cancels the next: what is decided meanwhile waits for its turn. */
  #carryOut(decisions: readonly Decision[]): void {
    const nested = this.#undone.length > 0;
    this.#undone.push(...decisions);
    if (nested) return;
    for (let next = this.#undone[0]; next !== undefined; next = this.#undone[0]) {
      this.#do(next);
      this.#undone.shift();
    }
    this.#report();
    this.#wakeLater();
  }

  #do(decision: Decision): void {
    if (decision.do === "start") this.#start(decision.resume);
    else if (decision.do === "cancel") this.#cancel(decision.key, decision.cause);
    else if (decision.do === "requeue") this.#keep(decision.resume);
    else if (decision.do === "ask") void this.#ask();
    else if (decision.do === "give-back") this.#takePermit()?.giveBack();
    else this.#settle(decision.resume, decision.settlement.outcome, decision.settlement.reason);
  }

  async #ask(): Promise<void> {
    this.#permit = await this.#options.permits?.ask();
    this.#carryOut(this.#scheduler.permitGranted(this.nowMs()));
  }

  #takePermit(): Permit | undefined {
    const permit = this.#permit;
    this.#permit = undefined;
    return permit;
  }

  #runOf(runId: string): ActiveRun | undefined {
    return [...this.#active.values()].find((run) => run.runId === runId);
  }

  #start(resume: RunningResume): void {
    const { timeoutMs } = this.#limits;
    const run: ActiveRun = {
      resume,
      runId: this.#options.clock.newRunId(),
      permit: this.#takePermit(),
      abort: new AbortController(),
      timeoutMs,
      ended: Promise.resolve(undefined),
      timedOut: false,
    };
    this.#active.set(resume.key, run);
    run.ended = this.#slots.add(() => this.#run(resume, run));
  }

  async #run(resume: RunningResume, run: ActiveRun): Promise<Settlement | undefined> {
    const { clock, events } = this.#options;
    const { timeoutMs } = run;
    const startedAtMs = clock.nowMs();
    events.emit("started", {
      ...subject(resume),
      slot: resume.slot,
      attempt: resume.attempts,
      waitedMs: startedAtMs - resume.enqueuedAtMs,
      aged: resume.aged,
    });
    const cancelTimeout = clock.after(timeoutMs, () => {
      run.timedOut = true;
      run.abort.abort(new Error(`resume took longer than ${timeoutMs} ms`));
    });
    const end = await this.#attempt(resume, run);
    cancelTimeout();
    run.permit?.end();
    this.#active.delete(resume.key);
    this.#ended(resume, run, end, startedAtMs);
    // What starts next waits inside p-queue for the moment until this function has returned and the slot is free.
    const decisions = this.#scheduler.runEnded(resume.key, end, clock.nowMs());
    this.#carryOut(decisions);
    return settlementOf(resume.key, decisions);
  }

  async #attempt(resume: RunningResume, run: ActiveRun): Promise<RunEnd> {
    const { runId } = run;
    try {
      if (run.abort.signal.aborted) return { kind: "cancelled" };
      // No attempt: nothing has been tried. It rests, as when the host takes no work.
      if (!this.#guard("write the record", resume, () => this.#options.ledger.started(resume, runId))) {
        return { kind: "refused", error: "the record cannot be written" };
      }
      const end = await this.#options.runner.run(resume, runId, run.abort.signal);
      if (run.cancel !== undefined || (end.kind !== "cancelled" && end.kind !== "failed")) return end;
      if (run.refusal !== undefined) return { kind: "provider-fault", ...run.refusal };
      return run.timedOut && end.kind === "cancelled"
        ? { kind: "timed-out", error: `took longer than ${run.timeoutMs} ms` }
        : end;
    } catch (error) {
      return { kind: "failed", error: errorKind(error) };
    }
  }

  #ended(resume: RunningResume, run: ActiveRun, end: RunEnd, startedAtMs: number): void {
    const nowMs = this.nowMs();
    this.#options.events.emit("ended", {
      ...subject(resume),
      slot: resume.slot,
      result: resultOf(end),
      ranMs: nowMs - startedAtMs,
      ...errorOf(end, resume.provider),
      ...(run.cancel ? { cancelCause: run.cancel.cause, drainedMs: nowMs - run.cancel.atMs } : {}),
    });
  }

  #cancel(key: string, cause: CancelCause): void {
    const run = this.#active.get(key);
    if (run === undefined) return;
    run.cancel = { cause, atMs: run.cancel?.atMs ?? this.nowMs() };
    this.#options.events.emit("cancelled", { ...subject(run.resume), slot: run.resume.slot, cause });
    run.abort.abort(new Error(`resume cancelled: ${cause}`));
  }

  #keep(resume: QueuedResume): void {
    this.#guard("write the record", resume, () => this.#options.ledger.requeued(resume));
    this.#options.events.emit("queued", { ...subject(resume), attempts: resume.attempts });
  }

  #settle(resume: QueuedResume, outcome: Outcome, reason: string): void {
    this.#guard("write the record", resume, () => this.#options.ledger.settled(resume, outcome, reason));
    this.#options.events.emit("settled", { ...subject(resume), outcome, reason, attempts: resume.attempts });
  }

  /** A record that cannot be written must not stop the lane; the entries tell the rest at the next boot. Returns whether it was. */
  #guard(what: string, resume: QueuedResume, step: () => void): boolean {
    try {
      step();
      return true;
    } catch (error) {
      this.#options.events.emit("trouble", { ...subject(resume), what, error });
      return false;
    }
  }

  #setMode(to: SchedulerMode): void {
    const from = this.#mode;
    if (from === to || from === "failed") return;
    try {
      this.#mode = changeMode(from, to);
    } catch (error) {
      this.#mode = to;
      this.#options.events.emit("trouble", { what: "change the mode", error });
    }
    this.#options.events.emit("mode", { from, to });
  }

  #report(): void {
    this.#setMode(this.#scheduler.mode);
    this.#options.events.emit("load", this.#scheduler.load);
    this.#reportLimits();
  }

  #reportLimits(): void {
    const { events } = this.#options;
    const before = this.#cooldowns;
    this.#cooldowns = new Map(this.cooldowns().map((cooldown) => [cooldown.provider, cooldown]));
    for (const { provider, fault, refusals, untilMs } of this.#cooldowns.values()) {
      const isNews = before.get(provider)?.untilMs !== untilMs;
      if (isNews) events.emit("cooldown", { provider, fault, refusals, forMs: untilMs - this.nowMs() });
    }
    const reason = this.#scheduler.usedUp;
    if (reason !== undefined && this.#usedUp === undefined) events.emit("usedUp", { reason, ...this.spent });
    this.#usedUp = reason;
  }

  #wakeLater(): void {
    this.#cancelWake?.();
    const atMs = this.#scheduler.nextWakeAtMs();
    this.#cancelWake =
      atMs === undefined
        ? undefined
        : this.#options.clock.after(Math.max(0, atMs - this.nowMs()), () =>
            this.#carryOut(this.#scheduler.tick(this.nowMs())),
          );
  }
}

/** What the log says of a run that did not end well. */
function errorOf(end: RunEnd, expected: string | undefined): { readonly error?: string } {
  if (end.kind === "provider-fault") {
    return { error: `${end.provider ?? expected ?? "the provider"} refuses: ${end.fault}` };
  }
  if (end.kind === "refused") return { error: end.error ?? "the host takes no new work" };
  return "error" in end && end.error !== undefined ? { error: end.error } : {};
}

/** A cancelled run was preempted: its session is superseded only when the user's own turn starts. */
const resultOf = ({ kind }: RunEnd): AttemptResult => (kind === "cancelled" ? "preempted" : kind);

function settlementOf(key: string, decisions: readonly Decision[]): Settlement | undefined {
  const settled = decisions.find((decision) => decision.do === "settle" && decision.resume.key === key);
  return settled?.do === "settle" ? settled.settlement : undefined;
}

const subject = ({ agentId, sessionKey }: QueuedResume): Subject => ({ agentId, sessionKey });
