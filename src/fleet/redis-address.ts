import { isIP } from "node:net";

/** Where a Redis is, and who we are to it. */
export interface RedisAddress {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  readonly database: number;
  readonly username: string | undefined;
  readonly password: string | undefined;
}

/** A fault with all that an operator is told about it: nothing of the address but host and port. */
export class FleetFault extends Error {
  override name = "FleetFault";
}

const DEFAULT_PORT = 6379;

/**
 * Reads `fleet.redisUrl` ourselves: ioredis takes any of its options from the query, and those of the URL win over ours.
 * Throws a `FleetFault` that holds nothing of the URL.
 */
export function parseRedisUrl(text: string): RedisAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isRedis = url?.protocol === "redis:" || url?.protocol === "rediss:";
  const database = /^\/?(\d{0,5})$/.exec(url?.pathname ?? "-")?.[1];
  // A password that is not encoded ends the host too early: a part of it would pass for the host, and be shown as such.
  const isTorn = url !== undefined && (url.hash !== "" || url.search.includes("@"));
  if (url === undefined || !isRedis || url.hostname === "" || database === undefined || isTorn) throw unreadable();
  const host = url.hostname.replaceAll(/^\[|\]$/g, "");
  return {
    host: decoded(host),
    port: url.port === "" ? DEFAULT_PORT : Number(url.port),
    tls: url.protocol === "rediss:",
    database: Number(database),
    username: url.username === "" ? undefined : decoded(url.username),
    password: url.password === "" ? undefined : decoded(url.password),
  };
}

/** `host:port`, as it may be shown. */
export const placeOf = ({ host, port }: RedisAddress): string => `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw unreadable();
  }
}

const unreadable = () =>
  new FleetFault(
    'fleet.redisUrl is no Redis address: expected "redis://[user:password@]host[:port][/database]", or "rediss://" ' +
      "for TLS; what is no letter or digit in user or password has to be percent-encoded",
  );
