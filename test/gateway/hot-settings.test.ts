import { expect, it } from "vitest";
import type { StatusView } from "../../src/operate/views.ts";
import { editSettings } from "../support/edit-settings.ts";
import { GatewayCallError } from "../support/gateway-client.ts";
import { openclaw } from "../support/openclaw.ts";
import { answer, RestartedGateway, resumesHang } from "../support/restarted-gateway.ts";
import { waitFor } from "../support/wait.ts";

/** 25 are left to resume. */
const STALE = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [126 + index, 5 * 3_600_000]));

const queueOf = ({ queue }: StatusView) => queue.map(({ sessionKey }) => sessionKey);

async function set(restarted: RestartedGateway, key: string, value: string): Promise<void> {
  const path = `plugins.entries.resume-scheduler.config.${key}`;
  const result = await openclaw(restarted.stateDir, ["config", "set", path, value]);
  expect(result.code, result.stderr).toBe(0);
}

/** As an operator's editor does: the host's command takes seconds. */
const edit = (restarted: RestartedGateway, budget: Record<string, unknown>) =>
  editSettings(restarted.stateDir, { budget });

/** The status; `undefined` in the moment in which the host replaces the plugin, which it does while no resume runs. */
async function status(restarted: RestartedGateway): Promise<StatusView | undefined> {
  try {
    return await restarted.gateway.call<StatusView>("resumes.status", {});
  } catch (error) {
    if (error instanceof GatewayCallError) return undefined;
    throw error;
  }
}

const waitForStatus = (restarted: RestartedGateway, what: string, accept: (view: StatusView) => boolean) =>
  waitFor(
    async () => {
      const view = await status(restarted);
      return view !== undefined && accept(view) && view;
    },
    { timeoutMs: 60_000, what, lastState: () => restarted.gateway.logTail() },
  );

/** Each chat has got this many of the model's answers. */
const waitForAnswers = (restarted: RestartedGateway, wanted: (chatId: number) => number) =>
  waitFor(() => restarted.chats.every((chat) => restarted.repliesTo(chat).length >= wanted(chat.chatId)), {
    timeoutMs: 90_000,
    what: "the answers",
    lastState: () => `${restarted.describeReplies()}\n${restarted.gateway.logTail()}`,
  });

it(
  "settings change while 20 are queued: they take effect, the queue keeps its order, each is answered once",
  { tags: "long", timeout: 300_000 },
  async () => {
    await using restarted = await RestartedGateway.start({
      chats: 45,
      agents: 3,
      ages: STALE,
      behaviour: resumesHang,
      settings: { budget: { maxConcurrent: 2 }, lane: { quietMs: 300 }, resume: { timeoutMs: 3_600_000 } },
    });
    await restarted.waitForResumes(2);
    const order = (view: StatusView) => [...view.running.map(({ sessionKey }) => sessionKey), ...queueOf(view)];
    const before = order(await waitForStatus(restarted, "a status", () => true));
    expect(before).toHaveLength(25);

    await set(restarted, "budget.maxConcurrent", "5");
    await waitForStatus(restarted, "five running resumes", ({ running }) => running.length === 5);
    await restarted.waitForResumes(5);

    // A wrong value is told, and changes nothing.
    edit(restarted, { maxConcurrent: "many" });
    const wrong = await waitForStatus(
      restarted,
      "the complaint, and five running resumes",
      ({ settingsErrors, running }) => settingsErrors.length === 1 && running.length === 5,
    );
    expect(wrong.settingsErrors[0]?.path).toBe("budget.maxConcurrent");
    expect(wrong.budget.slots).toBe(5);
    expect(order(wrong).toSorted()).toEqual(before.toSorted());
    expect(restarted.gateway.log).toContain(
      'plugins.entries.resume-scheduler.config.budget.maxConcurrent: got \\"many\\"; expected a whole number from 1 to 64',
    );

    // Fewer slots.
    edit(restarted, { maxConcurrent: 1 });
    await waitForStatus(restarted, "one slot", ({ budget }) => budget.slots === 1);

    // Under load: resumes end, users write, and the budget changes once more.
    edit(restarted, { maxConcurrent: 4 });
    restarted.model.behaviour = answer;
    restarted.model.release(answer);
    for (const chatId of [900, 901, 902]) expect(await restarted.ask(chatId)).toBeLessThan(10_000);
    await waitForAnswers(restarted, (chatId) => (chatId in STALE ? 0 : 1));
    const isDone = ({ queue, running }: StatusView) => queue.length + running.length === 0;
    const done = await waitForStatus(restarted, "an empty lane", isDone);
    expect(done.settingsErrors).toEqual([]);
    expect(done.held).toHaveLength(20);
    expect(restarted.chats.map((chat) => restarted.repliesTo(chat).length)).toEqual(
      restarted.chats.map(({ chatId }) => (chatId in STALE ? 0 : 1)),
    );
  },
);

it("mode off while resumes wait: nothing starts; active again: each is answered once", { tags: "long" }, async () => {
  await using restarted = await RestartedGateway.start({
    behaviour: resumesHang,
    settings: { lane: { quietMs: 300 } },
  });
  await restarted.waitForResumes(2);
  await set(restarted, "mode", "off");
  await waitForStatus(restarted, "the mode off", ({ state }) => state === "off");
  restarted.model.behaviour = answer;
  restarted.model.release(answer);
  await waitForStatus(restarted, "the running ones to end", ({ running }) => running.length === 0);
  expect(restarted.model.requests.filter(({ isResume }) => isResume)).toHaveLength(2);
  await set(restarted, "mode", "active");
  await waitForAnswers(restarted, () => 1);
  expect(restarted.chats.map((chat) => restarted.repliesTo(chat).length)).toEqual(restarted.chats.map(() => 1));
});

it("an edit while nothing is resumed loses no answer that is on its way", { tags: "long" }, async () => {
  await using restarted = await RestartedGateway.start({ settings: { lane: { quietMs: 300 } } });
  await restarted.waitForReplies(1, 60_000);
  for (const slots of [3, 4]) {
    const progress = { isEdited: false };
    const edited = set(restarted, "budget.maxConcurrent", String(slots)).then(() => (progress.isEdited = true));
    // One user after the other writes: before, while and after the host takes the edit over.
    for (let left = 3; left > 0; left -= progress.isEdited ? 1 : 0) {
      expect(await restarted.ask(900 + left)).toBeLessThan(10_000);
    }
    await edited;
    await waitForStatus(restarted, `${slots} slots`, ({ budget }) => budget.slots === slots);
  }
});
