import { expect, it } from "vitest";
import { stageBlocker, stopBlocking } from "../support/blocker.ts";
import { editSettings } from "../support/edit-settings.ts";
import { RestartedGateway } from "../support/restarted-gateway.ts";

const SETTINGS = { lane: { quietMs: 100 }, budget: { startIntervalMs: 0, startsPerMinute: 0 } };

const resumes = (restarted: RestartedGateway) => restarted.model.requests.filter(({ isResume }) => isResume);

const expectEachOnce = async (restarted: RestartedGateway) => {
  await restarted.waitForReplies(1, 40_000);
  expect(restarted.chats.map((chat) => restarted.repliesTo(chat).length)).toEqual(restarted.chats.map(() => 1));
};

it("nothing starts while the event loop is held up; a user is served all the same", { tags: "long" }, async () => {
  await using restarted = await RestartedGateway.start({
    beside: [stageBlocker()],
    // The first measurement takes half a second.
    settings: { ...SETTINGS, lane: { quietMs: 2_000 } },
  });
  await restarted.waitForMetric('lane_paused{cause="event-loop"}', (value) => value === 1, 60_000);
  await restarted.ask(900, { timeoutMs: 60_000 });
  await restarted.waitForMetric('lane_paused{cause="event-loop"}', (value) => value === 1);
  expect(resumes(restarted)).toHaveLength(0);

  await stopBlocking(restarted.gateway);
  await expectEachOnce(restarted);
  await restarted.waitForMetric('lane_paused{cause="event-loop"}', (value) => value === 0);
});

it("nothing starts while the process is too large; a higher limit takes effect at once", { tags: "long" }, async () => {
  await using restarted = await RestartedGateway.start({
    settings: { ...SETTINGS, budget: { ...SETTINGS.budget, maxMemoryMb: 64 } },
  });
  await restarted.waitForMetric('lane_paused{cause="memory"}', (value) => value === 1);
  await restarted.ask(900);
  expect(resumes(restarted)).toHaveLength(0);

  editSettings(restarted.stateDir, { budget: { maxMemoryMb: 65_536 } });
  await expectEachOnce(restarted);
  await restarted.waitForMetric('lane_paused{cause="memory"}', (value) => value === 0);
});
