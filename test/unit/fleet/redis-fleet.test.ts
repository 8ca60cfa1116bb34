/** What a fleet does while it has no Redis; what it does with one is in test/gateway/fleet-redis.test.ts. */
import { expect, it } from "vitest";
import { FleetFault } from "../../../src/fleet/redis-address.ts";
import { createRedisFleet } from "../../../src/fleet/redis-fleet.ts";
import type { Permit } from "../../../src/lane/permits.ts";
import { FakeClock } from "../support/fake-clock.ts";

const WHY = "the environment variable REDIS_URL in fleet.redisUrl is not set for this gateway";

function lonely({
  fallbackConcurrent = 1,
  redisUrl = () => Promise.reject<string>(new FleetFault(WHY)),
}: {
  fallbackConcurrent?: number;
  redisUrl?: () => Promise<string>;
} = {}) {
  const clock = new FakeClock(1_000);
  const triedAtMs: number[] = [];
  const told: string[] = [];
  const fleet = createRedisFleet({
    settings: {
      redisUrl: "redis://host",
      namespace: "ours",
      maxConcurrent: 9,
      startsPerMinute: undefined,
      leaseMs: 60_000,
      fallbackConcurrent,
    },
    redisUrl: () => {
      triedAtMs.push(clock.nowMs());
      return redisUrl();
    },
    events: {
      lost: (reason) => told.push(`lost: ${reason}`),
      healed: () => told.push("healed"),
      disagrees: (what) => told.push(what),
    },
    nowMs: () => clock.nowMs(),
    after: (delayMs, callback) => clock.after(delayMs, callback),
  });
  const permits: Permit[] = [];
  const ask = () => void fleet.ask().then((permit) => permits.push(permit));
  return { clock, fleet, ask, permits, told, triedAtMs };
}

it("begins with nothing granted, is told once that it is lost, and tries again at growing intervals", async () => {
  const { clock, fleet, told, triedAtMs } = lonely();
  expect([fleet.state, fleet.lostReason, fleet.waitsFor]).toEqual(["connecting", undefined, undefined]);
  await clock.elapse(30_000);
  expect([fleet.state, fleet.lostReason]).toEqual(["lost", WHY]);
  expect(told).toEqual([`lost: ${WHY}`]);
  expect(triedAtMs.slice(0, 7)).toEqual([1_000, 1_500, 2_500, 4_500, 8_500, 13_500, 18_500]);
  expect(await fleet.usage()).toBeUndefined();
  await fleet.close();
  expect(clock.pendingTimers).toBe(0);
});

it("an ask from before it was lost is granted then, and never more than its fallback at once", async () => {
  const { clock, fleet, ask, permits } = lonely({ fallbackConcurrent: 2 });
  ask();
  expect(fleet.waitsFor).toBe("fleet");
  await clock.settle();
  expect([permits.length, fleet.waitsFor]).toEqual([1, undefined]);
  ask();
  await clock.settle();
  ask();
  await clock.settle();
  expect([permits.length, fleet.waitsFor]).toEqual([2, "fleet"]);
  permits[0]!.end();
  await clock.settle();
  expect(permits).toHaveLength(3);
  ask();
  permits[1]!.giveBack();
  // Only the first call counts.
  permits[1]!.end();
  permits[0]!.giveBack();
  await clock.settle();
  expect(permits).toHaveLength(4);
  ask();
  await clock.settle();
  expect(permits).toHaveLength(4);
});

it("without a fallback nothing is granted", async () => {
  const { clock, ask, permits } = lonely({ fallbackConcurrent: 0 });
  ask();
  await clock.elapse(60_000);
  expect(permits).toEqual([]);
});

it("an ask that is open when it is closed stays open, and nothing more is tried", async () => {
  const { clock, fleet, ask, permits, triedAtMs } = lonely({ fallbackConcurrent: 1 });
  ask();
  await clock.settle();
  ask();
  await fleet.close();
  await fleet.close();
  permits[0]!.end();
  const tries = triedAtMs.length;
  await clock.elapse(60_000);
  expect([permits.length, triedAtMs.length]).toEqual([1, tries]);
});

it("a secret that does not come in time is as good as none, and one that comes after the close is not used", async () => {
  let give: ((url: string) => void) | undefined;
  const { clock, fleet, told } = lonely({
    redisUrl: () =>
      new Promise((resolve) => {
        give = resolve;
      }),
  });
  await clock.elapse(14_999);
  expect(fleet.state).toBe("connecting");
  await clock.elapse(1);
  expect(told).toEqual(["lost: fleet.redisUrl has not come out of its secret store in 15 s"]);
  await clock.elapse(500);
  await fleet.close();
  expect(clock.pendingTimers).toBe(0);
  give?.("redis://127.0.0.1:1");
  await clock.settle();
  expect([told.length, clock.pendingTimers]).toEqual([1, 0]);
});

it.each([
  ["an address that is none", () => Promise.resolve("redis://:s3cr#t@host")],
  ["an error that is not ours", () => Promise.reject<string>(new TypeError("Invalid URL redis://:s3cret@host"))],
])("%s is told without it", async (_, redisUrl) => {
  const { clock, told } = lonely({ redisUrl });
  await clock.settle();
  expect(told).toEqual([expect.stringMatching(/^lost: fleet\.redisUrl (is no Redis address|cannot be resolved)/)]);
  expect(told[0]).not.toContain("s3cr");
});
