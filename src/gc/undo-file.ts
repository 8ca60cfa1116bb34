import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type Renaming, replaceFile, syncFolder } from "./durable.ts";
import { StoreError } from "./store-error.ts";

/** How one store was, and what became of it. Paths are relative to the state directory. */
export interface UndoStore {
  readonly agentId: string;
  readonly path: string;
  /** SHA-256 of the store before and after. */
  readonly before: string;
  readonly after: string;
  /** Transcripts that were given an archive name, written down before the first of them was. */
  readonly transcripts: readonly Renaming[];
}

/** What one collection did, written ahead of each step. */
export interface UndoRecord {
  readonly version: 1;
  readonly id: string;
  readonly stores: readonly UndoStore[];
  readonly finishedAt?: string;
  readonly undoneAt?: string;
}

/** The folder of one collection's undo: `undo.json`, and for each agent its store as it was and the rows that went. */
export class UndoFolder {
  readonly path: string;
  readonly id: string;

  constructor(stateDir: string, id: string) {
    this.id = id;
    this.path = join(foldersIn(stateDir), id);
  }

  static list(stateDir: string): UndoFolder[] {
    const parent = foldersIn(stateDir);
    const names = existsSync(parent) ? readdirSync(parent) : [];
    return names
      .filter(isId)
      .toSorted()
      .map((id) => new UndoFolder(stateDir, id));
  }

  create(): void {
    mkdirSync(this.path, { recursive: true, mode: 0o700 });
    syncFolder(foldersOf(this.path));
  }

  backupOf = (agentId: string): string => join(this.path, `${agentId}.before.json`);
  rowsOf = (agentId: string): string => join(this.path, `${agentId}.retired.json`);

  write(record: UndoRecord): void {
    replaceFile(join(this.path, "undo.json"), [Buffer.from(`${JSON.stringify(record, null, 2)}\n`)]);
  }

  /** Throws a `StoreError` when there is no such undo, or its file is not what was written. */
  read(): UndoRecord {
    const path = join(this.path, "undo.json");
    try {
      const record = JSON.parse(readFileSync(path, "utf8")) as UndoRecord;
      if (record.version !== 1 || !Array.isArray(record.stores)) throw new Error("unknown form");
      return record;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") {
        throw new StoreError("undo-damaged", `${path} is not what was written: ${(error as Error).message}`);
      }
      throw new StoreError("unknown-undo", `there is no undo ${this.id} in ${foldersOf(this.path)}`);
    }
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

const isId = (name: string): boolean => /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}Z$/.test(name);
const foldersIn = (stateDir: string): string => join(stateDir, "resume-scheduler", "gc");
const foldersOf = (path: string): string => join(path, "..");
