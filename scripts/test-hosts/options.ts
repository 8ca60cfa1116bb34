/** The command line of `npm run test:hosts`. */
import { parseArgs } from "node:util";
import { UsageError } from "../demo/options.ts";

/** Oldest first. The last is the one that the project is developed with. */
export const HOSTS = ["2026.6.5", "2026.7.1-2", "2026.8.2", "2026.9.6"] as const;

export type TestHostsOptions = {
  hosts: readonly string[];
  /** Parts of the names of test files; none: all that a host is tested with. */
  files: readonly string[];
  /** Test files at a time. */
  workers: number | undefined;
  /** Without the tests that are tagged `long`. */
  quick: boolean;
  /** Only writes the page from the results that are kept. */
  render: boolean;
};

export const HELP = `npm run test:hosts [-- options] [files]

Runs the real-gateway tests on each supported version of OpenClaw (installed from the npm registry once) and writes what
works where into docs/hosts.md. Results are kept in .cache/hosts/results and merged: it can be done host by host, or with
single files ("users-first", "test/gateway/gc.test.ts").

  --host V       only this version; may be given several times (${HOSTS.join(", ")})
  --quick        without the longest tests; the page says so
  --workers N    test files at a time (default: as in npm test)
  --render       run nothing, write the page from the results that are kept
  --help         this text

Exit code 0: no test failed. 1: one did, or a host could not be installed. 2: wrong options.
`;

/** Returns `"help"` when help was asked for. */
export function readOptions(args: string[]): TestHostsOptions | "help" {
  const { values, positionals } = parse(args);
  if (values.help) return "help";
  const unknown = values.host?.find((version) => !HOSTS.some((known) => known === version));
  if (unknown !== undefined) throw new UsageError(`--host ${unknown}: expected any of ${HOSTS.join(", ")}`);
  const workers = values.workers === undefined ? undefined : Number(values.workers);
  if (workers !== undefined && !(Number.isSafeInteger(workers) && workers > 0)) {
    throw new UsageError(`--workers ${values.workers}: expected a whole number above 0`);
  }
  return { hosts: values.host ?? HOSTS, files: positionals, workers, quick: values.quick, render: values.render };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        host: { type: "string", multiple: true },
        workers: { type: "string" },
        quick: { type: "boolean", default: false },
        render: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
