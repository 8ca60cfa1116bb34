/** The command line of `npm run simulate`. */
import path from "node:path";
import { parseArgs } from "node:util";
import type { Settings } from "../../src/settings/settings.ts";
import { UsageError } from "../demo/options.ts";
import { FLEET_CONCURRENT, type GivenLimits, isNone, LIMIT_OPTIONS, settingsOf } from "./settings.ts";
import type { World } from "./world.ts";

export interface SimulateOptions {
  readonly world: World;
  readonly settings: Settings;
  /** The SVG file to write. */
  readonly chart: string;
}

/** Each option that is a number, with its default, and what is accepted. */
const NUMBERS = {
  gateways: { preset: "1000", from: 1, to: 10_000 },
  sessions: { preset: "50", from: 1, to: 10_000 },
  "stagger-seconds": { preset: "0", from: 0, to: 3600, fraction: true },
  "jitter-seconds": { preset: "5", from: 0, to: 3600, fraction: true },
  "resume-seconds": { preset: "15", from: 0.1, to: 3600, fraction: true },
  "resume-spread": { preset: "0.6", from: 0, to: 2, fraction: true },
  "requests-per-resume": { preset: "3", from: 1, to: 100 },
  "users-per-minute": { preset: "0.2", from: 0, to: 60, fraction: true },
  "user-seconds": { preset: "10", from: 0.1, to: 3600, fraction: true },
  "provider-concurrent": { preset: "250", from: 1, to: 1_000_000, none: true },
  "provider-rpm": { preset: "none", from: 1, to: 10_000_000, none: true },
  seed: { preset: "1", from: 0, to: 2 ** 32 - 1 },
} as const;
type NumberOption = keyof typeof NUMBERS;

const MOST_SESSIONS = 1_000_000;
const CHART = "simulation.svg";

export const HELP = `npm run simulate [-- options]

Simulates a restart of many gateways that share one model provider, on a virtual clock: each runs the plugin's own
scheduler with these limits. Prints how long the interrupted sessions wait for their resumes and what the provider has
to bear; beside it the same gateways each on its own (no fleet), and with no limits at all: no slots, no pace, no
cool-down, and the host repeats what the provider refuses. Draws it too.

The restart
  --gateways N              gateways (default ${NUMBERS.gateways.preset})
  --sessions N              interrupted sessions of each (default ${NUMBERS.sessions.preset})
  --stagger-seconds S       between the restarts of two gateways (default 0: all at once)
  --jitter-seconds S        a gateway is ready at some moment within S after its restart (default ${NUMBERS["jitter-seconds"].preset})
The limits: as in the file, or the plugin's defaults and a fleet of ${FLEET_CONCURRENT}
  --config FILE             an openclaw.json5, or only the plugin's settings
  --max-concurrent N        budget.maxConcurrent: resumes at once in one gateway
  --start-interval-ms MS    budget.startIntervalMs
  --starts-per-minute N     budget.startsPerMinute; 0: no limit
  --fleet-concurrent N      fleet.maxConcurrent: resumes at once in all gateways; 0 or none: no fleet
  --fleet-starts-per-minute N   fleet.startsPerMinute; 0 or none: no limit of its own
What a resume is
  --resume-seconds S        how long one takes on average (default ${NUMBERS["resume-seconds"].preset})
  --resume-spread X         spread of that: standard deviation of its logarithm; 0: all take the same (default ${NUMBERS["resume-spread"].preset})
  --requests-per-resume N   requests to the provider, one after the other (default ${NUMBERS["requests-per-resume"].preset})
The provider answers 429 above
  --provider-concurrent N   requests at once (default ${NUMBERS["provider-concurrent"].preset}); 0 or none: no limit
  --provider-rpm N          requests in any minute (default none)
Users: each message preempts as in the plugin, and is one request to the provider
  --users-per-minute X      messages to one gateway (default ${NUMBERS["users-per-minute"].preset})
  --user-seconds S          how long one user's turn takes (default ${NUMBERS["user-seconds"].preset})
The rest
  --seed N                  the same seed gives the same figures (default ${NUMBERS.seed.preset})
  --chart FILE              the SVG to write (default ${CHART} in this folder)
  --help                    this text

Not simulated: admission (but for budget.maxPerBoot), the limits of tokens and cost, load guards, a lost Redis.
1000 times 50 sessions take about 15 s and 0.7 GiB; both grow with their number.

Exit code 0: done. 1: some sessions come to no end, or something failed. 2: wrong options.
`;

/** Returns `"help"` when help was asked for. */
export function readOptions(args: string[]): SimulateOptions | "help" {
  const values = parse(args);
  if (values.help === true) return "help";
  const number = (name: NumberOption) => readNumber(name, values[name]);
  const limit = (name: NumberOption) => (isNone(values[name] ?? NUMBERS[name].preset) ? undefined : number(name));
  const world: World = {
    seed: number("seed"),
    gateways: number("gateways"),
    sessions: number("sessions"),
    staggerMs: number("stagger-seconds") * 1000,
    jitterMs: number("jitter-seconds") * 1000,
    resumeMs: number("resume-seconds") * 1000,
    resumeSpread: number("resume-spread"),
    requestsPerResume: number("requests-per-resume"),
    usersPerMinute: number("users-per-minute"),
    userMs: number("user-seconds") * 1000,
    provider: { concurrent: limit("provider-concurrent"), perMinute: limit("provider-rpm") },
  };
  const total = world.gateways * world.sessions;
  if (total > MOST_SESSIONS) {
    throw new UsageError(`--gateways times --sessions is ${total}; expected at most ${MOST_SESSIONS} sessions in all`);
  }
  const given: GivenLimits = values;
  return { world, settings: settingsOf(values.config, given), chart: path.resolve(values.chart ?? CHART) };
}

const TEXT = { type: "string" } as const;

function parse(args: string[]) {
  const names = [...Object.keys(NUMBERS), ...Object.keys(LIMIT_OPTIONS), "config", "chart"];
  try {
    const options = {
      ...Object.fromEntries(names.map((name) => [name, TEXT])),
      help: { type: "boolean", short: "h" },
    } as const;
    const { values } = parseArgs({ args, options });
    return values as Partial<Record<NumberOption | keyof GivenLimits | "config" | "chart", string>> & {
      help?: boolean;
    };
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function readNumber(name: NumberOption, given: string | undefined): number {
  const { preset, from, to, fraction = false, none = false }: NumberRule = NUMBERS[name];
  const text = given ?? preset;
  const value = Number(text);
  const form = fraction ? /^\d+(\.\d+)?$/ : /^\d+$/;
  if (form.test(text) && value >= from && value <= to) return value;
  const expected = `${fraction ? "a number" : "a whole number"} from ${from} to ${to}${none ? ', or "none"' : ""}`;
  throw new UsageError(`--${name} ${JSON.stringify(text)}: expected ${expected}`);
}

interface NumberRule {
  readonly preset: string;
  readonly from: number;
  readonly to: number;
  /** Not only whole numbers. */
  readonly fraction?: boolean;
  /** "none" and 0 are no limit. */
  readonly none?: boolean;
}
