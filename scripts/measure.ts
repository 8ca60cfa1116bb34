// npm run measure [-- --only R8,B7 --out FILE --help]
//
// The plugin's figures in the real gateway, each against its bar.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { PROJECT_ROOT } from "../test/support/gateway.ts";
import { buildPlugin } from "../test/support/stage-plugin.ts";
import { removeLeftovers } from "../test/support/temp.ts";
import { Progress } from "./demo/progress.ts";
import { untilStopped } from "./demo/until-stopped.ts";
import { optionsOrExit } from "./demo/usage.ts";
import { bootTime } from "./measure/boot-time.ts";
import { collectStore } from "./measure/collect-store.ts";
import { drains } from "./measure/drains.ts";
import { idle } from "./measure/idle.ts";
import { HELP, type MeasurementId, type MeasureOptions, readOptions } from "./measure/options.ts";
import { replyTimes } from "./measure/reply-times.ts";
import type { Row, Say } from "./measure/row.ts";
import { redisOutage } from "./measure/redis-outage.ts";
import { series } from "./measure/series.ts";
import { starvation } from "./measure/starvation.ts";
import { stop } from "./measure/stop.ts";
import { storm } from "./measure/storm.ts";

const MEASURE: Record<MeasurementId, (say: Say) => Promise<Row[]>> = {
  R8: (say) => replyTimes({ chats: 8, agents: 1, perKind: 4 }, say),
  R66: (say) => replyTimes({ chats: 66, agents: 3, perKind: 5 }, say),
  D50: drains,
  I8: idle,
  T2: stop,
  B7: bootTime,
  V60: starvation,
  S10k: series,
  P60: storm,
  F30: redisOutage,
  C100k: collectStore,
};

type Result = Row & { id: MeasurementId };

const options = optionsOrExit(HELP, readOptions);
const progress = new Progress();

async function measure({ only, out }: MeasureOptions): Promise<number> {
  removeLeftovers();
  progress.step("compiling the plugin");
  buildPlugin();
  const results: Result[] = [];
  for (const id of only) {
    const rows = await MEASURE[id]((text) => progress.step(`${id}: ${text}`)).catch(failedRow);
    results.push(...rows.map((row) => ({ id, ...row })));
  }
  progress.clear();
  console.log(table(results));
  if (out !== undefined) fs.writeFileSync(path.resolve(out), `${JSON.stringify({ ...where(), results }, null, 2)}\n`);
  return results.every(({ pass }) => pass) ? 0 : 1;
}

/** One measurement's error leaves the others their figures. */
function failedRow(error: unknown): Row[] {
  const text = error instanceof Error ? error.message : String(error);
  progress.clear();
  process.stderr.write(`${text}\n`);
  return [{ what: "failed", figure: text.split("\n", 1)[0]!, bar: "", pass: false, data: { error: text } }];
}

function table(results: Result[]): string {
  const lines = results.map(
    ({ id, what, figure, bar, pass }) => `| ${id} | ${what} | ${figure} | ${bar} | ${pass ? "pass" : "**fail**"} |`,
  );
  return ["| | what | measured | bar | |", "|---|---|---|---|---|", ...lines].join("\n");
}

function where(): Record<string, unknown> {
  const manifest = path.join(PROJECT_ROOT, "node_modules/openclaw/package.json");
  const { version } = JSON.parse(fs.readFileSync(manifest, "utf8")) as { version: string };
  return {
    measuredAt: new Date().toISOString(),
    openclaw: version,
    node: process.version,
    cpus: os.cpus().length,
    cpu: os.cpus()[0]?.model ?? "",
    platform: `${os.platform()} ${os.arch()}`,
  };
}

await untilStopped(progress, () => measure(options));
