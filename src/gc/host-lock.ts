import { closeSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { isStillThere, startTimeOf } from "./processes.ts";
import { lookAt } from "./look-at.ts";
import { StoreError } from "./store-error.ts";

/**
 * The lock that hosts write beside a file while they work on it: `<file>.lock` with the holder's pid and start time. Hosts
 * take it for transcripts, and those before 2026.6 for `sessions.json`, too.
 */
interface Lock {
  readonly pid: number;
  readonly createdAt: string;
  readonly starttime?: number;
}

/** One that says nothing of its holder is being written, or was left by a holder that died so. Milliseconds. */
const UNSIGNED_GRACE_MS = 30_000;
const LOOK_EVERY_MS = 100;

export const lockPathOf = (path: string): string => `${path}.lock`;

/** Whether a process that is still there holds the lock. */
export function isLocked(path: string): boolean {
  const lockPath = lockPathOf(path);
  const lock = readLock(lockPath);
  if (lock !== undefined) return isStillThere({ pid: lock.pid, ...startOf(lock) });
  const age = Date.now() - (lookAt(lockPath)?.mtimeMs ?? 0);
  return age < UNSIGNED_GRACE_MS;
}

/**
 * Does `work` under the lock. One whose holder is gone is taken over; throws a `StoreError` when another holds it for longer
 * than `waitMs`.
 */
async function underLock<Value>(path: string, waitMs: number, work: () => Value | Promise<Value>): Promise<Value> {
  const lockPath = lockPathOf(path);
  const giveUpAtMs = performance.now() + waitMs;
  while (!tryLock(path, lockPath)) {
    if (performance.now() > giveUpAtMs) {
      const holder = readLock(lockPath);
      const who = holder === undefined ? "another process" : `process ${holder.pid}`;
      throw new StoreError("locked", `${path} is locked by ${who}: try again when it has ended`);
    }
    await sleep(LOOK_EVERY_MS);
  }
  try {
    return await work();
  } finally {
    release(lockPath);
  }
}

/** One that cannot be removed is nobody's as soon as this process has ended. */
function release(lockPath: string): void {
  try {
    rmSync(lockPath, { force: true });
  } catch {
    // What was done under it is done.
  }
}

/** The same under the locks of several files. */
export async function underLocks<Value>(
  paths: readonly string[],
  waitMs: number,
  work: () => Value | Promise<Value>,
): Promise<Value> {
  const [first, ...others] = paths;
  return first === undefined ? work() : underLock(first, waitMs, () => underLocks(others, waitMs, work));
}

function tryLock(path: string, lockPath: string): boolean {
  if (lookAt(lockPath) !== undefined && !isLocked(path)) rmSync(lockPath, { force: true });
  const startTime = startTimeOf(process.pid);
  const lock: Lock = {
    pid: process.pid,
    createdAt: new Date().toISOString(),
    ...(startTime === undefined ? {} : { starttime: startTime }),
  };
  try {
    const fd = openSync(lockPath, "wx", 0o600);
    try {
      writeSync(fd, JSON.stringify(lock));
    } catch (error) {
      rmSync(lockPath, { force: true });
      throw error;
    } finally {
      closeSync(fd);
    }
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

function readLock(lockPath: string): Lock | undefined {
  try {
    const lock = JSON.parse(readFileSync(lockPath, "utf8")) as Partial<Lock>;
    return Number.isInteger(lock.pid) ? (lock as Lock) : undefined;
  } catch {
    return undefined;
  }
}

const startOf = ({ starttime }: Lock): { startTime?: number } =>
  starttime === undefined ? {} : { startTime: starttime };
