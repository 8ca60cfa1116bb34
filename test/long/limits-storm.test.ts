/** What ends a cool-down, and what makes it longer. `npm run test:limits`. */
import { expect, it } from "vitest";
import { answer, RestartedGateway } from "../support/restarted-gateway.ts";
import {
  AT_ONCE,
  cooldowns,
  expectEachOnce,
  isUsers,
  RATE_LIMITED,
  refusedTimes,
  resumesOf,
} from "../support/storm-tests.ts";

it("a user whose turn succeeds ends the cool-down: the resumes do not wait for its end", async () => {
  let isStorm = true;
  await using restarted = await RestartedGateway.start({
    behaviour: (request) => (isStorm && !isUsers(request) ? RATE_LIMITED : answer(request)),
    settings: { ...AT_ONCE, cooldown: { initialMs: 600_000 } },
  });
  await restarted.waitForMetric('lane_paused{cause="cooldown"}', (value) => value === 1, 60_000);
  const refused = refusedTimes(restarted).length;
  isStorm = false;
  await restarted.ask(900);
  await restarted.waitForReplies(1, 30_000);
  expectEachOnce(restarted);
  expect(resumesOf(restarted)).toHaveLength(refused + restarted.chats.length);
  expect(await cooldowns(restarted)).toEqual([]);
});

it("a provider that asks for more time gets it", async () => {
  const RETRY_AFTER_S = 12;
  let isFirst = true;
  await using restarted = await RestartedGateway.start({
    behaviour: (request) => {
      if (!isFirst) return answer(request);
      isFirst = false;
      return { ...RATE_LIMITED, headers: { "retry-after": String(RETRY_AFTER_S) } };
    },
    settings: {
      ...AT_ONCE,
      budget: { ...AT_ONCE.budget, maxConcurrent: 1 },
      cooldown: { initialMs: 500, maxMs: 1_000 },
    },
  });
  await restarted.waitForReplies(1, 60_000);
  const [first, second] = resumesOf(restarted);
  expect(second!.atMs - first!.endedAtMs!).toBeGreaterThanOrEqual(RETRY_AFTER_S * 1_000);
  expect(second!.atMs - first!.endedAtMs!).toBeLessThan(RETRY_AFTER_S * 2_000);
  expectEachOnce(restarted);
});
