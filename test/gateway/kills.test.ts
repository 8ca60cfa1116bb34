import { expect, it } from "vitest";
import type { StatusView } from "../../src/operate/views.ts";
import { dieAt, expectOneEndEach, KILL_POINTS, KILL_SETTINGS } from "../support/kill-points.ts";
import { RestartedGateway } from "../support/restarted-gateway.ts";

const PROMISE = "each conversation comes to one end, none is answered twice";
/** In the middle of the claims, and before a delivery. */
const TWO = KILL_POINTS.filter(({ name }) => ["mid-claim", "reply generated"].includes(name));

it(
  `is killed at ${TWO.map(({ name }) => `"${name}"`).join(", ")}, on one state: ${PROMISE}`,
  { timeout: 300_000 },
  async () => {
    await using restarted = await RestartedGateway.prepare({ settings: KILL_SETTINGS });
    await expectKeptWhenKilledAt(TWO, restarted);
  },
);

// `npm run test:kills` kills at each step on its own, twice in a row, by either signal.
it(`is killed once at every step, on one state: ${PROMISE}`, { tags: "long", timeout: 600_000 }, async () => {
  await using restarted = await RestartedGateway.prepare({ settings: KILL_SETTINGS });
  const blown = await expectKeptWhenKilledAt(KILL_POINTS, restarted);

  // Three deaths with resumes running blow the fuse; it was the operator who went on each time.
  expect(blown.length).toBeGreaterThan(0);
  for (const { atMs, lane, running } of blown) {
    // Seen at once after the gateway said that it is ready, or a moment later.
    expect(lane.waitingFor).toBeOneOf(["gateway-starting", "fuse"]);
    expect(lane.pausedSinceMs).toBeNull();
    expect(lane.fusedUntilMs).toBeGreaterThan(atMs + 500_000);
    expect(running).toEqual([]);
  }
  expect(
    restarted.log("all boots").filter(({ msg }) => String(msg).includes("`openclaw resumes unpause` goes on")),
  ).toHaveLength(blown.length);
  // Those that ran at two deaths may be why.
  const { held } = await restarted.gateway.call<StatusView>("resumes.status", {});
  expect(held.length).toBeGreaterThan(0);
  expect(new Set(held.map(({ reason }) => reason))).toEqual(new Set(["crash-loop"]));
  await restarted.gateway.call("resumes.resume", { allHeld: true });
  await restarted.waitForReplies(1, 60_000);
});

/** Resolves with what the gateway said of itself whenever its fuse had blown. */
async function expectKeptWhenKilledAt(points: typeof KILL_POINTS, restarted: RestartedGateway): Promise<StatusView[]> {
  const blown: StatusView[] = [];
  const onFuse = (status: StatusView) => void blown.push(status);
  for (const point of points) await dieAt(restarted, point, "SIGKILL", onFuse);
  await expectOneEndEach(restarted, onFuse);
  return blown;
}
