import { parseArgs } from "node:util";
import { EXIT, Failure } from "../cli/failure.ts";
import type { CollectionRules } from "../domain/collection.ts";

/** What `gc` was asked for. */
export interface GcOptions {
  readonly help: boolean;
  readonly stateDir: string;
  readonly agent: string | undefined;
  readonly allAgents: boolean;
  readonly config: string | undefined;
  readonly rules: CollectionRules;
  /** Some rule was given that can retire a row. */
  readonly hasRules: boolean;
  readonly apply: boolean;
  readonly dryRun: boolean;
  readonly json: boolean;
  readonly undo: string | undefined;
}

const FLAGS = {
  help: { type: "boolean", short: "h" },
  "state-dir": { type: "string" },
  agent: { type: "string" },
  "all-agents": { type: "boolean" },
  config: { type: "string" },
  "max-age-hours": { type: "string" },
  "idle-hours": { type: "string" },
  errors: { type: "boolean" },
  missing: { type: "boolean" },
  "dm-scope": { type: "boolean" },
  "max-per-agent": { type: "string" },
  "active-key": { type: "string", multiple: true },
  "dry-run": { type: "boolean" },
  apply: { type: "boolean" },
  json: { type: "boolean" },
  undo: { type: "string" },
} as const;

export const GC_HELP = `Usage: openclaw-resume-scheduler gc --state-dir DIR [--agent ID | --all-agents] [rules] [--apply]

Retires stale rows of sessions.json stores (OpenClaw before 2026.8). No gateway may be running on the state directory.
A row is retired when one of the given rules matches it and nothing protects it. Transcripts are renamed, never deleted.

Which stores:
  --state-dir DIR        the gateway's state directory, e.g. ~/.openclaw
  --agent ID             one agent's store
  --all-agents           the stores of all agents
  --config FILE          the host's configuration (default: openclaw.json in the state directory)

Rules:
  --max-age-hours N      sessions that began longer ago
  --idle-hours N         sessions that have been idle for longer
  --errors               sessions whose last run failed or timed out
  --missing              rows whose transcript is missing, empty or corrupt
  --dm-scope             direct chats of their own while session.dmScope is main
  --max-per-agent N      the least lately active ones beyond N rows of an agent
  --active-key KEY       a row to keep in any case, however it is spelt; can be given more than once

What to do:
  --dry-run              show what would be done (the default); without rules, every row
  --apply                do it
  --undo ID              take a collection back; with --dry-run, show what that would do
  --json                 print the answer as JSON

Always kept: groups, channels, threads, pinned rows, the active keys, rows whose transcript a running process has locked,
and an integration's raw key together with the key that the host makes of it.

Exit codes:
  0  done
  1  unexpected failure
  2  wrong usage or input
  3  refused: nothing was changed, or what the message says

Examples:
  openclaw-resume-scheduler gc --state-dir ~/.openclaw --all-agents
  openclaw-resume-scheduler gc --state-dir ~/.openclaw --all-agents --max-age-hours 120 --idle-hours 24 --missing
  openclaw-resume-scheduler gc --state-dir ~/.openclaw --agent main --errors --apply
  openclaw-resume-scheduler gc --state-dir ~/.openclaw --undo 2026-02-03T04-05-06.789Z
`;

/** Reads the command line. Throws a `Failure` that says what is wrong with it. */
export function readOptions(args: readonly string[]): GcOptions {
  const given = valuesOf(args);
  const rules: CollectionRules = {
    maxAgeMs: hours("--max-age-hours", given["max-age-hours"]),
    idleMs: hours("--idle-hours", given["idle-hours"]),
    errors: given.errors === true,
    missing: given.missing === true,
    dmScope: given["dm-scope"] === true,
    maxPerAgent: count("--max-per-agent", given["max-per-agent"]),
    activeKeys: given["active-key"] ?? [],
  };
  const { maxAgeMs, idleMs, maxPerAgent, errors, missing, dmScope } = rules;
  const options: GcOptions = {
    help: given.help === true,
    stateDir: given["state-dir"] ?? "",
    agent: given.agent,
    allAgents: given["all-agents"] === true,
    config: given.config,
    rules,
    hasRules: errors || missing || dmScope || [maxAgeMs, idleMs, maxPerAgent].some((limit) => limit !== undefined),
    apply: given.apply === true,
    dryRun: given["dry-run"] === true,
    json: given.json === true,
    undo: given.undo,
  };
  if (!options.help) check(options);
  return options;
}

function valuesOf(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: FLAGS, strict: true, allowPositionals: false }).values;
  } catch (error) {
    throw usage((error as Error).message.replace(/\. To specify.*/s, ""));
  }
}

function check({ stateDir, agent, allAgents, apply, dryRun, undo, hasRules, rules }: GcOptions): void {
  if (stateDir === "") throw usage("--state-dir DIR is missing: give the gateway's state directory");
  if (apply && dryRun) throw usage("--apply and --dry-run: give one of them");
  if (agent !== undefined && allAgents) throw usage("--agent and --all-agents: give one of them");
  if (undo === undefined) {
    if (apply && !hasRules) throw usage("--apply without a rule would retire nothing: give at least one, see --help");
    return;
  }
  if (hasRules || rules.activeKeys.length > 0)
    throw usage("--undo takes back a whole collection: give no rules with it");
  if (agent !== undefined || allAgents) throw usage("--undo takes back a whole collection: give no agents with it");
  if (apply) throw usage("--undo needs no --apply");
}

function hours(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (Number.isFinite(value) && value > 0) return value * 3_600_000;
  throw usage(`${flag} ${text}: expected a number of hours above 0`);
}

function count(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^[1-9]\d*$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text);
  throw usage(`${flag} ${text}: expected a whole number above 0`);
}

const usage = (message: string): Failure => new Failure(EXIT.usage, "usage", message, { remedy: "see gc --help" });
