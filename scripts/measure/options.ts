/** The command line of `npm run measure`. */
import { parseArgs } from "node:util";
import { onlyOf } from "../demo/only.ts";
import { UsageError } from "../demo/options.ts";

export const MEASUREMENTS = ["R8", "R66", "D50", "I8", "T2", "B7", "V60", "S10k", "P60", "F30", "C100k"] as const;
export type MeasurementId = (typeof MEASUREMENTS)[number];

export type MeasureOptions = { only: readonly MeasurementId[]; out: string | undefined };

export const HELP = `npm run measure [-- options]

Measures the plugin in the real OpenClaw gateway against its bars and prints a Markdown table.

  R8, R66  first reply in a new, a queued and a resuming chat, 8 or 66 chats interrupted, resumes hang at the model
  D50      50 preemptions: from the user's signal to the drained run
  I8       idle gateway: 8 interrupted chats are each resumed once, within the budget
  T2       SIGTERM while two resumes run; after the restart every chat is answered once
  B7       ready time with the plugin against an empty plugin, 7 alternating runs each
  V60      how long resumes keep users waiting, the host alone and with the plugin
  S10k     the number of series with 10 and with 10,000 interrupted sessions
  P60      a model provider answers 429 for a minute: what it is asked meanwhile, and what becomes of the resumes
  F30      two gateways of a fleet, Redis stopped for 30 s: users' replies meanwhile, and whether resumes go on
  C100k    a collection of a sessions.json of 100,000 rows against reading and parsing it

  --only R8,B7   only these
  --out FILE     also write everything as JSON
  --help         this text

Exit code 0: every bar is met. 1: one is missed, or something failed. 2: wrong options.
`;

/** Returns `"help"` when help was asked for. */
export function readOptions(args: string[]): MeasureOptions | "help" {
  const { values } = parse(args);
  if (values.help) return "help";
  return { only: onlyOf(values.only, MEASUREMENTS), out: values.out };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        only: { type: "string" },
        out: { type: "string" },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
