import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { answer, RestartedGateway, USER_MARK } from "../support/restarted-gateway.ts";
import { editSessionEntry } from "../support/state-store.ts";
import { waitFor } from "../support/wait.ts";

describe("how a resume goes on depends on where the turn was cut off", { tags: "long" }, () => {
  let restarted: RestartedGateway;

  beforeAll(async () => {
    restarted = await RestartedGateway.start();
    await restarted.waitForReplies(1, 60_000);
    // 101: killed after a tool has run and before the agent has said anything about it.
    restarted.model.behaviour = (request) =>
      request.chat === 101
        ? request.messages.some(({ role }) => role === "tool")
          ? { kind: "hang" }
          : { kind: "toolCall", name: "session_status", args: {} }
        : answer(request);
    restarted.botApi.userSays({ chatId: 101, text: `Look it up ${USER_MARK} [chat 101]` });
    await restarted.model.waitForRequests(
      1,
      30_000,
      (one) => one.chat === 101 && one.messages.some(({ role }) => role === "tool"),
    );
    await restarted.stop("SIGKILL");
    // 102: its reply stands in the transcript; only the end of the turn was not written any more.
    editSessionEntry(restarted.stateDir, restarted.chat(102).sessionKey, { status: "running" });
    // A request that is open still when the model is reset would be taken for one of the next gateway's.
    await waitFor(() => restarted.model.running === 0, {
      timeoutMs: 10_000,
      what: "the dead gateway's requests to end",
    });
    restarted.model.reset();
    restarted.model.behaviour = (request) => ({ kind: "reply", text: `Resumed [chat ${request.chat}]` });
    await restarted.boot();
    await restarted.waitForMetric('outcomes_total{outcome="completed"}', (value) => value === 2);
  });
  afterAll(() => restarted?.[Symbol.asyncDispose]());

  it("inside a tool call: without tools, told to report and to ask", () => {
    const [request, ...more] = restarted.model.requests.filter(({ chat }) => chat === 101);
    expect(more).toEqual([]);
    expect(request?.toolNames).toEqual([]);
    expect(JSON.stringify(request?.messages)).toMatch(/You have no tools in this turn.*ask before going on/);
    expect(restarted.repliesTo(restarted.chat(101))).toEqual(["Resumed [chat 101]", "Resumed [chat 101]"]);
  });

  it("after a finished reply: completed without a model call and without a second message", () => {
    expect(restarted.model.requests.filter(({ chat }) => chat === 102)).toEqual([]);
    expect(restarted.repliesTo(restarted.chat(102))).toEqual(["Resumed [chat 102]"]);
    expect(restarted.log()).toContainEqual(
      expect.objectContaining({
        msg: "settled",
        sessionKey: restarted.chat(102).sessionKey,
        reason: "already-answered",
      }),
    );
  });
});
