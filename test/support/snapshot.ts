/** What is in a folder, so that two moments can be compared: every name with its kind, mode and content. */
import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";

export type Snapshot = Readonly<Record<string, string>>;

/** Beyond it a file stands for itself by its size. */
const READ_BYTES = 64 * 1024 * 1024;

/** Follows no link, as `readdirSync` itself does. */
export function snapshotOf(folder: string): Snapshot {
  return Object.fromEntries(namesIn(folder, "").map((name) => [name, describe(join(folder, name))]));
}

const namesIn = (folder: string, prefix: string): string[] =>
  readdirSync(folder, { withFileTypes: true })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => [
      prefix + entry.name,
      ...(entry.isDirectory() ? namesIn(join(folder, entry.name), `${prefix}${entry.name}/`) : []),
    ]);

/** Without what is in these folders and the folders themselves. */
export function without(snapshot: Snapshot, ...folders: readonly string[]): Snapshot {
  const isIn = (name: string) => folders.some((folder) => name === folder || name.startsWith(`${folder}/`));
  return Object.fromEntries(Object.entries(snapshot).filter(([name]) => !isIn(name)));
}

function describe(path: string): string {
  const stats = lstatSync(path);
  const mode = (stats.mode & 0o7777).toString(8);
  if (stats.isSymbolicLink()) return `link to ${readlinkSync(path)}`;
  if (stats.isDirectory()) return `folder ${mode}`;
  if (!stats.isFile()) return `something else ${mode}`;
  if (stats.size > READ_BYTES) return `file ${mode} of ${stats.size} bytes`;
  return `file ${mode} ${createHash("sha256").update(readFileSync(path)).digest("hex")}`;
}
