import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { archivesOf, filesInUse } from "./archives.ts";
import { keepCopy, renameAll, replaceFile } from "./durable.ts";
import { underLocks } from "./host-lock.ts";
import { retiredIn, storePathOf, type StorePlan } from "./plan-store.ts";
import { isAlive } from "./processes.ts";
import { assertNoGateway } from "./running-gateway.ts";
import { assertInPlace, assertUnchanged, type FileRead } from "./store-file.ts";
import { storeErrorOf } from "./store-error.ts";
import { type RowSpan, uniqueSpans, withoutRows } from "./store-text.ts";
import { sessionsFolder } from "./transcripts.ts";
import { inFolder, sha256, UndoFolder, type UndoRecord, type UndoStore } from "./undo-file.ts";

/** How long another process may hold the lock of a store before this one gives up; milliseconds. */
export const LOCK_WAIT_MS = 5_000;

/** What a collection has done. */
export interface Collected<Plan extends StorePlan> {
  readonly plans: readonly Plan[];
  /** By which it is undone; `undefined` when there was nothing to do. */
  readonly undo: UndoFolder | undefined;
}

export interface CollectionOptions {
  /** Real path. */
  readonly stateDir: string;
  readonly agentIds: readonly string[];
  readonly nowMs: number;
}

/**
 * Collects the stores of these agents under the host's locks: `planAll` reads them all, and only when all of them can be
 * worked with is the first one changed.
 *
 * Of each store, in this order, each step on the disk before the next: a copy of it, what is about to be done, the new store in
 * the place of the old, the names of the transcripts. Killed in between, the store is the old one or the new one; what is left
 * to be done then is done by the next collection. Throws a `StoreError`.
 */
export async function applyCollection<Plan extends StorePlan>(
  { stateDir, agentIds, nowMs }: CollectionOptions,
  planAll: () => readonly Plan[],
): Promise<Collected<Plan>> {
  assertNoGateway(stateDir);
  const paths = agentIds.map((agentId) => storePathOf(stateDir, agentId));
  paths.forEach(assertInPlace);
  return underLocks(paths, LOCK_WAIT_MS, () => {
    const plans = planAll();
    finishEarlier(stateDir, plans);
    const changing = plans
      .filter((plan) => retiredIn(plan).size > 0)
      .map((plan) => ({ plan, spans: uniqueSpans(plan.file.bytes, plan.file.path) }));
    return { plans, undo: changing.length === 0 ? undefined : retireAll(stateDir, changing, nowMs) };
  });
}

/** A plan that changes its store, and where that has its rows. */
interface Change {
  readonly plan: StorePlan;
  readonly spans: readonly RowSpan[];
}

function retireAll(stateDir: string, changes: readonly Change[], nowMs: number): UndoFolder {
  const folder = UndoFolder.create(stateDir, nowMs);
  const stores: UndoStore[] = [];
  try {
    for (const { plan, spans } of changes) {
      const { store, file } = plan;
      const retired = retiredIn(plan);
      const parts = withoutRows(file.bytes, spans, retired);
      const archives = archivesOf(stateDir, plan, parts, nowMs);
      keepCopy(file.path, folder.backupOf(store.agentId), file.owner);
      stores.push({
        agentId: store.agentId,
        path: relative(stateDir, file.path),
        before: sha256([file.bytes]),
        after: sha256(parts),
        retired: [...retired],
        archived: archives.map(({ from, to, keys }) => ({
          from: relative(stateDir, from),
          to: relative(stateDir, to),
          keys,
        })),
      });
      folder.write({ version: 1, id: folder.id, stores });
      replaceStore(stateDir, file, parts);
      renameAll(archives);
    }
    folder.write({ version: 1, id: folder.id, stores, finishedAt: new Date(nowMs).toISOString() });
    return folder;
  } catch (error) {
    const done = stores.filter((store) => isDone(stateDir, store)).map(({ agentId }) => agentId);
    if (done.length > 0) throw storeErrorOf(error, changedBy(folder.id, done));
    removeIfPossible(folder);
    throw storeErrorOf(error, "nothing was changed");
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

function removeIfPossible(folder: UndoFolder): void {
  try {
    folder.remove();
  } catch {
    // What went wrong before is what the operator has to know.
  }
}

/** Puts a new content in the place of a store that nothing else has touched. */
export function replaceStore(stateDir: string, file: FileRead, parts: readonly Uint8Array[]): void {
  replaceFile(file.path, parts, {
    mode: file.mode,
    owner: file.owner,
    beforeRename: () => {
      assertUnchanged(file);
      assertNoGateway(stateDir);
    },
  });
}

/** Brings collections to their end that were killed: the store was replaced, but not all files have their new names. */
function finishEarlier(stateDir: string, plans: readonly StorePlan[]): void {
  for (const { store } of plans) removeTemporary(sessionsFolder(stateDir, store.agentId));
  for (const folder of UndoFolder.list(stateDir)) {
    removeTemporary(folder.path);
    const record = unfinished(folder);
    if (record === undefined) continue;
    const known = record.stores.flatMap((store) => {
      const plan = plans.find((one) => one.store.agentId === store.agentId);
      return plan === undefined ? [] : [{ plan, archived: store.archived }];
    });
    for (const { plan, archived } of known) {
      const used = filesInUse(stateDir, plan, [plan.file.bytes]);
      renameAll(inFolder(stateDir, archived).filter(({ from }) => !used.has(from)));
    }
    if (known.length === record.stores.length) folder.write({ ...record, finishedAt: new Date().toISOString() });
  }
}

/** What cannot be read is for whoever asks for it. */
function unfinished(folder: UndoFolder): UndoRecord | undefined {
  try {
    const record = folder.read();
    return record.finishedAt === undefined && record.undoneAt === undefined ? record : undefined;
  } catch {
    return undefined;
  }
}

/** What processes that were killed have left half written. */
function removeTemporary(folder: string): void {
  for (const name of readdirSync(folder)) {
    const [, pid] = /\.(\d+)\.gc-tmp$/.exec(name) ?? [];
    if (pid !== undefined && !isAlive(Number(pid))) rmSync(join(folder, name), { force: true });
  }
}
