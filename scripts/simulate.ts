// npm run simulate [-- --gateways N --sessions N --config FILE --chart FILE --help ...]
//
// What the restart of many gateways asks of the model provider that they share, with the plugin's limits and without.
import fs from "node:fs";
import { setFlagsFromString } from "node:v8";
import { optionsOrExit } from "./demo/usage.ts";
import { drawChart } from "./simulate/chart.ts";
import { HELP, readOptions, type SimulateOptions } from "./simulate/options.ts";
import { count, describe, resultTable } from "./simulate/report.ts";
import { scenariosOf } from "./simulate/scenarios.ts";
import { type Result, simulate } from "./simulate/simulation.ts";

// Nearly all is garbage soon: V8 would let it grow to a gigabyte before it looks.
setFlagsFromString("--heap-growing-percent=50");

const { world, settings, chart }: SimulateOptions = optionsOrExit(HELP, readOptions);

const results = scenariosOf(settings).map((scenario) => {
  const startedMs = performance.now();
  const result = simulate(world, scenario);
  // Not on stdout: what stands there is the same each time.
  process.stderr.write(`${scenario.name}: simulated in ${((performance.now() - startedMs) / 1000).toFixed(1)} s\n`);
  return result;
});
const situation = describe(world, settings);
console.log(`${situation.join("\n")}\n\n${resultTable(results)}`);
save();
process.exitCode = results.some(({ unfinished }) => unfinished > 0) ? 1 : 0;

function save(): void {
  try {
    fs.writeFileSync(chart, picture());
    process.stderr.write(`chart: ${chart}; ${count(process.resourceUsage().maxRSS / 1024)} MiB of memory at most\n`);
  } catch (error) {
    process.stderr.write(`error: --chart cannot be written: ${(error as Error).message}\n`);
    process.exit(1);
  }
}

function picture(): string {
  return drawChart({
    title: `${count(world.gateways)} gateways × ${count(world.sessions)} interrupted sessions, one provider`,
    subtitles: situation.slice(1),
    capacity: world.provider.concurrent,
    lines: results.map((result) => ({
      name: result.name,
      atOnce: result.bySecond.atOnce,
      share: sharesOf(result),
    })),
  });
}

/** Summed up to each second. */
function sharesOf({ bySecond: { atOnce, recovered }, sessions }: Result): number[] {
  let resumed = 0;
  return Array.from(atOnce, (_, second) => (resumed += recovered[second] ?? 0) / sessions);
}
