import { afterEach, expect, it, vi } from "vitest";
import { resolveRedisUrl } from "../../../src/fleet/redis-url.ts";

const URL = "redis://:s3cret@host";

afterEach(() => vi.unstubAllEnvs());

const faultOf = (redisUrl: Parameters<typeof resolveRedisUrl>[1], config = {}) =>
  resolveRedisUrl(config, redisUrl).then(
    (url) => `resolved: ${url}`,
    (error: unknown) => String(error),
  );

it("an address as it stands is that address", async () => {
  expect(await resolveRedisUrl({}, URL)).toBe(URL);
  expect(await resolveRedisUrl({}, "redis://:$${literal}@host")).toBe("redis://:$${literal}@host");
});

it("a variable that the host could not put in is told by its name", async () => {
  expect(await faultOf("redis://:${REDIS_PASSWORD}@host")).toBe(
    "FleetFault: the environment variable REDIS_PASSWORD in fleet.redisUrl is not set for this gateway",
  );
});

it("a reference is resolved by the host, each time anew", async () => {
  const reference = { source: "env", provider: "default", id: "FLEET_REDIS_URL" };
  vi.stubEnv("FLEET_REDIS_URL", URL);
  expect(await resolveRedisUrl({}, reference)).toBe(URL);
  vi.stubEnv("FLEET_REDIS_URL", "redis://:another@host");
  expect(await resolveRedisUrl({}, reference)).toBe("redis://:another@host");
});

it.each([
  { source: "env", provider: "default", id: "FLEET_REDIS_URL_UNSET" },
  { source: "env", provider: "default", id: "no name" },
  { source: "file", provider: "nowhere", id: "/redis" },
  { source: "magic", provider: "default", id: "REDIS" },
])("a secret that cannot be had is told by its place: %j", async (reference) => {
  const { source, provider, id } = reference;
  expect(await faultOf(reference)).toBe(
    `FleetFault: the secret of fleet.redisUrl (${source}, ${provider}, ${id}) cannot be had: is it there, and is secrets.providers right?`,
  );
});
