import type { HeldReason, Outcome, OUTCOMES } from "./reasons.ts";
import type { QueuedResume, RunningResume } from "./queued-resume.ts";
import type { SchedulerMode } from "./mode.ts";
import type { LaneLoad } from "./starvation.ts";
import { UserTurns } from "./user-turns.ts";
import type { PauseCause, WaitCause } from "./wait-cause.ts";
import { type AgingLimits, WaitingRoom } from "./waiting-room.ts";

/** What the scheduler goes by. Durations in milliseconds. */
export interface SchedulerLimits extends AgingLimits {
  readonly maxConcurrent: number;
  readonly maxPerAgent: number | undefined;
  readonly quietMs: number;
  readonly retryDelayMs: number;
  readonly maxAttempts: number;
  readonly preemptionScope: "lane" | "session";
}

/** Why a running resume is cancelled. */
export const CANCEL_CAUSES = ["own-user", "other-user", "shutdown", "operator"] as const;
export type CancelCause = (typeof CANCEL_CAUSES)[number];

/** How a run has ended, as its runner saw it. */
export type RunEnd =
  | { readonly kind: "completed"; readonly reason: CompletedReason }
  | { readonly kind: "superseded" }
  | { readonly kind: "held"; readonly reason: HeldReason }
  /** `permanent`: a repeat would end the same way. */
  | { readonly kind: "failed"; readonly error: string; readonly permanent?: boolean }
  | { readonly kind: "timed-out" | "undelivered"; readonly error: string }
  /** The host took no new work: no fault of the resume, and none of its attempts. */
  | { readonly kind: "refused"; readonly error?: string }
  | { readonly kind: "cancelled" };

/** How one run of a resume can end: a cancelled one was preempted, the rest by the kind of their end. */
export const ATTEMPT_RESULTS = [
  "completed",
  "failed",
  "timed-out",
  "undelivered",
  "superseded",
  "held",
  "refused",
  "preempted",
] as const satisfies readonly (RunEnd["kind"] | "preempted")[];
export type AttemptResult = (typeof ATTEMPT_RESULTS)[number];

/** Why a resume counts as completed. */
export type CompletedReason = keyof (typeof OUTCOMES)["completed"];

/** A resume's one final outcome, with its reason. */
export interface Settlement {
  readonly outcome: Outcome;
  readonly reason: string;
}

/** Why a resume goes back to the queue. */
export type RequeueCause = "preempted" | "retry" | "shutdown" | "requested";

/** What keeps queued resumes from starting, as far as the scheduler knows; why it is `paused` its owner knows. */
export type SchedulerWait = Exclude<WaitCause, PauseCause> | "paused";

/** What the scheduler wants done. It has already changed its own state. */
export type Decision =
  | { readonly do: "start"; readonly resume: RunningResume }
  | { readonly do: "cancel"; readonly key: string; readonly cause: CancelCause }
  | { readonly do: "requeue"; readonly resume: QueuedResume; readonly cause: RequeueCause }
  | { readonly do: "settle"; readonly resume: QueuedResume; readonly settlement: Settlement };

/** How long nothing starts after the host has refused a run. */
const REFUSED_REST_MS = 5_000;

interface Running {
  readonly resume: RunningResume;
  cancelled: CancelCause | undefined;
  /** The host has started the user's own turn on this session. */
  continued: boolean;
  /** What the operator wants to become of it, once its run has ended. */
  fate: Settlement | undefined;
}

/**
 * Decides what runs when: the whole of the plugin's policy, without a clock, a timer or a promise.
 *
 * Every method is told the time, changes state at once and returns what is to be done about it. A running resume keeps
 * its slot until `runEnded`, whatever was decided about it in between.
 */
export class Scheduler {
  #limits: SchedulerLimits;
  readonly #room: WaitingRoom;
  readonly #users = new UserTurns();
  readonly #running = new Map<string, Running>();
  /**
   * Queued resumes whose user has just written: they do not start. The user's own turn supersedes them; a message that
   * gets no turn (a command) gives them back to the queue.
   */
  readonly #contested = new Map<string, QueuedResume>();
  #state: "closed" | "open" | "draining" = "closed";
  #lastTickMs = -Infinity;
  /** Nothing starts before this: the host has refused. */
  #refusedUntilMs = -Infinity;
  #paused = false;

  constructor(limits: SchedulerLimits) {
    this.#limits = limits;
    this.#room = new WaitingRoom(limits);
  }

  /** Resumes that wait: in the queue, or for what their user's message turns out to be. */
  get queued(): number {
    return this.#room.size + this.#contested.size;
  }

  get running(): number {
    return this.#running.size;
  }

  /** What is waiting and running now. */
  get load(): LaneLoad {
    const { waitingCount, runningCount, recoveriesInTheWay } = this.#users;
    return {
      usersWaiting: waitingCount,
      usersRunning: runningCount,
      inTheWay: recoveriesInTheWay + this.#resumesInTheWay(),
      queued: this.queued,
      ready: this.#room.readyCount,
      running: this.running,
    };
  }

  /** What it is doing, as far as it knows; that it could not start its service tells. */
  get mode(): Exclude<SchedulerMode, "failed"> {
    if (this.#state === "closed") return "starting";
    if (this.#state === "draining") return this.#running.size > 0 ? "draining" : "stopped";
    if (this.#running.size === 0) return "waiting";
    return [...this.#running.values()].some(({ cancelled }) => cancelled !== undefined) ? "yielding" : "running";
  }

  /** Queued resumes in the order in which they would start if nothing changed; the contested ones last. */
  queue(): QueuedResume[] {
    return [...this.#room.inOrder(), ...this.#contested.values()];
  }

  isAged(resume: QueuedResume, nowMs: number): boolean {
    return this.#room.isAged(resume, nowMs);
  }

  /** Which of our lists a session is in. */
  find(key: string): { readonly place: "queued" | "running"; readonly resume: QueuedResume } | undefined {
    const running = this.#running.get(key);
    if (running !== undefined) return { place: "running", resume: running.resume };
    const queued = this.#room.get(key) ?? this.#contested.get(key);
    return queued === undefined ? undefined : { place: "queued", resume: queued };
  }

  get users(): Pick<UserTurns, "waitingCount" | "runningCount" | "oldestWaitingSinceMs" | "hasRun"> {
    return this.#users;
  }

  oldestQueuedSinceMs(): number | undefined {
    const waiting = [this.#room.oldest(), ...this.#contested.values()].flatMap((resume) => resume?.queuedAtMs ?? []);
    return waiting.length === 0 ? undefined : Math.min(...waiting);
  }

  /** The gateway is ready: resumes may start once users are quiet. */
  open(nowMs: number): Decision[] {
    if (this.#state === "closed") {
      this.#state = "open";
      this.#users.watchFrom(nowMs);
    }
    return this.#dispatch(nowMs);
  }

  /** The gateway stops: nothing starts any more, what runs is cancelled and goes back to the queue. */
  drain(): Decision[] {
    this.#state = "draining";
    return this.#cancel("shutdown", () => true);
  }

  enqueue(resume: QueuedResume, nowMs: number): Decision[] {
    if (this.#running.has(resume.key)) return [];
    if (this.#users.isRunning(resume.key)) return [supersede(resume)];
    this.#wait(resume, nowMs);
    return this.#dispatch(nowMs);
  }

  /** A user wrote to this session: its resume gives way at once, the others make room. */
  userWrote(key: string, nowMs: number): Decision[] {
    const isNews = this.#users.wrote(key, nowMs);
    this.#giveBack(nowMs);
    const queued = this.#room.remove(key);
    if (queued !== undefined) this.#contested.set(key, queued);
    const own = this.#cancel("own-user", ({ resume }) => resume.key === key);
    return isNews ? [...own, ...this.#makeRoom()] : own;
  }

  /** The host started a user's run: it continues this session, whose resume is superseded. */
  userRunStarted(runId: string, key: string, nowMs: number): Decision[] {
    this.#users.runStarted(runId, key, nowMs);
    return [...this.#supersede(key), ...this.#makeRoom()];
  }

  /** The host is done with a user's message to this session, or takes it after its own recovery of it (`waitsForHost`). */
  userServed(key: string, nowMs: number, waitsForHost = false): Decision[] {
    this.#users.served(key, nowMs, waitsForHost);
    return this.#dispatch(nowMs);
  }

  userRunEnded(runId: string, nowMs: number): Decision[] {
    this.#users.runEnded(runId, nowMs);
    return this.#dispatch(nowMs);
  }

  /** How many turns wait for a slot of the host's lane `main`. */
  mainQueued(turns: number): void {
    this.#users.mainQueued(turns);
  }

  /** The host recovers a session that was left to it. */
  recoveryStarted(runId: string, key: string): void {
    this.#users.recoveryStarted(runId, key);
  }

  recoveryEnded(runId: string): void {
    this.#users.recoveryEnded(runId);
  }

  /** The operator stops the lane: what runs goes on, nothing starts. */
  pause(): void {
    this.#paused = true;
  }

  unpause(nowMs: number): Decision[] {
    this.#paused = false;
    return this.#dispatch(nowMs);
  }

  /** Why nothing starts although something is queued; `undefined` when nothing is in the way. */
  waitsFor(nowMs: number): SchedulerWait | undefined {
    if (this.#state === "closed") return "gateway-starting";
    if (this.#state === "draining") return "gateway-stopping";
    if (this.#paused) return "paused";
    if (nowMs < this.#refusedUntilMs) return "host-refused";
    const quietAtMs = this.#users.quietAtMs(this.#limits.quietMs);
    if (quietAtMs === undefined || quietAtMs > nowMs) return "users";
    return this.#room.size > 0 && this.#room.readyCount === 0 ? "resting" : undefined;
  }

  /** The operator wants this one next; one that rests before a retry rests no longer. */
  request(key: string, nowMs: number): Decision[] {
    const queued = this.#room.remove(key) ?? this.#contested.get(key);
    if (queued === undefined) return [];
    this.#contested.delete(key);
    const fresh = { attempts: 0, preemptions: 0, requestedAtMs: nowMs, notBeforeMs: nowMs };
    return [this.#requeue({ ...queued, ...fresh }, "requested", nowMs), ...this.#dispatch(nowMs)];
  }

  /** New limits: what runs goes on, also beyond a smaller budget; the queue keeps its order. */
  setLimits(limits: SchedulerLimits, nowMs: number): Decision[] {
    this.#limits = limits;
    this.#room.setLimits(limits, nowMs);
    return this.#dispatch(nowMs);
  }

  /** The operator decides what becomes of a queued or running resume. A run that still completes has completed. */
  settle(key: string, settlement: Settlement): Decision[] {
    const queued = this.#contested.get(key) ?? this.#room.remove(key);
    this.#contested.delete(key);
    if (queued !== undefined) return [{ do: "settle", resume: queued, settlement }];
    const running = this.#running.get(key);
    if (running !== undefined) running.fate = settlement;
    return this.#cancel("operator", ({ resume }) => resume.key === key);
  }

  /** The host's run of this resume has really ended: its slot is free. */
  runEnded(key: string, end: RunEnd, nowMs: number): Decision[] {
    const running = this.#running.get(key);
    if (running === undefined) return [];
    this.#running.delete(key);
    if (end.kind === "refused") this.#refusedUntilMs = nowMs + REFUSED_REST_MS;
    return [this.#conclude(running, end, nowMs), ...this.#dispatch(nowMs)];
  }

  /** Time has passed. */
  tick(nowMs: number): Decision[] {
    return this.#dispatch(nowMs);
  }

  /** When `tick` is due next, epoch milliseconds; `undefined` when only an event can change anything. */
  nextWakeAtMs(): number | undefined {
    if (this.#state !== "open") return undefined;
    const quietAtMs = this.#users.quietAtMs(this.#limits.quietMs);
    const queue = this.#room.size === 0 ? [] : [this.#room.nextChangeAtMs(), quietAtMs, this.#refusedUntilMs];
    const times = [this.#users.nextChangeAtMs(), ...queue];
    const due = times.filter((time): time is number => time !== undefined && time > this.#lastTickMs);
    return due.length === 0 ? undefined : Math.min(...due);
  }

  #dispatch(nowMs: number): Decision[] {
    this.#lastTickMs = nowMs;
    this.#users.advance(nowMs);
    this.#giveBack(nowMs);
    this.#room.advance(nowMs);
    const decisions: Decision[] = [];
    if (this.#state !== "open" || this.#paused || nowMs < this.#refusedUntilMs) return decisions;
    for (let next = this.#takeNext(nowMs); next !== undefined; next = this.#takeNext(nowMs)) {
      const resume = { ...next, slot: this.#freeSlot(), startedAtMs: nowMs, aged: this.#room.isAged(next, nowMs) };
      this.#running.set(resume.key, { resume, cancelled: undefined, continued: false, fate: undefined });
      decisions.push({ do: "start", resume: { ...resume, attempts: resume.attempts + 1 } });
    }
    return decisions;
  }

  #takeNext(nowMs: number): QueuedResume | undefined {
    if (this.#running.size >= this.#limits.maxConcurrent) return undefined;
    const quietAtMs = this.#users.quietAtMs(this.#limits.quietMs);
    if (quietAtMs !== undefined && quietAtMs <= nowMs) return this.#room.take("any", this.#mayStart);
    // Beside user turns only an aged one, and one such at a time.
    return this.#running.size === 0 ? this.#room.take("aged", this.#mayStart) : undefined;
  }

  readonly #mayStart = (agentId: string): boolean => {
    if (this.#limits.maxPerAgent === undefined) return true;
    let running = 0;
    for (const { resume } of this.#running.values()) if (resume.agentId === agentId) running += 1;
    return running < this.#limits.maxPerAgent;
  };

  #freeSlot(): number {
    const taken = new Set([...this.#running.values()].map(({ resume }) => resume.slot));
    let slot = 1;
    while (taken.has(slot)) slot += 1;
    return slot;
  }

  /** The user's own turn continues this session. */
  #supersede(key: string): Decision[] {
    const queued = this.#contested.get(key) ?? this.#room.remove(key);
    this.#contested.delete(key);
    if (queued !== undefined) return [supersede(queued)];
    const running = this.#running.get(key);
    if (running !== undefined) running.continued = true;
    return this.#cancel("own-user", ({ resume }) => resume.key === key);
  }

  /** Whose user is being waited for does not queue. */
  #wait(resume: QueuedResume, nowMs: number): void {
    if (this.#users.isWaiting(resume.key)) this.#contested.set(resume.key, resume);
    else this.#room.add(resume, nowMs);
  }

  /** Messages that got no turn leave the resume as it was. */
  #giveBack(nowMs: number): void {
    for (const [key, resume] of this.#contested) {
      if (this.#users.isWaiting(key)) continue;
      this.#contested.delete(key);
      this.#room.add(resume, nowMs);
    }
  }

  /** A user is waiting elsewhere: running resumes go back to the queue, all but one aged one. */
  #makeRoom(): Decision[] {
    if (this.#limits.preemptionScope === "session") return [];
    const spared = this.#spared();
    return this.#cancel("other-user", (running) => running !== spared);
  }

  /** The aged one that may stay beside users of other sessions. */
  #spared(): Running | undefined {
    return [...this.#running.values()].find(({ resume, cancelled }) => resume.aged && cancelled === undefined);
  }

  /** Resumes that keep a waiting user waiting. Told by what should have made room, not by what was cancelled. */
  #resumesInTheWay(): number {
    const users = this.#users;
    const makesRoom = users.waitingForRoomCount > 0 && this.#limits.preemptionScope === "lane";
    const spared = this.#spared();
    return [...this.#running.values()].filter(
      (running) => users.isWaiting(running.resume.key) || (makesRoom && running !== spared),
    ).length;
  }

  #cancel(cause: CancelCause, isVictim: (running: Running) => boolean): Decision[] {
    const victims = [...this.#running.values()].filter(isVictim);
    return victims.flatMap((running): Decision[] => {
      // The cause that is reported in the end is the user's own message, when there was one.
      const outranked = running.cancelled !== undefined && (cause !== "own-user" || running.cancelled === "own-user");
      if (outranked) return [];
      running.cancelled = cause;
      return [{ do: "cancel", key: running.resume.key, cause }];
    });
  }

  #conclude({ resume, cancelled, continued, fate }: Running, end: RunEnd, nowMs: number): Decision {
    const { slot: _slot, startedAtMs: _startedAtMs, aged: _aged, ...queued } = resume;
    const settle = (outcome: Outcome, reason: string, attempts = queued.attempts + 1): Decision => ({
      do: "settle",
      resume: { ...queued, attempts },
      settlement: { outcome, reason },
    });
    if (end.kind === "completed") return settle("completed", end.reason);
    if (end.kind === "superseded" || continued) return settle("superseded", "user-continued");
    // A turn that was cut short costs no attempt.
    if (fate !== undefined) return settle(fate.outcome, fate.reason, queued.attempts);
    if (end.kind === "held") return settle("held", end.reason);
    if (end.kind === "refused" || cancelled === "shutdown") return this.#requeue(queued, "shutdown", nowMs);
    if (cancelled !== undefined) {
      return this.#requeue({ ...queued, preemptions: queued.preemptions + 1 }, "preempted", nowMs);
    }
    if (end.kind === "failed" && end.permanent === true) return settle("held", "permanent-error");
    const attempts = queued.attempts + 1;
    if (attempts >= this.#limits.maxAttempts) {
      return settle("held", end.kind === "undelivered" ? "delivery-failed" : "attempts-exhausted");
    }
    return this.#requeue({ ...queued, attempts, notBeforeMs: nowMs + this.#limits.retryDelayMs }, "retry", nowMs);
  }

  #requeue(resume: QueuedResume, cause: RequeueCause, nowMs: number): Decision {
    const requeued = { ...resume, enqueuedAtMs: nowMs };
    this.#wait(requeued, nowMs);
    return { do: "requeue", resume: requeued, cause };
  }
}

/** The user's own turn has taken its place. */
const supersede = (resume: QueuedResume): Decision => ({
  do: "settle",
  resume,
  settlement: { outcome: "superseded", reason: "user-continued" },
});
