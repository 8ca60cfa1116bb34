import { join } from "node:path";
import { bindingOf } from "../domain/binding.ts";
import { collect, type CollectionRules, type Decision, type Store } from "../domain/collection.ts";
import type { KeyRules } from "../domain/conversation.ts";
import { type FileRead, readStoreFile } from "./store-file.ts";
import { readRows } from "./store-text.ts";
import { sessionsFolder, Transcripts } from "./transcripts.ts";

/** What a collection would do with one agent's store. */
export interface StorePlan {
  readonly store: Store;
  readonly file: FileRead;
  readonly transcripts: Transcripts;
  /** In the order of the store's bindings. */
  readonly decisions: readonly Decision[];
}

export interface PlanOptions {
  /** Real path. */
  readonly stateDir: string;
  readonly agentId: string;
  readonly keyRules: KeyRules;
  readonly rules: CollectionRules;
  readonly nowMs: number;
}

export const storePathOf = (stateDir: string, agentId: string): string =>
  join(sessionsFolder(stateDir, agentId), "sessions.json");

/** Reads an agent's store and decides about its rows; changes nothing. Throws a `StoreError` when it cannot be worked with. */
export function planStore({ stateDir, agentId, keyRules, rules, nowMs }: PlanOptions): StorePlan {
  const file = readStoreFile(storePathOf(stateDir, agentId));
  const transcripts = new Transcripts(sessionsFolder(stateDir, agentId), stateDir);
  const store: Store = {
    agentId,
    bindings: readRows(file.bytes, file.path, bindingOf),
    keyRules,
    transcriptOf: (binding) => transcripts.stateOf(binding),
    isUnsafe: (binding) => transcripts.isUnsafe(binding),
    isLocked: (binding) => transcripts.isLocked(binding),
  };
  return { store, file, transcripts, decisions: collect(store, rules, nowMs) };
}

/** The keys of the rows that go. */
export const retiredIn = ({ decisions }: StorePlan): ReadonlySet<string> =>
  new Set(decisions.flatMap(({ action, binding }) => (action === "retire" ? [binding.key] : [])));
