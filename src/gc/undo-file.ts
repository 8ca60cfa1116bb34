import { createHash } from "node:crypto";
import { chownSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { isAbsolute, join, normalize } from "node:path";
import { type Renaming, replaceFile, syncFolder } from "./durable.ts";
import { StoreError } from "./store-error.ts";
import { archiveStamp } from "./transcripts.ts";

/** A transcript, or what belongs to it, that got an archive name; with the keys of the rows that went and had it. */
export interface Archived extends Renaming {
  readonly keys: readonly string[];
}

/** How one store was, and what became of it. Paths are relative to the state directory. */
export interface UndoStore {
  readonly agentId: string;
  readonly path: string;
  /** SHA-256 of the store before and after. */
  readonly before: string;
  readonly after: string;
  /** Keys of the rows that went: what they were is in the copy of the store. */
  readonly retired: readonly string[];
  /** Written down before the first of them was renamed. */
  readonly archived: readonly Archived[];
}

/** What one collection did, written ahead of each step. */
export interface UndoRecord {
  readonly version: 1;
  readonly id: string;
  readonly stores: readonly UndoStore[];
  readonly finishedAt?: string;
  readonly undoneAt?: string;
}

/** The folder of one collection's undo: `undo.json`, and for each agent its store as it was. */
export class UndoFolder {
  readonly path: string;
  readonly id: string;
  readonly #stateDir: string;

  private constructor(stateDir: string, id: string) {
    this.id = id;
    this.path = join(stateDir, ...PARENTS, id);
    this.#stateDir = stateDir;
  }

  /** Those that there are, the oldest first. */
  static list(stateDir: string): UndoFolder[] {
    const parent = join(stateDir, ...PARENTS);
    if (lstatSync(parent, { throwIfNoEntry: false }) === undefined) return [];
    return readdirSync(parent)
      .filter((name) => ID.test(name))
      .toSorted()
      .map((id) => new UndoFolder(stateDir, id));
  }

  /** Makes a folder that nobody else has, called after the time. */
  static create(stateDir: string, nowMs: number): UndoFolder {
    PARENTS.forEach((_, at) => makeFolder(stateDir, join(stateDir, ...PARENTS.slice(0, at + 1))));
    for (let atMs = nowMs; ; atMs++) {
      const folder = new UndoFolder(stateDir, archiveStamp(atMs));
      if (makeFolder(stateDir, folder.path)) return folder;
    }
  }

  backupOf = (agentId: string): string => join(this.path, `${agentId}.before.json`);

  write(record: UndoRecord): void {
    const text = `${JSON.stringify(record, null, 2)}\n`;
    replaceFile(join(this.path, "undo.json"), [Buffer.from(text)], { owner: statSync(this.#stateDir) });
  }

  /** Throws a `StoreError` when there is no such undo, or its file is not what was written. */
  read(): UndoRecord {
    const path = join(this.path, "undo.json");
    let record: unknown;
    try {
      record = JSON.parse(readFileSync(path, "utf8"));
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      throw new StoreError("undo-damaged", `${path} is not JSON`);
    }
    const wrong = wrongIn(record);
    if (wrong === undefined) return record as UndoRecord;
    throw new StoreError("undo-damaged", `${path} is not what was written: ${wrong}`);
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** The same with whole paths. */
export const inFolder = (folder: string, renamings: readonly Renaming[]): Renaming[] =>
  renamings.map(({ from, to }) => ({ from: join(folder, from), to: join(folder, to) }));

export function sha256(parts: readonly Uint8Array[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
}

const ID = /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}Z$/;
const PARENTS = ["resume-scheduler", "gc"] as const;

/** Of whoever owns the state directory, as everything in it. Returns whether it was not there before. */
function makeFolder(stateDir: string, path: string): boolean {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    if (lstatSync(path).isDirectory()) return false;
    throw new StoreError("unsafe-path", `${path} is a symbolic link, or no folder: move it away`);
  }
  const { uid, gid } = statSync(stateDir);
  if (process.getuid?.() === 0) chownSync(path, uid, gid);
  syncFolder(join(path, ".."));
  return true;
}

/** What is wrong with it, whoever has written into it: it may name files of the state directory only. */
function wrongIn(record: unknown): string | undefined {
  if (!isObject(record) || record["version"] !== 1) return "of another version";
  const { stores } = record;
  if (!Array.isArray(stores)) return "stores is no list";
  for (const store of stores as unknown[]) {
    if (!isObject(store)) return "a store is no object";
    const { agentId, path, before, after, retired, archived } = store;
    const texts = [agentId, path, before, after, ...listOf(retired)];
    const archives = listOf(archived).filter(isObject);
    if (!texts.every((text) => typeof text === "string") || archives.length !== listOf(archived).length)
      return "fields";
    if (!archives.every(({ keys }) => Array.isArray(keys))) return "fields";
    const paths = [path, ...archives.flatMap(({ from, to }) => [from, to])];
    const outside = paths.find((one) => typeof one !== "string" || isAbsolute(one) || normalize(one).startsWith(".."));
    if (outside !== undefined) return `${JSON.stringify(outside)} is not in the state directory`;
    if (typeof agentId === "string" && /[/\\]/.test(agentId)) return "an agent's name";
  }
  return undefined;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : [undefined]);
