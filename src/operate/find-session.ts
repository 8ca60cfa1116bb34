import { KnownRecords } from "../domain/known-records.ts";
import type { ResumeRecord } from "../domain/record.ts";
import type { SessionRow } from "../domain/session.ts";
import { canonicalKey } from "../domain/session-key.ts";
import type { HostParts } from "../host/host-parts.ts";
import { listAgentIds } from "../host/sdk.ts";
import { looksLikeRef } from "../observe/session-ref.ts";
import { OperatorError } from "./operator-error.ts";
import type { SessionName } from "./views.ts";

/** One session by the key that the operator gave: its entry, its record, or both. */
export interface FoundSession extends SessionName {
  /** Canonical key. */
  readonly key: string;
  readonly row: SessionRow | undefined;
  readonly record: ResumeRecord | undefined;
  /** All rows of its conversation, its own among them. */
  readonly rows: readonly SessionRow[];
}

/**
 * Finds a session by its key, with or without `agent:<agent>:` before it, or by what stands for it in the log. A claimed
 * session whose entry is gone is found by its record. Throws when nothing has this key, and names those that come near.
 */
export function findSession(text: string, host: HostParts, records: readonly ResumeRecord[]): FoundSession {
  const agentIds = listAgentIds(host.config());
  const wanted = keyOfRef(text, host, agentIds, records) ?? text;
  for (const agentId of agentIds) {
    const key = canonicalKey(agentId, wanted);
    const rows = listRows(host, agentId);
    const stored = rows.find(({ sessionKey }) => sessionKey === wanted) ?? rows.find((row) => keyOf(row) === key);
    if (stored === undefined) continue;
    const { sessionKey } = stored;
    const record = new KnownRecords(records, rows).of(stored);
    const row = readRow(host, agentId, sessionKey);
    return { agentId, sessionKey, key: keyOf(stored), row, record, rows: rowsLike(stored, rows) };
  }
  const record = records.find((one) => one.sessionKey === wanted || keyOf(one) === canonicalKey(one.agentId, wanted));
  if (record !== undefined) {
    const { agentId, sessionKey } = record;
    return { agentId, sessionKey, key: keyOf(record), row: undefined, record, rows: [] };
  }
  const named = wanted.length > 80 ? `${wanted.slice(0, 77)}...` : wanted;
  throw new OperatorError("unknown-session", `no session has the key ${named}${nearTo(wanted, host, agentIds)}`);
}

const rowsLike = ({ conversation }: SessionRow, rows: readonly SessionRow[]): SessionRow[] =>
  rows.filter((row) => row.conversation.key === conversation.key);

const keyOf = ({ agentId, sessionKey }: SessionName): string => canonicalKey(agentId, sessionKey);

/** The canonical key of the session for which this stands in the log. */
function keyOfRef(
  text: string,
  host: HostParts,
  agentIds: readonly string[],
  records: readonly ResumeRecord[],
): string | undefined {
  const refs = looksLikeRef(text) ? host.refs() : [];
  if (refs.length === 0) return undefined;
  const sessions: readonly SessionName[] = [...agentIds.flatMap((agentId) => listRows(host, agentId)), ...records];
  return sessions.map(keyOf).find((key) => refs.some((one) => one.of(key) === text));
}

/** The sessions of an agent; one whose store cannot be read counts as having none. */
function listRows(host: HostParts, agentId: string): readonly SessionRow[] {
  try {
    return [...host.sessions.list(agentId, () => undefined)];
  } catch {
    return [];
  }
}

/** A session's entry; one that cannot be read counts as none, and its record can still be dealt with. */
export function readRow(host: HostParts, agentId: string, sessionKey: string): SessionRow | undefined {
  try {
    return host.sessions.get(agentId, sessionKey);
  } catch {
    return undefined;
  }
}

function nearTo(wanted: string, host: HostParts, agentIds: readonly string[]): string {
  const word = wanted.toLowerCase();
  const keys = agentIds.flatMap((agentId) => listRows(host, agentId));
  const near = keys.map(({ sessionKey }) => sessionKey).filter((key) => key.toLowerCase().includes(word));
  return near.length === 0 ? "" : `; did you mean ${near.slice(0, 3).join(", ")}?`;
}
