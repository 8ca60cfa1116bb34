import type { Socket } from "node:net";
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
  readonly subscriber: Redis;
  /** Cuts both connections and stops every timer. */
  destroy(): void;
  /** What runs keeps no process alive. */
  unrefTimers(): void;
}

export const MINUTE_MS = 60_000;

/** The parts of Bottleneck 2.19.5, its last release, that it has no public name for. */
interface Internals {
  readonly _store: {
    readonly heartbeat?: NodeJS.Timeout;
    readonly capacityPriorityCounters: Readonly<Record<string, NodeJS.Timeout>>;
  };
  readonly _scheduled: Readonly<Record<string, { readonly expiration?: NodeJS.Timeout }>>;
}

/**
 * Bottleneck's scripts go by the clock of the gateway that calls them: one whose clock is ahead would find the leases of
 * all others over. As we define them they go by the clock of Redis.
 */
const GATEWAY_CLOCK = "local now = tonumber(ARGV[1])";
const REDIS_CLOCK =
  "local redis_time = redis.call('time')\nlocal now = redis_time[1] * 1000 + math.floor(redis_time[2] / 1000)";

/** Made for each of both connections: `duplicate()` would make one that is plain. */
class FleetConnection extends Redis {
  override defineCommand(...[name, definition]: Parameters<Redis["defineCommand"]>): void {
    super.defineCommand(name, { ...definition, lua: definition.lua.replace(GATEWAY_CLOCK, REDIS_CLOCK) });
  }

  override disconnect(): void {
    super.disconnect();
    // What ioredis does is a polite end, for which it waits two seconds.
    (this.stream as Socket | undefined)?.destroy();
  }
}

/** Connects at once. Nothing is tried again: a connection that has failed once is done with, and so is the limiter. */
export function createLimiter(options: LimiterOptions): ClusterLimiter {
  const { namespace, maxConcurrent, startsPerMinute = null } = options;
  const client = connect(options.address);
  const connection = new Bottleneck.IORedisConnection({ client, Redis: FleetConnection });
  const { subscriber } = connection as unknown as { readonly subscriber: Redis };
  unrefSocket(subscriber);
  const limiter = new Bottleneck({
    id: namespace,
    connection,
    maxConcurrent,
    ...reservoirOf(startsPerMinute),
  });
  const internals = limiter as unknown as Internals;
  const stopTimers = () => {
    clearInterval(internals._store.heartbeat);
    for (const timer of Object.values(internals._store.capacityPriorityCounters)) clearTimeout(timer);
  };
  return {
    limiter,
    client,
    subscriber,
    destroy: () => {
      stopTimers();
      void connection.disconnect(false);
      // Its heartbeat begins with the end of its start, which may be on its way.
      limiter.ready().then(stopTimers, () => undefined);
    },
    unrefTimers: () => {
      for (const { expiration } of Object.values(internals._scheduled)) expiration?.unref();
    },
  };
}

const reservoirOf = (startsPerMinute: number | null) => ({
  reservoir: startsPerMinute,
  reservoirRefreshAmount: startsPerMinute,
  reservoirRefreshInterval: startsPerMinute === null ? null : MINUTE_MS,
});

function connect({ host, port, tls, database, username, password }: RedisAddress): Redis {
  const client = new FleetConnection({
    host,
    port,
    db: database,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls ? { tls: {} } : {}),
    // What every Redis and everything in front of one speaks, and what Bottleneck was written for.
    protocol: 2,
    // Sent again, a command of Bottleneck counts twice: its "register" would take a slot that nobody ever frees.
    retryStrategy: () => null,
    autoResendUnfulfilledCommands: false,
    // Whether it is ready the first script tells, and a reply to one of these would be lost, whatever it says.
    enableReadyCheck: false,
    disableClientInfo: true,
    // The link counts for itself how long nothing comes back.
    connectTimeout: 0,
  });
  unrefSocket(client);
  return client;
}

/** An open connection keeps no process alive. */
function unrefSocket(connection: Redis): void {
  connection.on("connect", () => connection.stream.unref());
}
