import PQueue from "p-queue";
import type { QueuedResume, RunningResume } from "../domain/queued-resume.ts";
import { type CancelCause, type Decision, type RunEnd, Scheduler, type SchedulerLimits } from "../domain/scheduler.ts";
import type { Outcome } from "../domain/record.ts";
import { errorKind } from "../domain/error-kind.ts";
import type { EventBus, Subject } from "../domain/events.ts";
import type { LaneLabel } from "../domain/starvation.ts";

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

export interface ResumeLaneOptions {
  readonly limits: SchedulerLimits;
  /** Longest run of one resume. */
  readonly timeoutMs: number;
  readonly runner: ResumeRunner;
  readonly ledger: ResumeLedger;
  readonly events: EventBus;
  readonly clock: LaneClock;
}

interface ActiveRun {
  readonly resume: RunningResume;
  readonly abort: AbortController;
  timedOut: boolean;
  cancel?: { readonly cause: CancelCause; readonly atMs: number };
}

/**
 * The low-priority lane: carries out what the scheduler decides.
 *
 * p-queue holds the slots. A task gets neither its `signal` nor its `timeout`: both free the slot while the host's run
 * still goes on. Cancelling goes to the runner, and the slot is free when the run has drained.
 */
export class ResumeLane {
  readonly #options: ResumeLaneOptions;
  readonly #scheduler: Scheduler;
  readonly #slots: PQueue;
  readonly #active = new Map<string, ActiveRun>();
  /** Decisions that are not carried out yet; the first is being carried out. */
  readonly #undone: Decision[] = [];
  #cancelWake: (() => void) | undefined;

  constructor(options: ResumeLaneOptions) {
    this.#options = options;
    this.#scheduler = new Scheduler(options.limits);
    this.#slots = new PQueue({ concurrency: options.limits.maxConcurrent });
  }

  get slots(): { readonly total: number; readonly used: number } {
    return { total: this.#slots.concurrency, used: this.#slots.pending };
  }

  /** Since when the longest waiting turn of a lane has waited, epoch milliseconds. */
  oldestSinceMs(lane: LaneLabel): number | undefined {
    return lane === "main" ? this.#scheduler.users.oldestWaitingSinceMs() : this.#scheduler.oldestQueuedSinceMs();
  }

  enqueue(resume: QueuedResume): void {
    this.#options.events.emit("queued", { ...subject(resume), attempts: resume.attempts });
    this.#carryOut(this.#scheduler.enqueue(resume, this.#now()));
  }

  /** The gateway is ready. */
  open(): void {
    this.#carryOut(this.#scheduler.open(this.#now()));
  }

  userWrote(key: string): void {
    this.#carryOut(this.#scheduler.userWrote(key, this.#now()));
  }

  userRunStarted(runId: string, key: string): void {
    this.#carryOut(this.#scheduler.userRunStarted(runId, key, this.#now()));
  }

  userServed(key: string): void {
    this.#carryOut(this.#scheduler.userServed(key, this.#now()));
  }

  userRunEnded(runId: string): void {
    this.#carryOut(this.#scheduler.userRunEnded(runId, this.#now()));
  }

  /** The gateway stops: cancels what runs, starts nothing more. Resolves when every run has drained. */
  async drain(): Promise<void> {
    this.#carryOut(this.#scheduler.drain());
    this.#cancelWake?.();
    await this.#slots.onIdle();
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
    else this.#settle(decision.resume, decision.settlement.outcome, decision.settlement.reason);
  }

  #start(resume: RunningResume): void {
    const run: ActiveRun = { resume, abort: new AbortController(), timedOut: false };
    this.#active.set(resume.key, run);
    void this.#slots.add(() => this.#run(resume, run));
  }

  async #run(resume: RunningResume, run: ActiveRun): Promise<void> {
    const { clock, events, timeoutMs } = this.#options;
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
    this.#active.delete(resume.key);
    this.#ended(resume, run, end, startedAtMs);
    // What starts next waits inside p-queue for the moment until this function has returned and the slot is free.
    this.#carryOut(this.#scheduler.runEnded(resume.key, end, clock.nowMs()));
  }

  async #attempt(resume: RunningResume, run: ActiveRun): Promise<RunEnd> {
    const runId = this.#options.clock.newRunId();
    try {
      if (run.abort.signal.aborted) return { kind: "cancelled" };
      this.#options.ledger.started(resume, runId);
      const end = await this.#options.runner.run(resume, runId, run.abort.signal);
      if (end.kind === "cancelled" && run.timedOut && run.cancel === undefined) {
        return { kind: "timed-out", error: `took longer than ${this.#options.timeoutMs} ms` };
      }
      return end;
    } catch (error) {
      return { kind: "failed", error: errorKind(error) };
    }
  }

  #ended(resume: RunningResume, run: ActiveRun, end: RunEnd, startedAtMs: number): void {
    const nowMs = this.#now();
    this.#options.events.emit("ended", {
      ...subject(resume),
      outcome: outcomeOf(end),
      ranMs: nowMs - startedAtMs,
      ...("error" in end ? { error: end.error } : {}),
      ...(run.cancel ? { cancelCause: run.cancel.cause, drainedMs: nowMs - run.cancel.atMs } : {}),
    });
  }

  #cancel(key: string, cause: CancelCause): void {
    const run = this.#active.get(key);
    if (run === undefined) return;
    run.cancel = { cause, atMs: run.cancel?.atMs ?? this.#now() };
    this.#options.events.emit("cancelled", { ...subject(run.resume), cause });
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

  /** A record that cannot be written must not stop the lane; the entries tell the rest at the next boot. */
  #guard(what: string, resume: QueuedResume, step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#options.events.emit("trouble", { ...subject(resume), what, error });
    }
  }

  #report(): void {
    const { queued, running, users } = this.#scheduler;
    this.#options.events.emit("load", {
      queued,
      running,
      usersWaiting: users.waitingCount,
      usersRunning: users.runningCount,
    });
  }

  #wakeLater(): void {
    this.#cancelWake?.();
    const atMs = this.#scheduler.nextWakeAtMs();
    this.#cancelWake =
      atMs === undefined
        ? undefined
        : this.#options.clock.after(Math.max(0, atMs - this.#now()), () =>
            this.#carryOut(this.#scheduler.tick(this.#now())),
          );
  }

  #now(): number {
    return this.#options.clock.nowMs();
  }
}

/** A cancelled run is no outcome yet: its session is superseded only when the user's own turn starts. */
function outcomeOf(end: RunEnd): Outcome | "preempted" {
  if (end.kind === "undelivered") return "failed";
  return end.kind === "cancelled" || end.kind === "refused" ? "preempted" : end.kind;
}

const subject = ({ agentId, sessionKey }: QueuedResume): Subject => ({ agentId, sessionKey });
