import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { StatusView } from "../../src/operate/views.ts";
import { needs } from "../support/needs.ts";
import { answer, RestartedGateway } from "../support/restarted-gateway.ts";
import type { ModelAnswer } from "../support/stub-model.ts";
import { AT_ONCE, cooldowns, expectEachOnce, RATE_LIMITED, refusedTimes, resumesOf } from "../support/storm-tests.ts";
import { waitFor } from "../support/wait.ts";

const REPLY_BOUND_MS = 5_000;
const waitForRefusals = (restarted: RestartedGateway, count: number) =>
  waitFor(() => refusedTimes(restarted).length >= count, {
    timeoutMs: 40_000,
    what: `${count} refused resumes`,
    lastState: () => `${restarted.model.describe()}\n${restarted.gateway.logTail()}`,
  });

describe("one of two providers refuses everything for 20 seconds", () => {
  const STORM_MS = 20_000;
  /** From one refusal of the provider to the next request: it doubles to its limit. */
  const STEPS_MS = [4_000, 8_000, 16_000];
  let restarted: RestartedGateway;
  let isStorm = true;
  let firstMs: number;

  beforeAll(async () => {
    restarted = await RestartedGateway.start({
      agents: 3,
      agentModels: { support: "other/stub-1" },
      behaviour: (request) => (isStorm && request.provider === "stub" ? RATE_LIMITED : answer(request)),
      settings: { ...AT_ONCE, cooldown: { initialMs: STEPS_MS[0], maxMs: STEPS_MS.at(-1) } },
    });
    await waitForRefusals(restarted, 1);
    firstMs = refusedTimes(restarted)[0]!;
  });
  afterAll(() => restarted?.[Symbol.asyncDispose]());

  const theStormsEnd = () =>
    waitFor(() => Date.now() >= firstMs + STORM_MS, { timeoutMs: STORM_MS, what: "the storm's end" });

  /** A user who cuts off a resume in the moment of its refusal leaves the refusal unheard: it begins no cool-down. */
  const farFromAResume = () =>
    waitFor(async () => (await cooldowns(restarted)).some(({ untilMs }) => untilMs > Date.now() + 2_500), {
      timeoutMs: STORM_MS,
      what: "a cool-down that has just begun",
      lastState: () => restarted.gateway.logTail(),
    });

  it("resumes the chats of the other provider meanwhile", async () => {
    const others = restarted.chats.filter(({ agentId }) => agentId === "support");
    await waitFor(() => others.every((chat) => restarted.repliesTo(chat).length > 0), {
      timeoutMs: 10_000,
      what: "replies to the chats of the other provider",
      lastState: () => restarted.model.describe(),
    });
    expect(others).toHaveLength(2);
  });

  it("answers a user of the other provider at once", async () => {
    const { token } = restarted.chats.find(({ agentId }) => agentId === "support")!;
    // The first turn of an agent loads its reply path: seconds that have nothing to do with resumes.
    await farFromAResume();
    await restarted.ask(900, { token });
    await farFromAResume();
    expect(await restarted.ask(901, { token })).toBeLessThan(REPLY_BOUND_MS);
  });

  // Else a refusal is known when the run ends, after the host's own repeats.
  it("says that it waits for the provider to cool down", needs("told-repeats"), async () => {
    await waitForRefusals(restarted, 3);
    await restarted.waitForMetric('lane_paused{cause="cooldown"}', (value) => value === 1, 5_000);
    await restarted.waitForMetric('attempts_total{result="provider-fault"}', (value) => value! >= 3, 5_000);
    expect(await cooldowns(restarted)).toMatchObject([{ provider: "stub", fault: "rate-limit" }]);
    expect((await restarted.metrics()).get('openclaw_resume_outcomes_total{outcome="held"}')).toBe(0);
  });

  it("asks the provider once in each step of its cool-down, which doubles", needs("told-repeats"), async () => {
    await theStormsEnd();
    const refusedMs = refusedTimes(restarted);
    const gapsMs = refusedMs.slice(1).map((atMs, nth) => atMs - refusedMs[nth]!);
    // A user who comes just then only makes a step longer.
    expect(gapsMs.length).toBeGreaterThanOrEqual(2);
    for (const [nth, gapMs] of gapsMs.entries()) expect(gapMs).toBeGreaterThanOrEqual(STEPS_MS[Math.min(nth, 2)]!);
  });

  it("resumes each of its chats once after the storm", async () => {
    await theStormsEnd();
    isStorm = false;
    await restarted.waitForReplies(1, 40_000);
    await restarted.waitForMetric('outcomes_total{outcome="completed"}', (value) => value === 8);
    expectEachOnce(restarted);
    expect(await cooldowns(restarted)).toEqual([]);
  });
});

it("a provider that refuses the key twice has its chats held, and no others", { tags: "long" }, async () => {
  const refusesKey: ModelAnswer = {
    kind: "error",
    status: 401,
    body: { error: { message: "Incorrect API key provided", type: "invalid_request_error" } },
  };
  await using restarted = await RestartedGateway.start({
    // After a refusal the host keeps the key out of use for a minute, but for this agent only: the next one's is asked with.
    agents: 3,
    agentModels: { support: "other/stub-1" },
    behaviour: (request) => (request.provider === "stub" ? refusesKey : answer(request)),
    settings: { ...AT_ONCE, cooldown: { initialMs: 500, maxMs: 1_000 } },
  });
  await restarted.waitForMetric('outcomes_total{outcome="held"}', (value) => value === 6, 60_000);
  await restarted.waitForMetric('outcomes_total{outcome="completed"}', (value) => value === 2);
  const { held, totals } = await restarted.gateway.call<StatusView>("resumes.status", {});
  expect(new Set(held.map(({ reason }) => reason))).toEqual(new Set(["permanent-error"]));
  // Each was tried at its own expense before; now two are, for all.
  expect(totals.attempts).toMatchObject({ "provider-fault": 2, failed: 0 });
  expect(resumesOf(restarted)).toHaveLength(2);
});
