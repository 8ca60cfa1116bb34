import { expect, it } from "vitest";
import { answer, RestartedGateway, resumesHang, USER_MARK } from "../support/restarted-gateway.ts";

const SETTINGS = { lane: { quietMs: 300 }, preemption: { maxPreemptions: 100 } };

it("a command to an interrupted chat is answered, and the chat is resumed all the same", async () => {
  await using restarted = await RestartedGateway.start({ behaviour: resumesHang, settings: SETTINGS });
  const resuming = (await restarted.waitForResumes(2)).map(({ chat }) => chat!);
  const queued = restarted.chats.find(({ chatId }) => !resuming.includes(chatId))!.chatId;
  for (const chatId of [resuming[0]!, queued]) {
    const atMs = restarted.botApi.userSays({ chatId, text: "/status" });
    await restarted.botApi.waitForReply(chatId, { afterMs: atMs, timeoutMs: 20_000 });
  }
  await restarted.waitForMetric('queue_depth{lane="startup-resume"}', (value) => value === 6);
  await restarted.waitForResumes(2);
  restarted.model.behaviour = (request) => ({ kind: "reply", text: `Resumed [chat ${request.chat}]` });
  restarted.model.release(restarted.model.behaviour);
  await restarted.waitForMetric('outcomes_total{outcome="completed"}', (value) => value === 8, 60_000);
  const replies = restarted.chats.map((chat) => restarted.repliesTo(chat));
  expect(replies).toEqual(restarted.chats.map(({ chatId }) => [`Resumed [chat ${chatId}]`]));
});

it("/stop and /new end what was interrupted", async () => {
  await using restarted = await RestartedGateway.start({ behaviour: resumesHang, settings: SETTINGS });
  const [stopped, renewed] = (await restarted.waitForResumes(2)).map(({ chat }) => chat!) as [number, number];
  const emptied = restarted.chats.find(({ chatId }) => chatId !== stopped && chatId !== renewed)!.chatId;
  for (const [chatId, text] of [
    [stopped, "/stop"],
    [renewed, `/new Hello ${USER_MARK} [chat ${renewed}]`],
    // It gets no turn, and the host keeps the session id (2026.9.6).
    [emptied, "/new"],
  ] as const) {
    const atMs = restarted.botApi.userSays({ chatId, text });
    await restarted.botApi.waitForReply(chatId, { afterMs: atMs, timeoutMs: 20_000 });
  }
  await restarted.waitForMetric('outcomes_total{outcome="superseded"}', (value) => value === 2, 60_000);
  restarted.model.behaviour = answer;
  restarted.model.release(answer);
  await restarted.waitForMetric('outcomes_total{outcome="superseded"}', (value) => value === 3, 60_000);
  await restarted.waitForMetric('outcomes_total{outcome="completed"}', (value) => value === 5, 60_000);
  expect(restarted.repliesTo(restarted.chat(stopped))).toEqual([]);
  expect(restarted.repliesTo(restarted.chat(emptied))).toEqual([]);
});
