import { constants as bufferLimits } from "node:buffer";
import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync, type BigIntStats } from "node:fs";
import { dirname } from "node:path";
import type { Owner } from "./durable.ts";
import { realOf } from "./look-at.ts";
import { StoreError } from "./store-error.ts";

/** A file as it was read. */
export interface FileRead {
  readonly path: string;
  readonly bytes: Buffer;
  readonly stats: BigIntStats;
  readonly mode: number;
  readonly owner: Owner;
}

/** Beyond it neither this tool nor a host can read a store: no text is that long. */
const LARGEST_BYTES = bufferLimits.MAX_STRING_LENGTH;

/**
 * Reads a plain file. Throws a `StoreError` when it is missing, a symbolic link, reached through one, anything but a file,
 * too large, or written to meanwhile.
 */
export function readStoreFile(path: string): FileRead {
  const fd = open(path);
  try {
    const stats = fstatSync(fd, { bigint: true });
    if (!stats.isFile()) throw new StoreError("unsafe-path", `${path} is not a file: nothing is done with it`);
    if (stats.size > LARGEST_BYTES) {
      const size = `${stats.size} bytes`;
      throw new StoreError("too-large", `${path} has ${size}, more than the ${LARGEST_BYTES} that can be read at all`);
    }
    const bytes = readFileSync(fd);
    const { mode, uid, gid } = stats;
    const file = {
      path,
      bytes,
      stats,
      mode: Number(mode) & 0o777,
      owner: { uid: Number(uid), gid: Number(gid) },
    };
    if (BigInt(bytes.length) !== stats.size || !isSame(stats, fstatSync(fd, { bigint: true }))) throw changed(path);
    return file;
  } finally {
    closeSync(fd);
  }
}

/** Throws a `StoreError` when a folder on the way to it is a symbolic link: what is behind one is not the state directory's. */
export function assertInPlace(path: string): void {
  const folder = dirname(path);
  const there = realOf(folder);
  if (there === undefined) throw new StoreError("no-store", `${folder}: there is no such folder`);
  if (there === folder) return;
  throw new StoreError(
    "unsafe-path",
    `${folder} is reached through a symbolic link in the state directory: nothing is done there`,
  );
}

function open(path: string): number {
  assertInPlace(path);
  try {
    // A pipe in its place must not make this wait.
    return openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") throw new StoreError("no-store", `${path}: there is no such file`);
    if (code === "ELOOP") throw new StoreError("unsafe-path", `${path} is a symbolic link: nothing is done with it`);
    throw error;
  }
}

/** Throws a `StoreError` when it is not the file that was read any more. */
export function assertUnchanged({ path, stats }: FileRead): void {
  const now = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  if (now === undefined || !isSame(stats, now)) throw changed(path);
}

const isSame = (one: BigIntStats, other: BigIntStats): boolean =>
  one.dev === other.dev && one.ino === other.ino && one.size === other.size && one.mtimeNs === other.mtimeNs;

const changed = (path: string): StoreError =>
  new StoreError("changed", `${path} changed while it was being worked on: stop what writes to it and try again`);
