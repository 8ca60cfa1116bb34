/** `docs/hosts.md`, from the results of the tests. */
import { type HostFeature, wordsOf } from "../../test/support/host-features.ts";
import type { HostResults, TestOutcome } from "./results.ts";
import { type Row, ROWS } from "./rows.ts";

/** `hosts`: oldest first; the last is the one that everything is run on. */
export function hostsPage(hosts: readonly HostResults[]): string {
  const notes: string[] = [];
  const newest = hosts.at(-1)!;
  const table = ROWS.map((row) => {
    const cells = hosts.map((host) => {
      const isElsewhere = row.once !== undefined && host !== newest;
      return isElsewhere ? `as on ${newest.version}` : cellOf(row, host, notes);
    });
    return `| ${[row.words, ...cells].join(" | ")} |`;
  });
  const versions = new Set(hosts.flatMap(({ files }) => Object.values(files).map(({ version }) => version)));
  const runOnce = ROWS.filter((row) => row.once !== undefined);
  return [
    "<!-- Generated from the results of the tests by `npm run test:hosts`; do not edit. -->",
    "",
    "# What works on which OpenClaw",
    "",
    `Every cell is what the tests behind it (\`test/gateway\`) have said on a real gateway of that version, with Telegram on a`,
    `fake Bot API and a stub model; plugin version ${[...versions].toSorted((a, b) => a.localeCompare(b)).join(", ")}. What a host offers is looked for in the host, by the`,
    "plugin and by its tests; neither asks for a version. `npm run test:hosts` repeats it.",
    "",
    `| what works | ${hosts.map(({ version }) => version).join(" | ")} |`,
    `| --- | ${hosts.map(() => "---").join(" | ")} |`,
    ...table,
    `| tests: passed, not on this host, failed | ${hosts.map(totalsOf).join(" | ")} |`,
    "",
    ...(notes.length === 0 ? [] : [...notes.map((note, index) => `${index + 1}. ${note}`), ""]),
    ...leftOut(hosts),
    ...(runOnce.length === 0
      ? []
      : [`Run on ${newest.version} only: ${runOnce.map((row) => `${row.words} (${row.once})`).join("; ")}.`, ""]),
  ].join("\n");
}

/** Says of each host which of its files were run without their longest tests. */
function leftOut(hosts: readonly HostResults[]): string[] {
  const lines = hosts.flatMap(({ version, files }) => {
    const names = Object.keys(files).filter((name) => files[name]!.leftOut > 0);
    const tests = names.reduce((sum, name) => sum + files[name]!.leftOut, 0);
    return tests === 0 ? [] : [`- ${version}: ${tests} in ${names.toSorted((a, b) => a.localeCompare(b)).join(", ")}`];
  });
  return lines.length === 0 ? [] : ["Run without their longest tests (`--quick`):", "", ...lines, ""];
}

function cellOf(row: Row, host: HostResults, notes: string[]): string {
  const found = row.files.map((name) => host.files[name]?.tests);
  const tests = found.flatMap((one) => one ?? []);
  const count = (status: TestOutcome["status"]) => tests.filter((test) => test.status === status).length;
  const notRun = row.files.filter((_, index) => found[index] === undefined);
  if (tests.length === 0)
    return row.files.some((name) => host.files[name] !== undefined) ? "only in a full run" : "not run";
  if (count("lacks") === tests.length)
    return `not on this host, which has not ${reasons(tests, "lacks").map(inWords).join(", ")}`;
  const but = [
    ...(notRun.length === 0 ? [] : [`not run: ${notRun.join(", ")}`]),
    ...named(tests, "failed", "failed"),
    ...reasons(tests, "lacks").flatMap((why) =>
      named(
        tests.filter((test) => test.why === why),
        "lacks",
        `needs ${inWords(why)}, which this host has not`,
      ),
    ),
    ...reasons(tests, "missing").flatMap((why) =>
      named(
        tests.filter((test) => test.why === why),
        "missing",
        `could not be run on the machine: ${why}`,
      ),
    ),
  ];
  if (but.length === 0) return "yes";
  notes.push(`${host.version}, ${row.words}: ${but.join("; ")}.`);
  const isWell = count("passed") === tests.length;
  const verdict = isWell ? "as far as run" : count("passed") === 0 ? "no" : "partly";
  return `${verdict} (${notes.length})`;
}

const inWords = (feature: string): string => wordsOf(feature as HostFeature);

const reasons = (tests: readonly TestOutcome[], status: TestOutcome["status"]): string[] => [
  ...new Set(tests.filter((test) => test.status === status).flatMap(({ why }) => why ?? [])),
];

/** The tests of that status by their names, or the first of many, and what is said of them. */
function named(tests: readonly TestOutcome[], status: TestOutcome["status"], what: string): string[] {
  const names = tests.filter((test) => test.status === status).map(({ name }) => `"${name}"`);
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : "";
  return names.length === 0 ? [] : [`${names.slice(0, NAMED).join(", ")}${more}: ${what}`];
}

const NAMED = 3;

function totalsOf({ files }: HostResults): string {
  const tests = Object.values(files).flatMap((file) => file.tests);
  const count = (...statuses: TestOutcome["status"][]) =>
    tests.filter(({ status }) => statuses.includes(status)).length;
  return [count("passed"), count("lacks", "missing"), count("failed")].join(", ");
}
