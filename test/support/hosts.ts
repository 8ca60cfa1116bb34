/**
 * OpenClaw hosts for the tests: the one that the project is developed with, and others, installed from the npm registry
 * into `.cache/hosts`, each once (about 25 s).
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { type HostFeature, probeFeatures } from "./host-features.ts";
import { isAlive } from "./processes.ts";
import { PROJECT_ROOT } from "./project.ts";

/** A host that can be started. */
export type Host = {
  readonly version: string;
  readonly openclawMjs: string;
  readonly features: ReadonlySet<HostFeature>;
};

/** Why there is none. */
export type NoHost = { why: string };

const CACHE = path.join(PROJECT_ROOT, ".cache/hosts");
/** Names the host that the real-gateway tests run on: a version that `hostAt` has installed. */
export const TESTED_HOST_VARIABLE = "RESUME_SCHEDULER_TEST_HOST";
const INSTALL_TIMEOUT_MS = 300_000;
const run = promisify(execFile);

/** Finds the host, or installs it. On a machine without a way to the registry there is none. */
export async function hostAt(version: string): Promise<Host | NoHost> {
  if (version === versionIn(DEVELOPED_WITH)) return hostIn(DEVELOPED_WITH);
  const dir = path.join(CACHE, version);
  if (!isComplete(dir, version)) {
    try {
      await install(dir, version);
    } catch (error) {
      return { why: `openclaw@${version} cannot be installed: ${reasonOf(error)}` };
    }
  }
  return hostIn(packageIn(dir));
}

/**
 * The host that the real-gateway tests of this process run on, unless they start another one by themselves: what
 * `RESUME_SCHEDULER_TEST_HOST` names, or the one that the project is developed with.
 */
export function testedHost(): Host {
  tested ??= findTestedHost();
  return tested;
}
let tested: Host | undefined;

/** The version that `RESUME_SCHEDULER_TEST_HOST` names. */
export function namedHost(): string | undefined {
  const version = process.env[TESTED_HOST_VARIABLE];
  return version === "" ? undefined : version;
}

function findTestedHost(): Host {
  const version = namedHost();
  if (version === undefined || version === versionIn(DEVELOPED_WITH)) return hostIn(DEVELOPED_WITH);
  const dir = path.join(CACHE, version);
  if (!isComplete(dir, version))
    throw new Error(`openclaw@${version} is not installed: \`npm run test:hosts\` does it`);
  return hostIn(packageIn(dir));
}

function hostIn(packageDir: string): Host {
  let features: ReadonlySet<HostFeature> | undefined;
  return {
    version: versionIn(packageDir),
    openclawMjs: path.join(packageDir, "openclaw.mjs"),
    // Not before somebody asks: it can take seconds.
    get features() {
      return (features ??= new Set(featuresOf(packageDir)));
    },
  };
}

/** Kept on disk: every test process asks. */
function featuresOf(packageDir: string): HostFeature[] {
  const probe = fs.readFileSync(path.join(import.meta.dirname, "host-features.ts"));
  const made = createHash("sha256").update(probe).update(packageDir).digest("hex").slice(0, 12);
  const file = path.join(CACHE, "features", `${versionIn(packageDir)}-${made}.json`);
  if (fs.existsSync(file)) return JSON.parse(fs.readFileSync(file, "utf8")) as HostFeature[];
  const features = probeFeatures(packageDir);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  // In one step: another process may be reading it.
  fs.writeFileSync(`${file}.${process.pid}`, JSON.stringify(features));
  fs.renameSync(`${file}.${process.pid}`, file);
  return features;
}

const DEVELOPED_WITH = path.join(PROJECT_ROOT, "node_modules/openclaw");

function versionIn(packageDir: string): string {
  const manifest = fs.readFileSync(path.join(packageDir, "package.json"), "utf8");
  return (JSON.parse(manifest) as { version: string }).version;
}

const packageIn = (dir: string): string => path.join(dir, "node_modules/openclaw");

/** npm writes its own list of what is installed at the very end. */
function isComplete(dir: string, version: string): boolean {
  if (!fs.existsSync(path.join(dir, "node_modules/.package-lock.json"))) return false;
  try {
    return versionIn(packageIn(dir)) === version;
  } catch {
    return false;
  }
}

/** Into a folder of its own first: another process may be doing the same, and half an install must not be taken. */
async function install(dir: string, version: string): Promise<void> {
  const startedAtMs = performance.now();
  fs.mkdirSync(CACHE, { recursive: true });
  removeLeftBehind();
  const building = fs.mkdtempSync(path.join(CACHE, `building-${process.pid}-`));
  try {
    fs.writeFileSync(path.join(building, "package.json"), JSON.stringify({ private: true, ...needsOlder(version) }));
    const args = ["install", `openclaw@${version}`, "--omit=dev", "--no-audit", "--no-fund", "--loglevel=error"];
    await run("npm", args, { cwd: building, timeout: INSTALL_TIMEOUT_MS });
    if (!isComplete(building, version)) throw new Error("npm has not come to its end");
    putInPlace(building, dir, version);
  } finally {
    fs.rmSync(building, { recursive: true, force: true });
  }
  const took = ((performance.now() - startedAtMs) / 1000).toFixed(1);
  process.stderr.write(`[hosts] installed openclaw@${version} in ${took} s\n`);
}

/** Of what a version depends on, a later one has been published that cannot be installed. */
function needsOlder(version: string): object {
  return version.localeCompare("2026.6", "en", { numeric: true }) < 0 ? { overrides: { linkedom: "0.18.12" } } : {};
}

function putInPlace(building: string, dir: string, version: string): void {
  try {
    if (!isComplete(dir, version)) fs.rmSync(dir, { recursive: true, force: true });
    fs.renameSync(building, dir);
  } catch (error) {
    // The other process was faster.
    if (!isComplete(dir, version)) throw error;
  }
}

function removeLeftBehind(): void {
  for (const name of fs.readdirSync(CACHE)) {
    const pid = /^building-(\d+)-/.exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) fs.rmSync(path.join(CACHE, name), { recursive: true, force: true });
  }
}

/** In one line, and without the address of the registry. */
function reasonOf(error: unknown): string {
  const { code, stderr = "", message } = error as NodeJS.ErrnoException & { stderr?: string };
  if (code === "ENOENT") return "there is no npm here";
  const [, npmCode] = /^npm error code (\S+)/m.exec(stderr) ?? [];
  return npmCode === undefined ? message.split("\n", 1)[0]! : `npm says ${npmCode}`;
}
