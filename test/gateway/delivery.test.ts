import { expect, it } from "vitest";
import { answer, RestartedGateway, resumesHang } from "../support/restarted-gateway.ts";

it("a reply that the channel puts off goes out later, once, without another model call", async () => {
  await using restarted = await RestartedGateway.start({ behaviour: resumesHang });
  await restarted.waitForResumes(2);
  let refused = 0;
  restarted.botApi.fate = ({ chatId }) =>
    chatId === "101" && refused++ < 1 ? { kind: "fail", status: 429, retryAfterS: 1 } : undefined;
  restarted.model.behaviour = answer;
  restarted.model.release(answer);
  await restarted.waitForReplies(1, 60_000);
  await restarted.waitForMetric('outcomes_total{outcome="completed"}', (value) => value === 8, 60_000);
  expect(refused).toBe(2);
  expect(restarted.repliesTo(restarted.chat(101))).toEqual(["Resumed [chat 101]"]);
  expect(restarted.model.requests.filter(({ chat }) => chat === 101)).toHaveLength(1);
});

it(
  "a reply whose delivery broke off half-way is left to the host, which does not risk a second one",
  { tags: "long" },
  async () => {
    await using restarted = await RestartedGateway.start({ behaviour: resumesHang });
    await restarted.waitForResumes(2);
    restarted.botApi.fate = ({ chatId }) => (chatId === "102" ? { kind: "hang" } : undefined);
    restarted.model.behaviour = answer;
    restarted.model.release(answer);
    await restarted.waitForMetric('outcomes_total{outcome="completed"}', (value) => value === 7, 60_000);
    await restarted.stop("SIGKILL");
    restarted.botApi.fate = () => undefined;
    await restarted.boot();
    await restarted.waitForMetric('outcomes_total{outcome="completed"}', (value) => value === 1, 60_000);
    expect(restarted.log()).toContainEqual(expect.objectContaining({ msg: "settled", reason: "handed-over" }));
    expect(
      restarted.botApi.calls.filter(({ chatId, text }) => chatId === "102" && text.startsWith("Resumed")),
    ).toHaveLength(1);
    expect(restarted.model.requests.filter(({ chat }) => chat === 102)).toHaveLength(1);
  },
);

it(
  "a channel that does not answer holds no slot: users are served and the others are resumed",
  { tags: "long" },
  async () => {
    await using restarted = await RestartedGateway.start({
      behaviour: resumesHang,
      settings: { lane: { quietMs: 300 } },
    });
    const stuck = (await restarted.waitForResumes(2)).map(({ chat }) => String(chat));
    restarted.botApi.fate = ({ chatId }) => (stuck.includes(chatId) ? { kind: "hang" } : undefined);
    restarted.model.behaviour = answer;
    restarted.model.release(answer);
    await restarted.waitForMetric('running{lane="startup-resume"}', (value) => value === 2);
    // A user elsewhere ends the waiting for the channel.
    expect(await restarted.ask(900)).toBeLessThan(5_000);
    await restarted.waitForMetric('outcomes_total{outcome="completed"}', (value) => value === 8, 60_000);
  },
);
