import { describe, expect, it } from "vitest";
import { FleetFault, parseRedisUrl, placeOf } from "../../../src/fleet/redis-address.ts";

const PLAIN = { port: 6379, tls: false, database: 0, username: undefined, password: undefined };

describe("an address", () => {
  it.each([
    ["redis://host", { ...PLAIN, host: "host" }],
    ["redis://host/", { ...PLAIN, host: "host" }],
    ["rediss://host:6380/2", { ...PLAIN, host: "host", port: 6380, tls: true, database: 2 }],
    ["redis://:word@host", { ...PLAIN, host: "host", password: "word" }],
    ["redis://user@host", { ...PLAIN, host: "host", username: "user" }],
    [
      "redis://user:p%40ss%2F%3A%23%25@[::1]:7000",
      { ...PLAIN, host: "::1", port: 7000, username: "user", password: "p@ss/:#%" },
    ],
    // What ioredis would take for options of its own.
    ["redis://host?retryStrategy=no&family=6&password=other", { ...PLAIN, host: "host" }],
  ])("%s is read", (text, address) => {
    expect(parseRedisUrl(text)).toEqual(address);
  });

  it.each([
    "",
    "localhost:6379",
    "http://host",
    "redis://",
    "redis:///2",
    "redis://host:70000",
    "redis://host/name",
    "redis://host/1/2",
    "redis://host#2",
    // Each has a password with a character that ends the host too early.
    "redis://user:s3cr#t@host",
    "redis://user:s3cr/t@host",
    "redis://user:12/34@host",
    "redis://user:12?34@host",
    "redis://user:s3cr%zzt@host",
  ])("%s is none, and nothing of it is told", (text) => {
    let message = "";
    try {
      parseRedisUrl(text);
    } catch (error) {
      expect(error).toBeInstanceOf(FleetFault);
      expect(Object.keys(error as object)).toEqual(["name"]);
      ({ message } = error as Error);
    }
    expect(message).toBe(
      'fleet.redisUrl is no Redis address: expected "redis://[user:password@]host[:port][/database]", or "rediss://" ' +
        "for TLS; what is no letter or digit in user or password has to be percent-encoded",
    );
  });

  it.each([
    ["host", "host:6379"],
    ["127.0.0.1", "127.0.0.1:6379"],
    ["::1", "[::1]:6379"],
  ])("of host %s is shown as %s", (host, shown) => {
    expect(placeOf({ ...PLAIN, host, username: "user", password: "word" })).toBe(shown);
  });
});
