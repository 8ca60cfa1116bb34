import { expect, it } from "vitest";
import type { StatusView } from "../../src/operate/views.ts";
import { openclaw } from "../support/openclaw.ts";
import { answer, RestartedGateway, resumesHang } from "../support/restarted-gateway.ts";
import { waitFor } from "../support/wait.ts";

/** 25 are left to resume. */
const STALE = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [126 + index, 5 * 3_600_000]));

it("settings change while 20 are queued: what runs goes on, the queue keeps its order, each is answered once", async () => {
  await using restarted = await RestartedGateway.start({
    chats: 45,
    agents: 3,
    ages: STALE,
    behaviour: resumesHang,
    settings: { budget: { maxConcurrent: 2 }, lane: { quietMs: 300 }, resume: { timeoutMs: 3_600_000 } },
  });
  const status = () => restarted.gateway.call<StatusView>("resumes.status", {});
  const queueOf = ({ queue }: StatusView) => queue.map(({ sessionKey }) => sessionKey);
  const set = async (key: string, value: string): Promise<void> => {
    const result = await openclaw(restarted.stateDir, [
      "config",
      "set",
      `plugins.entries.resume-scheduler.config.${key}`,
      value,
    ]);
    expect(result.code, result.stderr).toBe(0);
  };
  const running = (count: number) =>
    waitFor(async () => (await status()).running.length === count, {
      timeoutMs: 30_000,
      what: `${count} running resumes`,
      lastState: () => restarted.gateway.logTail(),
    });

  const first = (await restarted.waitForResumes(2)).map(({ chat }) => chat);
  const before = queueOf(await status());
  expect(before).toHaveLength(23);

  await set("budget.maxConcurrent", "5");
  await running(5);
  const more = queueOf(await status());
  expect(more).toEqual(before.slice(3));
  expect(restarted.model.requests.filter(({ isResume }) => isResume).map(({ chat }) => chat)).toEqual(
    expect.arrayContaining(first),
  );
  expect(restarted.model.requests.every(({ outcome }) => outcome === undefined)).toBe(true);

  // Fewer slots: nobody is cancelled, and nobody starts until enough have ended.
  await set("budget.maxConcurrent", "1");
  await waitFor(async () => (await status()).budget.slots === 1, { timeoutMs: 30_000, what: "one slot" });
  await running(5);
  const [one] = restarted.model.runningRequests;
  restarted.model.release(answer, (request) => request === one);
  await running(4);
  expect(queueOf(await status())).toEqual(more);

  // A wrong value is told, and changes nothing.
  await set("budget.maxConcurrent", "many");
  await waitFor(async () => (await status()).settingsErrors.length === 1, { timeoutMs: 30_000, what: "the complaint" });
  const wrong = await status();
  expect(wrong.settingsErrors[0]?.path).toBe("budget.maxConcurrent");
  expect(wrong.budget.slots).toBe(1);
  expect(restarted.gateway.log).toContain(
    'plugins.entries.resume-scheduler.config.budget.maxConcurrent: got \\"many\\"; expected a whole number from 1 to 64',
  );

  // Under load: resumes end, users write, and the budget changes once more.
  restarted.model.behaviour = answer;
  await set("budget.maxConcurrent", "4");
  restarted.model.release(answer);
  for (const chatId of [900, 901, 902]) expect(await restarted.ask(chatId)).toBeLessThan(10_000);
  await restarted.waitForMetric('outcomes_total{outcome="completed"}', (value) => value === 25, 180_000);
  const fresh = restarted.chats.filter(({ chatId }) => !(chatId in STALE));
  await waitFor(() => fresh.every((chat) => restarted.repliesTo(chat).length > 0), {
    timeoutMs: 30_000,
    what: "25 replies",
  });
  expect(restarted.chats.map((chat) => restarted.repliesTo(chat).length)).toEqual(
    restarted.chats.map((chat) => (fresh.includes(chat) ? 1 : 0)),
  );
  expect(restarted.log().filter(({ msg }) => msg === "booted")).toHaveLength(1);
  expect((await status()).settingsErrors).toEqual([]);
}, 240_000);

it("mode off while resumes wait: nothing starts, what runs goes on; active again: they start", async () => {
  await using restarted = await RestartedGateway.start({
    behaviour: resumesHang,
    settings: { lane: { quietMs: 300 } },
  });
  const set = (mode: string) =>
    openclaw(restarted.stateDir, ["config", "set", "plugins.entries.resume-scheduler.config.mode", mode]);
  await restarted.waitForResumes(2);
  await set("off");
  await waitFor(async () => (await restarted.gateway.call<StatusView>("resumes.status", {})).state === "off", {
    timeoutMs: 30_000,
    what: "the mode off",
  });
  restarted.model.behaviour = answer;
  restarted.model.release(answer);
  await restarted.waitForMetric('outcomes_total{outcome="completed"}', (value) => value === 2);
  const waiting = await restarted.gateway.call<StatusView>("resumes.status", {});
  expect(waiting.queue).toHaveLength(6);
  expect(waiting.lane.waitingFor).toBe("mode");
  await set("active");
  await restarted.waitForReplies(1, 60_000);
  expect(restarted.chats.map((chat) => restarted.repliesTo(chat).length)).toEqual(restarted.chats.map(() => 1));
});
