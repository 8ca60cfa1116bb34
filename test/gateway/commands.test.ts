import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { answer, RestartedGateway, resumesHang, USER_MARK } from "../support/restarted-gateway.ts";

describe("commands to interrupted chats", () => {
  let restarted: RestartedGateway;
  let asked: number[];

  beforeAll(async () => {
    const settings = { lane: { quietMs: 300 }, preemption: { maxPreemptions: 100 } };
    restarted = await RestartedGateway.start({ behaviour: resumesHang, settings });
  });
  afterAll(() => restarted?.[Symbol.asyncDispose]());

  /** The chats whose resumes run. */
  const resuming = async () => (await restarted.waitForResumes(2)).map(({ chat }) => chat!);
  const oneBut = (chatIds: readonly number[]) =>
    restarted.chats.find(({ chatId }) => !chatIds.includes(chatId))!.chatId;
  const say = async (chatId: number, text: string) => {
    const atMs = restarted.botApi.userSays({ chatId, text });
    await restarted.botApi.waitForReply(chatId, { afterMs: atMs, timeoutMs: 20_000 });
  };

  it("/status is answered, to one that runs and to one that waits, and both stay", async () => {
    const running = await resuming();
    asked = [running[0]!, oneBut(running)];
    for (const chatId of asked) await say(chatId, "/status");
    await restarted.waitForMetric('queue_depth{lane="startup-resume"}', (value) => value === 6);
    expect(new Set(await resuming())).toEqual(new Set(running));
  });

  it("/stop and /new end what was interrupted; the others are answered once", async () => {
    const notAsked = async () => (await resuming()).find((chatId) => !asked.includes(chatId))!;
    const renewed = await notAsked();
    await say(renewed, `/new Hello ${USER_MARK} [chat ${renewed}]`);
    await restarted.waitForMetric('outcomes_total{outcome="superseded"}', (value) => value === 1, 60_000);
    const stopped = await notAsked();
    await say(stopped, "/stop");
    // It gets no turn, and the host keeps the session id (2026.9.6).
    const emptied = oneBut([...asked, ...(await resuming()), stopped, renewed]);
    await say(emptied, "/new");
    restarted.model.behaviour = answer;
    restarted.model.release(answer);
    await restarted.waitForMetric('outcomes_total{outcome="superseded"}', (value) => value === 3, 60_000);
    await restarted.waitForMetric('outcomes_total{outcome="completed"}', (value) => value === 5, 60_000);
    const ended = [stopped, renewed, emptied];
    for (const chat of restarted.chats.filter(({ chatId }) => chatId !== renewed)) {
      const wanted = ended.includes(chat.chatId) ? [] : [`Resumed [chat ${chat.chatId}]`];
      expect(restarted.repliesTo(chat), String(chat.chatId)).toEqual(wanted);
    }
    expect(restarted.repliesTo(restarted.chat(renewed))).not.toContain(`Resumed [chat ${renewed}]`);
  });
});
