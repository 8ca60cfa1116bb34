import { lstatSync, readdirSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { EXIT, Failure, failureOf } from "../cli/failure.ts";
import type { Terminal } from "../cli/terminal.ts";
import { clean, cleaned, toJson } from "../cli/text.ts";
import { failureView } from "../cli/watch.ts";
import { unknownKeys } from "../domain/collection.ts";
import { normalizeId } from "../domain/session-key.ts";
import { applyCollection } from "./apply.ts";
import { type HostConfig, readHostConfig } from "./host-config.ts";
import { GC_HELP, type GcOptions, readOptions } from "./options.ts";
import { planStore, storePathOf, type StorePlan } from "./plan-store.ts";
import { gcLines, MOST_ROWS, undoLines } from "./report.ts";
import { storeErrorOf } from "./store-error.ts";
import { undoCollection } from "./undo.ts";
import { agentView, totalsOf } from "./view.ts";

/** `openclaw-resume-scheduler gc`: collects `sessions.json` stores while no gateway runs. */
export async function runGc(args: readonly string[], terminal: Terminal, nowMs: number): Promise<void> {
  const json = args.includes("--json");
  try {
    const options = readOptions(args);
    if (options.help) return terminal.out(GC_HELP);
    await (options.undo === undefined ? collect(options, terminal, nowMs) : undo(options, options.undo, terminal));
  } catch (error) {
    const failure = failureOf(isSystemError(error) ? storeErrorOf(error, "nothing was changed") : error);
    if (json) terminal.out(`${toJson(failureView(failure))}\n`);
    else terminal.err(`error: ${clean(failure.line)}\n`);
    terminal.exitWith(failure.exitCode);
  }
}

const isSystemError = (error: unknown): boolean =>
  error instanceof Error && typeof (error as NodeJS.ErrnoException).syscall === "string";

async function collect(options: GcOptions, terminal: Terminal, nowMs: number): Promise<void> {
  const { rules, apply, json } = options;
  const stateDir = realStateDir(options.stateDir);
  const config = readHostConfig(stateDir, { file: options.config, dmScopeNeeded: rules.dmScope });
  const notes = notesOn(config, options);
  if (!json) for (const note of notes) terminal.err(`note: ${clean(note)}\n`);
  const agentIds = agentsOf(stateDir, options);
  const { keyRules } = config;
  // Nothing is retired for a scope that the host does not use.
  const inForce = { ...rules, dmScope: rules.dmScope && keyRules.dmScope === "main" };
  const shown = { nowMs, everyRow: !options.hasRules, mostRows: json ? Infinity : MOST_ROWS };
  const planAll = () => {
    const plans = agentIds.map((agentId) => planStore({ stateDir, agentId, keyRules, rules: inForce, nowMs }));
    checkActiveKeys(plans, rules.activeKeys);
    return plans.map((plan) => ({ ...plan, view: agentView(plan, shown) }));
  };
  const { plans, undo: folder } = apply
    ? await applyCollection({ stateDir, agentIds, nowMs }, planAll)
    : { plans: planAll(), undo: undefined };
  const agents = plans.map(({ view }) => view);
  const view = { stateDir, applied: apply, undo: folder?.id ?? null, notes, agents, totals: totalsOf(agents) };
  if (json) terminal.out(`${toJson(view, 2)}\n`);
  else terminal.out(`${gcLines(view, terminal).join("\n")}\n`);
}

async function undo({ stateDir, dryRun, json }: GcOptions, id: string, terminal: Terminal): Promise<void> {
  const stores = await undoCollection(realStateDir(stateDir), id, { dryRun });
  if (json) terminal.out(`${toJson({ undo: id, applied: !dryRun, stores }, 2)}\n`);
  else terminal.out(`${undoLines(cleaned(stores), dryRun).join("\n")}\n`);
}

/** A key that is spelt wrongly would protect nothing, and nobody would know. */
function checkActiveKeys(plans: readonly StorePlan[], keys: readonly string[]): void {
  const stores = plans.map(({ store }) => store);
  const unknown = unknownKeys(stores, keys);
  if (unknown.length === 0) return;
  throw new Failure(EXIT.usage, "unknown-key", `--active-key ${unknown.join(", ")}: there is no such row`, {
    remedy: "without rules the command shows every row",
  });
}

function notesOn({ store, keyRules }: HostConfig, { rules }: GcOptions): string[] {
  const scope = `session.dmScope is "${keyRules.dmScope}": --dm-scope retires nothing`;
  const elsewhere = `session.store is ${store}: only stores in the state directory's agents folder are looked at`;
  return [
    ...(rules.dmScope && keyRules.dmScope !== "main" ? [scope] : []),
    ...(store === undefined ? [] : [elsewhere]),
  ];
}

/** The operator may reach it through a link; what is in it may not be reached so. */
function realStateDir(named: string): string {
  try {
    const path = realpathSync(named);
    if (lstatSync(path).isDirectory()) return path;
  } catch {
    // As a file in its place.
  }
  throw new Failure(EXIT.usage, "state-dir", `--state-dir ${named}: there is no such directory`);
}

/** The agents whose stores are asked for. */
function agentsOf(stateDir: string, { agent, allAgents }: GcOptions): string[] {
  const known = agentFolders(stateDir).filter(
    (id) => lstatSync(storePathOf(stateDir, id), { throwIfNoEntry: false }) !== undefined,
  );
  if (agent !== undefined) {
    // As hosts name the folder.
    const id = known.includes(agent) ? agent : normalizeId(agent, agent);
    if (known.includes(id)) return [id];
    throw noStore(`the agent ${agent} has no sessions.json in ${stateDir}`, known);
  }
  if (known.length === 0) throw noStore(`no agent has a sessions.json in ${stateDir}`, known);
  if (allAgents || known.length === 1) return known;
  throw new Failure(EXIT.usage, "usage", "several agents have a store: give --agent ID or --all-agents", {
    remedy: `they are ${known.join(", ")}`,
  });
}

function agentFolders(stateDir: string): string[] {
  const folder = join(stateDir, "agents");
  return lstatSync(folder, { throwIfNoEntry: false }) === undefined ? [] : readdirSync(folder).toSorted();
}

function noStore(what: string, known: readonly string[]): Failure {
  const others = known.length === 0 ? "" : `; these have one: ${known.join(", ")}`;
  return new Failure(EXIT.refused, "no-store", `${what}${others}`, {
    remedy: "since 2026.8 hosts keep sessions in SQLite: use `openclaw sessions cleanup` for those",
  });
}
