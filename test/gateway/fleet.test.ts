import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { askEach, CHATS, SETTINGS, slowly, START_MS, waitForFleet } from "../support/fleet-tests.ts";
import { RedisServer, redisPrograms } from "../support/redis.ts";
import { SeveralGateways } from "../support/several-gateways.ts";
import { skipWithout } from "../support/skip-without.ts";

const REPLY_BOUND_MS = 5_000;
const programs = await redisPrograms();

describe("three gateways restart at once", () => {
  let redis: RedisServer;
  let fleet: SeveralGateways;

  beforeAll(async () => {
    if ("why" in programs) return;
    redis = await RedisServer.start();
    fleet = await SeveralGateways.start({
      gateways: 3,
      chats: CHATS,
      behaviour: slowly(1_000),
      settings: { ...SETTINGS, fleet: { redisUrl: redis.url, maxConcurrent: 2 } },
    });
  }, START_MS);
  beforeEach((context) => skipWithout(context, programs));
  afterAll(async () => {
    await fleet?.[Symbol.asyncDispose]();
    await redis?.[Symbol.asyncDispose]();
  });

  it("share one budget, and answer users at once", async () => {
    await waitForFleet(fleet.each, "shared");
    await askEach(fleet.each, 900);
    for (const restarted of fleet.each) expect(await restarted.ask(901)).toBeLessThan(REPLY_BOUND_MS);
    expect(fleet.replyCounts().flat().filter(Boolean).length, "the users came while resumes ran").toBeLessThan(30);
  });

  it("resume each of the 30 chats once, and never more than two at a time", async () => {
    await fleet.waitForReplies(120_000);
    expect(fleet.replyCounts()).toEqual(Array.from({ length: 3 }, () => Array.from({ length: CHATS }, () => 1)));
    expect(fleet.model.peakResumes).toBe(2);
  });
});
