import { lstatSync, readdirSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { EXIT, Failure, failureOf } from "../cli/failure.ts";
import type { Terminal } from "../cli/terminal.ts";
import { clean, cleaned, toJson } from "../cli/text.ts";
import { failureView } from "../cli/watch.ts";
import { normalizeId } from "../domain/session-key.ts";
import { applyCollection } from "./apply.ts";
import { type HostConfig, readHostConfig } from "./host-config.ts";
import { GC_HELP, type GcOptions, readOptions } from "./options.ts";
import { planStore, storePathOf, type StorePlan } from "./plan-store.ts";
import { gcLines, MOST_ROWS, undoLines } from "./report.ts";
import { undoCollection } from "./undo.ts";
import { gcView } from "./view.ts";

/** `openclaw-resume-scheduler gc`: collects `sessions.json` stores while no gateway runs. */
export async function runGc(args: readonly string[], terminal: Terminal, nowMs: number): Promise<void> {
  const json = args.includes("--json");
  try {
    const options = readOptions(args);
    if (options.help) return terminal.out(GC_HELP);
    await (options.undo === undefined ? collect(options, terminal, nowMs) : undo(options, options.undo, terminal));
  } catch (error) {
    const failure = failureOf(error);
    if (json) terminal.out(`${toJson(failureView(failure))}\n`);
    else terminal.err(`error: ${clean(failure.line)}\n`);
    terminal.exitWith(failure.exitCode);
  }
}

async function collect(options: GcOptions, terminal: Terminal, nowMs: number): Promise<void> {
  const { rules, apply, json } = options;
  const stateDir = realStateDir(options.stateDir);
  const agentIds = agentsOf(stateDir, options);
  const config = readHostConfig(stateDir, { file: options.config, dmScopeNeeded: rules.dmScope });
  const say = (note: string) => terminal.err(`note: ${clean(note)}\n`);
  noteConfig(config, options, say);
  // Nothing is retired for a scope that the host does not use.
  const inForce = { ...rules, dmScope: rules.dmScope && config.keyRules.dmScope === "main" };
  const plan = (agentId: string): StorePlan =>
    planStore({ stateDir, agentId, keyRules: config.keyRules, rules: inForce, nowMs });
  const { plans, id } = apply
    ? await applyCollection({ stateDir, agentIds, nowMs }, plan)
    : { plans: agentIds.map(plan), id: undefined };
  const mostRows = json ? Infinity : MOST_ROWS;
  const view = gcView(plans, { stateDir, nowMs, everyRow: !options.hasRules, mostRows, applied: apply, undo: id });
  if (json) terminal.out(`${toJson(view, 2)}\n`);
  else terminal.out(`${gcLines(view, terminal).join("\n")}\n`);
}

async function undo({ stateDir, dryRun, json }: GcOptions, id: string, terminal: Terminal): Promise<void> {
  const stores = await undoCollection(realStateDir(stateDir), id, { dryRun });
  if (json) terminal.out(`${toJson({ undo: id, applied: !dryRun, stores }, 2)}\n`);
  else terminal.out(`${undoLines(cleaned(stores), dryRun).join("\n")}\n`);
}

function noteConfig({ store, keyRules }: HostConfig, { rules }: GcOptions, say: (note: string) => void): void {
  if (rules.dmScope && keyRules.dmScope !== "main") {
    say(`session.dmScope is "${keyRules.dmScope}": --dm-scope retires nothing`);
  }
  if (store !== undefined)
    say(`session.store is ${store}: only stores in the state directory's agents folder are looked at`);
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
  try {
    return readdirSync(join(stateDir, "agents")).toSorted();
  } catch {
    return [];
  }
}

function noStore(what: string, known: readonly string[]): Failure {
  const others = known.length === 0 ? "" : `; these have one: ${known.join(", ")}`;
  return new Failure(EXIT.refused, "no-store", `${what}${others}`, {
    remedy: "since 2026.8 hosts keep sessions in SQLite: use `openclaw sessions cleanup` for those",
  });
}
