import { isIP, type Socket } from "node:net";
import Bottleneck from "bottleneck";
import { Redis } from "ioredis";
import type { RedisAddress } from "./redis-address.ts";

/** What the cluster is made with. */
export interface LimiterOptions {
  readonly address: RedisAddress;
  readonly namespace: string;
  readonly maxConcurrent: number;
  readonly startsPerMinute: number | undefined;
}

/** A limiter with its two connections, both ours to watch and to cut. */
export interface ClusterLimiter {
  readonly limiter: Bottleneck;
  readonly client: Redis;
  /** Hears when a slot is free. */
  readonly subscriber: Redis;
  /** Asks for nothing more that was not asked for already. */
  deafen(): void;
  /** Cuts both connections and stops every timer. */
  destroy(): void;
  /** What runs keeps no process alive. */
  unrefTimers(): void;
}

const MINUTE_MS = 60_000;

/** The parts of Bottleneck 2.19.5, its last release, that it has no public name for. */
interface Internals {
  readonly _store: {
    readonly heartbeat?: NodeJS.Timeout;
    readonly capacityPriorityCounters: Readonly<Record<string, NodeJS.Timeout>>;
  };
  readonly _scheduled: Readonly<Record<string, { readonly expiration?: NodeJS.Timeout }>>;
}

/** Bottleneck's scripts go by the clock of the gateway that calls them: one that is ahead finds all leases over. */
const GATEWAY_CLOCK = "local now = tonumber(ARGV[1])";
const REDIS_CLOCK =
  "local redis_time = redis.call('time')\nlocal now = redis_time[1] * 1000 + math.floor(redis_time[2] / 1000)";
/** Since Redis 7 this puts "ERR " before the words by which Bottleneck knows that it has to register again. */
const ERROR_REPLY = /redis\.error_reply\((.*)\)/g;

/** One of Bottleneck's scripts, as it is right for gateways with clocks of their own, and for Redis 7. */
export const corrected = (script: string): string =>
  script.replace(GATEWAY_CLOCK, REDIS_CLOCK).replace(ERROR_REPLY, "{err = $1}");

/** Connects at once. Nothing is tried again: a connection that has failed once is done with, and so is the limiter. */
export function createLimiter({ address, namespace, maxConcurrent, ...rate }: LimiterOptions): ClusterLimiter {
  const client = connect(address);
  const subscriber = connect(address);
  const define = client.defineCommand.bind(client);
  Object.assign(client, {
    // Bottleneck makes its second connection of the first one.
    duplicate: () => subscriber,
    defineCommand: (name: string, script: { readonly lua: string }) => define(name, { lua: corrected(script.lua) }),
  });
  const connection = new Bottleneck.IORedisConnection({ client, Redis });
  const reservoir = reservoirOf(rate.startsPerMinute);
  const limiter = new Bottleneck({ id: namespace, connection, maxConcurrent, ...reservoir });
  const { _store: store, _scheduled: scheduled } = limiter as unknown as Internals;
  const stopTimers = () => {
    clearInterval(store.heartbeat);
    for (const timer of Object.values(store.capacityPriorityCounters)) clearTimeout(timer);
  };
  return {
    limiter,
    client,
    subscriber,
    deafen: () => cut(subscriber),
    destroy: () => {
      cut(client);
      cut(subscriber);
      stopTimers();
      // Its heartbeat begins with the end of its start, which may be on its way.
      limiter.ready().then(stopTimers, () => undefined);
    },
    unrefTimers: () => {
      for (const { expiration } of Object.values(scheduled)) expiration?.unref();
    },
  };
}

const reservoirOf = (startsPerMinute: number | undefined) => ({
  reservoir: startsPerMinute ?? null,
  reservoirRefreshAmount: startsPerMinute ?? null,
  reservoirRefreshInterval: startsPerMinute === undefined ? null : MINUTE_MS,
});

function connect({ host, port, tls, database, username, password }: RedisAddress): Redis {
  const connection = new Redis({
    host,
    port,
    db: database,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls ? { tls: isIP(host) === 0 ? { servername: host } : {} } : {}),
    // What every Redis and everything in front of one speaks, and what Bottleneck was written for.
    protocol: 2,
    // Sent again, a command of Bottleneck counts twice: its "register" would take a slot that nobody ever frees.
    retryStrategy: () => null,
    autoResendUnfulfilledCommands: false,
    // Whether it is ready the first script tells, and an error in reply to one of these would be lost.
    enableReadyCheck: false,
    disableClientInfo: true,
    // The link counts for itself how long nothing comes back.
    connectTimeout: 0,
  });
  connection.on("connect", () => connection.stream.unref());
  return connection;
}

function cut(connection: Redis): void {
  if (connection.status === "end") return;
  connection.disconnect();
  // What ioredis begins is a polite end, for which it waits two seconds. Not there yet while it looks up the host.
  (connection.stream as Socket | undefined)?.destroy();
}
