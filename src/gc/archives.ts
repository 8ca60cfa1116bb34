import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { realOf, unlessNowhere } from "./look-at.ts";
import { retiredIn, storePathOf, type StorePlan } from "./plan-store.ts";
import { archiveNameOf, sessionsFolder } from "./transcripts.ts";
import type { Archived } from "./undo-file.ts";

/**
 * The files of the rows that go, with the names that they are to get. What any other row still names keeps its name, in whatever
 * store and field that row is.
 */
export function archivesOf(stateDir: string, plan: StorePlan, kept: readonly Buffer[], nowMs: number): Archived[] {
  const { store, transcripts } = plan;
  const retired = retiredIn(plan);
  const keysOf = new Map<string, string[]>();
  for (const binding of store.bindings) {
    const path = transcripts.pathOf(binding);
    if (path !== undefined && retired.has(binding.key)) keysOf.set(path, [...(keysOf.get(path) ?? []), binding.key]);
  }
  const used = filesInUse(stateDir, plan, kept, (key) => !retired.has(key));
  return [...keysOf].flatMap(([path, keys]) =>
    (used.has(path) ? [] : transcripts.filesOf(path))
      .filter((file) => !used.has(file))
      .map((from) => ({ from, to: archiveNameOf(from, nowMs), keys })),
  );
}

/** What rows that stay name in the folder of a store. `kept`: their text. */
export function filesInUse(
  stateDir: string,
  { store, transcripts }: StorePlan,
  kept: readonly Buffer[],
  stays: (key: string) => boolean = () => true,
): ReadonlySet<string> {
  const folder = sessionsFolder(stateDir, store.agentId);
  const others = agentsIn(stateDir).filter((agentId) => agentId !== store.agentId);
  const texts = [...kept, ...others.flatMap((agentId) => textOf(storePathOf(stateDir, agentId)) ?? [])];
  return new Set([
    ...store.bindings.flatMap((binding) => (stays(binding.key) ? (transcripts.pathOf(binding) ?? []) : [])),
    ...texts.flatMap(namesIn).map((name) => join(folder, name)),
    ...[store.agentId, ...others].flatMap((agentId) => linkTargets(sessionsFolder(stateDir, agentId))),
  ]);
}

const END = Buffer.from('.jsonl"');

/** The names of all files of events that a text of JSON names, in whatever folder it says they are. */
function namesIn(text: Buffer): string[] {
  const names: string[] = [];
  for (let at = text.indexOf(END); at !== -1; at = text.indexOf(END, at + END.length)) {
    let start = at;
    while (start > 0 && !DELIMITERS.has(text[start - 1] ?? 0)) start -= 1;
    names.push(text.toString("utf8", start, at + END.length - 1));
  }
  return names;
}

/** `"`, `/` and `\`. */
const DELIMITERS = new Set([0x22, 0x2f, 0x5c]);

function linkTargets(folder: string): string[] {
  const links = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isSymbolicLink());
  return links.flatMap(({ name }) => realOf(join(folder, name)) ?? []);
}

/** With a folder of sessions. */
function agentsIn(stateDir: string): string[] {
  const agents = readdirSync(dirname(dirname(sessionsFolder(stateDir, "-"))));
  return agents.filter((id) => unlessNowhere(() => readdirSync(sessionsFolder(stateDir, id))) !== undefined);
}

const textOf = (path: string): Buffer | undefined => unlessNowhere(() => readFileSync(path));
