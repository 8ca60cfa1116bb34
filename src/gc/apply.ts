import { readdirSync, readFileSync, rmSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { keepCopy, type Renaming, renameAll, replaceFile } from "./durable.ts";
import { underLocks } from "./host-lock.ts";
import { retiredIn, storePathOf, type StorePlan } from "./plan-store.ts";
import { isAlive } from "./processes.ts";
import { assertNoGateway } from "./running-gateway.ts";
import { assertUnchanged, type FileRead } from "./store-file.ts";
import { StoreError } from "./store-error.ts";
import { onlyRows, rowSpans, withoutRows } from "./store-text.ts";
import { archiveNameOf, archiveStamp, sessionsFolder } from "./transcripts.ts";
import { inFolder, sha256, UndoFolder, type UndoStore } from "./undo-file.ts";

/** How long another process may hold the lock of a store before this one gives up; milliseconds. */
export const LOCK_WAIT_MS = 5_000;

/** What a collection has done. */
export interface Collected {
  readonly plans: readonly StorePlan[];
  /** By which it is undone; `undefined` when there was nothing to do. */
  readonly id: string | undefined;
}

/**
 * Collects the stores of these agents under the host's locks: reads them all, and only when all of them can be worked with
 * changes the first.
 *
 * Of each store, in this order, each step on the disk before the next: a copy of it, the rows that go, what is about to be
 * done, the new store in the place of the old, the names of the transcripts. Killed in between, the store is the old one or the
 * new one; what is left to be done then is done by the next collection. Throws a `StoreError`.
 */
export async function applyCollection(
  {
    stateDir,
    agentIds,
    nowMs,
  }: { readonly stateDir: string; readonly agentIds: readonly string[]; readonly nowMs: number },
  plan: (agentId: string) => StorePlan,
): Promise<Collected> {
  assertNoGateway(stateDir);
  const paths = agentIds.map((agentId) => storePathOf(stateDir, agentId));
  return underLocks(paths, LOCK_WAIT_MS, () => {
    const plans = agentIds.map(plan);
    finishEarlier(stateDir, plans);
    const changing = plans.filter((one) => retiredIn(one).size > 0);
    if (changing.length === 0) return { plans, id: undefined };
    const folder = newFolder(stateDir, nowMs);
    retireAll(stateDir, folder, changing, nowMs);
    return { plans, id: folder.id };
  });
}

function newFolder(stateDir: string, nowMs: number): UndoFolder {
  const taken = new Set(UndoFolder.list(stateDir).map(({ id }) => id));
  let atMs = nowMs;
  while (taken.has(archiveStamp(atMs))) atMs += 1;
  return new UndoFolder(stateDir, archiveStamp(atMs));
}

function retireAll(stateDir: string, folder: UndoFolder, plans: readonly StorePlan[], nowMs: number): void {
  const stores: UndoStore[] = [];
  try {
    folder.create();
    for (const plan of plans) {
      const { store, file } = plan;
      const spans = rowSpans(file.bytes);
      const retired = retiredIn(plan);
      const parts = withoutRows(file.bytes, spans, retired);
      const transcripts = transcriptsToMove(plan, nowMs);
      keepCopy(file.path, folder.backupOf(store.agentId));
      replaceFile(folder.rowsOf(store.agentId), onlyRows(file.bytes, spans, retired));
      stores.push({
        agentId: store.agentId,
        path: relative(stateDir, file.path),
        before: sha256([file.bytes]),
        after: sha256(parts),
        transcripts: transcripts.map(({ from, to }) => ({
          from: relative(stateDir, from),
          to: relative(stateDir, to),
        })),
      });
      folder.write({ version: 1, id: folder.id, stores });
      replaceStore(stateDir, file, parts);
      renameAll(transcripts);
    }
    folder.write({ version: 1, id: folder.id, stores, finishedAt: new Date(nowMs).toISOString() });
  } catch (error) {
    const done = stores.filter((store) => isDone(stateDir, store)).map(({ agentId }) => agentId);
    if (done.length === 0) folder.remove();
    throw failure(error, done.length === 0 ? "nothing was changed" : changedBy(folder.id, done));
  }
}

/** Looked at, not remembered: a step can fail after it has done its work. What cannot be looked at may be done. */
function isDone(stateDir: string, { path, after }: UndoStore): boolean {
  try {
    return sha256([readFileSync(join(stateDir, path))]) === after;
  } catch {
    return true;
  }
}

const changedBy = (id: string, agentIds: readonly string[]): string =>
  `changed by now: ${agentIds.join(", ")}; the same command again does the rest, --undo ${id} takes it back`;

/** Puts a new content in the place of a store that nothing else has touched. */
export function replaceStore(stateDir: string, file: FileRead, parts: readonly Uint8Array[]): void {
  replaceFile(file.path, parts, {
    like: file.stats,
    beforeRename: () => {
      assertUnchanged(file);
      assertNoGateway(stateDir);
    },
  });
}

/** Transcripts that no row has any more. */
function transcriptsToMove(plan: StorePlan, nowMs: number): Renaming[] {
  const { store, transcripts } = plan;
  const retired = retiredIn(plan);
  const pathsOf = (isWanted: (key: string) => boolean) =>
    new Set(store.bindings.flatMap((binding) => (isWanted(binding.key) ? (transcripts.pathOf(binding) ?? []) : [])));
  const kept = pathsOf((key) => !retired.has(key));
  return [...pathsOf((key) => retired.has(key))]
    .filter((path) => !kept.has(path) && transcripts.isOwn(path))
    .map((from) => ({ from, to: archiveNameOf(from, nowMs) }));
}

/** Brings collections to their end that were killed: the store was replaced, but not all transcripts have their new names. */
function finishEarlier(stateDir: string, plans: readonly StorePlan[]): void {
  for (const { store } of plans) removeTemporary(sessionsFolder(stateDir, store.agentId));
  for (const folder of UndoFolder.list(stateDir)) {
    const record = recordOf(folder);
    if (record === undefined || record.finishedAt !== undefined || record.undoneAt !== undefined) continue;
    for (const { agentId, transcripts: names } of record.stores) {
      const plan = plans.find(({ store }) => store.agentId === agentId);
      if (plan === undefined) continue;
      const used = new Set(plan.store.bindings.map((binding) => plan.transcripts.pathOf(binding)));
      const left = inFolder(stateDir, names).filter(({ from }) => !used.has(from) && plan.transcripts.isOwn(from));
      renameAll(left);
    }
  }
}

/** What cannot be read is for whoever asks for it. */
function recordOf(folder: UndoFolder) {
  try {
    return folder.read();
  } catch {
    return undefined;
  }
}

/** What processes that were killed have left half written. */
function removeTemporary(folder: string): void {
  for (const name of readdirSync(folder)) {
    const [, pid] = /^sessions\.json\.(\d+)\.gc-tmp$/.exec(name) ?? [];
    if (pid !== undefined && !isAlive(Number(pid))) rmSync(join(folder, name), { force: true });
  }
}

const FULL = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);

/** What went wrong with the disk, with what that means for the stores. */
export function failure(error: unknown, consequence: string): StoreError {
  if (error instanceof StoreError)
    return new StoreError(error.reason, `${error.message} (${consequence})`, { cause: error });
  const { code = "", path, message } = error as NodeJS.ErrnoException;
  const where = path === undefined ? "" : `${join(basename(dirname(path)), basename(path))}: `;
  if (FULL.has(code)) return new StoreError("disk-full", `${where}the disk is full: ${consequence}`, { cause: error });
  return new StoreError("not-written", `${where}cannot be written (${code || message}): ${consequence}`, {
    cause: error,
  });
}
