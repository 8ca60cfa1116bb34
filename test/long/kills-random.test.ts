import { expect, it } from "vitest";
import { answer, RestartedGateway } from "../support/restarted-gateway.ts";
import type { CrashedChat } from "../support/crashed-state.ts";
import { sleep, waitFor } from "../support/wait.ts";

/** Scrapes until told to stop; a gateway that is down or going down is no failure, a wrong answer is. */
async function scrapeUntil(restarted: RestartedGateway, done: () => boolean): Promise<number> {
  let scrapes = 0;
  while (!done()) {
    const answered = await restarted.metrics().catch((error: Error) => error);
    if (answered instanceof Error) expect(answered.message).toMatch(/fetch failed|terminated|socket|50[0-9]/);
    else scrapes += 1;
    await sleep(100);
  }
  return scrapes;
}

it("SIGKILL at three random moments in a row, scraped all the while: the same", { timeout: 400_000 }, async () => {
  await using restarted = await RestartedGateway.start({
    behaviour: (request) => ({ ...answer(request), delayMs: 400 }),
  });
  let done = false;
  const scraping = scrapeUntil(restarted, () => done);
  const moments: number[] = [];
  for (let kill = 0; kill < 3; kill += 1) {
    // Between the first claim and well into the resumes; the seed of a failure is in its message.
    moments.push(Math.round(Math.random() * 4_000));
    await sleep(moments.at(-1)!);
    await restarted.stop("SIGKILL");
    await restarted.boot();
  }
  // Three deaths blow the fuse, and who ran at two of them is held.
  await restarted.gateway.call("resumes.unpause", {});
  await restarted.gateway.call("resumes.resume", { allHeld: true });
  // What was on its way out at the moment of a kill is the host's: it does not repeat what may have been sent.
  const isServed = (chat: CrashedChat) =>
    restarted.repliesTo(chat).length > 0 ||
    restarted
      .log("all boots")
      .some((line) => line["reason"] === "handed-over" && line["sessionKey"] === chat.sessionKey);
  await waitFor(() => restarted.chats.every(isServed), {
    timeoutMs: 90_000,
    what: `an answer in each chat, killed ${moments.join(", ")} ms after ready`,
    lastState: () => `${restarted.describeReplies()}\n${restarted.gateway.logTail()}`,
  });
  await restarted.waitForMetric('queue_depth{lane="startup-resume"}', (value) => value === 0);
  await restarted.waitForMetric('running{lane="startup-resume"}', (value) => value === 0);
  done = true;
  expect(await scraping).toBeGreaterThan(10);
  for (const chat of restarted.chats) {
    const replies = restarted.repliesTo(chat);
    expect(replies, `${chat.chatId}, killed ${moments.join(", ")} ms after ready`).toEqual(
      replies.length === 0 ? [] : [`Resumed [chat ${chat.chatId}]`],
    );
  }
});
