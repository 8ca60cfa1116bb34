/**
 * How the host writes session keys, as far as it can be said of a key alone. Where `openclaw/plugin-sdk/routing` has a
 * helper for a step, a property test holds the two together (2026.9.6).
 */

/** `agent:<agent>:<rest>`, taken apart; keys that no agent is named in have no parts. */
export interface AgentKey {
  readonly agentId: string;
  readonly rest: string;
}

const NAMED = "agent:";

/** Keys that belong to a store and not to an agent. */
const UNSCOPED = new Set(["global", "unknown"]);

/**
 * The form in which a key is stored: trimmed and in lower case, but for the ids that some channels give meaning to the
 * case of (Signal groups, Matrix rooms and their threads).
 */
export function foldKey(key: string): string {
  const raw = key.trim();
  const lower = raw.toLowerCase();
  // Most keys have no such id in them, and every key is folded often. One that is folded already is kept in memory once.
  if (!lower.includes("matrix:") && !lower.includes("signal:group:")) return lower === raw ? raw : lower;
  return foldMatrixRoom(raw) ?? foldSignalGroups(raw);
}

const MATRIX_ROOM = /^(?:(?:agent:[^:]*:)+:*)?matrix:(?:channel|group):/i;
const THREAD = ":thread:";

function foldMatrixRoom(raw: string): string | undefined {
  const [head] = MATRIX_ROOM.exec(raw) ?? [];
  if (head === undefined || head.length === raw.length) return undefined;
  const tail = raw.slice(head.length);
  const at = tail.toLowerCase().lastIndexOf(THREAD);
  if (at < 0) return head.toLowerCase() + tail;
  // Not the word itself: behind an id whose lower case is longer the host looks eight letters further on (2026.9.6).
  const end = at + THREAD.length;
  return head.toLowerCase() + tail.slice(0, at) + tail.slice(at, end).toLowerCase() + tail.slice(end);
}

function foldSignalGroups(raw: string): string {
  let folded = "";
  let end = 0;
  for (const { 0: whole, 1: id = "", index } of raw.matchAll(/(?:^|:)signal:group:([^:]+)/gi)) {
    const idAt = index + whole.length - id.length;
    folded += raw.slice(end, idAt).toLowerCase() + id.trim();
    end = idAt + id.length;
  }
  return folded + raw.slice(end).toLowerCase();
}

/** Takes a key apart; `undefined` when it names no agent. */
export const parseKey = (key: string): AgentKey | undefined => parseFolded(foldKey(key));

/** The same of a key that is folded already: thousands are read at once. */
export function parseFolded(folded: string): AgentKey | undefined {
  if (!folded.startsWith(NAMED)) return undefined;
  const end = folded.indexOf(":", NAMED.length);
  const agentId = folded.slice(NAMED.length, end).trim();
  const rest = folded.slice(end + 1);
  return end < 0 || agentId === "" || rest === "" || rest.startsWith(":") ? undefined : { agentId, rest };
}

/**
 * The key of a session in an agent's store, with the agent in it. A raw key of an integration, an upper-case spelling and
 * the stored key are one: signals, records and rows meet under it.
 */
export const canonicalKey = (agentId: string, sessionKey: string): string =>
  canonicalOfFolded(agentId, foldKey(sessionKey));

/** The same of a key that is folded already. */
export const canonicalOfFolded = (agentId: string, folded: string): string =>
  folded.startsWith(NAMED) ? folded : `agent:${normalizeId(agentId, "main")}:${folded}`;

/** Whether a folded key belongs to a store. */
export const isUnscoped = (folded: string): boolean => UNSCOPED.has(folded);

/** An agent's or account's id as it stands in keys; `fallback` where nothing of it can. */
export function normalizeId(id: string | undefined, fallback: string): string {
  const trimmed = (id ?? "").trim();
  const lower = trimmed.toLowerCase();
  if (/^[a-z0-9][a-z0-9_-]{0,63}$/i.test(trimmed)) return lower;
  const plain = lower
    .replaceAll(/[^a-z0-9_-]+/g, "-")
    .replace(/^-+/, "")
    .replace(/-+$/, "")
    .slice(0, 64);
  return plain === "" ? fallback : plain;
}

/** A key without the thread at its end, and that thread. */
export function splitThread(key: string): { readonly base: string; readonly threadId: string | undefined } {
  const at = key.toLowerCase().lastIndexOf(THREAD);
  if (at < 0) return { base: key, threadId: undefined };
  const threadId = key.slice(at + THREAD.length).trim();
  return { base: key.slice(0, at), threadId: threadId === "" ? undefined : threadId };
}
