/** What a simulation prints. */
import type { Settings } from "../../src/settings/settings.ts";
import type { Result } from "./simulation.ts";
import type { World } from "./world.ts";

/** What was simulated: the restart, its resumes and users, the provider, the limits. */
export function describe(world: World, { budget, fleet }: Settings): string[] {
  const { gateways, sessions, staggerMs, resumeMs, requestsPerResume, usersPerMinute, userMs, provider, seed } = world;
  const when = staggerMs === 0 ? "all at once" : `one every ${staggerMs / 1000} s`;
  const users =
    usersPerMinute === 0 ? "no users" : `${usersPerMinute} users a minute and gateway, ${userMs / 1000} s each`;
  const slots =
    fleet === undefined ? "no fleet" : `fleet: ${plural(fleet.maxConcurrent, "slot")}${rate(fleet.startsPerMinute)}`;
  return [
    `${plural(gateways, "gateway")} restarted ${when}, ${plural(sessions, "interrupted session")} each; seed ${seed}`,
    `a resume takes ${resumeMs / 1000} s on average and makes ${plural(requestsPerResume, "request")}; ${users}`,
    `provider: ${limit(provider.concurrent)} requests at once, ${limit(provider.perMinute)} a minute`,
    `limits of a gateway: ${plural(budget.maxConcurrent, "slot")}, ${budget.startIntervalMs} ms between starts${rate(budget.startsPerMinute)}; ${slots}`,
  ];
}

/** One column for each scenario. */
export function resultTable(results: readonly Result[]): string {
  const rows = [
    ["", ...results.map(({ name }) => name)],
    ...ROWS.map(([label, cell]) => [label, ...results.map(cell)]),
  ].filter(([label, ...cells]) => label !== UNFINISHED || cells.some((cell) => cell !== "0"));
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) =>
    row
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!)))
      .join("  ")
      .trimEnd(),
  );
  return [lines[0], widths.map((width) => "-".repeat(width)).join("  "), ...lines.slice(1)].join("\n");
}

const UNFINISHED = "sessions without an end";

/** Seconds are counted from the moment at which a session's gateway was ready. */
const ROWS: readonly (readonly [label: string, cell: (result: Result) => string])[] = [
  ["resumed after, s: first session", ({ recoveredMs }) => seconds(recoveredMs?.first)],
  ["  median", ({ recoveredMs }) => seconds(recoveredMs?.median)],
  ["  95 %", ({ recoveredMs }) => seconds(recoveredMs?.most)],
  ["  last", ({ recoveredMs }) => seconds(recoveredMs?.last)],
  ["from the first restart to the end, s", ({ tookMs }) => seconds(tookMs)],
  ["requests of resumes at once: peak", ({ atOnce }) => count(atOnce.peak)],
  ["  mean", ({ atOnce }) => mean(atOnce.mean)],
  ["requests of resumes a minute: peak", ({ perMinute }) => count(perMinute.peak)],
  ["  mean", ({ perMinute }) => mean(perMinute.mean)],
  ["429 to resumes", ({ refused }) => count(refused.resume)],
  ["429 to users' turns", ({ refused, users }) => `${count(refused.user)} of ${count(users)}`],
  ["preemptions", ({ preemptions }) => count(preemptions)],
  ["held", ({ held }) => heldText(held)],
  [UNFINISHED, ({ unfinished }) => count(unfinished)],
  ["resumed", ({ resumed, sessions }) => `${count(resumed)} of ${count(sessions)}`],
];

function heldText(held: Result["held"]): string {
  const all = [...held.values()].reduce((sum, sessions) => sum + sessions, 0);
  return all === 0 ? "0" : `${count(all)} (${[...held.keys()].join(", ")})`;
}

const seconds = (ms: number | undefined): string => (ms === undefined ? "-" : count(ms / 1000, ms < 100_000 ? 1 : 0));

const mean = (value: number): string => count(value, value < 10 ? 1 : 0);

/** With thousands set apart. */
export const count = (value: number, digits = 0): string =>
  value.toLocaleString("en-GB", { minimumFractionDigits: digits, maximumFractionDigits: digits });

const plural = (amount: number, word: string): string => `${count(amount)} ${word}${amount === 1 ? "" : "s"}`;
const limit = (value: number | undefined): string => (value === undefined ? "any number" : count(value));
const rate = (perMinute: number | undefined): string =>
  perMinute === undefined || perMinute === 0 ? "" : `, ${count(perMinute)} starts a minute`;
