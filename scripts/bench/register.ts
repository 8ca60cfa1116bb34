/** B2: what the plugin costs a gateway that has nothing to resume, up to its registration. */
import { execFileSync } from "node:child_process";
import path from "node:path";
import { buildPlugin } from "../../test/support/stage-plugin.ts";
import type { Say } from "./benches.ts";
import { median } from "../measure/row.ts";
import { inUnits } from "./compare.ts";
import type { Figure } from "./figure.ts";
import type { Registered } from "./register-once.ts";

/** A process each. */
const WARM_UPS = 3;
const RUNS = 9;
const MOST_MS = 25;
/**
 * pino and prom-client are needed once the service starts: it logs and counts from there on. Bottleneck is needed by the
 * first resume.
 */
const LATER = ["pino", "prom-client", "bottleneck"];

export async function register(say: Say): Promise<Figure[]> {
  const index = path.join(buildPlugin(), "dist/index.js");
  const runs: Registered[] = [];
  for (let run = -WARM_UPS; run < RUNS; run += 1) {
    say(`registering in a fresh process, ${run + WARM_UPS + 1} of ${RUNS + WARM_UPS}`);
    const registered = inProcessOfItsOwn(index);
    if (run >= 0) runs.push(registered);
  }
  const importNs = median(runs.map((run) => run.importNs));
  const registerNs = median(runs.map((run) => run.registerNs));
  const early = LATER.filter((name) => runs.some(({ packages }) => packages.includes(name)));
  return [
    {
      what: "import and register, nothing interrupted",
      value: median(runs.map((run) => run.importNs + run.registerNs)) / 1e6,
      unit: "ms",
      bar: { atMost: MOST_MS },
      from: `${inUnits(importNs)} to import, ${inUnits(registerNs)} to register; the host's own modules are loaded before`,
    },
    {
      what: `of ${LATER.join(", ")} loaded by then`,
      value: early.length,
      unit: "count",
      bar: { atMost: 0 },
      from:
        early.length === 0
          ? "the first two are loaded when the service starts, the third by the first resume"
          : early.join(", "),
    },
  ];
}

function inProcessOfItsOwn(index: string): Registered {
  const script = path.join(import.meta.dirname, "register-once.ts");
  return JSON.parse(execFileSync(process.execPath, [script, index], { encoding: "utf8" })) as Registered;
}
