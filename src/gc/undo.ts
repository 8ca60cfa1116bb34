import { lstatSync } from "node:fs";
import { isAbsolute, join, normalize } from "node:path";
import { failure, LOCK_WAIT_MS, replaceStore } from "./apply.ts";
import { type Renaming, renameAll } from "./durable.ts";
import { underLocks } from "./host-lock.ts";
import { assertNoGateway } from "./running-gateway.ts";
import { type FileRead, readStoreFile } from "./store-file.ts";
import { StoreError } from "./store-error.ts";
import { readRows, rowSpans, withRows } from "./store-text.ts";
import { inFolder, sha256, UndoFolder, type UndoRecord, type UndoStore } from "./undo-file.ts";

/** What becomes, or has become, of one store. */
export interface UndoneStore {
  readonly agentId: string;
  /**
   * - `restored`: byte for byte what it was before.
   * - `merged`: it has changed since; the rows that went are back behind its own.
   * - `untouched`: it was not collected, or is what it was already.
   */
  readonly how: "restored" | "merged" | "untouched";
  /** Keys that are in use again: what they are now stays. */
  readonly keysInUse: readonly string[];
  readonly transcriptsBack: number;
  /** Transcripts that the host has removed, or whose name is taken. */
  readonly transcriptsLost: readonly string[];
}

/**
 * Takes a collection back: its rows, and the names of its transcripts. Killed in between it can be done again. Throws a
 * `StoreError`.
 */
export async function undoCollection(
  stateDir: string,
  id: string,
  { dryRun }: { readonly dryRun: boolean },
): Promise<UndoneStore[]> {
  const folder = UndoFolder.list(stateDir).find((known) => known.id === id);
  if (folder === undefined) {
    const known = UndoFolder.list(stateDir).map((one) => one.id);
    const which = known.length === 0 ? "there is none" : `there are ${known.join(", ")}`;
    throw new StoreError("unknown-undo", `there is no collection ${id} to undo in ${stateDir}: ${which}`);
  }
  const record = checked(folder.read(), stateDir);
  if (record.undoneAt !== undefined) throw new StoreError("undone-already", `${id} was undone at ${record.undoneAt}`);
  if (dryRun) return record.stores.map((store) => restoring(stateDir, folder, store).result);
  assertNoGateway(stateDir);
  const paths = record.stores.map(({ path }) => join(stateDir, path));
  return underLocks(paths, LOCK_WAIT_MS, () => {
    try {
      const results = record.stores.map((store) => restore(stateDir, folder, store));
      folder.write({ ...record, undoneAt: new Date().toISOString() });
      return results;
    } catch (error) {
      throw failure(error, "what is back by now is back; --undo again does the rest");
    }
  });
}

/** The transcripts first: a row without one would be the worse half. */
function restore(stateDir: string, folder: UndoFolder, store: UndoStore): UndoneStore {
  const { file, parts, result } = restoring(stateDir, folder, store);
  const archived = inFolder(stateDir, store.transcripts).filter(canGoBack);
  renameAll(archived.map(({ from, to }) => ({ from: to, to: from })));
  if (parts !== undefined) replaceStore(stateDir, file, parts);
  return result;
}

interface Restoring {
  readonly file: FileRead;
  /** What the store is to be; `undefined` when it is that already. */
  readonly parts: readonly Buffer[] | undefined;
  readonly result: UndoneStore;
}

function restoring(stateDir: string, folder: UndoFolder, store: UndoStore): Restoring {
  const { agentId } = store;
  const transcripts = inFolder(stateDir, store.transcripts);
  const file = readStoreFile(join(stateDir, store.path));
  const transcriptsOf = {
    transcriptsBack: transcripts.filter(canGoBack).length,
    transcriptsLost: transcripts.filter(isLost).map(({ from }) => from),
  };
  const found = sha256([file.bytes]);
  const as = (how: UndoneStore["how"], keysInUse: readonly string[] = []) => ({
    agentId,
    how,
    keysInUse,
    ...transcriptsOf,
  });
  if (found === store.before) return { file, parts: undefined, result: as("untouched") };
  if (found === store.after) {
    const { bytes } = readStoreFile(folder.backupOf(agentId));
    if (sha256([bytes]) !== store.before) {
      throw new StoreError("undo-damaged", `${folder.backupOf(agentId)} is not what was kept there`);
    }
    return { file, parts: [bytes], result: as("restored") };
  }
  const there = new Set(readRows(file.bytes, file.path, (key) => key));
  const gone = readStoreFile(folder.rowsOf(agentId));
  const rows = readRows(gone.bytes, gone.path, (key) => key).length === 0 ? [] : rowSpans(gone.bytes);
  const back = rows.filter(({ key }) => !there.has(key)).map(({ start, end }) => gone.bytes.subarray(start, end));
  const inUse = rows.filter(({ key }) => there.has(key)).map(({ key }) => key);
  if (back.length === 0) return { file, parts: undefined, result: as("untouched", inUse) };
  return { file, parts: withRows(file.bytes, rowSpans(file.bytes), back), result: as("merged", inUse) };
}

const isThere = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false }) !== undefined;
const canGoBack = ({ from, to }: Renaming): boolean => isThere(to) && !isThere(from);
/** Its archive is gone, or its name is taken. */
const isLost = ({ from, to }: Renaming): boolean => isThere(to) === isThere(from);

/** Names files of the state directory only, whoever has written into it. */
function checked(record: UndoRecord, stateDir: string): UndoRecord {
  const paths = record.stores.flatMap(({ path, transcripts }) => [
    path,
    ...transcripts.flatMap(({ from, to }) => [from, to]),
  ]);
  const outside = paths.find((path) => isAbsolute(path) || normalize(path).startsWith(".."));
  if (outside === undefined) return record;
  throw new StoreError("undo-damaged", `the undo ${record.id} names ${outside}, which is not in ${stateDir}`);
}
