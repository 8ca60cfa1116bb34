import { existsSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { allPids, commandLineOf, environmentOf, isStillThere } from "./processes.ts";
import { StoreError } from "./store-error.ts";

/**
 * Throws when a gateway works on this state directory: it keeps its store in memory, and what is written beside it is lost
 * or wrong. Asked are the locks that gateways hold, and all processes that can be seen: a service can have a temporary folder
 * of its own. A gateway in another container is not seen.
 */
export function assertNoGateway(stateDir: string): void {
  const pid = lockHolder(stateDir) ?? gatewayProcess(stateDir);
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

/** `gateway.<hash>.lock`: in the system's temporary folder, since 2026.8 in the state directory's. */
function lockHolder(stateDir: string): number | undefined {
  const folder = process.getuid === undefined ? "openclaw" : `openclaw-${process.getuid()}`;
  const locks = [tmpdir(), join(stateDir, "tmp")].flatMap((parent) => locksIn(join(parent, folder)));
  return locks.find((lock) => isOf(lock, stateDir) && isStillThere(lock) && isGateway(lock.pid) !== false)?.pid;
}

function locksIn(folder: string): GatewayLock[] {
  const names = existsSync(folder) ? readdirSync(folder) : [];
  return names.filter((name) => /^gateway\..+\.lock$/.test(name)).flatMap((name) => readLock(join(folder, name)) ?? []);
}

function readLock(path: string): GatewayLock | undefined {
  try {
    const lock = JSON.parse(readFileSync(path, "utf8")) as Partial<GatewayLock>;
    return Number.isInteger(lock.pid) ? (lock as GatewayLock) : undefined;
  } catch {
    return undefined;
  }
}

function isOf({ pid, stateDir, configPath }: GatewayLock, wanted: string): boolean {
  const named = stateDir ?? stateDirOf(pid) ?? (configPath === undefined ? undefined : dirname(configPath));
  return named !== undefined && real(named) === wanted;
}

/** As a gateway finds it; `undefined` when nothing can be seen of the process. */
function stateDirOf(pid: number): string | undefined {
  const env = environmentOf(pid);
  if (env === undefined) return undefined;
  const { OPENCLAW_STATE_DIR: named, OPENCLAW_HOME: root, HOME: home = homedir() } = env;
  return named?.replace(/^~(?=$|[/\\])/, home) ?? join(root ?? home, ".openclaw");
}

function gatewayProcess(stateDir: string): number | undefined {
  return allPids().find((pid) => {
    if (isGateway(pid) !== true) return false;
    const named = stateDirOf(pid);
    return named !== undefined && real(named) === stateDir;
  });
}

const ENTRY_SCRIPT = /(^|[/\\])(openclaw|openclaw\.mjs|(dist|src)[/\\](entry|index)\.[jt]s|run-node\.mjs)$/;

/** `undefined` where its command line cannot be seen. A gateway may call itself otherwise than it was started. */
function isGateway(pid: number): boolean | undefined {
  const words = commandLineOf(pid);
  if (words.length === 0) return undefined;
  if (/(^|[/\\])openclaw-gateway$/.test(words[0] ?? "")) return true;
  return words.includes("gateway") && words.some((word) => ENTRY_SCRIPT.test(word));
}

function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
