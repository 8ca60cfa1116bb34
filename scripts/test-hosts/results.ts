/** What the tests have said of a host: kept as one JSON file for each version, in which a later run replaces its files. */
import fs from "node:fs";
import path from "node:path";
import { PROJECT_ROOT } from "../../test/support/project.ts";

const FOLDER = path.join(PROJECT_ROOT, ".cache/hosts/results");

export type TestOutcome = {
  name: string;
  /** `lacks`: the host has not got what it needs. `missing`: this machine has not. */
  status: "passed" | "failed" | "lacks" | "missing";
  /** The feature, or the machine's reason. */
  why?: string;
};

export type FileResult = {
  /** Of the plugin. */
  version: string;
  seconds: number;
  tests: TestOutcome[];
  /** How many of its tests, tagged `long`, a `--quick` run has left out. */
  leftOut: number;
};

export type HostResults = {
  version: string;
  /** By name, without folder and ending. */
  files: Record<string, FileResult>;
};

/** The parts of vitest's JSON report that we read. */
export type VitestReport = {
  testResults: readonly {
    name: string;
    status: string;
    startTime: number;
    endTime: number;
    assertionResults: readonly {
      fullName: string;
      /** `skipped` is also one that a filter has left out. */
      status: string;
      meta?: { lacks?: string; missing?: string };
      tags?: readonly string[];
    }[];
  }[];
};

const fileOf = (version: string): string => path.join(FOLDER, `${version}.json`);

export function readResults(version: string): HostResults {
  const file = fileOf(version);
  if (!fs.existsSync(file)) return { version, files: {} };
  return JSON.parse(fs.readFileSync(file, "utf8")) as HostResults;
}

/** What has become of a run: of which plugin it was, and whether it was one with `--quick`. */
export type Run = { plugin: string; quick: boolean };

/** Adds a run's results to those that are kept. Returns the results of that run alone. */
export function keepResults(version: string, run: Run, report: VitestReport): HostResults["files"] {
  const files = filesIn(report, run);
  const kept = readResults(version);
  fs.mkdirSync(FOLDER, { recursive: true });
  fs.writeFileSync(fileOf(version), `${JSON.stringify({ version, files: { ...kept.files, ...files } }, null, 2)}\n`);
  return files;
}

/** What a report says of each file with tests of a real gateway. */
export function filesIn(report: VitestReport, { plugin, quick }: Run): HostResults["files"] {
  const files = report.testResults.filter(({ name }) => path.basename(path.dirname(name)) === "gateway");
  return Object.fromEntries(
    files.map((file) => {
      const run = file.assertionResults.filter(({ status, tags = [] }) => !(quick && isLeftOut(status, tags)));
      const seconds = Math.round((file.endTime - file.startTime) / 1000);
      const leftOut = file.assertionResults.length - run.length;
      const tests = outcomesOf({ ...file, assertionResults: run });
      return [path.basename(file.name, ".test.ts"), { version: plugin, seconds, tests, leftOut }];
    }),
  );
}

const isLeftOut = (status: string, tags: readonly string[]): boolean => status === "skipped" && tags.includes("long");

function outcomesOf(file: VitestReport["testResults"][number]): TestOutcome[] {
  const tests = file.assertionResults.map(({ fullName, status, meta }): TestOutcome => {
    const name = fullName.trim();
    if (status === "passed") return { name, status };
    if (status === "failed") return { name, status };
    if (meta?.lacks !== undefined) return { name, status: "lacks", why: meta.lacks };
    if (meta?.missing !== undefined) return { name, status: "missing", why: meta.missing };
    // Its file or a hook failed before it, or somebody skips it: it has shown nothing.
    return { name, status: "failed" };
  });
  const failedAsAWhole = file.status === "failed" && tests.every(({ status }) => status !== "failed");
  return failedAsAWhole ? [...tests, { name: "the file as a whole", status: "failed" }] : tests;
}
