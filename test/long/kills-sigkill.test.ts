import { it } from "vitest";
import { dieAt, expectOneEndEach, KILL_POINTS, KILL_SETTINGS } from "../support/kill-points.ts";
import { RestartedGateway } from "../support/restarted-gateway.ts";

it.for(KILL_POINTS)("SIGKILL twice in a row: $name", { timeout: 400_000 }, async (point) => {
  await using restarted = await RestartedGateway.prepare({ settings: KILL_SETTINGS });
  await dieAt(restarted, point, "SIGKILL");
  await dieAt(restarted, point, "SIGKILL");
  await expectOneEndEach(restarted);
});
