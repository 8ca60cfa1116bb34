import { lstatSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { LOCK_WAIT_MS, replaceStore } from "./apply.ts";
import { type Renaming, renameAll, replaceFile } from "./durable.ts";
import { underLocks } from "./host-lock.ts";
import { assertNoGateway } from "./running-gateway.ts";
import { assertInPlace, readStoreFile } from "./store-file.ts";
import { StoreError, storeErrorOf } from "./store-error.ts";
import { readRows, rowSpans, withRows } from "./store-text.ts";
import { inFolder, sha256, UndoFolder, type UndoStore } from "./undo-file.ts";

/** What becomes, or has become, of one store. */
export interface UndoneStore {
  readonly agentId: string;
  /**
   * - `restored`: byte for byte what it was before.
   * - `merged`: it has changed since; the rows that went are back behind its own.
   * - `untouched`: it was not collected, or has the rows already.
   * - `gone`: its folder is not there any more. What it was is in `backup`.
   */
  readonly how: "restored" | "merged" | "untouched" | "gone";
  /** Keys that are in use again: what they are now stays, and the transcripts of before keep their archive names. */
  readonly keysInUse: readonly string[];
  /** How many transcripts, and files that belong to them, have their names back. */
  readonly filesBack: number;
  /** Those that the host has removed meanwhile, or whose name is taken. Relative to the state directory, as all paths. */
  readonly filesLost: readonly string[];
  readonly backup: string;
}

/**
 * Takes a collection back: its rows, and the names of its files. Killed in between it can be done again. Throws a
 * `StoreError`.
 */
export async function undoCollection(
  stateDir: string,
  id: string,
  { dryRun }: { readonly dryRun: boolean },
): Promise<UndoneStore[]> {
  const folder = folderOf(stateDir, id);
  const record = folder.read();
  if (record.undoneAt !== undefined) throw new StoreError("undone-already", `${id} was undone at ${record.undoneAt}`);
  if (dryRun) return record.stores.map((store) => restoring(stateDir, folder, store).result);
  assertNoGateway(stateDir);
  const paths = record.stores.map(({ path }) => join(stateDir, path));
  const reachable = paths.filter((path) => isThere(dirname(path)));
  reachable.forEach(assertInPlace);
  return underLocks(reachable, LOCK_WAIT_MS, () => {
    try {
      const results = record.stores.map((store) => restore(stateDir, folder, store));
      folder.write({ ...record, undoneAt: new Date().toISOString() });
      return results;
    } catch (error) {
      throw storeErrorOf(error, "what is back by now is back; --undo again does the rest");
    }
  });
}

function folderOf(stateDir: string, id: string): UndoFolder {
  const folders = UndoFolder.list(stateDir);
  const folder = folders.find((known) => known.id === id);
  if (folder !== undefined && isThere(join(folder.path, "undo.json"))) return folder;
  const known = folders.map((one) => one.id);
  const which = known.length === 0 ? "there is none" : `there are ${known.join(", ")}`;
  throw new StoreError("unknown-undo", `there is no collection ${id} to undo in ${stateDir}: ${which}`);
}

interface Restoring {
  readonly result: UndoneStore;
  readonly back: readonly Renaming[];
  /** Puts the store back; nothing when it is what it is to be. */
  readonly replace: (() => void) | undefined;
}

/** The files first: a row without its transcript would be the worse half. */
function restore(stateDir: string, folder: UndoFolder, store: UndoStore): UndoneStore {
  const { result, back, replace } = restoring(stateDir, folder, store);
  renameAll(back.map(({ from, to }) => ({ from: to, to: from })));
  replace?.();
  return result;
}

function restoring(stateDir: string, folder: UndoFolder, store: UndoStore): Restoring {
  const path = join(stateDir, store.path);
  const found = (how: UndoneStore["how"], back: readonly string[], replace?: () => void): Restoring => {
    const keys = new Set(back);
    const named = store.archived.filter((file) => file.keys.some((key) => keys.has(key)));
    const files = inFolder(stateDir, named).filter(canGoBack);
    const result = {
      agentId: store.agentId,
      how,
      keysInUse: how === "gone" ? [] : store.retired.filter((key) => !keys.has(key)),
      filesBack: files.length,
      filesLost: named.filter((file) => inFolder(stateDir, [file]).some(isLost)).map(({ from }) => from),
      backup: folder.backupOf(store.agentId),
    };
    return { result, back: files, replace };
  };
  if (!isThere(dirname(path))) return found("gone", []);
  const before = () => contentBefore(folder, store);
  if (!isThere(path)) {
    return found("restored", store.retired, () => replaceFile(path, [before()], { owner: statSync(dirname(path)) }));
  }
  const file = readStoreFile(path);
  const now = sha256([file.bytes]);
  if (now === store.before) return found("untouched", store.retired);
  if (now === store.after) {
    const bytes = before();
    return found("restored", store.retired, () => replaceStore(stateDir, file, [bytes]));
  }
  const inUse = new Set(readRows(file.bytes, file.path, (key) => key));
  const missing = new Set(store.retired.filter((key) => !inUse.has(key)));
  if (missing.size === 0) return found("untouched", []);
  const bytes = before();
  const rows = rowSpans(bytes).filter(({ key }) => missing.has(key));
  const texts = rows.map(({ start, end }) => bytes.subarray(start, end));
  return found("merged", [...missing], () =>
    replaceStore(stateDir, file, withRows(file.bytes, rowSpans(file.bytes), texts)),
  );
}

function contentBefore(folder: UndoFolder, { agentId, before }: UndoStore): Buffer {
  const { path, bytes } = readStoreFile(folder.backupOf(agentId));
  if (sha256([bytes]) === before) return bytes;
  throw new StoreError("undo-damaged", `${path} is not what was kept there`);
}

const isThere = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false }) !== undefined;
const canGoBack = ({ from, to }: Renaming): boolean => isThere(to) && !isThere(from);
/** Its archive is gone, or its name is taken. */
const isLost = ({ from, to }: Renaming): boolean => isThere(to) === isThere(from);
