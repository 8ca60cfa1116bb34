// npm run bench [-- --only Q1,P1 --once --dry-run --help]
//
// The plugin against bare references, as ratios: `docs/performance.json` and the table in `docs/performance.md`.
import { spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { PROJECT_ROOT } from "../test/support/gateway.ts";
import { buildPlugin } from "../test/support/stage-plugin.ts";
import { removeLeftovers } from "../test/support/temp.ts";
import { BENCH_IDS, type BenchId } from "./bench/benches.ts";
import { barText, type Figure, valueText } from "./bench/figure.ts";
import { HELP, type BenchOptions, readOptions } from "./bench/options.ts";
import { PERFORMANCE_JSON, performancePage, tableOf } from "./bench/page.ts";
import { type BenchResult, gather, isDecided, isMissed, missesOf, type Results } from "./bench/result.ts";
import { Progress } from "./demo/progress.ts";
import { untilStopped } from "./demo/until-stopped.ts";
import { optionsOrExit } from "./demo/usage.ts";

const options = optionsOrExit(HELP, readOptions);
const progress = new Progress();

async function main({ only, invocations, keep }: BenchOptions): Promise<number> {
  removeLeftovers();
  progress.step("compiling the plugin");
  buildPlugin();
  const results: BenchResult[] = [];
  const broken: BenchId[] = [];
  for (const id of only) {
    try {
      results.push(await benchmark(id, invocations));
    } catch (error) {
      progress.clear();
      process.stderr.write(`${id} failed: ${(error as Error).message}\n`);
      broken.push(id);
    }
  }
  progress.clear();
  console.log(tableOf(results));
  if (keep) write(results);
  const missed = results.flatMap(({ id, figures }) => figures.filter(isMissed).map((figure) => ({ id, figure })));
  for (const { id, figure } of missed) {
    const by = missesOf(figure).map((miss) => valueText(miss, figure.unit));
    console.error(`${id}, ${figure.what}: ${barText(figure)} missed by ${by.join(" and ")}`);
  }
  return missed.length + broken.length === 0 ? 0 : 1;
}

async function benchmark(id: BenchId, limit: number): Promise<BenchResult> {
  const invocations: Figure[][] = [];
  while (!isDecided(invocations, limit)) {
    const prefix = `${id}, invocation ${invocations.length + 1}`;
    progress.step(prefix);
    invocations.push(await invoke(id, (text) => progress.step(`${prefix}: ${text}`)));
  }
  return { id, measuredAt: new Date().toISOString(), openclaw: openclawVersion(), figures: gather(invocations) };
}

/** In a process of its own; see one.ts. */
function invoke(id: BenchId, say: (text: string) => void): Promise<Figure[]> {
  return new Promise((resolve, reject) => {
    const script = path.join(import.meta.dirname, "bench/one.ts");
    const child = spawn(process.execPath, ["--expose-gc", script, id], { stdio: ["ignore", "pipe", "pipe"] });
    const stop = () => child.kill();
    process.once("exit", stop);
    let [out, tail] = ["", ""];
    child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString("utf8")));
    child.stderr.on("data", (chunk: Buffer) => {
      const text = chunk.toString("utf8").trim();
      tail = `${tail}\n${text}`.slice(-4_000);
      const line = text.split("\n").at(-1);
      if (line !== undefined && line !== "") say(line);
    });
    child.once("error", reject);
    child.once("close", (code) => {
      process.off("exit", stop);
      if (code === 0) resolve(JSON.parse(out) as Figure[]);
      else reject(new Error(`its process ended with ${code}:${tail}`));
    });
  });
}

/** What was not measured now stays as it was. */
function write(measured: readonly BenchResult[]): void {
  const kept = (readResults()?.results ?? []).filter(({ id }) => measured.every((one) => one.id !== id));
  const results = [...kept, ...measured].toSorted(
    (left, right) => BENCH_IDS.indexOf(left.id) - BENCH_IDS.indexOf(right.id),
  );
  const all: Results = { machine: machine(), results };
  fs.writeFileSync(PERFORMANCE_JSON, `${JSON.stringify(all, null, 2)}\n`);
  fs.writeFileSync(path.join(PROJECT_ROOT, "docs/performance.md"), performancePage(all));
}

function readResults(): Results | undefined {
  return fs.existsSync(PERFORMANCE_JSON)
    ? (JSON.parse(fs.readFileSync(PERFORMANCE_JSON, "utf8")) as Results)
    : undefined;
}

function machine(): Results["machine"] {
  const cpus = os.cpus();
  const [{ model } = { model: "" }] = cpus;
  return { node: process.version, cpu: model, cpus: cpus.length, platform: `${os.platform()} ${os.arch()}` };
}

function openclawVersion(): string {
  const manifest = path.join(PROJECT_ROOT, "node_modules/openclaw/package.json");
  return (JSON.parse(fs.readFileSync(manifest, "utf8")) as { version: string }).version;
}

await untilStopped(progress, () => main(options));
