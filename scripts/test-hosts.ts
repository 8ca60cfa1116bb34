// npm run test:hosts [-- --host V --quick --render --help] [files]
//
// The real-gateway tests on every supported version of the host, and the page of what works where.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { hostAt, TESTED_HOST_VARIABLE } from "../test/support/hosts.ts";
import { PROJECT_ROOT } from "../test/support/project.ts";
import { optionsOrExit } from "./demo/usage.ts";
import { run } from "./run.mjs";
import { hostsPage } from "./test-hosts/page.ts";
import { HELP, HOSTS, readOptions } from "./test-hosts/options.ts";
import { keepResults, readResults, type TestOutcome, type VitestReport } from "./test-hosts/results.ts";
import { ROWS } from "./test-hosts/rows.ts";

const TESTS = path.join(PROJECT_ROOT, "test/gateway");
const PAGE = path.join(PROJECT_ROOT, "docs/hosts.md");
const NEWEST = HOSTS.at(-1);

const options = optionsOrExit(HELP, readOptions);
const everyFileHasARow = checkRows();
let failed = everyFileHasARow ? 0 : 1;
if (!options.render) for (const version of options.hosts) failed += await testOn(version);
fs.writeFileSync(PAGE, hostsPage(HOSTS.map(readResults)));
if ((await run(bin("oxfmt"), [PAGE], { cwd: PROJECT_ROOT, stdio: ["ignore", 2, 2] })) !== 0) failed += 1;
console.log(`\nwrote ${path.relative(PROJECT_ROOT, PAGE)}${failed === 0 ? "" : `; ${failed} failed`}`);
process.exitCode = failed === 0 ? 0 : 1;

function bin(name: string): string {
  return path.join(PROJECT_ROOT, "node_modules/.bin", name);
}

/** A file that is in no row would be on no page. */
function checkRows(): boolean {
  const known = new Set(ROWS.flatMap(({ files }) => files));
  const found = fs.readdirSync(TESTS).map((name) => name.replace(/\.test\.ts$/, ""));
  const wrong = [
    ...found.filter((name) => !known.has(name)).map((name) => `test/gateway/${name}.test.ts is in no row`),
    ...[...known].filter((name) => !found.includes(name)).map((name) => `there is no test/gateway/${name}.test.ts`),
  ];
  for (const line of wrong) console.error(`scripts/test-hosts/rows.ts: ${line}`);
  return wrong.length === 0;
}

/** Resolves with how many of its tests failed. */
async function testOn(version: string): Promise<number> {
  const host = await hostAt(version);
  if ("why" in host) {
    console.error(host.why);
    return 1;
  }
  const files = filesFor(version);
  if (files.length === 0) return 0;
  console.log(`\n== openclaw ${version}: ${files.length} test files`);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "resume-scheduler-hosts-"));
  const report = path.join(folder, "report.json");
  try {
    const code = await run(bin("vitest"), vitestArgs(files, report), {
      cwd: PROJECT_ROOT,
      env: { ...process.env, [TESTED_HOST_VARIABLE]: version },
    });
    if (!fs.existsSync(report)) return 1;
    const said = JSON.parse(fs.readFileSync(report, "utf8")) as VitestReport;
    const kept = keepResults(version, { plugin: pluginVersion(), quick: options.quick }, said);
    const tests = Object.values(kept).flatMap((file) => file.tests);
    const bad = tests.filter(({ status }) => status === "failed").length;
    const count = (status: TestOutcome["status"]) => tests.filter((test) => test.status === status).length;
    console.log(
      `== openclaw ${version}: ${count("passed")} passed, ${count("lacks")} not on this host, ` +
        `${count("missing")} not on this machine, ${bad} failed`,
    );
    // Unhandled errors and crashes show only in the exit code.
    return code === 0 ? bad : Math.max(bad, 1);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** Named ones, or all; on an older host without those that show nothing of it. */
function filesFor(version: string): string[] {
  const rows = ROWS.filter(({ once }) => once === undefined || version === NEWEST);
  const names = rows.flatMap(({ files }) => files);
  const wanted = options.files.map((file) => path.basename(file).replace(/\.test\.ts$/, ""));
  return names.filter((name) => wanted.length === 0 || wanted.includes(name));
}

function vitestArgs(files: readonly string[], report: string): string[] {
  return [
    "run",
    "--project",
    "gateway",
    ...(options.quick ? ["--tags-filter=!long"] : []),
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${report}`,
    ...(options.workers === undefined ? [] : ["--maxWorkers", String(options.workers)]),
    ...files.map((name) => path.join("test/gateway", `${name}.test.ts`)),
  ];
}

function pluginVersion(): string {
  const manifest = fs.readFileSync(path.join(PROJECT_ROOT, "package.json"), "utf8");
  return (JSON.parse(manifest) as { version: string }).version;
}
