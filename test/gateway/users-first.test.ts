import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { saidIn } from "../support/history-tests.ts";
import { RestartedGateway, resumesHang, USER_MARK } from "../support/restarted-gateway.ts";
import type { CrashedChat } from "../support/crashed-state.ts";
import { testedHost } from "../support/hosts.ts";
import { needs } from "../support/needs.ts";
import { waitFor } from "../support/wait.ts";

/** The bar of the project: nobody waits longer than this for a first reply. */
const REPLY_BOUND_MS = 5_000;
/** How long a cancelled run may take to end, seconds; longer where it writes to the transcript before it does. */
const DRAIN_BOUND_S = testedHost().features.has("silent-runs") ? 0.5 : 1;

describe("users write while resumes hang", () => {
  let restarted: RestartedGateway;
  let resuming: CrashedChat[];
  /** Preemptions by the first user, for whom the gateway loads its reply path meanwhile. */
  let warmUps: number;

  beforeAll(async () => {
    restarted = await RestartedGateway.start({
      behaviour: resumesHang,
      // Not aged within this test: an aged one may stay beside users.
      settings: { lane: { quietMs: 300 }, preemption: { maxPreemptions: 100 } },
    });
    // The first user turn of a gateway loads its reply path: seconds that have nothing to do with resumes.
    await restarted.waitForResumes(1);
    await restarted.ask(900);
    warmUps = (await restarted.metrics()).get("openclaw_resume_preemption_seconds_count")!;
  });
  beforeEach(async () => {
    resuming = (await restarted.waitForResumes(2)).map(({ chat }) => restarted.chat(chat!));
  });
  afterAll(() => restarted?.[Symbol.asyncDispose]());

  const settled = (chat: CrashedChat) =>
    restarted.log().filter(({ msg, sessionKey }) => msg === "settled" && sessionKey === chat.sessionKey);

  const expectSuperseded = async (chat: CrashedChat) => {
    await waitFor(() => settled(chat).length > 0, { timeoutMs: 5_000, what: `an outcome of chat ${chat.chatId}` });
    expect(settled(chat)).toMatchObject([{ outcome: "superseded", reason: "user-continued" }]);
  };

  const timed = async (write: () => Promise<unknown>): Promise<number> => {
    const startedAtMs = performance.now();
    await write();
    return performance.now() - startedAtMs;
  };

  it("a new chat is answered at once; the resumes go back to the queue and run again", async () => {
    expect(await restarted.ask(901)).toBeLessThan(REPLY_BOUND_MS);
    const again = (await restarted.waitForResumes(2)).map(({ chat }) => chat);
    expect(new Set(again)).toEqual(new Set(resuming.map(({ chatId }) => chatId)));
  });

  it("a cancelled resume has left no trace in the transcript", needs("silent-runs"), () => {
    const [chat] = resuming as [CrashedChat];
    expect(saidIn(restarted.stateDir, chat.sessionKey).map(({ content }) => content)).toEqual([
      `Please summarise our plan [chat ${chat.chatId}]`,
    ]);
  });

  it("the chat that is being resumed is answered at once, and its resume is superseded", async () => {
    const [chat] = resuming as [CrashedChat];
    expect(await restarted.ask(chat.chatId)).toBeLessThan(REPLY_BOUND_MS);
    await expectSuperseded(chat);
  });

  it("a chat that waits for its resume is answered at once, and its resume is superseded", async () => {
    const chat = restarted.chats.find((one) => !resuming.includes(one) && settled(one).length === 0)!;
    expect(await restarted.ask(chat.chatId)).toBeLessThan(REPLY_BOUND_MS);
    await expectSuperseded(chat);
  });

  it("the Control UI's chat.send to a chat that is being resumed preempts", async () => {
    const [chat] = resuming as [CrashedChat];
    const took = await timed(async () => {
      const params = {
        sessionKey: chat.sessionKey,
        message: `From the UI ${USER_MARK} [chat ${chat.chatId}]`,
        idempotencyKey: "ui-1",
      };
      await restarted.gateway.call("chat.send", params);
      await restarted.model.waitForRequests(
        1,
        REPLY_BOUND_MS,
        (one) => !one.isResume && one.lastUserText.includes("From the UI"),
      );
    });
    expect(took).toBeLessThan(REPLY_BOUND_MS);
    await expectSuperseded(chat);
  });

  it("the agent method to a chat that is being resumed preempts", async () => {
    const [chat] = resuming as [CrashedChat];
    const took = await timed(async () => {
      const params = {
        sessionKey: chat.sessionKey,
        message: `From a client ${USER_MARK} [chat ${chat.chatId}]`,
        idempotencyKey: "agent-1",
      };
      await restarted.gateway.call("agent", params);
      await restarted.model.waitForRequests(
        1,
        REPLY_BOUND_MS,
        (one) => !one.isResume && one.lastUserText.includes("From a client"),
      );
    });
    expect(took).toBeLessThan(REPLY_BOUND_MS);
    await expectSuperseded(chat);
  });

  it("/v1/chat/completions to a chat that is being resumed preempts, though only a lane event shows it", async () => {
    const [chat] = resuming as [CrashedChat];
    const took = await timed(() =>
      restarted.gateway.chatCompletion({
        sessionKey: chat.sessionKey,
        text: `From HTTP ${USER_MARK} [chat ${chat.chatId}]`,
      }),
    );
    expect(took).toBeLessThan(REPLY_BOUND_MS);
    await expectSuperseded(chat);
  });

  it(`counted every preemption and drained each within ${DRAIN_BOUND_S} s`, async () => {
    const metrics = await restarted.metrics();
    const count = metrics.get("openclaw_resume_preemption_seconds_count")!;
    expect(metrics.get('openclaw_resume_preemptions_total{cause="own-user"}')).toBe(4);
    expect(metrics.get('openclaw_resume_preemptions_total{cause="other-user"}')).toBe(count - 4);
    const inTime = metrics.get(`openclaw_resume_preemption_seconds_bucket{le="${DRAIN_BOUND_S}"}`)!;
    expect(inTime).toBeGreaterThanOrEqual(testedHost().features.has("silent-runs") ? count : count - warmUps);
  });

  it("gave no user the reply of a cancelled resume", () => {
    expect(restarted.describeReplies()).not.toContain("Resumed");
  });
});

describe("preemption.scope: session", () => {
  it("lets resumes run beside the users of other chats, and yields to their own", async () => {
    await using restarted = await RestartedGateway.start({
      behaviour: resumesHang,
      settings: { lane: { quietMs: 300 }, preemption: { scope: "session" } },
    });
    const resuming = (await restarted.waitForResumes(2)).map(({ chat }) => chat!);
    await restarted.ask(900);
    expect(restarted.model.runningRequests.map(({ chat }) => chat)).toEqual(resuming);
    await restarted.ask(resuming[0]!);
    expect((await restarted.metrics()).get('openclaw_resume_preemptions_total{cause="own-user"}')).toBe(1);
    expect((await restarted.metrics()).get('openclaw_resume_preemptions_total{cause="other-user"}')).toBe(0);
  });
});

describe("an aged resume", () => {
  it("runs beside user turns after its preemptions are used up, one such at a time", { tags: "long" }, async () => {
    await using restarted = await RestartedGateway.start({
      behaviour: resumesHang,
      settings: { lane: { quietMs: 300 }, preemption: { maxPreemptions: 1 } },
    });
    await restarted.waitForResumes(2);
    await restarted.ask(900);
    const aged = (await restarted.waitForResumes(1))[0]!.chat!;
    await restarted.ask(901);
    expect(restarted.model.runningRequests.map(({ chat }) => chat)).toContain(aged);
    await restarted.ask(aged);
    expect((await restarted.metrics()).get('openclaw_resume_outcomes_total{outcome="superseded"}')).toBe(1);
  });
});

describe("three agents", () => {
  it(
    "keep answering when users cancel resumes at every moment of their preparation",
    { tags: "long", timeout: 180_000 },
    async () => {
      await using restarted = await RestartedGateway.start({
        chats: 45,
        agents: 3,
        behaviour: resumesHang,
        settings: { lane: { quietMs: 100 }, budget: { maxConcurrent: 4 }, preemption: { maxPreemptions: 1_000 } },
      });
      const starts = () => restarted.log().filter(({ msg }) => msg === "resume started").length;
      const tokens = restarted.chats.slice(0, 3).map(({ token }) => token);
      await restarted.waitForResumes(1);
      for (let round = 0, seen = 0; round < 12; round += 1) {
        await waitFor(() => starts() > seen, { timeoutMs: 20_000, what: "the next resumes" });
        // The preparation of a run takes about half a second.
        await sleep((round * 55) % 600);
        seen = starts();
        await restarted.ask(900 + round, { token: tokens[round % 3]! });
      }
      expect(restarted.gateway.log).not.toContain("Agent database execution admission is closed");
    },
  );
});
