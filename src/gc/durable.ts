import {
  closeSync,
  constants,
  copyFileSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
  type Stats,
} from "node:fs";
import { dirname } from "node:path";

/** Steps that are on the disk when they return. */

/** Whose a new file is to be. */
export type Owner = Pick<Stats, "uid" | "gid">;

/**
 * Puts `parts` in the place of `path`: whoever reads it finds the old content or the new one, at any moment and after a power
 * failure. `beforeRename` is asked last; what it throws leaves everything as it was.
 */
export function replaceFile(
  path: string,
  parts: readonly Uint8Array[],
  { mode = 0o600, owner, beforeRename }: { mode?: number; owner?: Owner; beforeRename?: () => void } = {},
): void {
  const temp = `${path}.${process.pid}.gc-tmp`;
  rmSync(temp, { force: true });
  try {
    const fd = openSync(temp, "wx", mode);
    try {
      for (const part of parts) writeAll(fd, part);
      if (owner !== undefined) give(fd, owner);
      fchmodSync(fd, mode);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    beforeRename?.();
    renameSync(temp, path);
  } catch (error) {
    rmSync(temp, { force: true });
    throw error;
  }
  syncFolder(dirname(path));
}

/** A file's old and new name, within one file system. */
export interface Renaming {
  readonly from: string;
  readonly to: string;
}

/** Renames files, whatever of them is still there under its old name; the folders are brought to the disk once at the end. */
export function renameAll(renamings: readonly Renaming[]): void {
  for (const { from, to } of renamings) {
    try {
      renameSync(from, to);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
  for (const folder of new Set(renamings.map(({ to }) => dirname(to)))) syncFolder(folder);
}

/**
 * Keeps a file's content under another name. Not as a second link to it: newer hosts refuse to import a store that has one
 * (2026.9.6), and it would have two until it is replaced.
 */
export function keepCopy(path: string, copy: string, owner: Owner): void {
  copyFileSync(path, copy, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  const fd = openSync(copy, "r+");
  try {
    give(fd, owner);
    fchmodSync(fd, 0o600);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  syncFolder(dirname(copy));
}

/** Where a system cannot do it, it has no need of it. */
export function syncFolder(folder: string): void {
  let fd: number | undefined;
  try {
    fd = openSync(folder, "r");
    fsyncSync(fd);
  } catch (error) {
    if (!["EISDIR", "EPERM", "EACCES", "EINVAL"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** One call may write less than it is given. */
function writeAll(fd: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done, bytes.length - done);
}

/** Only root may give a file away; whoever else writes one owns it. */
function give(fd: number, { uid, gid }: Owner): void {
  if (process.getuid?.() === 0) fchownSync(fd, uid, gid);
}
