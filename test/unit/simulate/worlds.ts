import { readOptions, type SimulateOptions } from "../../../scripts/simulate/options.ts";
import { scenariosOf } from "../../../scripts/simulate/scenarios.ts";
import { type Result, simulate } from "../../../scripts/simulate/simulation.ts";

/** All resumes take 10 s and make one request, nobody writes, starts have no pace, the provider takes everything. */
const PLAIN =
  "--gateways 1 --sessions 4 --jitter-seconds 0 --resume-seconds 10 --resume-spread 0 --requests-per-resume 1 " +
  "--users-per-minute 0 --start-interval-ms 0 --starts-per-minute 0 --fleet-concurrent none --provider-concurrent none";

export function options(text: string): SimulateOptions {
  const read = readOptions(text.split(" ").filter((word) => word !== ""));
  if (read === "help") throw new Error("help was asked for");
  return read;
}

/** The result of one scenario of the command line, by default its first. */
export function result({ world, settings }: SimulateOptions, at = 0): Result {
  const scenario = scenariosOf(settings)[at];
  if (scenario === undefined) throw new Error(`there is no scenario ${at}`);
  return simulate(world, scenario);
}

/** The plain world with some other options: those come last and win. */
export const plain = (changes = "", at = 0): Result => result(options(`${PLAIN} ${changes}`), at);

/** When sessions were resumed, in whole seconds since the first restart; as many of each as there were. */
export const resumedAt = ({ bySecond }: Result): number[] =>
  bySecond.recovered.flatMap((count, second) => Array.from({ length: count }, () => second));
