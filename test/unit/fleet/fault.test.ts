import { describe, expect, it } from "vitest";
import { describeFault, type Fault } from "../../../src/fleet/fault.ts";
import type { RedisAddress } from "../../../src/fleet/redis-address.ts";

const ADDRESS: RedisAddress = {
  host: "redis.lan",
  port: 6379,
  tls: false,
  database: 99,
  username: "somebody",
  password: 'p&ss"word',
};
const AT = "Redis at redis.lan:6379";

const failing = (message: string, code?: string): Fault => ({
  kind: "error",
  early: true,
  error: Object.assign(new Error(message), code === undefined ? {} : { code }),
});
const describeAt = (fault: Fault, address: Partial<RedisAddress> = {}) =>
  describeFault(fault, { ...ADDRESS, ...address }, "ours");

describe("what Redis answers", () => {
  it.each([
    ["WRONGPASS invalid username-password pair or user is disabled.", `${AT} refuses user and password (WRONGPASS)`],
    ["ERR invalid password", `${AT} refuses user and password (WRONGPASS)`],
    ["NOAUTH Authentication required.", `${AT} wants a password (NOAUTH)`],
    ["ERR Protocol error: unauthenticated multibulk length", `${AT} wants a password (NOAUTH)`],
    ["ERR wrong number of arguments for 'auth' command", `${AT} knows no user names (older than 6)`],
    ["NOPERM this user has no permissions to run the 'eval' command", '"~b_ours_* &b_ours* +@all -@admin -@dangerous"'],
    ["ERR The user executing the script can't publish to the channel mentioned", "(NOPERM)"],
    ["ERR ACL failure in script: No permissions to access a key", "(NOPERM)"],
    ["READONLY You can't write against a read only replica.", "fleet.redisUrl must lead to the primary"],
    ["LOADING Redis is loading the dataset in memory", "still loading its data (LOADING): this ends by itself"],
    ["DENIED Redis is running in protected mode because protected mode is enabled", "(protected mode)"],
    [
      "Command queue state error. If you can reproduce this, please report it. Last error: DENIED Redis is running in protected mode",
      "(protected mode)",
    ],
    ["ERR max number of clients reached", "(maxclients)"],
    ["MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.", "(MISCONF)"],
    ["OOM command not allowed when used memory > 'maxmemory'.", "raise its maxmemory"],
    ["NOREPLICAS Not enough good replicas to write.", "(NOREPLICAS)"],
    ["MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", "(MASTERDOWN)"],
    ["BUSY Redis is busy running a script.", "(BUSY)"],
    ["MOVED 3999 127.0.0.1:6381", `${AT} is a Redis Cluster`],
    ["CROSSSLOT Keys in request don't hash to the same slot", `${AT} is a Redis Cluster`],
    ["CLUSTERDOWN Hash slot not served", `${AT} is a Redis Cluster`],
    ["ERR DB index is out of range", `${AT} has no database 99`],
    ["ERR unknown command 'evalsha', with args beginning with: 'abc'", "Redis 5 or later"],
    ['Unknown RESP type 72 "H". Please report this.', "is no Redis"],
  ])("%s", (message, expected) => {
    expect(describeAt(failing(message))).toContain(expected);
  });
});

describe("what Node says of the connection", () => {
  it.each([
    ["ECONNREFUSED", `${AT} refuses connections: it is not running, or host or port of fleet.redisUrl is wrong`],
    ["ENOTFOUND", "the host redis.lan of fleet.redisUrl is not known (DNS): correct it"],
    ["EAI_AGAIN", "the host redis.lan of fleet.redisUrl cannot be looked up now (DNS)"],
    ["EHOSTUNREACH", `${AT} cannot be reached`],
    ["ETIMEDOUT", `${AT} cannot be reached`],
    ["ERR_SSL_WRONG_VERSION_NUMBER", `${AT} does not answer in TLS`],
    ["ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION", `no TLS connection to ${AT} comes about`],
    ["DEPTH_ZERO_SELF_SIGNED_CERT", "NODE_EXTRA_CA_CERTS"],
    ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "NODE_EXTRA_CA_CERTS"],
    ["CERT_HAS_EXPIRED", `the certificate of ${AT} is not valid`],
    ["ERR_TLS_CERT_ALTNAME_INVALID", `the certificate of ${AT} is for another host name`],
    ["EWHATEVER", `${AT} fails: EWHATEVER`],
  ])("%s", (code, expected) => {
    expect(describeAt(failing("something", code))).toContain(expected);
  });

  it.each(["ECONNRESET", "EPIPE"])("%s before anything was said points to TLS", (code) => {
    expect(describeAt(failing("read", code))).toContain('if it speaks TLS, fleet.redisUrl must begin with "rediss://"');
    expect(describeAt(failing("read", code), { tls: true })).toContain('must begin with "redis://"');
    expect(describeAt({ ...failing("read", code), early: false } as Fault)).toBe(
      `${AT} closed the connection: it stops, or something between cut it`,
    );
  });

  it("an end without a word points to TLS only when it comes at once", () => {
    expect(describeAt({ kind: "closed", early: true })).toContain('must begin with "rediss://"');
    expect(describeAt({ kind: "closed", early: false })).not.toContain("TLS");
  });

  it.each([
    ["connect", `no connection to ${AT} within 5 s`],
    ["tls", `${AT} has not answered the TLS greeting for 5 s`],
    ["talk", `${AT} has not answered for 5 s, though the connection is open`],
  ] as const)("silence in %s", (during, expected) => {
    expect(describeAt({ kind: "silent", during, forMs: 5_000 })).toContain(expected);
  });
});

describe("whatever it is, user and password are not told", () => {
  it.each([
    'ERR unknown command `AUTH`, with args beginning with: `somebody` `p&ss"word`, ',
    'ERR syntax error near p&ss"word',
    "ERR syntax error near p%26ss%22word",
    'ERR syntax error near "p&ss\\"word"',
    "ERR user somebody is not known here\r\nsomebody",
  ])("%s", (message) => {
    const text = describeAt(failing(message));
    for (const secret of ["somebody", "p&ss", "p%26ss", "word"]) expect(text).not.toContain(secret);
    expect(text).not.toMatch(/[\r\n]/);
  });

  it("and what cannot be known is short", () => {
    expect(describeAt(failing("x".repeat(1_000))).length).toBeLessThan(220);
    expect(describeAt({ kind: "error", early: false, error: "thrown" })).toBe(`${AT} fails: for an unknown reason`);
  });
});
