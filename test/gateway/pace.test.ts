import { expect, it } from "vitest";
import { editSettings } from "../support/edit-settings.ts";
import { RestartedGateway } from "../support/restarted-gateway.ts";

const REPLY_BOUND_MS = 5_000;
const NO_PACE = { maxConcurrent: 2, startIntervalMs: 0, startsPerMinute: 0 };

const resumes = (restarted: RestartedGateway) => restarted.model.requests.filter(({ isResume }) => isResume);

it(
  "only so many resumes start in a minute; users are answered meanwhile, and a new pace takes effect",
  { tags: "long" },
  async () => {
    const startsPerMinute = 4;
    await using restarted = await RestartedGateway.start({
      settings: { lane: { quietMs: 100 }, budget: { ...NO_PACE, startsPerMinute } },
    });
    await restarted.waitForMetric('outcomes_total{outcome="completed"}', (value) => value === startsPerMinute, 20_000);
    await restarted.waitForMetric('lane_paused{cause="pace"}', (value) => value === 1, 5_000);
    // The first user turn of a gateway loads its reply path.
    await restarted.ask(900);
    expect(await restarted.ask(901)).toBeLessThan(REPLY_BOUND_MS);
    expect(resumes(restarted)).toHaveLength(startsPerMinute);
    expect((await restarted.metrics()).get('openclaw_resume_lane_paused{cause="pace"}')).toBe(1);

    editSettings(restarted.stateDir, { budget: { startsPerMinute: 0 } });
    await restarted.waitForReplies(1, 20_000);
    expect(restarted.chats.map((chat) => restarted.repliesTo(chat).length)).toEqual(restarted.chats.map(() => 1));
    const [first] = resumes(restarted);
    expect(Date.now() - first!.atMs, "the minute was not over").toBeLessThan(60_000);
  },
);
