import {
  type Decision,
  kindOf,
  type ProtectReason,
  retiredDirectsOf,
  type RetireReason,
  type TranscriptState,
} from "../domain/collection.ts";
import type { ConversationKind } from "../domain/conversation.ts";
import type { StorePlan } from "./plan-store.ts";

/** A row that a rule matched, or any row where every one is asked for. Durations in milliseconds, `null` where unknown. */
export interface RowView {
  readonly action: Decision["action"];
  readonly agentId: string;
  readonly key: string;
  readonly ageMs: number | null;
  readonly idleMs: number | null;
  readonly kind: ConversationKind;
  readonly reason: RetireReason | ProtectReason | null;
  /** Of a protected row: the rule that would have retired it. */
  readonly matched: RetireReason | null;
  readonly transcript: TranscriptState;
}

/** Counts of rows. */
export interface GcCounts {
  readonly before: number;
  readonly after: number;
  readonly retired: number;
  readonly kept: number;
  /** Stay although a rule matched them; the kept are the others that stay. */
  readonly protected: number;
  /** Before, over all rows. */
  readonly missingTranscripts: number;
  /** Before: direct chats of their own although the host's `session.dmScope` is `main`. */
  readonly dmScopeRows: number;
}

export interface AgentView extends GcCounts {
  readonly agentId: string;
  readonly store: string;
  readonly rows: readonly RowView[];
  /** How many more rows there are to tell of. */
  readonly moreRows: number;
}

/** What a collection would do, or has done. */
export interface CollectionView {
  readonly stateDir: string;
  readonly applied: boolean;
  /** What takes it back: the value for `--undo`. */
  readonly undo: string | null;
  readonly notes: readonly string[];
  readonly agents: readonly AgentView[];
  readonly totals: GcCounts;
}

export const totalsOf = (agents: readonly GcCounts[]): GcCounts => {
  const total = (field: keyof GcCounts) => agents.reduce((sum, agent) => sum + agent[field], 0);
  return {
    before: total("before"),
    after: total("after"),
    retired: total("retired"),
    kept: total("kept"),
    protected: total("protected"),
    missingTranscripts: total("missingTranscripts"),
    dmScopeRows: total("dmScopeRows"),
  };
};

export interface ViewOptions {
  readonly nowMs: number;
  /** Also those that no rule matched. */
  readonly everyRow: boolean;
  /** How many rows of an agent are wanted at most; the counts are always of all. */
  readonly mostRows: number;
}

/** One agent's store as it is now: to be asked for before anything is changed. */
export function agentView(plan: StorePlan, { nowMs, everyRow, mostRows }: ViewOptions): AgentView {
  const { store, decisions, transcripts, file } = plan;
  const { bindings } = store;
  const count = (action: Decision["action"]) => decisions.filter((one) => one.action === action).length;
  const retired = count("retire");
  const told = decisions.filter(({ action }) => everyRow || action !== "keep");
  const isRetiredDirect = retiredDirectsOf(store);
  const isMain = store.keyRules.dmScope === "main";
  return {
    agentId: store.agentId,
    store: file.path,
    before: bindings.length,
    after: bindings.length - retired,
    retired,
    kept: count("keep"),
    protected: count("protect"),
    missingTranscripts: bindings.filter((binding) => transcripts.isMissing(binding)).length,
    dmScopeRows: isMain ? bindings.filter(({ key }) => isRetiredDirect(key)).length : 0,
    rows: told.slice(0, mostRows).map((decision) => rowView(decision, plan, nowMs)),
    moreRows: Math.max(0, told.length - mostRows),
  };
}

function rowView(decision: Decision, { store, transcripts }: StorePlan, nowMs: number): RowView {
  const { binding } = decision;
  const since = (atMs: number | undefined) => (atMs === undefined ? null : nowMs - atMs);
  return {
    action: decision.action,
    agentId: store.agentId,
    key: binding.key,
    ageMs: since(binding.startedAtMs ?? binding.activeAtMs),
    idleMs: since(binding.activeAtMs),
    kind: kindOf(binding, store),
    reason: decision.action === "keep" ? null : decision.reason,
    matched: decision.action === "protect" ? decision.matched : null,
    transcript: transcripts.stateOf(binding),
  };
}
