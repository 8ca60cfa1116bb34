import { isDirectChat } from "../domain/admit.ts";
import type { ClockJump } from "../domain/clock-jumps.ts";
import { kindOfKey } from "../domain/conversation.ts";
import type { RetiredReason } from "../domain/reasons.ts";
import type { ResumeRecord } from "../domain/record.ts";
import { heldForMs, type Retirement, retirementOf } from "../domain/retirement.ts";
import { canonicalKey } from "../domain/session-key.ts";
import type { SessionRow } from "../domain/session.ts";
import type { HostParts } from "../host/host-parts.ts";
import { rowOf } from "../host/retire.ts";
import { listAgentIds } from "../host/sdk.ts";
import { inSlices } from "../host/slices.ts";
import type { GcSettings } from "../settings/settings.ts";
import { findSession } from "./find-session.ts";
import type { GcItem, GcView, RowSurvey } from "./views.ts";

export interface GcFacts {
  readonly source: GcView["source"];
  readonly nowMs: number;
  readonly settings: GcSettings;
  readonly host: HostParts;
  /** The sessions that are held, each as it is when it is asked for. */
  readonly held: Iterable<ResumeRecord>;
  readonly clockJumps: readonly ClockJump[];
  /** The canonical key of a session that is to be kept. */
  readonly activeKey?: string | undefined;
  /** Does it; otherwise nothing is changed. */
  readonly retire?: (record: ResumeRecord, reason: RetiredReason) => void;
}

/** What becomes of every held session. Works between other work. */
export async function gcView(facts: GcFacts): Promise<GcView> {
  const { source, nowMs, settings, clockJumps, activeKey, retire } = facts;
  const limits = { ...settings, clockJumps, activeKey };
  const sessions: GcItem[] = [];
  await inSlices(facts.held, (record) => {
    const row = rowOf(record, facts.host.sessions);
    const said = retirementOf(record, () => row, limits, nowMs);
    if (said.action === "retire") retire?.(record, said.reason);
    sessions.push(itemOf(record, row, said, facts));
  });
  const count = (action: GcItem["action"]) => sessions.filter((item) => item.action === action).length;
  const retired = count("retire");
  return {
    source,
    atMs: nowMs,
    applied: retire !== undefined,
    ...settings,
    sessions,
    summary: {
      before: sessions.length,
      after: sessions.length - retired,
      retired,
      kept: count("keep"),
      protected: count("protect"),
    },
  };
}

/** In the order in which the record itself has them. */
export function longestHeldFirst(records: readonly ResumeRecord[]): ResumeRecord[] {
  const sinceMs = ({ heldSinceMs, claimedAtMs }: ResumeRecord) => heldSinceMs ?? claimedAtMs;
  const held = records.filter(({ outcome }) => outcome === "held");
  return held.toSorted((left, right) => sinceMs(left) - sinceMs(right));
}

function itemOf(
  record: ResumeRecord,
  row: ReturnType<typeof rowOf>,
  said: Retirement,
  { host, nowMs, clockJumps }: GcFacts,
): GcItem {
  const { agentId, sessionKey, reason } = record;
  const isRow = typeof row === "object";
  return {
    agentId,
    sessionKey,
    action: said.action,
    heldForMs: Math.max(0, Math.round(heldForMs(record, nowMs, clockJumps))),
    kind: isRow ? row.conversation.kind : kindOfKey(sessionKey),
    heldBy: reason,
    retiredBy: said.action === "retire" ? said.reason : null,
    protectedBy: said.action === "protect" ? said.reason : null,
    transcript: isRow ? transcriptOf(row, host) : row === undefined ? "missing" : "unreadable",
  };
}

/** As a boot sees it: a long transcript has something in it. */
function transcriptOf(row: SessionRow, { transcripts }: HostParts): GcItem["transcript"] {
  const { state } = transcripts.atBoot(row);
  if (state === "ok") return "present";
  return state === "truncated" ? "unreadable" : state;
}

/**
 * How many of the host's rows its own cleanup would have something to say of. For a process of its own: the host lists all
 * rows of an agent at once.
 */
export function surveyRows(host: HostParts, activeKey?: string): RowSurvey {
  const sharesMain = (host.config().session?.dmScope ?? "main") === "main";
  let [missingTranscripts, dmScopeRows] = [0, 0];
  for (const row of allRows(host)) {
    if (activeKey === canonicalKey(row.agentId, row.sessionKey)) continue;
    const transcript = transcriptOf(row, host);
    // To the host's cleanup a transcript without a message is a missing one (2026.9.6).
    if (transcript === "missing" || transcript === "empty") missingTranscripts += 1;
    if (sharesMain && isDirectChat(row)) dmScopeRows += 1;
  }
  return { agentIds: listAgentIds(host.config()), missingTranscripts, dmScopeRows };
}

/** The canonical key of the session that the operator names. Throws when there is no such session: it would keep nobody. */
export function activeKeyOf(text: string | undefined, host: HostParts, records: readonly ResumeRecord[]) {
  if (text === undefined) return undefined;
  const { agentId, sessionKey } = findSession(text, host, records);
  return canonicalKey(agentId, sessionKey);
}

/** An agent whose sessions cannot be listed has none. */
function* allRows({ config, sessions }: HostParts): Generator<SessionRow> {
  for (const agentId of listAgentIds(config())) {
    try {
      yield* sessions.list(agentId, () => undefined);
    } catch {
      continue;
    }
  }
}
