/** The command line of `npm run picture`. */
import path from "node:path";
import { parseArgs } from "node:util";
import { PROJECT_ROOT } from "../../test/support/gateway.ts";
import { UsageError } from "../demo/options.ts";

export type PictureOptions = {
  /** The file to write. */
  out: string;
};

export const HELP = `npm run picture [-- options]

Plays the incident that this plugin is for on a real OpenClaw gateway, watched by a real Prometheus, and draws the
dashboard of dashboards/ as it then looks. Prometheus and Chromium are taken from this machine, or unpacked from their
Debian packages into .cache/. Loopback only, in a temporary folder; nothing is left running. Takes two minutes.

  --out FILE   the PNG to write (default assets/dashboard.png)
  --help       this text

Exit code 0: written, with data in every panel. 1: not, or something failed. 2: wrong options.
`;

/** Returns `"help"` when help was asked for. */
export function readOptions(args: string[]): PictureOptions | "help" {
  const { values } = parse(args);
  if (values.help) return "help";
  return { out: values.out === undefined ? path.join(PROJECT_ROOT, "assets/dashboard.png") : path.resolve(values.out) };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: { out: { type: "string" }, help: { type: "boolean", short: "h", default: false } },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
