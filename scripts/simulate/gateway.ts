/** One simulated gateway: the plugin's own scheduler, and around it what the lane and the host do. */
import type { Decision } from "../../src/domain/decisions.ts";
import type { QueuedResume, RunningResume } from "../../src/domain/queued-resume.ts";
import { Scheduler } from "../../src/domain/scheduler.ts";
import { NOTHING_USED } from "../../src/domain/spend.ts";
import type { Permit } from "../../src/lane/permits.ts";
import type { VirtualClock } from "./clock.ts";
import { PaceModel, type Permits } from "./permits.ts";
import { FIRST_WORD_MS, type Provider } from "./provider.ts";
import { exponential, logNormal, randomOf } from "./random.ts";
import { ResumeRun } from "./resume-run.ts";
import type { Tally } from "./tally.ts";
import type { Scenario, World } from "./world.ts";

export interface GatewayOptions {
  /** From 0; the order of the restarts. */
  readonly index: number;
  readonly world: World;
  readonly scenario: Scenario;
  readonly clock: VirtualClock;
  readonly provider: Provider;
  /** Its place in the fleet's budget, where there is one. */
  readonly fleet: Permits | undefined;
  readonly tally: Tally;
}

const MINUTE_MS = 60_000;
/** What the numbers of `randomOf` are for. */
const FOR = { ready: 1, duration: 2, users: 3, repeats: 4 } as const;
const PROVIDER = "provider";
/** It does not say when it wants to be asked again. */
const RATE_LIMIT = { provider: PROVIDER, fault: "rate-limit", retryAfterMs: 0 } as const;

export class Gateway {
  readonly #options: GatewayOptions;
  readonly #scheduler: Scheduler;
  readonly #pace: PaceModel;
  readonly #active = new Map<string, ResumeRun>();
  #permit: Permit | undefined;
  #readyAtMs = 0;
  #wakeAtMs: number | undefined;
  #cancelWake: (() => void) | undefined;

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#scheduler = new Scheduler(options.scenario.limits);
    this.#pace = new PaceModel(options.scenario.pace, options.clock);
  }

  /** Is restarted in its turn. */
  restart(): void {
    const { index, world, clock } = this.#options;
    const random = randomOf(world.seed, FOR.ready, index);
    clock.after(index * world.staggerMs + random() * world.jitterMs, () => this.#open());
  }

  #open(): void {
    const { world, scenario, clock, tally } = this.#options;
    const nowMs = (this.#readyAtMs = clock.nowMs);
    const admitted = Math.min(world.sessions, scenario.maxPerBoot);
    if (admitted < world.sessions) tally.hold("over-boot-limit", world.sessions - admitted);
    tally.open -= world.sessions - admitted;
    for (let session = 0; session < admitted; session += 1) {
      this.#carryOut(this.#scheduler.enqueue(this.#queued(session, nowMs), nowMs));
    }
    this.#carryOut(this.#scheduler.open(nowMs));
    if (world.usersPerMinute > 0) this.#awaitUser(randomOf(world.seed, FOR.users, this.#options.index), 0);
  }

  /** Each message is to a chat of its own that was not interrupted. */
  #awaitUser(random: () => number, count: number): void {
    const { world, clock } = this.#options;
    clock.after(exponential(random, MINUTE_MS / world.usersPerMinute), () => {
      this.#serveUser(`user ${count}`);
      this.#awaitUser(random, count + 1);
    });
  }

  /** A turn that the provider refuses is repeated by the host meanwhile. */
  #serveUser(key: string): void {
    const { world, clock, provider, tally } = this.#options;
    tally.users += 1;
    this.#carryOut(this.#scheduler.userWrote(key, clock.nowMs));
    this.#carryOut(this.#scheduler.userRunStarted(key, key, clock.nowMs));
    const request = provider.ask("user");
    clock.after(Math.min(FIRST_WORD_MS, world.userMs), () => {
      if (request.isAccepted) this.#answered();
      else this.#refused(undefined);
    });
    clock.after(world.userMs, () => {
      request.end();
      this.#carryOut(this.#scheduler.userRunEnded(key, clock.nowMs));
    });
  }

  #carryOut(decisions: readonly Decision[]): void {
    for (const decision of decisions) this.#do(decision);
    this.#wakeLater();
  }

  #do(decision: Decision): void {
    const { clock, tally } = this.#options;
    if (decision.do === "start") this.#start(decision.resume);
    else if (decision.do === "cancel") this.#active.get(decision.key)?.cancel();
    else if (decision.do === "ask") this.#ask();
    else if (decision.do === "give-back") this.#takePermit()?.giveBack();
    else if (decision.do === "requeue") tally.preemptions += decision.cause === "preempted" ? 1 : 0;
    else {
      const { outcome, reason } = decision.settlement;
      tally.settled(outcome, reason, clock.nowMs - this.#readyAtMs, clock.nowMs);
    }
  }

  /** The pace first, then the fleet. */
  #ask(): void {
    const { fleet } = this.#options;
    this.#pace.ask((pace) => {
      if (fleet === undefined) this.#granted(pace);
      else fleet.ask((slot) => this.#granted(both(pace, slot)));
    });
  }

  #granted(permit: Permit): void {
    this.#permit = permit;
    this.#carryOut(this.#scheduler.permitGranted(this.#options.clock.nowMs));
  }

  #takePermit(): Permit | undefined {
    const permit = this.#permit;
    this.#permit = undefined;
    return permit;
  }

  #start({ key, activityAtMs }: RunningResume): void {
    const { index, world, scenario, clock, provider, tally } = this.#options;
    tally.started();
    const permit = this.#takePermit();
    // The same at every attempt: what took too long once does so again.
    const random = randomOf(world.seed, FOR.duration, index, activityAtMs ?? 0);
    const run = new ResumeRun({
      clock,
      provider,
      durationMs: logNormal(random, world.resumeMs, world.resumeSpread),
      requests: world.requestsPerResume,
      timeoutMs: scenario.timeoutMs,
      repeating: scenario.seesProvider ? undefined : randomOf(world.seed, FOR.repeats, index, activityAtMs ?? 0),
      listener: {
        answered: () => {
          // Only now does the host tell whom it has asked.
          this.#scheduler.providerAsked(key, PROVIDER, clock.nowMs);
          this.#answered();
        },
        refused: () => this.#refused(key),
        ended: (end) => {
          tally.ended();
          this.#active.delete(key);
          permit?.end();
          this.#carryOut(this.#scheduler.runEnded(key, end, clock.nowMs));
        },
      },
    });
    this.#active.set(key, run);
    this.#scheduler.providerAsked(key, undefined, clock.nowMs);
  }

  #answered(): void {
    const { scenario, clock } = this.#options;
    if (scenario.seesProvider) this.#carryOut(this.#scheduler.providerAnswered(PROVIDER, clock.nowMs));
  }

  /** `key`: a resume; `undefined`: a user. */
  #refused(key: string | undefined): void {
    const { scenario, clock } = this.#options;
    if (scenario.seesProvider) this.#carryOut(this.#scheduler.providerRefused(RATE_LIMIT, key, clock.nowMs));
  }

  #wakeLater(): void {
    const { clock } = this.#options;
    const atMs = this.#scheduler.nextWakeAtMs();
    if (atMs === this.#wakeAtMs) return;
    this.#cancelWake?.();
    this.#wakeAtMs = atMs;
    if (atMs === undefined) return;
    this.#cancelWake = clock.after(atMs - clock.nowMs, () => {
      this.#wakeAtMs = undefined;
      this.#carryOut(this.#scheduler.tick(clock.nowMs));
    });
  }

  /** Of a direct chat; the one with the highest number was the last to be used. */
  #queued(session: number, nowMs: number): QueuedResume {
    const key = `session ${session}`;
    return {
      key,
      agentId: "main",
      sessionKey: key,
      sessionId: key,
      requestedAtMs: undefined,
      activityAtMs: session,
      direct: true,
      attempts: 0,
      preemptions: 0,
      refusals: 0,
      isAnswered: false,
      provider: this.#options.scenario.seesProvider ? PROVIDER : undefined,
      estimate: NOTHING_USED,
      queuedAtMs: nowMs,
      enqueuedAtMs: nowMs,
      notBeforeMs: nowMs,
    };
  }
}

const both = (first: Permit, second: Permit): Permit => ({
  end: () => [first, second].forEach((permit) => permit.end()),
  giveBack: () => [first, second].forEach((permit) => permit.giveBack()),
});
