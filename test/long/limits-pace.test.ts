/** The distance between two starts. `npm run test:limits`. */
import { expect, it } from "vitest";
import type { ShowView } from "../../src/operate/views.ts";
import { RestartedGateway } from "../support/restarted-gateway.ts";

const NO_PACE = { maxConcurrent: 2, startIntervalMs: 0, startsPerMinute: 0 };

it("starts keep their distance", async () => {
  const startIntervalMs = 1_500;
  await using restarted = await RestartedGateway.start({
    settings: { lane: { quietMs: 0 }, budget: { ...NO_PACE, startIntervalMs } },
  });
  await restarted.waitForReplies(1, 40_000);
  const histories = await Promise.all(
    restarted.chats.map(({ sessionKey }) => restarted.gateway.call<ShowView>("resumes.show", { key: sessionKey })),
  );
  const startedMs = histories
    .flatMap(({ history }) => history.flatMap(({ what, atMs }) => (what === "started" ? [atMs] : [])))
    .toSorted((left, right) => left - right);
  expect(startedMs).toHaveLength(8);
  // A busy gateway is late with one, and not with the next.
  const sinceFirstMs = startedMs.map((atMs) => atMs - startedMs[0]!);
  for (const [nth, ms] of sinceFirstMs.entries()) expect(ms).toBeGreaterThan((nth - 0.5) * startIntervalMs);
});
