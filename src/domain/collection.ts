import type { Binding } from "./binding.ts";
import { type ConversationKind, conversationOf, isOwned, type KeyRules, kindOfKey } from "./conversation.ts";
import { canonicalKey, foldKey } from "./session-key.ts";

/**
 * What becomes of the bindings of one agent's `sessions.json` store. Pure; the properties that tests hold it to:
 *
 * 1. Every binding gets exactly one decision.
 * 2. A protected binding is never retired, whatever the rules.
 * 3. What is left after a collection is left alone by the same collection.
 */

/** Why a binding is retired: the rule that matched first, in this order. */
export const RETIRE_REASONS = {
  "dm-scope-retired": "a direct chat of its own although `session.dmScope` is `main` (`--dm-scope`)",
  "transcript-missing": "its transcript is not there (`--missing`)",
  "transcript-empty": "its transcript has no message (`--missing`)",
  "transcript-corrupt": "its transcript is no transcript (`--missing`)",
  "last-run-failed": "its last run failed or timed out (`--errors`)",
  "too-old": "started longer ago than `--max-age-hours`",
  "idle-too-long": "idle for longer than `--idle-hours`",
  "over-agent-limit": "among the least lately active beyond `--max-per-agent`",
} as const;
export type RetireReason = keyof typeof RETIRE_REASONS;

/** Why a binding stays although a rule matches it. */
export const PROTECT_REASONS = {
  "active-key": "named by `--active-key`",
  pinned: "pinned by its user",
  group: "a group or channel",
  thread: "a thread or forum topic",
  "live-lock": "a running process holds its transcript's lock",
  "external-alias": "the raw key of an integration and the key that the host makes of it are both in the store",
  "unsafe-transcript":
    "its transcript is a symbolic link, outside the state directory, or has a name too long for an archive's",
} as const;
export type ProtectReason = keyof typeof PROTECT_REASONS;

/** What is found where a binding's transcript should be. `none`: it has not begun one. `unsafe`: it is not looked at. */
export type TranscriptState = "present" | "missing" | "empty" | "corrupt" | "none" | "unsafe";

/** What to retire. A rule that is not given retires nothing. */
export interface CollectionRules {
  /** Since its session began; milliseconds. */
  readonly maxAgeMs?: number | undefined;
  /** Since it was last active; milliseconds. */
  readonly idleMs?: number | undefined;
  readonly errors: boolean;
  /** Transcripts that are missing, empty or corrupt. */
  readonly missing: boolean;
  /** Direct chats of their own; only to be asked for while the host's `session.dmScope` is `main`. */
  readonly dmScope: boolean;
  /** How many bindings of an agent may stay. */
  readonly maxPerAgent?: number | undefined;
  /** Keys to keep, as the operator writes them. */
  readonly activeKeys: readonly string[];
}

/** One agent's store, and what there is besides its rows. */
export interface Store {
  readonly agentId: string;
  /** In the store's order. */
  readonly bindings: readonly Binding[];
  readonly keyRules: KeyRules;
  transcriptOf(binding: Binding): TranscriptState;
  /** Whether that would be `unsafe`, known without a look into it. */
  isUnsafe(binding: Binding): boolean;
  /** Whether a living process holds its transcript. */
  isLocked(binding: Binding): boolean;
}

/** What becomes of one binding. */
export type Decision = { readonly binding: Binding } & (
  | { readonly action: "keep" }
  | { readonly action: "retire"; readonly reason: RetireReason }
  /** `matched`: what would have retired it. */
  | { readonly action: "protect"; readonly reason: ProtectReason; readonly matched: RetireReason }
);

/** Decides about every binding; the decisions are in the order of the bindings. */
export function collect(store: Store, rules: CollectionRules, nowMs: number): Decision[] {
  const shield = new Shield(store, rules.activeKeys);
  const decide = (binding: Binding, matched: RetireReason | undefined): Decision => {
    if (matched === undefined) return { binding, action: "keep" };
    const reason = shield.reasonOf(binding);
    if (reason === undefined) return { binding, action: "retire", reason: matched };
    return { binding, action: "protect", reason, matched };
  };
  const matchOf = matcher(store, rules, nowMs);
  const decisions = store.bindings.map((binding) => decide(binding, matchOf(binding)));
  let over = decisions.filter(({ action }) => action !== "retire").length - (rules.maxPerAgent ?? Infinity);
  if (over <= 0) return decisions;
  const gone = new Map<Binding, Decision>();
  const kept = decisions.filter(({ action }) => action === "keep").map(({ binding }) => binding);
  for (const binding of kept.toSorted(byActivity)) {
    const decision = decide(binding, "over-agent-limit");
    // One that is protected stays, and the next one goes for it.
    if (decision.action !== "retire") continue;
    gone.set(binding, decision);
    over -= 1;
    if (over === 0) break;
  }
  return decisions.map((decision) => gone.get(decision.binding) ?? decision);
}

/** Least lately active first; what has no time is not known to be old. */
function byActivity(a: Binding, b: Binding): number {
  const [aMs, bMs] = [a.activeAtMs ?? Infinity, b.activeAtMs ?? Infinity];
  if (aMs !== bMs) return aMs < bMs ? -1 : 1;
  return a.key < b.key ? -1 : 1;
}

const FAILED = new Set(["failed", "timeout"]);
const DAMAGED: Partial<Record<TranscriptState, RetireReason>> = {
  missing: "transcript-missing",
  empty: "transcript-empty",
  corrupt: "transcript-corrupt",
};

/** Tells which rule retires a binding. */
function matcher(store: Store, rules: CollectionRules, nowMs: number): (binding: Binding) => RetireReason | undefined {
  const isRetiredDirect = retiredDirectsOf(store);
  return (binding) => {
    if (rules.dmScope && isRetiredDirect(binding.key)) return "dm-scope-retired";
    const damage = rules.missing ? DAMAGED[store.transcriptOf(binding)] : undefined;
    if (damage !== undefined) return damage;
    if (rules.errors && FAILED.has(binding.status ?? "")) return "last-run-failed";
    const { startedAtMs, activeAtMs } = binding;
    if (isLonger(nowMs, startedAtMs ?? activeAtMs, rules.maxAgeMs)) return "too-old";
    return isLonger(nowMs, activeAtMs, rules.idleMs) ? "idle-too-long" : undefined;
  };
}

/** What has no time, or one in the future, is not known to be old. */
const isLonger = (nowMs: number, sinceMs: number | undefined, limitMs: number | undefined): boolean =>
  sinceMs !== undefined && limitMs !== undefined && nowMs - sinceMs > limitMs;

/**
 * Tells rows that the host no longer writes to once `session.dmScope` is `main`. Its own `sessions cleanup --fix-dm-scope` takes
 * the same shapes, in keys of the store's own agent (2026.9.6).
 */
export function retiredDirectsOf({ agentId, keyRules }: Pick<Store, "agentId" | "keyRules">): (key: string) => boolean {
  const [own, main] = [foldKey(agentId), foldKey(keyRules.mainKey)];
  return (key) => {
    const [agent, id, ...rest] = foldKey(key).split(":");
    if (agent !== "agent" || id !== own || rest[0] === "agent" || rest.includes("")) return false;
    if (rest.length < 2 || rest.length > 4 || rest.at(-2) !== "direct") return false;
    return rest.join(":") !== main;
  };
}

/** What takes place in a binding, for people. */
export function kindOf({ key, isHeartbeat, isAcp }: Binding, { keyRules }: Store): ConversationKind {
  if (isHeartbeat) return "heartbeat";
  return isAcp ? "acp" : kindOfKey(key, foldKey(keyRules.mainKey));
}

/** Knows which bindings must stay. */
class Shield {
  readonly #store: Store;
  readonly #active: ReadonlySet<string>;
  readonly #aliases: Aliases;

  constructor(store: Store, activeKeys: readonly string[]) {
    this.#store = store;
    this.#active = new Set(activeKeys.map((key) => conversationKey(key, store)));
    this.#aliases = new Aliases(store);
  }

  reasonOf(binding: Binding): ProtectReason | undefined {
    const { key } = binding;
    if (this.#active.size > 0 && this.#active.has(conversationKey(key, this.#store))) return "active-key";
    if (binding.pinned) return "pinned";
    const shared = sharedKind(binding, this.#store);
    if (shared !== undefined) return shared;
    if (this.#aliases.has(key)) return "external-alias";
    if (this.#store.isUnsafe(binding)) return "unsafe-transcript";
    return this.#store.isLocked(binding) ? "live-lock" : undefined;
  }
}

/** The key under which its conversation is found, however it is spelt. */
const conversationKey = (key: string, { agentId, keyRules }: Store): string =>
  conversationOf({ agentId, sessionKey: key, route: undefined }, keyRules).key;

/** Which of these keys, as the operator writes them, names no binding of the stores. */
export function unknownKeys(stores: readonly Store[], keys: readonly string[]): string[] {
  return keys.filter(
    (key) =>
      !stores.some((store) => {
        const wanted = conversationKey(key, store);
        return store.bindings.some((binding) => conversationKey(binding.key, store) === wanted);
      }),
  );
}

/** Without one of these words it is neither, and there may be 100,000 to ask for. */
const SHARED_WORD = /group|channel|thread|topic|@g\.us/i;
/** Forms in which a host sees a group or channel besides those of today's keys. */
const GROUP = /(?:^|:)(?:group|channel)(?::|$)|@g\.us(?::|$)|:guild-[^:]+:channel-/i;
/** Telegram's topics in direct chats, which the host takes for threads, too. */
const TOPIC = /:(?:group|channel|direct|dm):.+:topic:[^:]+$/i;

/** Whether more than one person talks there, or in a part of it. What the host does by itself is nobody's talk. */
function sharedKind(binding: Binding, store: Store): "group" | "thread" | undefined {
  const { key, isShared } = binding;
  if (!isShared && !SHARED_WORD.test(key)) return undefined;
  const kind = kindOfKey(key, foldKey(store.keyRules.mainKey));
  if (isOwned(kind) || kind === "hook") return isShared ? "group" : undefined;
  if (kind === "thread" || TOPIC.test(key)) return "thread";
  return isShared || GROUP.test(key) ? "group" : undefined;
}

/** Raw keys whose canonical key is in the store as well. The pair stays together: the host leads from one to the other. */
class Aliases {
  readonly #canonical: (key: string) => string;
  /** What the host makes of the raw keys. */
  readonly #ofRaw: ReadonlySet<string>;
  /** The others. */
  readonly #scoped: ReadonlySet<string>;

  constructor({ agentId, bindings }: Store) {
    this.#canonical = (key) => canonicalKey(agentId, key);
    const keys = bindings.map(({ key }) => key);
    this.#ofRaw = new Set(keys.filter(isRaw).map(this.#canonical));
    // Without raw keys nobody asks.
    this.#scoped = new Set(this.#ofRaw.size === 0 ? [] : keys.filter((key) => !isRaw(key)).map(this.#canonical));
  }

  has(key: string): boolean {
    if (this.#ofRaw.size === 0) return false;
    return (isRaw(key) ? this.#scoped : this.#ofRaw).has(this.#canonical(key));
  }
}

const isRaw = (key: string): boolean => !key.startsWith("agent:") && !/^\s*agent:/i.test(key);
