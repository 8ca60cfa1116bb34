/** The command line of `npm run demo`. */
import { parseArgs } from "node:util";

export type DemoOptions = {
  /** How many chats are interrupted. */
  sessions: number;
  /** Over how many agents they are spread. */
  agents: 1 | 3;
  /** How long a first reply is waited for, milliseconds. */
  waitMs: number;
  keep: boolean;
  json: boolean;
};

/** Wrong command line: shown without a stack, exit code 2. */
export class UsageError extends Error {
  override name = "UsageError";
}

export const HELP = `npm run demo [-- options]

Interrupts chats of a real OpenClaw gateway by SIGKILL, restarts it without and with the resume-scheduler plugin on
copies of the same crashed state, and shows how long a user who writes then waits for the first reply. Every resumed
turn hangs at the model for 300 s. Loopback only, in a temporary folder; nothing is left running.

  --sessions N     chats to interrupt, 1 to 200 (default 8); more than 20 are spread over 3 agents
  --wait SECONDS   how long to wait for each first reply, 1 to 100 (default 65)
  --keep           leave the gateway with the plugin running, print its URLs, and end with Ctrl-C
  --json           print the result as JSON on stdout, and nothing else there
  --help           this text

Exit code 0: with the plugin every message was answered in time. 1: not, or something failed. 2: wrong options.
`;

const MANY = 20;

/** Returns `"help"` when help was asked for. */
export function readOptions(args: string[]): DemoOptions | "help" {
  const { values } = parse(args);
  if (values.help) return "help";
  const sessions = wholeNumber("--sessions", values.sessions, { from: 1, to: 200 });
  return {
    sessions,
    agents: sessions > MANY ? 3 : 1,
    waitMs: wholeNumber("--wait", values.wait, { from: 1, to: 100 }) * 1000,
    keep: values.keep,
    json: values.json,
  };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        sessions: { type: "string", default: "8" },
        wait: { type: "string", default: "65" },
        keep: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function wholeNumber(name: string, text: string, range: { from: number; to: number }): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= range.from && value <= range.to) return value;
  throw new UsageError(`${name} ${JSON.stringify(text)}: expected a whole number from ${range.from} to ${range.to}`);
}
