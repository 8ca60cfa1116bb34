import type { CancelCause, Decision, Refusal, RequeueCause, RunEnd, Settlement } from "./decisions.ts";
import type { SchedulerMode } from "./mode.ts";
import { isPermanent } from "./provider-fault.ts";
import { type Cooldown, type CooldownLimits, Providers } from "./providers.ts";
import type { QueuedResume } from "./queued-resume.ts";
import type { HeldReason, Outcome } from "./reasons.ts";
import { type Running, RunningResumes } from "./running-resumes.ts";
import { addUsage, NOTHING_USED, type SpendLimits, type Usage, usedUp } from "./spend.ts";
import type { LaneLoad } from "./starvation.ts";
import { UserTurns } from "./user-turns.ts";
import type { PauseCause, PermitCause, WaitCause } from "./wait-cause.ts";
import type { Entry } from "./waiting-entry.ts";
import type { Source } from "./waiting-places.ts";
import { type AgingLimits, WaitingRoom } from "./waiting-room.ts";

/** What the scheduler goes by. Durations in milliseconds. */
export interface SchedulerLimits extends AgingLimits, SpendLimits {
  readonly maxConcurrent: number;
  readonly maxPerAgent: number | undefined;
  readonly quietMs: number;
  readonly retryDelayMs: number;
  readonly maxAttempts: number;
  readonly preemptionScope: "lane" | "session";
  readonly cooldown: CooldownLimits;
  /** Each start needs a permit of its own: there is a pace, or a fleet. */
  readonly needsPermit: boolean;
}

/** What keeps queued resumes from starting, as far as the scheduler knows; why it is `paused`, and what its permit waits for, its owner knows. */
export type SchedulerWait = Exclude<WaitCause, PauseCause | PermitCause | "spend"> | "paused" | "permit";

/** What outlives a plugin that is replaced in its gateway. */
export interface SchedulerMemory {
  /** By runs of this boot. */
  readonly spent: Usage;
  readonly providers: Providers;
}

/** How long nothing starts after the host has refused a run. */
const REFUSED_REST_MS = 5_000;

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
  readonly #running = new RunningResumes();
  readonly #providers: Providers;
  /** By all runs of this boot. */
  #spent: Usage;
  #permit: "none" | "asked" | "granted" = "none";
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

  /** `memory`: of a scheduler of this boot before. */
  constructor(limits: SchedulerLimits, memory?: SchedulerMemory) {
    this.#limits = limits;
    this.#room = new WaitingRoom(limits);
    this.#providers = memory?.providers ?? new Providers(limits.cooldown);
    this.#providers.setLimits(limits.cooldown);
    this.#spent = memory?.spent ?? NOTHING_USED;
  }

  /** What the next one of this boot goes on with. */
  get memory(): SchedulerMemory {
    return { spent: this.#spent, providers: this.#providers };
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
    return this.#running.isYielding ? "yielding" : "running";
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
    if (running !== undefined) return { place: "running", resume: running.queued };
    const queued = this.#room.get(key) ?? this.#contested.get(key);
    return queued === undefined ? undefined : { place: "queued", resume: queued };
  }

  get users(): Pick<UserTurns, "waitingCount" | "runningCount" | "oldestWaitingSinceMs" | "hasRun"> {
    return this.#users;
  }

  /** What runs of this boot have used. */
  get spent(): Usage {
    return this.#spent;
  }

  /** Why nothing more is run in this boot, but for what the operator asks for. */
  get usedUp(): HeldReason | undefined {
    return usedUp(this.#spent, this.#limits);
  }

  /** Providers that are left alone now. */
  cooldowns(nowMs: number): Cooldown[] {
    return this.#providers.cooldowns(nowMs);
  }

  oldestQueuedSinceMs(): number | undefined {
    const contested = Array.from(this.#contested.values(), ({ queuedAtMs }) => queuedAtMs);
    const waiting = [this.#room.oldestSinceMs(), ...contested].filter((sinceMs) => sinceMs !== undefined);
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
    const reason = this.#holds(resume);
    if (reason !== undefined) return [hold(resume, reason)];
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
    if (this.#room.size === 0) return undefined;
    if (this.#room.readyCount === 0) return "resting";
    if (this.#running.size >= this.#limits.maxConcurrent) return undefined;
    if (this.#next(nowMs) !== undefined) return this.#permit === "asked" ? "permit" : undefined;
    return this.#isHeldUp("cooldown", nowMs) ? "cooldown" : this.#isHeldUp("probe", nowMs) ? "probe" : undefined;
  }

  /** Nothing waits, nothing runs, and a resume could start: users have been quiet, and nobody has paused the lane. */
  isIdle(nowMs: number): boolean {
    return this.queued + this.running + this.#users.waitingCount === 0 && this.waitsFor(nowMs) === undefined;
  }

  /** Whether a queued resume waits for its provider, although others may start. */
  isCooling(nowMs: number): boolean {
    return this.#isHeldUp("cooldown", nowMs);
  }

  /** The permit that was asked for. What could have started may not be able to any more. */
  permitGranted(nowMs: number): Decision[] {
    this.#permit = "granted";
    const decisions = this.#dispatch(nowMs);
    return [...decisions, ...this.#giveBackPermit()];
  }

  /** The request of a running resume is on its way; to this provider, where that is known by then. */
  providerAsked(key: string, provider: string | undefined, nowMs: number): Decision[] {
    const running = this.#running.get(key);
    if (running === undefined) return [];
    // It is named when its answer begins: the request was made before.
    if (provider === undefined) Object.assign(running, { askedAtMs: nowMs, refused: false });
    running.askedAtMs ??= nowMs;
    running.provider = provider ?? running.provider;
    return this.#dispatch(nowMs);
  }

  /** This provider has answered somebody: it is left alone no longer. */
  providerAnswered(provider: string, nowMs: number): Decision[] {
    return this.#providers.answered(provider) ? this.#dispatch(nowMs) : [];
  }

  /** A running resume has had an answer, or the beginning of one: what it has used is paid, whatever comes next. */
  answerBegan(key: string): void {
    const running = this.#running.get(key);
    if (running !== undefined) running.hasAnswer = true;
  }

  /** This provider has refused somebody; `key`: a running resume. */
  providerRefused(refusal: Refusal, key: string | undefined, nowMs: number): Decision[] {
    this.#noteRefusal(refusal, key === undefined ? undefined : this.#running.get(key), nowMs);
    return [...this.#holdAll(), ...this.#dispatch(nowMs)];
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
    this.#providers.setLimits(limits.cooldown);
    return [...this.#holdAll(), ...this.#dispatch(nowMs)];
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
    if (end.kind === "refused") this.#refusedUntilMs = nowMs + REFUSED_REST_MS;
    // Most are seen while they run.
    if (end.kind === "provider-fault" && !running.refused) this.#noteRefusal(end, running, nowMs);
    this.#running.remove(key);
    this.#spend(running, end.usage);
    return [this.#conclude(running, end, nowMs), ...this.#holdAll(), ...this.#dispatch(nowMs)];
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
    if (this.#room.size > 0) queue.push(this.#providers.nextChangeAtMs(this.#lastTickMs), ...this.#probeEndsMs());
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
    for (let next = this.#next(nowMs); next !== undefined; next = this.#next(nowMs)) {
      if (this.#limits.needsPermit && this.#permit !== "granted") return [...decisions, ...this.#askForPermit()];
      if (this.#limits.needsPermit) this.#permit = "none";
      const queued = this.#room.take(next);
      const resume = {
        ...queued,
        attempts: queued.attempts + 1,
        slot: this.#running.freeSlot(),
        startedAtMs: nowMs,
        aged: this.#room.isAged(queued, nowMs),
      };
      this.#running.add(queued, resume);
      decisions.push({ do: "start", resume });
    }
    return decisions;
  }

  /** The one that starts now, if there is a permit; `undefined` when none may. */
  #next(nowMs: number): Entry | undefined {
    if (this.#running.size >= this.#limits.maxConcurrent) return undefined;
    const mayStart = (source: Source) => this.#obstacle(source, nowMs) === undefined;
    const quietAtMs = this.#users.quietAtMs(this.#limits.quietMs);
    if (quietAtMs !== undefined && quietAtMs <= nowMs) return this.#room.next("any", mayStart);
    // Beside user turns only an aged one, and one such at a time.
    return this.#running.size === 0 ? this.#room.next("aged", mayStart) : undefined;
  }

  /** What keeps the resumes of an agent and a provider from starting. */
  #obstacle({ agentId, provider }: Source, nowMs: number): "agent" | "cooldown" | "probe" | undefined {
    if (this.#running.ofAgent(agentId) >= (this.#limits.maxPerAgent ?? Infinity)) return "agent";
    if (provider === undefined) return undefined;
    if (this.#providers.isCooling(provider, nowMs)) return "cooldown";
    // One that has not answered yet is asked once first: it may refuse everything.
    const isProbed = !this.#providers.answers(provider) && nowMs < this.#running.unheardUntilMs(provider);
    return isProbed ? "probe" : undefined;
  }

  #isHeldUp(by: "cooldown" | "probe", nowMs: number): boolean {
    return this.#room.next("any", (source) => this.#obstacle(source, nowMs) === by) !== undefined;
  }

  /** When the next may be started although a provider has not answered the first. */
  #probeEndsMs(): number[] {
    return this.#running.all().flatMap(({ provider }) => {
      const isProbed = provider !== undefined && !this.#providers.answers(provider);
      return isProbed ? [this.#running.unheardUntilMs(provider)] : [];
    });
  }

  #noteRefusal({ provider, fault, retryAfterMs }: Refusal, running: Running | undefined, nowMs: number): void {
    if (running !== undefined) running.refused = true;
    const name = provider ?? running?.provider;
    if (name !== undefined) this.#providers.refused(name, fault, retryAfterMs, nowMs);
  }

  #askForPermit(): Decision[] {
    if (this.#permit === "asked") return [];
    this.#permit = "asked";
    return [{ do: "ask" }];
  }

  /** A permit that is not used is kept from nobody. */
  #giveBackPermit(): Decision[] {
    if (this.#permit !== "granted") return [];
    this.#permit = "none";
    return [{ do: "give-back" }];
  }

  /** A run that was cut off after its request has used what the host does not tell. */
  #spend({ resume, askedAtMs, refused, hasAnswer }: Running, usage: Usage | undefined): void {
    const isCharged = hasAnswer || (askedAtMs !== undefined && !refused);
    this.#spent = addUsage(this.#spent, usage ?? (isCharged ? resume.estimate : NOTHING_USED));
  }

  /** Why this one is held rather than run; what the operator asks for is tried. A gateway that stops leaves it to the next. */
  #holds({ provider, requestedAtMs, isAnswered }: QueuedResume): HeldReason | undefined {
    if (requestedAtMs !== undefined || isAnswered || this.#state === "draining") return undefined;
    if (provider !== undefined && this.#providers.isGivenUp(provider)) return "permanent-error";
    return this.usedUp;
  }

  /** Everything in the queue that is to be held from now on. */
  #holdAll(): Decision[] {
    if (this.usedUp === undefined && !this.#providers.hasGivenUp) return [];
    return this.queue().flatMap((resume) => {
      const reason = this.#holds(resume);
      if (reason === undefined) return [];
      this.#contested.delete(resume.key);
      this.#room.remove(resume.key);
      return [hold(resume, reason)];
    });
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
    const spared = this.#running.spared();
    return this.#cancel("other-user", (running) => running !== spared);
  }

  /** Resumes that keep a waiting user waiting. Told by what should have made room, not by what was cancelled. */
  #resumesInTheWay(): number {
    const users = this.#users;
    const makesRoom = users.waitingForRoomCount > 0 && this.#limits.preemptionScope === "lane";
    const spared = this.#running.spared();
    return this.#running
      .all()
      .filter((running) => users.isWaiting(running.resume.key) || (makesRoom && running !== spared)).length;
  }

  #cancel(cause: CancelCause, isVictim: (running: Running) => boolean): Decision[] {
    const victims = this.#running.all().filter(isVictim);
    return victims.flatMap((running): Decision[] => {
      // The cause that is reported in the end is the user's own message, when there was one.
      const outranked = running.cancelled !== undefined && (cause !== "own-user" || running.cancelled === "own-user");
      if (outranked) return [];
      running.cancelled = cause;
      return [{ do: "cancel", key: running.resume.key, cause }];
    });
  }

  #conclude(running: Running, end: RunEnd, nowMs: number): Decision {
    const { cancelled, continued, fate, provider, hasAnswer } = running;
    // Its session may have another model than it had when it was queued.
    const before = { ...running.queued, provider };
    const queued = end.kind === "undelivered" ? { ...before, ...ANSWERED } : before;
    const attempts = queued.attempts + 1;
    if (end.kind === "completed") return settle({ ...queued, attempts }, "completed", end.reason);
    if (end.kind === "superseded" || continued) return settle({ ...queued, attempts }, "superseded", "user-continued");
    // A turn that was cut short costs no attempt.
    if (fate !== undefined) return settle(queued, fate.outcome, fate.reason);
    if (end.kind === "held") return settle({ ...queued, attempts }, "held", end.reason);
    if (end.kind === "refused" || cancelled === "shutdown") return this.#requeue(queued, "shutdown", nowMs);
    if (cancelled !== undefined) {
      return this.#requeue({ ...queued, preemptions: queued.preemptions + 1 }, "preempted", nowMs);
    }
    if (end.kind === "provider-fault" && !hasAnswer) return this.#retryProvider(queued, end, nowMs);
    if (end.kind === "failed" && end.permanent === true) return hold({ ...queued, attempts }, "permanent-error");
    if (attempts >= this.#limits.maxAttempts) {
      return hold({ ...queued, attempts }, end.kind === "undelivered" ? "delivery-failed" : "attempts-exhausted");
    }
    return this.#requeue({ ...queued, attempts, notBeforeMs: nowMs + this.#limits.retryDelayMs }, "retry", nowMs);
  }

  /** Its provider took no request of it: that costs no attempt. */
  #retryProvider(queued: QueuedResume, end: Refusal, nowMs: number): Decision {
    const provider = end.provider ?? queued.provider;
    const refused = { ...queued, provider, refusals: queued.refusals + 1 };
    // What the operator asked for has been tried.
    const isHopeless = provider !== undefined && isPermanent(end.fault) && this.#providers.isGivenUp(provider);
    if (isHopeless) return hold(refused, "permanent-error");
    // A provider that nobody knows has no cool-down: then the resume rests by itself.
    const restsMs = Math.max(this.#limits.cooldown.initialMs, end.retryAfterMs);
    const rest = provider === undefined ? { notBeforeMs: nowMs + restsMs } : {};
    return this.#requeue({ ...refused, ...rest }, "provider-fault", nowMs);
  }

  #requeue(resume: QueuedResume, cause: RequeueCause, nowMs: number): Decision {
    const reason = this.#holds(resume);
    if (reason !== undefined) return hold(resume, reason);
    const requeued = { ...resume, enqueuedAtMs: nowMs };
    this.#wait(requeued, nowMs);
    return { do: "requeue", resume: requeued, cause };
  }
}

/** What is there has only to be delivered. */
const ANSWERED = { isAnswered: true, provider: undefined, estimate: NOTHING_USED };

const settle = (resume: QueuedResume, outcome: Outcome, reason: string): Decision => ({
  do: "settle",
  resume,
  settlement: { outcome, reason },
});

/** The user's own turn has taken its place. */
const supersede = (resume: QueuedResume): Decision => settle(resume, "superseded", "user-continued");

const hold = (resume: QueuedResume, reason: HeldReason): Decision => settle(resume, "held", reason);
