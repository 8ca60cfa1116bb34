import { expect, it } from "vitest";
import { RestartedGateway, resumesHang } from "../support/restarted-gateway.ts";

/** Who may ask: a chat that was not interrupted, and all that were but one. */
const STRANGERS = [901, 101];
const OWNERS = [900, 102, 103, 104, 105, 106, 107, 108];

/** For this long a user's turn keeps what is queued from starting. */
const QUIET_MS = 10_000;

it("/resumes answers its owner, and nobody's asking holds a resume up", { tags: "long" }, async () => {
  await using restarted = await RestartedGateway.start({
    behaviour: resumesHang,
    // A machine that is busy with other tests is no reason to wait for here.
    settings: {
      lane: { quietMs: QUIET_MS },
      resume: { timeoutMs: 600_000 },
      budget: { maxEventLoopDelayMs: 0 },
    },
    extra: { commands: { ownerAllowFrom: OWNERS.map((chatId) => `telegram:${chatId}`) } },
  });
  const resuming = await restarted.waitForResumes(2);
  const reply = async (chatId: number, text: string): Promise<string> => {
    const afterMs = restarted.botApi.userSays({ chatId, text });
    return (await restarted.botApi.waitForReply(chatId, { afterMs, timeoutMs: 30_000 })).text;
  };

  const [runs] = resuming.map(({ chat }) => chat!);
  const waits = OWNERS.findLast((chatId) => !resuming.some(({ chat }) => chat === chatId));
  for (const chatId of [900, runs!, waits!]) {
    const lines = (await reply(chatId, "/resumes")).split("\n");
    expect(lines).toEqual([
      "Resumes: active, 2 of 2 slots used",
      "Running 2, queued 6, held 0",
      "This boot: 8 admitted, 0 completed, 0 continued by their users",
    ]);
  }
  const lastAskedAtMs = Date.now();
  for (const chatId of STRANGERS) {
    const refusal = await reply(chatId, "/resumes");
    expect(refusal).toMatch(/authoriz/);
    expect(refusal).not.toMatch(/agent:|direct|\b10\d\b|Running|queued/);
  }

  expect(restarted.model.requests, "no turn was cut off, and none was started by a command").toEqual(resuming);
  expect(restarted.log().filter(({ msg }) => msg === "resume cancelled")).toEqual([]);
  restarted.model.release({ kind: "reply", text: `Resumed [chat ${resuming[0]!.chat}]` }, (one) => one === resuming[0]);
  const [, , next] = await restarted.model.waitForRequests(3, 2 * QUIET_MS);
  expect(next!.isResume).toBe(true);
  expect(next!.atMs - lastAskedAtMs, "it has not waited for a quiet time").toBeLessThan(QUIET_MS);
});
