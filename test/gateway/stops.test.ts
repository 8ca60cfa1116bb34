import { describe, expect, it } from "vitest";
import { answer, RestartedGateway, resumesHang } from "../support/restarted-gateway.ts";

/** Each interrupted chat was answered, and none twice. */
function expectOneReplyEach(restarted: RestartedGateway): void {
  const replies = restarted.chats.map((chat) => restarted.repliesTo(chat));
  expect(replies, restarted.describeReplies()).toEqual(
    restarted.chats.map(({ chatId }) => [`Resumed [chat ${chatId}]`]),
  );
}

describe("the gateway stops while resumes run", () => {
  it("SIGTERM: gone within 3 s; after the next start every chat is answered once", async () => {
    await using restarted = await RestartedGateway.start({ behaviour: resumesHang });
    await restarted.waitForResumes(2);
    const { exitMs, code } = await restarted.stop("SIGTERM");
    expect({ code, fast: exitMs < 3_000 }, `exit took ${Math.round(exitMs)} ms`).toEqual({ code: 0, fast: true });
    restarted.model.behaviour = answer;
    await restarted.boot();
    await restarted.waitForReplies(1, 60_000);
    await restarted.waitForMetric('outcomes_total{outcome="completed"}', (value) => value === 8);
    expectOneReplyEach(restarted);
  });
});
