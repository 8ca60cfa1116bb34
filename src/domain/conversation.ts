import { canonicalOfFolded, foldKey, isUnscoped, normalizeId, parseFolded, splitThread } from "./session-key.ts";

/** What takes place in a session. */
export type ConversationKind = "direct" | "group" | "thread" | "main" | "hook" | "other" | OwnedKind;
/** Kinds that have an owner in the host, which finishes their turns itself. */
export type OwnedKind = "subagent" | "cron" | "acp" | "heartbeat";

/** Which conversation a session row is. Everything but the kind can be unknown. */
export interface Conversation {
  /** The key under which the host finds the conversation today, whatever the row's own key is. Equal for all its rows. */
  readonly key: string;
  readonly kind: ConversationKind;
  readonly channel: string | undefined;
  readonly accountId: string | undefined;
  /** The user, group or room, as the channel names it. */
  readonly peer: string | undefined;
  readonly threadId: string | undefined;
}

/** The host's settings that decide keys (`session.*`). */
export interface KeyRules {
  readonly mainKey: string;
  /** All users share one session of an agent. */
  readonly globalScope: boolean;
  readonly dmScope: DmScope;
  /** Names of persons, each with their ids on channels. */
  readonly identityLinks: Readonly<Record<string, readonly string[]>>;
  /** No agent has the id `main`: rows of an earlier one of that name belong to the agent in whose store they are. */
  readonly adoptsMain: boolean;
}

/** Which direct chats share a session: all, those of one person, of a channel's person, or none. */
export type DmScope = "main" | "per-peer" | "per-channel-peer" | "per-account-channel-peer";

/** What is known of a row beside its key. */
export interface RowFacts {
  readonly agentId: string;
  readonly sessionKey: string;
  /** Where its replies go. */
  readonly route: { readonly channel: string; readonly accountId?: string } | undefined;
  /** What its entry says of its owner; the key need not tell. */
  readonly owner?: OwnedKind | undefined;
}

/** Reads a row's key by the host's settings of today. */
export function conversationOf(row: RowFacts, rules: KeyRules): Conversation {
  const { agentId, sessionKey, route, owner } = row;
  const folded = foldKey(sessionKey);
  const { kind, channel, accountId, peer, threadId } = shapeOfKey(folded, mainKeyOf(rules));
  const found = { kind, channel: route?.channel ?? channel, accountId: accountId ?? route?.accountId, peer, threadId };
  return { key: todaysKey(found, folded, agentId, rules), ...found, kind: owner ?? kind };
}

/** What a key alone tells of the kind; enough to know a user's turn from the host's own work. */
export const kindOfKey = (sessionKey: string, mainKey?: string): ConversationKind =>
  shapeOfKey(foldKey(sessionKey), mainKey).kind;

/** Whether the host has an owner for such sessions. */
export function isOwned(kind: ConversationKind): kind is OwnedKind {
  return OWNED.has(kind);
}

const OWNED = new Set<ConversationKind>(["subagent", "cron", "acp", "heartbeat"]);
const DEFAULT_ACCOUNT = "default";

/** A conversation before it is known where the host keeps it today. */
type Shape = Omit<Conversation, "key">;

const plain = (kind: ConversationKind): Shape => ({
  kind,
  channel: undefined,
  accountId: undefined,
  peer: undefined,
  threadId: undefined,
});

/** The first word tells the host's own sessions; the word `direct` or `group` in its place a chat. */
function shapeOfKey(key: string, mainKey = "main"): Shape {
  const rest = parseFolded(key)?.rest ?? key;
  // A key within a key belongs to whatever made it.
  if (rest.startsWith("agent:")) return plain("other");
  const owner = /^(?:subagent|cron|acp|hook)(?=:)/.exec(rest)?.[0] as "subagent" | "cron" | "acp" | "hook" | undefined;
  if (owner !== undefined) return plain(owner);
  const isMain = (word: string) => word === "main" || word === mainKey || key === "global";
  if (isMain(rest)) return plain("main");
  if (rest.endsWith(":heartbeat") && isMain(rest.replace(/(?::heartbeat)+$/, ""))) return plain("heartbeat");
  const { base, threadId } = splitThread(rest);
  const chat = directShape(base) ?? groupShape(base);
  if (chat === undefined) return { ...plain(threadId === undefined ? "other" : "thread"), threadId };
  return threadId === undefined ? chat : { ...chat, kind: "thread", threadId };
}

/** `direct:<peer>`, `<channel>:direct:<peer>`, `<channel>:<account>:direct:<peer>`; older hosts write `dm`. */
function directShape(base: string): Shape | undefined {
  const parts = base.split(":");
  // The host looks for the longest of these first, and takes an id with a colon in it for what it seems to be.
  const at = DIRECT_AT.find((place) => isDirectWord(parts[place]) && parts.slice(0, place).every(Boolean));
  if (at === undefined || !parts[at + 1]?.trim()) return undefined;
  const [channel, accountId] = parts;
  return {
    kind: "direct",
    channel: at > 0 ? channel : undefined,
    accountId: at > 1 ? accountId : undefined,
    peer: parts.slice(at + 1).join(":"),
    threadId: undefined,
  };
}

const DIRECT_AT = [2, 1, 0] as const;
const isDirectWord = (word: string | undefined): boolean => word === "direct" || word === "dm";

/** `<channel>:group:<peer>` or `<channel>:channel:<peer>`; forum topics are threads of their group. */
function groupShape(base: string): Shape | undefined {
  const [, channel, peer] = /^([^:]+):(?:group|channel):([^:][^]*)$/.exec(base) ?? [];
  if (channel === undefined || peer === undefined) return undefined;
  const [, group, topic] = /^(.+):topic:([^:]+)$/.exec(peer) ?? [];
  if (group !== undefined) return { ...plain("thread"), channel, peer: group, threadId: topic };
  return { ...plain("group"), channel, peer };
}

function todaysKey(shape: Shape, folded: string, agentId: string, rules: KeyRules): string {
  if (isUnscoped(folded)) return folded;
  const key = canonicalOfFolded(agentId, folded);
  const parsed = parseFolded(key);
  if (parsed === undefined) return key;
  if (shape.kind === "main") {
    const owner = ownerOf(parsed.agentId, agentId, rules);
    if (owner === undefined) return key;
    return rules.globalScope ? "global" : `agent:${owner}:${mainKeyOf(rules)}`;
  }
  const rest = shape.kind === "direct" ? directRest(shape, rules) : undefined;
  return rest === undefined ? key : `agent:${parsed.agentId}:${rest}`;
}

/** Whose main session it is; nobody's where the name in the key is no agent's id. */
function ownerOf(named: string, store: string, { adoptsMain }: KeyRules): string | undefined {
  const id = normalizeId(named, "main");
  if (id === "main" && adoptsMain) return normalizeId(store, "main");
  return id === named ? id : undefined;
}

const mainKeyOf = ({ mainKey }: KeyRules): string => mainKey.trim().toLowerCase() || "main";

/** Where a direct chat is kept today; its own key stays where that cannot be said, or where there is no such place. */
function directRest(shape: Shape, { dmScope, identityLinks }: KeyRules): string | undefined {
  const { channel, accountId, peer = "" } = shape;
  if (dmScope === "main") return undefined;
  const person = personOf(peer, channel, identityLinks).trim().toLowerCase();
  if (dmScope === "per-peer") return `direct:${person}`;
  if (channel === undefined) return undefined;
  const where = channel.trim().toLowerCase();
  if (dmScope === "per-channel-peer") return `${where}:direct:${person}`;
  return `${where}:${normalizeId(accountId, DEFAULT_ACCOUNT)}:direct:${person}`;
}

function personOf(peer: string, channel: string | undefined, links: KeyRules["identityLinks"]): string {
  const people = Object.entries(links);
  if (people.length === 0) return peer;
  const ids = new Set([peer, `${channel ?? ""}:${peer}`].map(comparable));
  const isTheirs = (id: unknown) => typeof id === "string" && ids.has(comparable(id));
  const found = people.find(([name, theirs]) => name.trim() !== "" && Array.isArray(theirs) && theirs.some(isTheirs));
  return found === undefined ? peer : found[0].trim();
}

/** A sigma in lower case looks otherwise at the end of a word, and a key has lost where words end. */
const comparable = (id: string): string => id.trim().toLowerCase().replaceAll("ς", "σ");
