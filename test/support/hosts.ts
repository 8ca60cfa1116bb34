/** Older OpenClaw hosts for the tests: installed from the npm registry into `.cache/hosts`, each once (about 25 s). */
import { execFile } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { PROJECT_ROOT } from "./gateway.ts";
import { isAlive } from "./processes.ts";

/** A host that can be started. */
export type Host = {
  version: string;
  openclawMjs: string;
  /** It keeps each transcript in a file, and begins that with a conversation's first answer. */
  keepsTranscriptFiles: boolean;
};

/** Why there is none. */
export type NoHost = { why: string };

const CACHE = path.join(PROJECT_ROOT, ".cache/hosts");
const INSTALL_TIMEOUT_MS = 300_000;
const run = promisify(execFile);

/** Finds the host, or installs it. On a machine without a way to the registry there is none. */
export async function hostAt(version: string): Promise<Host | NoHost> {
  const dir = path.join(CACHE, version);
  if (!isComplete(dir, version)) {
    try {
      await install(dir, version);
    } catch (error) {
      return { why: `openclaw@${version} cannot be installed: ${reasonOf(error)}` };
    }
  }
  const openclawMjs = path.join(packageIn(dir), "openclaw.mjs");
  return { version, openclawMjs, keepsTranscriptFiles: version < "2026.8" };
}

const packageIn = (dir: string): string => path.join(dir, "node_modules/openclaw");

/** npm writes its own list of what is installed at the very end. */
function isComplete(dir: string, version: string): boolean {
  if (!fs.existsSync(path.join(dir, "node_modules/.package-lock.json"))) return false;
  try {
    const manifest = fs.readFileSync(path.join(packageIn(dir), "package.json"), "utf8");
    return (JSON.parse(manifest) as { version?: string }).version === version;
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
    fs.writeFileSync(path.join(building, "package.json"), JSON.stringify({ private: true }));
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
