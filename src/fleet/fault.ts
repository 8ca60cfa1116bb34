import { placeOf, type RedisAddress } from "./redis-address.ts";

/** How a connection can come to its end by itself. `early`: before it was of any use. */
export type Fault =
  | { readonly kind: "error"; readonly error: unknown; readonly early: boolean }
  /** Without a word. */
  | { readonly kind: "closed"; readonly early: boolean }
  /** Nothing came back for this long. */
  | { readonly kind: "silent"; readonly during: "connect" | "tls" | "talk"; readonly forMs: number };

/** What is wrong and what would be right, for an operator. Shows host and port of the address and nothing else of it. */
export function describeFault(fault: Fault, address: RedisAddress, namespace: string): string {
  const redis = `Redis at ${placeOf(address)}`;
  if (fault.kind === "silent") return silence(redis, fault);
  if (fault.kind === "closed") return closed(redis, fault.early, address);
  return describeError(redis, fault, address, namespace);
}

const NOT_TLS = 'if it does not speak TLS, fleet.redisUrl must begin with "redis://"';
const IS_TLS = 'if it speaks TLS, fleet.redisUrl must begin with "rediss://"';

function silence(redis: string, { during, forMs }: Extract<Fault, { kind: "silent" }>): string {
  const span = `${Math.round(forMs / 1000)} s`;
  if (during === "connect") {
    return `no connection to ${redis} within ${span}: are host and port of fleet.redisUrl right, and is no firewall between?`;
  }
  if (during === "tls") return `${redis} has not answered the TLS greeting for ${span}: ${NOT_TLS}`;
  return `${redis} has not answered for ${span}, though the connection is open: it or the network is stuck`;
}

function closed(redis: string, early: boolean, { tls }: RedisAddress): string {
  if (!early) return `${redis} closed the connection: it stops, or something between cut it`;
  const otherwise = "otherwise its log tells why (maxclients, a stop)";
  return `${redis} closed the connection at once: ${tls ? NOT_TLS : IS_TLS}; ${otherwise}`;
}

interface Wording {
  readonly when: RegExp;
  readonly say: (redis: string, address: RedisAddress, namespace: string) => string;
}

const needs = (namespace: string) =>
  `the user of fleet.redisUrl needs "~b_${namespace}_* &b_${namespace}* +@all -@admin -@dangerous"`;

/** What Redis itself answers. */
const REPLIES: readonly Wording[] = [
  {
    when: /^(WRONGPASS|ERR invalid password)/,
    say: (redis) => `${redis} refuses user and password (WRONGPASS): correct them in fleet.redisUrl`,
  },
  {
    // Without one Redis 7 takes no long commands, and says so.
    when: /^(NOAUTH|ERR Protocol error: unauthenticated)/,
    say: (redis) => `${redis} wants a password (NOAUTH): put it in fleet.redisUrl, "redis://:password@host:port"`,
  },
  {
    when: /wrong number of arguments for 'auth'/i,
    say: (redis) => `${redis} knows no user names (older than 6): leave the user out of fleet.redisUrl`,
  },
  {
    when: /^NOPERM|^ERR (The user executing the script can't|ACL failure in script)/,
    say: (redis, _, namespace) => `${redis} does not let this user work (NOPERM): ${needs(namespace)}`,
  },
  {
    when: /^READONLY/,
    say: (redis) => `${redis} is a read-only replica (READONLY): fleet.redisUrl must lead to the primary`,
  },
  { when: /^LOADING/, say: (redis) => `${redis} is still loading its data (LOADING): this ends by itself` },
  {
    when: /DENIED Redis is running in protected mode/,
    say: (redis) =>
      `${redis} takes no connections from other machines (protected mode): give it a password (requirepass) and put that in fleet.redisUrl`,
  },
  {
    when: /max number of clients reached/,
    say: (redis) => `${redis} has no connection left (maxclients): each gateway takes two`,
  },
  { when: /^MISCONF/, say: (redis) => `${redis} takes no writes as it cannot save to its disk (MISCONF): see its log` },
  { when: /^OOM/, say: (redis) => `${redis} takes no writes as its memory is full (OOM): raise its maxmemory` },
  { when: /^NOREPLICAS/, say: (redis) => `${redis} takes no writes as its replicas are missing (NOREPLICAS)` },
  { when: /^MASTERDOWN/, say: (redis) => `${redis} has lost its primary (MASTERDOWN)` },
  { when: /^BUSY /, say: (redis) => `${redis} is held up by a script of somebody else (BUSY)` },
  {
    when: /^(MOVED|ASK|CROSSSLOT|CLUSTERDOWN)/,
    say: (redis) => `${redis} is a Redis Cluster: fleet.redisUrl must lead to a Redis that holds all keys itself`,
  },
  {
    when: /DB index is out of range/,
    say: (redis, { database }) =>
      `${redis} has no database ${database}: correct the number at the end of fleet.redisUrl`,
  },
  {
    when: /^ERR unknown command/i,
    say: (redis) => `${redis} lacks a command: scripts, subscriptions and Redis 5 or later are needed`,
  },
  {
    // What is no Redis at all: a web server's "HTTP/1.1 400", or the alert of a TLS server.
    when: /Please report this/,
    say: (redis, { tls }) =>
      `what answers as ${redis} is no Redis: are host and port of fleet.redisUrl right? Or ${tls ? NOT_TLS : IS_TLS}`,
  },
];

/** By the code of Node's own errors. */
const CODES: readonly Wording[] = [
  {
    when: /^ECONNREFUSED$/,
    say: (redis) => `${redis} refuses connections: it is not running, or host or port of fleet.redisUrl is wrong`,
  },
  {
    when: /^(ENOTFOUND|EAI_NONAME|EAI_NODATA)$/,
    say: (_, { host }) => `the host ${host} of fleet.redisUrl is not known (DNS): correct it`,
  },
  {
    when: /^EAI_/,
    say: (_, { host }) => `the host ${host} of fleet.redisUrl cannot be looked up now (DNS)`,
  },
  {
    when: /^(ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|ENETDOWN|EADDRNOTAVAIL)$/,
    say: (redis) =>
      `${redis} cannot be reached: are host and port of fleet.redisUrl right, and is no firewall between?`,
  },
  {
    when: /^ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|UNEXPECTED_MESSAGE|HTTP_REQUEST)$/,
    say: (redis) => `${redis} does not answer in TLS: ${NOT_TLS}`,
  },
  {
    when: /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_|CERT_UNTRUSTED)/,
    say: (redis) =>
      `the certificate of ${redis} is of an authority that this machine does not trust: start the gateway with NODE_EXTRA_CA_CERTS=<its certificate>`,
  },
  {
    when: /^CERT_/,
    say: (redis) => `the certificate of ${redis} is not valid: has it expired, and is the clock right?`,
  },
  {
    when: /^ERR_TLS_CERT_ALTNAME_INVALID$/,
    say: (redis) => `the certificate of ${redis} is for another host name: correct the host in fleet.redisUrl`,
  },
  {
    when: /^(ERR_SSL_|EPROTO)/,
    say: (redis) => `no TLS connection to ${redis} comes about: ${NOT_TLS}`,
  },
];

type ErrorFault = Extract<Fault, { kind: "error" }>;

function describeError(redis: string, { error, early }: ErrorFault, address: RedisAddress, namespace: string): string {
  const { code = "", message = "" } = error instanceof Error ? (error as NodeJS.ErrnoException) : {};
  if (code === "ECONNRESET" || code === "EPIPE") return closed(redis, early, address);
  // ioredis puts its own words around what comes before anything was asked.
  const reply = message.replace(/^Command queue state error.*? Last error: /s, "");
  const said = REPLIES.find(({ when }) => when.test(reply)) ?? CODES.find(({ when }) => when.test(code));
  if (said !== undefined) return said.say(redis, address, namespace);
  return `${redis} fails: ${inOneLine(code || reply || "for an unknown reason", address)}`;
}

/** An answer that we do not know may repeat what it was asked: a password is that of an AUTH. */
function inOneLine(text: string, { username, password }: RedisAddress): string {
  const secrets = [password, username].flatMap((secret) =>
    secret === undefined ? [] : [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)],
  );
  const [line = ""] = text.split(/,? with args beginning with|[\r\n]/);
  const clean = secrets.reduce((shown, secret) => shown.replaceAll(secret, "***"), line);
  return clean.length > 160 ? `${clean.slice(0, 157)}...` : clean;
}
