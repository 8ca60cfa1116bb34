import { describeFault, type Fault } from "./fault.ts";
import { type ClusterLimiter, createLimiter } from "./limiter.ts";
import type { RedisAddress } from "./redis-address.ts";
import { type FleetLimits, FleetScripts, type FleetUsage, type JoinReply } from "./scripts.ts";
import { TICK_MS, Wire } from "./wire.ts";

/** A slot of the fleet that was granted to this gateway. */
export interface Slot {
  /** Its name in Redis. */
  readonly index: string;
  /** Once. `unused`: nothing was started with it. */
  free(unused: boolean): void;
}

export interface FleetLinkOptions {
  readonly address: RedisAddress;
  readonly namespace: string;
  readonly limits: FleetLimits;
  /** How long a slot stays taken when its gateway died. */
  readonly leaseMs: number;
  readonly after: (delayMs: number, callback: () => void) => () => void;
  /** When this gateway joined, by the clock of Redis in milliseconds; undefined: it has not yet. */
  readonly joinedAtMs: () => number | undefined;
  /** Names of the slots that runs of this gateway hold, whichever connection they came by. */
  readonly held: () => readonly string[];
  /** Names of the slots of earlier connections that nobody holds any more. */
  readonly unfreed: () => readonly string[];
  /** Something is asked for, held or to be freed: whether Redis is there matters. */
  readonly isBusy: () => boolean;
}

export interface FleetLinkEvents {
  opened(): void;
  /** The end of it. */
  lost(reason: string): void;
  granted(slot: Slot): void;
  /** Redis has let go of a slot that is held. */
  forgotten(index: string): void;
  /** What Redis says of this gateway's place in the fleet; `freed`: it has let go of these. */
  joined(reply: JoinReply, freed: readonly string[]): void;
}

/** A job of Bottleneck: it has the name of its slot when it is granted. */
interface Job {
  index: string | undefined;
  isOver: boolean;
}

/** Between two questions whether Redis is there and still knows our slots. */
const PROBE_TICKS = 2;
/** For a question whose answer is only to look at. */
const USAGE_MS = 2_000;

/**
 * One connection to the fleet's Redis, from its start to its loss.
 *
 * Nothing outlives a loss: a limiter whose start failed is dead for good, and what ioredis would send again after
 * a reconnect Bottleneck would count twice. The next link begins anew and frees what this one left behind.
 */
export class FleetLink {
  readonly #options: FleetLinkOptions;
  readonly #events: FleetLinkEvents;
  readonly #cluster: ClusterLimiter;
  readonly #scripts: FleetScripts;
  readonly #wires: readonly Wire[];
  /** Each until its slot is free in Redis. */
  readonly #jobs = new Map<Job, Promise<void>>();
  /** Names of slots that Redis may hold for us and no run has. */
  readonly #loose = new Set<string>();
  #state: "opening" | "open" | "leaving" | "over" = "opening";
  #isAsking = false;
  /** The slot that Bottleneck has asked for last. */
  #registering: string | undefined;
  #clientId = "";
  #cancelTick: (() => void) | undefined;
  #probeInTicks = PROBE_TICKS;
  #isProbing = false;

  constructor(options: FleetLinkOptions, events: FleetLinkEvents) {
    this.#options = options;
    this.#events = events;
    const { address, namespace, limits } = options;
    this.#cluster = createLimiter({ address, namespace, ...limits });
    const { client, subscriber, limiter } = this.#cluster;
    this.#scripts = new FleetScripts(client, namespace);
    this.#wires = [new Wire(client), new Wire(subscriber)];
    for (const connection of [client, subscriber]) {
      connection.on("error", this.#failWith);
      connection.on("close", () => this.#fail({ kind: "closed", early: this.#state === "opening" }));
    }
    limiter.on("error", this.#failWith);
    limiter.on("debug", (message: string, data: unknown) => this.#overhear(message, data));
    this.watch();
    this.#open().catch(this.#failWith);
  }

  /** Asks for one slot; until it is granted, asking again is the same ask. */
  request(): void {
    if (this.#isAsking || this.#state !== "open") return;
    this.#isAsking = true;
    this.#registering = undefined;
    const job: Job = { index: undefined, isOver: false };
    // The lease frees the slot of a dead gateway; here it ends the job of a run that outlives it, and nothing else.
    const expiration = this.#options.leaseMs;
    const settled = this.#cluster.limiter
      .schedule({ expiration }, () => this.#grant(job))
      .then(
        () => this.#jobOver(job),
        (error: unknown) => {
          this.#jobOver(job);
          if (job.index === undefined) this.#failWith(error);
          else this.#events.forgotten(job.index);
        },
      );
    this.#jobs.set(job, settled);
    this.watch();
  }

  /** Looks whether Redis is there for as long as it matters. */
  watch(): void {
    if (this.#isOver) return;
    this.#cancelTick ??= this.#options.after(TICK_MS, () => this.#tick());
  }

  /** Frees now what earlier connections have left behind. */
  tidy(): void {
    if (this.#state === "open") void this.#probe();
  }

  /** Undefined when there is no answer soon. */
  async usage(): Promise<FleetUsage | undefined> {
    if (this.#state !== "open") return undefined;
    let cancel: (() => void) | undefined;
    const late = new Promise<undefined>((resolve) => {
      cancel = this.#options.after(USAGE_MS, () => resolve(undefined));
    });
    const usage = await Promise.race([this.#scripts.usage().catch(() => undefined), late]);
    cancel?.();
    return usage;
  }

  /**
   * Resolves when Redis knows that what was freed is free, and so are these slots of earlier connections, and that this
   * gateway is gone; never, when Redis is gone.
   */
  async leave(unfreed: readonly string[]): Promise<void> {
    if (this.#state !== "open") return;
    this.#state = "leaving";
    this.#cancelTick?.();
    // Nothing tells of free slots any more, so that no other is asked for.
    this.#cluster.deafen();
    const freed = [...this.#jobs].flatMap(([job, settled]) => (job.index === undefined ? [] : [settled]));
    await Promise.all(freed);
    const asked = this.#isAsking && this.#registering !== undefined ? [this.#registering] : [];
    await this.#scripts.leave(this.#clientId, [...unfreed, ...asked]);
  }

  /** Cuts the connection. Returns the names of slots that Redis may hold for us and no run has. */
  destroy(): readonly string[] {
    if (this.#state === "over") return [];
    this.#state = "over";
    this.#cancelTick?.();
    if (this.#isAsking && this.#registering !== undefined) this.#loose.add(this.#registering);
    this.#cluster.destroy();
    return [...this.#loose];
  }

  async #open(): Promise<void> {
    const { limiter, subscriber } = this.#cluster;
    await limiter.ready();
    // Bottleneck does not look whether its subscriptions were granted; without them nobody would tell of a free slot.
    await Promise.all([subscriber.subscribe(limiter.channel()), this.#join()]);
    if (this.#state !== "opening") return;
    this.#state = "open";
    this.#events.opened();
  }

  async #join(): Promise<void> {
    const { joinedAtMs, limits, held, unfreed } = this.#options;
    const free = unfreed();
    const request = () => ({ joinedAtMs: joinedAtMs(), limits, free, held: held() });
    let asked = request();
    let reply = await this.#scripts.join(asked);
    if (reply === undefined && !this.#isOver) {
      // Redis was emptied beneath us. Any question makes Bottleneck begin anew; the heartbeat alone would not.
      await this.#cluster.limiter.running();
      asked = request();
      reply = await this.#scripts.join(asked);
    }
    if (reply === undefined || this.#isOver) return;
    // Only a step of a limiter takes them off the count.
    if (free.length > 0) await this.#cluster.limiter.running();
    if (this.#isOver) return;
    const { known } = reply;
    this.#events.joined(reply, free);
    for (const index of asked.held) if (!known.includes(index)) this.#events.forgotten(index);
  }

  #grant(job: Job): Promise<void> {
    const index = this.#registering;
    // A grant that comes too late: it is free again at once, or the next link frees it.
    if (this.#state !== "open" || index === undefined) return Promise.resolve();
    this.#isAsking = false;
    job.index = index;
    this.#cluster.unrefTimers();
    return new Promise((resolve) => {
      const free = (unused: boolean) => {
        if (!job.isOver) this.#loose.add(index);
        if (unused && this.#state === "open") this.#scripts.refund().catch(this.#failWith);
        resolve();
      };
      this.#events.granted({ index, free });
    });
  }

  #jobOver(job: Job): void {
    job.isOver = true;
    this.#jobs.delete(job);
    // Cut off on its way, it may still hold its slot.
    if (job.index !== undefined && this.#state !== "over") this.#loose.delete(job.index);
  }

  /** Bottleneck tells the names it gives only here. */
  #overhear(message: string, data: unknown): void {
    if (!message.startsWith("Calling Redis script: ") || !Array.isArray(data)) return;
    const [, clientId, index] = data as readonly unknown[];
    this.#clientId = String(clientId);
    if (message.endsWith(" register.lua")) this.#registering = String(index);
  }

  #tick(): void {
    this.#cancelTick = undefined;
    for (const wire of this.#wires) {
      const fault = wire.look();
      if (fault !== undefined) return this.#fail(fault);
    }
    if (this.#state === "open") {
      if (!this.#options.isBusy()) return;
      this.#probeInTicks -= 1;
      if (this.#probeInTicks <= 0) void this.#probe();
    }
    this.watch();
  }

  async #probe(): Promise<void> {
    if (this.#isProbing) return;
    this.#isProbing = true;
    try {
      await Promise.all([this.#join(), this.#cluster.subscriber.ping()]);
    } catch (error) {
      this.#failWith(error);
    }
    this.#isProbing = false;
    this.#probeInTicks = PROBE_TICKS;
  }

  readonly #failWith = (error: unknown): void => this.#fail({ kind: "error", error, early: this.#state === "opening" });

  #fail(fault: Fault): void {
    if (this.#isOver) return;
    const { address, namespace } = this.#options;
    this.#events.lost(describeFault(fault, address, namespace));
  }

  get #isOver(): boolean {
    return this.#state === "over" || this.#state === "leaving";
  }
}
