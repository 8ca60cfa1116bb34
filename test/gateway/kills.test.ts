import { it } from "vitest";
import { dieAt, expectOneEndEach, KILL_POINTS, KILL_SETTINGS } from "../support/kill-points.ts";
import { RestartedGateway } from "../support/restarted-gateway.ts";

// `npm run test:kills` kills at each step on its own, twice in a row, by either signal.
it("is killed once at every step, on one state: each conversation comes to one end, none is answered twice", async () => {
  await using restarted = await RestartedGateway.prepare({ settings: KILL_SETTINGS });
  for (const point of KILL_POINTS) await dieAt(restarted, point, "SIGKILL");
  await expectOneEndEach(restarted);
}, 600_000);
