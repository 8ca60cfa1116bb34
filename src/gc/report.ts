import { type Cell, table } from "../cli/table.ts";
import type { Format, Look } from "../cli/terminal.ts";
import { clean, cleaned, duration } from "../cli/text.ts";
import type { UndoneStore } from "./undo.ts";
import type { GcCounts, CollectionView, RowView } from "./view.ts";

const FORMATS: Readonly<Record<RowView["action"], Format>> = { retire: "yellow", protect: "cyan", keep: "dim" };

/** How many rows of an agent are for people; `--json` has all. */
export const MOST_ROWS = 1000;

/** The rows with what becomes of each, and a summary. */
export function gcLines(view: CollectionView, look: Look): string[] {
  const rows = view.agents.flatMap((agent) => agent.rows);
  return [
    ...rowTable(cleaned(rows), look),
    ...moreLines(view),
    ...(rows.length === 0 ? [] : [""]),
    ...summaryLines(view, look),
    ...nextLines(view),
  ];
}

function moreLines({ agents }: CollectionView): string[] {
  const more = agents.reduce((sum, { moreRows }) => sum + moreRows, 0);
  return more === 0 ? [] : [`... and ${more} more: --json has all`];
}

const rowTable = (rows: readonly RowView[], look: Look): string[] =>
  table(look, {
    head: ["Action", "Key", "Age", "Kind", "Reason", "Transcript"],
    rows: rows.map((row): Cell[] => [
      { text: row.action, format: FORMATS[row.action] },
      row.key,
      row.ageMs === null ? "-" : duration(row.ageMs),
      row.kind,
      reasonOf(row),
      row.transcript,
    ]),
    flexible: 1,
  });

function reasonOf({ reason, matched, idleMs }: RowView): string {
  if (reason === "idle-too-long" && idleMs !== null) return `${reason} (${duration(idleMs)})`;
  return matched === null ? (reason ?? "") : `${reason} (${matched})`;
}

const COUNTS: readonly (readonly [string, keyof GcCounts])[] = [
  ["before", "before"],
  ["after", "after"],
  ["retired", "retired"],
  ["kept", "kept"],
  ["protected", "protected"],
  ["missing transcripts", "missingTranscripts"],
  ["dm-scope rows", "dmScopeRows"],
];

/** A line for each agent, and one for all of them. */
function summaryLines({ agents, totals }: CollectionView, look: Look): string[] {
  const counted: readonly (readonly [string, GcCounts])[] = [
    ...agents.map((agent) => [agent.agentId, agent] as const),
    ...(agents.length === 1 ? [] : [["all", totals] as const]),
  ];
  return table(look, {
    head: ["Agent", ...COUNTS.map(([name]) => name)],
    rows: counted.map(([name, counts]) => [clean(name), ...COUNTS.map(([, field]) => counts[field])]),
  });
}

function nextLines({ applied, undo, totals }: CollectionView): string[] {
  if (applied)
    return undo === null ? ["", "nothing to retire"] : ["", `retired ${totals.retired}; undo it with --undo ${undo}`];
  if (totals.retired === 0) return ["", "dry run: nothing would be retired"];
  return ["", `dry run: nothing was changed; --apply retires ${totals.retired}`];
}

const HOW: Readonly<Record<UndoneStore["how"], string>> = {
  restored: "as it was before, byte for byte",
  merged: "it has changed since; the rows that went stand behind its own",
  untouched: "nothing to put back",
  gone: "its folder is not there any more",
};

/** What became of each store. `stores` have been cleaned. */
export function undoLines(stores: readonly UndoneStore[], dryRun: boolean): string[] {
  const has = dryRun ? "would get" : "got";
  return stores.flatMap(({ agentId, how, filesBack, keysInUse, filesLost, backup }) => [
    `${agentId}: ${dryRun ? "would be " : ""}${how}: ${HOW[how]}; ${filesBack} files ${has} their names back`,
    ...(how === "gone" ? [`  what it was is in ${backup}`] : []),
    ...keysInUse.map((key) => `  ${key} is in use again: it stays as it is, and what it had before stays archived`),
    ...filesLost.map((name) => `  ${name} does not get its name back: its archive is gone, or the name is taken`),
  ]);
}
