/** A gateway of a fleet dies with a slot in its hands; Redis is away and back. `npm run test:limits`. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { askEach, CHATS, SETTINGS, slowly, START_MS, waitForFleet } from "../support/fleet-tests.ts";
import { RedisServer, redisPrograms } from "../support/redis.ts";
import { answer, type RestartedGateway } from "../support/restarted-gateway.ts";
import { SeveralGateways } from "../support/several-gateways.ts";
import { skipWithout } from "../support/skip-without.ts";
import type { ModelRequest } from "../support/stub-model.ts";
import { waitFor } from "../support/wait.ts";

const REPLY_BOUND_MS = 5_000;
const programs = await redisPrograms();

describe("one slot for three gateways", () => {
  const TIMEOUT_MS = 8_000;
  const LEASE_MS = 13_000;
  const ADMITTED = 4;
  let redis: RedisServer;
  let fleet: SeveralGateways;
  let dead: RestartedGateway;
  let alive: RestartedGateway[];

  /** When the gateway has said last that it starts a resume, epoch milliseconds. */
  const lastStartMs = ({ gateway }: RestartedGateway) =>
    Date.parse([...gateway.log.matchAll(/^(\S+) \[plugins\] \{.*"step":"started"/gm)].at(-1)![1]!);
  const isResume = ({ isResume: is }: ModelRequest) => is;
  const waitForOpen = (count: number, timeoutMs: number) =>
    waitFor(() => fleet.openResumes().length === count && fleet.openResumes(), {
      timeoutMs,
      what: `${count} open resumes`,
      lastState: () => fleet.describe(),
    });

  beforeAll(async () => {
    if ("why" in programs) return;
    redis = await RedisServer.start();
    fleet = await SeveralGateways.start({
      gateways: 3,
      chats: CHATS,
      behaviour: (request) => (request.isResume ? { kind: "hang" } : answer(request)),
      settings: {
        ...SETTINGS,
        budget: { ...SETTINGS.budget, maxPerBoot: ADMITTED },
        resume: { timeoutMs: TIMEOUT_MS, retryDelayMs: 500, maxAttempts: 10 },
        fleet: { redisUrl: redis.url, maxConcurrent: 1, leaseMs: LEASE_MS, fallbackConcurrent: 1 },
      },
    });
    await waitForFleet(fleet.each, "shared");
  }, START_MS);
  beforeEach((context) => skipWithout(context, programs));
  afterAll(async () => {
    await fleet?.[Symbol.asyncDispose]();
    await redis?.[Symbol.asyncDispose]();
  });

  it("a gateway that is killed with the slot in its hands keeps it until its lease is over", async () => {
    const [held] = await waitForOpen(1, 30_000);
    dead = fleet.each.find((restarted) => restarted.requests().includes(held!))!;
    alive = fleet.each.filter((restarted) => restarted !== dead);
    await dead.stop("SIGKILL");
    const next = await waitFor(() => fleet.model.requests.filter(isResume).find(({ id }) => id > held!.id), {
      timeoutMs: LEASE_MS + 10_000,
      what: "a resume of another gateway",
      lastState: () => fleet.describe(),
    });
    // Its lease began a moment before the start; the first request of three gateways that boot can be seconds after it.
    expect(next.atMs - lastStartMs(dead)).toBeGreaterThan(LEASE_MS - 1_000);
    expect(fleet.model.peakResumes).toBe(1);
  });

  it("without Redis each goes on with one of its own, and users are answered at once", async () => {
    await askEach(alive, 900);
    await redis.stop();
    for (const restarted of alive) expect(await restarted.ask(901)).toBeLessThan(REPLY_BOUND_MS);
    await waitForFleet(alive, "lost");
    const open = await waitForOpen(2, 30_000);
    expect(new Set(open.map(({ gateway }) => gateway)).size).toBe(2);
    for (const restarted of alive) expect(await restarted.ask(902)).toBeLessThan(REPLY_BOUND_MS);
  });

  it("with Redis back they share one slot again, and resume each chat once", async () => {
    await redis.restart();
    await waitForFleet(alive, "shared");
    fleet.model.behaviour = slowly(500);
    fleet.model.release(answer);
    await waitFor(() => fleet.openResumes().length <= 1, { timeoutMs: 10_000, what: "the end of what ran without it" });
    fleet.model.reset();
    const completed = 'outcomes_total{outcome="completed"}';
    for (const restarted of alive) await restarted.waitForMetric(completed, (value) => value === ADMITTED, 60_000);
    const counts = alive.map((restarted) => restarted.chats.map((chat) => restarted.repliesTo(chat).length));
    expect(counts.map((each) => each.filter((count) => count === 1).length)).toEqual(alive.map(() => ADMITTED));
    expect(Math.max(...counts.flat())).toBe(1);
    expect(fleet.model.peakResumes).toBe(1);
  });
});
