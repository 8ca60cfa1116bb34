import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { expect, it } from "vitest";
import { PROJECT_ROOT } from "../support/gateway.ts";
import { freePort } from "../support/loopback.ts";
import { RestartedGateway } from "../support/restarted-gateway.ts";

const HOOK = pathToFileURL(path.join(PROJECT_ROOT, "test/support/record-loads.mjs")).href;
/** The chunk that holds ioredis; the few lines that load it are in another. */
const REDIS_CODE = /^redis-fleet/;

/** The chunk that paces the starts of resumes. */
const PACE_CODE = /^light-/;

/** The modules of our plugin that a gateway has loaded by the time each chat is resumed. */
async function modulesLoadedWith(settings: Record<string, unknown>): Promise<string[]> {
  await using restarted = await RestartedGateway.prepare({ settings: { lane: { quietMs: 0 }, ...settings } });
  const file = path.join(restarted.stateDir, "loads.txt");
  await restarted.boot({ env: { NODE_OPTIONS: `--trace-warnings --import ${HOOK}`, RECORD_LOADS_IN: file } });
  await restarted.waitForReplies(1, 60_000);
  const urls = fs.readFileSync(file, "utf8").split("\n");
  // The host loads what it has captured of the plugin's folder, or the folder itself.
  const own = urls.filter((url) => /\/dist\/[^/]+\.m?js$/.test(url) && url.includes("-plugin-"));
  return own.map((url) => path.basename(url));
}

it("a gateway on its own loads no Redis code, and one of a fleet does", { tags: "long" }, async () => {
  const alone = await modulesLoadedWith({});
  expect(alone).toContain("index.js");
  expect(alone.filter((name) => REDIS_CODE.test(name))).toEqual([]);
  // Nobody listens there: the fleet's budget is replaced by the fallback's, and resumes run all the same.
  const fleet = { redisUrl: `redis://127.0.0.1:${await freePort()}`, maxConcurrent: 2 };
  expect((await modulesLoadedWith({ fleet })).filter((name) => REDIS_CODE.test(name))).not.toEqual([]);
});

it(
  "a gateway that resumes nothing does not load what paces resumes, and one that paces them does",
  { tags: "long" },
  async () => {
    const paces = (names: string[]) => names.filter((name) => PACE_CODE.test(name));
    const observing = await modulesLoadedWith({ mode: "observe" });
    expect(observing).toContain("index.js");
    expect(paces(observing)).toEqual([]);
    expect(paces(await modulesLoadedWith({ budget: { startIntervalMs: 1 } }))).not.toEqual([]);
  },
);
