import { readdirSync, readFileSync, realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { allPids, commandLineOf, environmentOf, folderOf, isStillThere, openFilesOf } from "./processes.ts";
import { StoreError } from "./store-error.ts";

/**
 * Throws when a gateway works on this state directory: it keeps its store in memory, and what is written beside it is lost or
 * wrong. Asked are the locks that gateways hold, which process has a database of the state directory open (hosts since
 * 2026.6), and which looks like a gateway of it: no sign is there with every host and every service. A gateway in another
 * container is not seen.
 */
export function assertNoGateway(stateDir: string): void {
  const pid =
    lockHolder(stateDir) ?? allPids().find((one) => hasDatabaseOpen(one, stateDir) || isGatewayOf(one, stateDir));
  if (pid === undefined) return;
  const message = `a gateway is running on ${stateDir} (process ${pid}): stop it first, or run \`openclaw sessions cleanup\``;
  throw new StoreError("gateway-running", message);
}

interface GatewayLock {
  readonly pid: number;
  readonly startTime?: number;
  readonly configPath?: string;
  /** Since 2026.8. */
  readonly stateDir?: string;
}

/** `gateway.<hash>.lock`: in the system's temporary folder, since 2026.8 in the state directory's; a folder for each user. */
function lockHolder(stateDir: string): number | undefined {
  const parents = new Set([tmpdir(), "/tmp", join(stateDir, "tmp")]);
  const folders = [...parents].flatMap((parent) =>
    namesIn(parent, /^openclaw(-\d+)?$/).map((name) => join(parent, name)),
  );
  const locks = folders.flatMap((folder) => namesIn(folder, /^gateway\..+\.lock$/).map((name) => join(folder, name)));
  return locks.flatMap((path) => readLock(path) ?? []).find((lock) => isHeld(lock) && isOf(lock, stateDir))?.pid;
}

/** A start time proves whose lock it is; without one a gateway must be seen, or nothing at all. */
const isHeld = (lock: GatewayLock): boolean =>
  isStillThere(lock) && (lock.startTime !== undefined || isGateway(commandLineOf(lock.pid)) !== false);

const isOf = ({ pid, stateDir, configPath }: GatewayLock, wanted: string): boolean =>
  [stateDir, stateDirOf(pid), configPath && dirname(configPath)].some(
    (named) => named !== undefined && real(named) === wanted,
  );

function readLock(path: string): GatewayLock | undefined {
  try {
    const lock = JSON.parse(readFileSync(path, "utf8")) as Partial<GatewayLock>;
    return Number.isInteger(lock.pid) ? (lock as GatewayLock) : undefined;
  } catch {
    return undefined;
  }
}

const hasDatabaseOpen = (pid: number, stateDir: string): boolean =>
  pid !== process.pid &&
  openFilesOf(pid).some((file) => file.startsWith(`${stateDir}/`) && /\.sqlite(-wal|-shm)?$/.test(file));

function isGatewayOf(pid: number, stateDir: string): boolean {
  if (isGateway(commandLineOf(pid)) !== true) return false;
  const named = stateDirOf(pid);
  return named !== undefined && real(named) === stateDir;
}

const ENTRY_SCRIPT = /(^|[/\\])(openclaw|openclaw\.mjs|(dist|src)[/\\](entry|index)\.[jt]s|run-node\.mjs)$/;

/** `undefined` where the command line cannot be seen. Gateways call themselves otherwise than they were started. */
function isGateway(words: readonly string[]): boolean | undefined {
  const [first = "", ...others] = words.map((word) => word.trim());
  if (words.length === 0) return undefined;
  if (/(^|[/\\])openclaw-gateway$/.test(first) || (first === "openclaw" && others.length === 0)) return true;
  return words.includes("gateway") && words.some((word) => ENTRY_SCRIPT.test(word));
}

/** As a gateway finds it, where it is not told on its command line; `undefined` when nothing can be seen of the process. */
function stateDirOf(pid: number): string | undefined {
  const env = environmentOf(pid);
  if (env === undefined) return undefined;
  const set = (name: string) => env[name]?.trim() || undefined;
  const userHome = set("HOME") ?? "/";
  const home = expanded(set("OPENCLAW_HOME") ?? userHome, userHome);
  const named = set("OPENCLAW_STATE_DIR");
  const profile = set("OPENCLAW_PROFILE");
  const byProfile = profile === undefined || profile === "default" ? "" : `-${profile}`;
  return named === undefined
    ? join(home, `.openclaw${byProfile}`)
    : resolve(folderOf(pid) ?? "/", expanded(named, home));
}

const expanded = (path: string, home: string): string => path.replace(/^~(?=$|[/\\])/, home);

/** None where it cannot be looked into. */
function namesIn(folder: string, wanted: RegExp): string[] {
  try {
    return readdirSync(folder).filter((name) => wanted.test(name));
  } catch {
    return [];
  }
}

function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
