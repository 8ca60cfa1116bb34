/** The command line of `npm run bench`. */
import { parseArgs } from "node:util";
import { onlyOf } from "../demo/only.ts";
import { UsageError } from "../demo/options.ts";
import { BENCH_IDS, BENCHES, type BenchId } from "./benches.ts";

export type BenchOptions = { only: readonly BenchId[]; invocations: 1 | 3; keep: boolean };

export const HELP = `npm run bench [-- options]

Measures the plugin against a reference in the same process and compares them as ratios (\`docs/performance.md\`).
Each benchmark is invoked up to three times, each time in a process of its own; one that misses a bar in two of them
fails.

${BENCH_IDS.map((id) => `  ${id}  ${BENCHES[id].what}`).join("\n")}

  --only Q1,P1   only these
  --once         one invocation each, which decides by itself; writes nothing
  --dry-run      write neither docs/performance.json nor docs/performance.md
  --help         this text

Exit code 0: no bar is missed in two of three invocations. 1: one is, or something failed. 2: wrong options.
`;

/** Returns `"help"` when help was asked for. */
export function readOptions(args: string[]): BenchOptions | "help" {
  const values = parse(args);
  if (values.help) return "help";
  return {
    only: onlyOf(values.only, BENCH_IDS),
    invocations: values.once ? 1 : 3,
    keep: !values.once && !values["dry-run"],
  };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        only: { type: "string" },
        once: { type: "boolean", default: false },
        "dry-run": { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
