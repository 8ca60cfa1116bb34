// node scripts/test.ts [--quick | --full] [vitest args...]
//
// Everything that must hold before a commit: the static checks, then the tests. `--quick` leaves the gateway tests out,
// `--full` has those in that are tagged `long`.
// The last line is always `N passed, N failed`; the exit code is 0 only when nothing failed.
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "./run.mjs";
import { HOSTS } from "./test-hosts/options.ts";
import { keepResults, type VitestReport } from "./test-hosts/results.ts";

const root = join(import.meta.dirname, "..");
const bin = (name: string) => join(root, "node_modules/.bin", name);
const script = (name: string) => join(root, "scripts", name);

const args = process.argv.slice(2);
const quick = args.includes("--quick");
const full = args.includes("--full");
const vitestArgs = args.filter((arg) => !["--quick", "--full", "--"].includes(arg));

interface Step {
  readonly name: string;
  readonly command: readonly [program: string, ...args: string[]];
}

const staticSteps: readonly Step[] = [
  { name: "format", command: [bin("oxfmt"), "--check"] },
  { name: "lint", command: [bin("oxlint")] },
  { name: "types", command: [bin("tsc")] },
  { name: "types of the page", command: [bin("tsc"), "-p", join(root, "src/page")] },
  { name: "unused code (knip)", command: [bin("knip"), "--no-progress"] },
  ...(existsSync(script("generate.ts"))
    ? [{ name: "generated files", command: [process.execPath, script("generate.ts"), "--check"] } as const]
    : []),
  { name: "build", command: [process.execPath, script("build.ts")] },
  { name: "package (publint)", command: [bin("publint"), "--strict"] },
  { name: "types of the package (attw)", command: [bin("attw"), "--pack", root, "--profile", "esm-only"] },
];

interface Counts {
  readonly passed: number;
  readonly failed: number;
}

type Report = VitestReport & {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
};

async function step({ name, command: [program, ...rest] }: Step): Promise<number> {
  const started = performance.now();
  const seconds = () => `${((performance.now() - started) / 1000).toFixed(1)} s`;
  console.log(`\n== ${name}`);
  const code = await run(program, rest, { cwd: root });
  console.log(code === 0 ? `== ${name}: ok, ${seconds()}` : `== ${name}: FAILED with exit code ${code}, ${seconds()}`);
  return code;
}

async function vitest(): Promise<Counts> {
  const folder = mkdtempSync(join(tmpdir(), "resume-scheduler-test-"));
  const report = join(folder, "report.json");
  const projects = quick ? ["unit"] : ["unit", "gateway"];
  try {
    const code = await step({
      name: `tests (${projects.join(", ")})`,
      command: [
        bin("vitest"),
        "run",
        ...projects.flatMap((project) => ["--project", project]),
        ...(full ? [] : ["--tags-filter=!long"]),
        "--reporter=default",
        "--reporter=json",
        `--outputFile.json=${report}`,
        ...vitestArgs,
      ],
    });
    const said = existsSync(report) ? (JSON.parse(readFileSync(report, "utf8")) as Report) : undefined;
    if (said !== undefined && !quick && vitestArgs.length === 0) keepForHosts(said);
    return count(code, said);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What the gateways have shown is the newest host's part of docs/hosts.md (`npm run test:hosts -- --render`). */
function keepForHosts(report: VitestReport): void {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  keepResults(HOSTS.at(-1)!, { plugin: version, quick: !full }, report);
}

function count(code: number, report: Report | undefined): Counts {
  if (!report) return { passed: 0, failed: 1 };
  // A file that fails outside its tests (an import, a hook) has no failed test to be counted by.
  const brokenFiles = report.testResults.filter(
    (file) => file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed"),
  ).length;
  const elsewhere = notRunHere(report) + leftToTheFullRun(report);
  const skipped = report.numPendingTests + report.numTodoTests - elsewhere;
  // A skipped test proves nothing, so a full run must not look green with one; a filter such as `-t` skips on purpose.
  const missing = vitestArgs.length > 0 ? 0 : skipped;
  if (missing > 0) console.log(`== ${missing} skipped or todo tests count as failed`);
  const failed = report.numFailedTests + brokenFiles + missing;
  // Unhandled errors and crashes show only in the exit code; a run without a single passed test proves nothing.
  const red = code !== 0 || report.numPassedTests === 0;
  return { passed: report.numPassedTests, failed: red ? Math.max(failed, 1) : failed };
}

/** Tests that this machine cannot run: said, and not counted as failed. Returns how many. */
function notRunHere({ testResults }: VitestReport): number {
  const reasons = testResults.flatMap((file) => file.assertionResults.flatMap(({ meta }) => meta?.missing ?? []));
  for (const [reason, tests] of Map.groupBy(reasons, (one) => one)) {
    console.log(`== ${tests.length} tests were NOT RUN on this machine: ${reason}`);
  }
  return reasons.length;
}

/** Tests that are tagged `long`. Returns how many. */
function leftToTheFullRun({ testResults }: VitestReport): number {
  if (full) return 0;
  const tests = testResults.flatMap((file) => file.assertionResults);
  const left = tests.filter(({ status, tags = [] }) => status === "skipped" && tags.includes("long")).length;
  if (left > 0) console.log(`== ${left} longer tests are in \`npm run test:full\``);
  return left;
}

async function main(): Promise<Counts> {
  for (const each of staticSteps) {
    if ((await step(each)) !== 0) {
      console.log(`\nStopped: "${each.name}" failed, so the steps after it did not run.`);
      return { passed: 0, failed: 1 };
    }
  }
  return vitest();
}

const { passed, failed } = await main().catch((error: unknown): Counts => {
  console.error(error); // for instance a tool that cannot be started
  return { passed: 0, failed: 1 };
});
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
