import { describe, expect, it } from "vitest";
import { hostsPage } from "../../../scripts/test-hosts/page.ts";
import { filesIn, type HostResults, type TestOutcome, type VitestReport } from "../../../scripts/test-hosts/results.ts";
import { ROWS } from "../../../scripts/test-hosts/rows.ts";

const passed = (name: string): TestOutcome => ({ name, status: "passed" });
const host = (version: string, files: Record<string, TestOutcome[]>): HostResults => ({
  version,
  files: Object.fromEntries(
    Object.entries(files).map(([name, tests]) => [name, { version: "1.2.3", seconds: 1, tests, leftOut: 0 }]),
  ),
});
/** The cells of the row that has this file. */
function cells(page: string, file: string): string[] {
  const { words } = ROWS.find(({ files }) => files.includes(file))!;
  const line = page.split("\n").find((one) => one.startsWith(`| ${words} |`))!;
  return line
    .split(" | ")
    .slice(1)
    .map((cell) => cell.replace(/ \|$/, ""));
}

describe("the page of what works where", () => {
  const lacks: TestOutcome = { name: "reads SQL", status: "lacks", why: "sqlite-sessions" };
  const failed: TestOutcome = { name: "answers", status: "failed" };
  const page = hostsPage([
    host("1.0", { delivery: [lacks], gc: [passed("a"), lacks], metrics: [failed, passed("b")], fleet: [passed("c")] }),
    host("2.0", { delivery: [passed("a")], gc: [failed], metrics: [{ name: "d", status: "missing", why: "no curl" }] }),
  ]);

  it("says yes only where every test of the row has passed", () => {
    expect(cells(page, "delivery")).toEqual([
      "not on this host, which has not sessions and transcripts in SQLite",
      "yes",
    ]);
  });

  it("names each test that failed, was not run or could not be, and why", () => {
    expect(cells(page, "gc")).toEqual(["partly (3)", "no (4)"]);
    expect(page).toMatch(
      /^3\. 1\.0, .*: "reads SQL": needs sessions and transcripts in SQLite, which this host has not\.$/m,
    );
    expect(page).toMatch(/^4\. 2\.0, .*: "answers": failed\.$/m);
    expect(cells(page, "metrics")).toEqual(["partly (1)", "no (2)"]);
    expect(page).toMatch(/^2\. 2\.0, .*: "d": could not be run on the machine: no curl\.$/m);
    // One of its two files is not there.
    expect(cells(page, "fleet")).toEqual(["as far as run (5)", "not run"]);
    expect(page).toMatch(/^5\. 1\.0, .*: not run: no-redis\.$/m);
  });

  it("counts, and names the plugin's version", () => {
    expect(page).toContain("| tests: passed, not on this host, failed | 3, 2, 1 | 1, 1, 1 |");
    expect(page).toContain("plugin version 1.2.3.");
  });
});

describe("a report of vitest's", () => {
  const test = (status: string, meta = {}, tags: string[] = []) => ({ fullName: " name", status, meta, tags });
  const report = (status: string, ...assertionResults: ReturnType<typeof test>[]): VitestReport => ({
    testResults: [{ name: "/x/test/gateway/gc.test.ts", status, startTime: 0, endTime: 1_400, assertionResults }],
  });
  const outcomes = (one: VitestReport, quick = false) =>
    filesIn(one, { plugin: "1", quick })["gc"]!.tests.map(({ status }) => status);

  it("holds other tests too: they show nothing of a host", () => {
    const [gateway] = report("passed", test("passed")).testResults;
    const unit = { ...gateway!, name: "/x/test/unit/gc/command.test.ts" };
    expect(Object.keys(filesIn({ testResults: [unit, gateway!] }, { plugin: "1", quick: false }))).toEqual(["gc"]);
  });

  it("a test that was skipped for no reason of the host's or the machine's has failed", () => {
    const skipped = [test("skipped"), test("skipped", { lacks: "x" }), test("skipped", { missing: "y" })];
    expect(outcomes(report("passed", test("passed"), test("failed"), ...skipped))).toEqual([
      "passed",
      "failed",
      "failed",
      "lacks",
      "missing",
    ]);
  });

  it("a long test is left out by a quick run only", () => {
    const one = report("passed", test("passed"), test("skipped", {}, ["long"]));
    expect(outcomes(one)).toEqual(["passed", "failed"]);
    expect(outcomes(one, true)).toEqual(["passed"]);
    expect(filesIn(one, { plugin: "1", quick: true })["gc"]).toMatchObject({ leftOut: 1 });
  });

  it("a file that failed outside its tests has failed", () => {
    expect(outcomes(report("failed"))).toEqual(["failed"]);
    expect(outcomes(report("failed", test("passed")))).toEqual(["passed", "failed"]);
  });
});
