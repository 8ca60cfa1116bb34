import type { FleetState } from "../domain/fleet-state.ts";
import type { PermitCause } from "../domain/wait-cause.ts";
import type { Permit, PermitSource } from "../lane/permits.ts";
import type { FleetSettings } from "../settings/settings.ts";
import { FleetLink, type Slot } from "./fleet-link.ts";
import { FleetFault, parseRedisUrl } from "./redis-address.ts";
import type { FleetLimits, FleetUsage, JoinReply } from "./scripts.ts";

export { resolveRedisUrl } from "./redis-url.ts";

export interface FleetEvents {
  /** Redis cannot be used, why, and what would be right; nothing secret in it. Once until it is healed. */
  lost(reason: string): void;
  /** Redis grants again. */
  healed(): void;
  /** Two gateways of one fleet have different limits; which ones are in force. */
  disagrees(what: string): void;
}

export interface FleetOptions {
  readonly settings: FleetSettings;
  /** The address with its password. Asked for before every connection: the secret may be another by then. */
  readonly redisUrl: () => Promise<string>;
  readonly events: FleetEvents;
  /** A clock that never jumps, in milliseconds. */
  readonly nowMs: () => number;
  /** Calls back once after `delayMs`, and keeps no process alive for it; the returned function cancels. */
  readonly after: (delayMs: number, callback: () => void) => () => void;
}

/** The budget that this gateway shares with others. */
export interface Fleet extends PermitSource {
  readonly state: FleetState;
  /** Why Redis cannot be used now; undefined unless it is lost. */
  readonly lostReason: string | undefined;
  /** How much of the fleet is in use; undefined when Redis does not say so within two seconds. */
  usage(): Promise<FleetUsage | undefined>;
}

/** A run that was started with a permit of ours and has not ended. */
interface Run {
  /** Undefined: this gateway granted it by itself. */
  readonly slot: Slot | undefined;
  readonly link: FleetLink | undefined;
  /** Redis counts it. */
  isCounted: boolean;
}

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 5_000;
/** A connection that lasted for less has healed nothing: the next try waits longer. */
const STABLE_MS = 10_000;
/** For the address to come out of its secret store. */
const SECRET_MS = 15_000;
/** What is left of the half second in which it has to be closed. */
const LEAVE_MS = 400;

/**
 * One budget for many gateways: every permit is a job of a Bottleneck limiter whose counts are kept in Redis.
 *
 * The limits stand in Redis. Where gateways disagree, those of the gateway that joined last are in force for all, also
 * after Redis has lost everything and all join anew; a gateway is told when that changes or overrides its own.
 *
 * Without Redis a gateway grants by itself, never more than `fallbackConcurrent` runs at once with all that run already.
 * When Redis is back, such runs are not counted there: nothing is asked for until they have ended.
 */
export const createRedisFleet = (options: FleetOptions): Fleet => new RedisFleet(options);

class RedisFleet implements Fleet {
  readonly #options: FleetOptions;
  readonly #limits: FleetLimits;
  readonly #runs = new Set<Run>();
  /** Names of slots of lost connections that nobody holds any more; the next connection frees them. */
  readonly #unfreed = new Set<string>();
  #ask: ((permit: Permit) => void) | undefined;
  #link: FleetLink | undefined;
  #state: FleetState = "connecting";
  #lostReason: string | undefined;
  #isClosed = false;
  #openedAtMs: number | undefined;
  #retryMs = FIRST_RETRY_MS;
  /** Of the next try, or of the wait for the address. */
  #cancelTimer: (() => void) | undefined;
  #joinedAtMs: number | undefined;
  #disagreement = "";

  constructor(options: FleetOptions) {
    this.#options = options;
    const { maxConcurrent, startsPerMinute } = options.settings;
    this.#limits = { maxConcurrent, startsPerMinute };
    void this.#connect();
  }

  get state(): FleetState {
    return this.#state;
  }

  get lostReason(): string | undefined {
    return this.#lostReason;
  }

  get waitsFor(): PermitCause | undefined {
    return this.#ask === undefined ? undefined : "fleet";
  }

  ask(): Promise<Permit> {
    return new Promise((resolve) => {
      this.#ask = resolve;
      this.#serve();
    });
  }

  usage(): Promise<FleetUsage | undefined> {
    return this.#link?.usage() ?? Promise.resolve(undefined);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#cancelTimer?.();
    const link = this.#link;
    if (link === undefined) return;
    for (const run of this.#runs) this.#free(run, false);
    this.#runs.clear();
    let cancel: (() => void) | undefined;
    const late = new Promise<void>((resolve) => {
      cancel = this.#options.after(LEAVE_MS, resolve);
    });
    await Promise.race([link.leave([...this.#unfreed]).catch(() => undefined), late]);
    cancel?.();
    link.destroy();
  }

  /** Starts the open ask, or sees to it that somebody does. */
  #serve(): void {
    if (this.#ask === undefined || this.#isClosed) return;
    if (this.#state === "lost" && this.#runs.size < this.#options.settings.fallbackConcurrent) {
      this.#start({ slot: undefined, link: undefined, isCounted: false });
    } else if (this.#state === "shared" && this.#areAllCounted()) {
      this.#link?.request();
    }
  }

  #start(run: Run): void {
    const resolve = this.#ask;
    this.#ask = undefined;
    this.#runs.add(run);
    resolve?.({ end: () => this.#end(run, false), giveBack: () => this.#end(run, true) });
    this.#link?.watch();
  }

  #end(run: Run, unused: boolean): void {
    if (!this.#runs.delete(run)) return;
    this.#free(run, unused);
    this.#serve();
  }

  #free({ slot, link }: Run, unused: boolean): void {
    if (slot === undefined) return;
    slot.free(unused);
    if (link === this.#link) return;
    this.#unfreed.add(slot.index);
    this.#link?.tidy();
  }

  #areAllCounted(): boolean {
    return [...this.#runs].every(({ isCounted }) => isCounted);
  }

  async #connect(): Promise<void> {
    try {
      const address = parseRedisUrl(await this.#redisUrl());
      if (this.#isClosed) return;
      this.#open(address);
    } catch (error) {
      // Any other error may show the address.
      this.#lose(error instanceof FleetFault ? error.message : "fleet.redisUrl cannot be resolved");
    }
  }

  async #redisUrl(): Promise<string> {
    const late = new Promise<never>((_, reject) => {
      const fault = new FleetFault(`fleet.redisUrl has not come out of its secret store in ${SECRET_MS / 1000} s`);
      this.#cancelTimer = this.#options.after(SECRET_MS, () => reject(fault));
    });
    try {
      return await Promise.race([this.#options.redisUrl(), late]);
    } finally {
      this.#cancelTimer?.();
    }
  }

  #open(address: ReturnType<typeof parseRedisUrl>): void {
    const { namespace, leaseMs } = this.#options.settings;
    const counted = () => [...this.#runs].flatMap(({ slot, isCounted }) => (slot && isCounted ? [slot.index] : []));
    const options = {
      address,
      namespace,
      limits: this.#limits,
      leaseMs,
      after: this.#options.after,
      joinedAtMs: () => this.#joinedAtMs,
      held: counted,
      unfreed: () => [...this.#unfreed],
      isBusy: () => this.#ask !== undefined || this.#runs.size > 0 || this.#unfreed.size > 0,
    };
    const link: FleetLink = new FleetLink(options, {
      opened: () => this.#opened(),
      lost: (reason) => this.#lose(reason),
      granted: (slot) => this.#granted(slot, link),
      forgotten: (index) => this.#forgotten(index),
      joined: (reply, freed) => this.#joined(reply, freed),
    });
    this.#link = link;
  }

  #opened(): void {
    this.#openedAtMs = this.#options.nowMs();
    const wasLost = this.#state === "lost";
    this.#setState("shared", undefined);
    if (wasLost) this.#options.events.healed();
    this.#serve();
  }

  #lose(reason: string): void {
    for (const index of this.#link?.destroy() ?? []) this.#unfreed.add(index);
    this.#link = undefined;
    if (this.#isClosed) return;
    const nowMs = this.#options.nowMs();
    if (this.#openedAtMs !== undefined && nowMs - this.#openedAtMs >= STABLE_MS) this.#retryMs = FIRST_RETRY_MS;
    this.#openedAtMs = undefined;
    this.#cancelTimer = this.#options.after(this.#retryMs, () => void this.#connect());
    this.#retryMs = Math.min(2 * this.#retryMs, LONGEST_RETRY_MS);
    const wasLost = this.#state === "lost";
    this.#setState("lost", reason);
    if (!wasLost) this.#options.events.lost(reason);
    this.#serve();
  }

  #setState(state: FleetState, lostReason: string | undefined): void {
    this.#state = state;
    this.#lostReason = lostReason;
  }

  #granted(slot: Slot, link: FleetLink): void {
    if (this.#ask === undefined || this.#isClosed || !this.#areAllCounted()) return slot.free(true);
    this.#start({ slot, link, isCounted: true });
  }

  /** Its run goes on; until it has ended this gateway has one more than Redis knows of. */
  #forgotten(index: string): void {
    for (const run of this.#runs) if (run.slot?.index === index) run.isCounted = false;
  }

  #joined({ joinedAtMs, inForce, others }: JoinReply, freed: readonly string[]): void {
    this.#joinedAtMs = joinedAtMs;
    for (const index of freed) this.#unfreed.delete(index);
    if (others === undefined) return;
    const what = disagreement(this.#options.settings.namespace, this.#limits, others, inForce === "others");
    if (what !== "" && what !== this.#disagreement) this.#options.events.disagrees(what);
    this.#disagreement = what;
  }
}

/** Empty when they agree. */
function disagreement(namespace: string, ours: FleetLimits, others: FleetLimits, othersAreInForce: boolean): string {
  const [mine, theirs] = [inWords(ours), inWords(others)];
  if (mine === theirs) return "";
  return othersAreInForce
    ? `a gateway that joined fleet "${namespace}" after this one has set ${theirs}: that is in force, not the ${mine} of this gateway`
    : `this gateway, the last to join fleet "${namespace}", has set ${mine}: that is in force for all gateways, not the ${theirs} of before`;
}

const inWords = ({ maxConcurrent, startsPerMinute }: FleetLimits) =>
  `fleet.maxConcurrent ${maxConcurrent} and ${startsPerMinute === undefined ? "no fleet.startsPerMinute" : `fleet.startsPerMinute ${startsPerMinute}`}`;
