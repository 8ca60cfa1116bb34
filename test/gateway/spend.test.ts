import { expect, it } from "vitest";
import type { PlanView, StatusView } from "../../src/operate/views.ts";
import { openclaw } from "../support/openclaw.ts";
import { answer, RestartedGateway } from "../support/restarted-gateway.ts";
import { editSessionEntry } from "../support/state-store.ts";
import type { ModelBehaviour } from "../support/stub-model.ts";

/** 0.1 US dollars at `COST`. */
const USAGE = { prompt_tokens: 80, completion_tokens: 20, total_tokens: 100 };
const COST = { input: 1_000, output: 1_000, cacheRead: 0, cacheWrite: 0 };
const ONE_BY_ONE = { maxConcurrent: 1, startIntervalMs: 0, startsPerMinute: 0 };

const reportsUsage: ModelBehaviour = (request) => ({ ...answer(request), usage: USAGE });
const status = (restarted: RestartedGateway) => restarted.gateway.call<StatusView>("resumes.status", {});

type Limit = { maxTokensPerBoot?: number; maxCostPerBoot?: number };

it("what the boot may use in tokens is used up: the rest is held, until it is asked for", () =>
  expectUsedUp({ maxTokensPerBoot: 250 }, "over-token-budget"));

it("what the boot may use in dollars is used up: the rest is held, until it is asked for", { tags: "long" }, () =>
  expectUsedUp({ maxCostPerBoot: 0.25 }, "over-cost-budget"),
);

async function expectUsedUp(limit: Limit, reason: string): Promise<void> {
  await using restarted = await RestartedGateway.start({
    behaviour: reportsUsage,
    cost: COST,
    settings: { lane: { quietMs: 100 }, budget: { ...ONE_BY_ONE, ...limit } },
  });
  await restarted.waitForMetric('outcomes_total{outcome="held"}', (value) => value === 5);
  await restarted.waitForMetric('outcomes_total{outcome="completed"}', (value) => value === 3);
  const { held, spend, queue } = await status(restarted);
  expect(held.map((item) => item.reason)).toEqual(Array.from({ length: 5 }, () => reason));
  expect(queue).toEqual([]);
  expect(spend.tokens).toBe(300);
  expect(spend.costUsd).toBeCloseTo(0.3);
  expect([spend.maxTokens, spend.maxCostUsd]).toEqual([limit.maxTokensPerBoot ?? null, limit.maxCostPerBoot ?? null]);

  // A user's turn is no business of the budget's, and neither is what the operator asks for.
  await restarted.ask(900);
  const [wanted] = held;
  await restarted.gateway.call("resumes.resume", { key: wanted!.sessionKey });
  await restarted.waitForMetric('outcomes_total{outcome="completed"}', (value) => value === 4);
  expect((await status(restarted)).spend.tokens).toBe(400);
}

it("a plan shows what each resume will use, by the size of its conversation", { tags: "long" }, async () => {
  await using restarted = await RestartedGateway.start({
    settings: { mode: "observe", budget: { maxTokensPerBoot: 20_000 } },
    prepare: (stateDir) =>
      editSessionEntry(stateDir, "agent:main:telegram:direct:101", { totalTokens: 12_345, totalTokensFresh: true }),
  });
  // While a gateway still starts, the host's command line can find its state taken.
  await restarted.ask(900);
  const { sessions, tokens } = await restarted.gateway.call<PlanView>("resumes.plan", {});
  const estimates = new Map(sessions.map(({ sessionKey, estimatedTokens }) => [sessionKey, estimatedTokens]));
  expect(estimates.get(restarted.chat(101).sessionKey)).toBe(12_345);
  expect(tokens).toEqual({ estimated: 12_345, limit: 20_000 });
  const command = await openclaw(restarted.stateDir, ["resumes", "plan"]);
  expect(command.code, command.stderr).toBe(0);
  expect(command.stdout).toMatch(/12[,. ]?345|12\.3 ?k/);
});
