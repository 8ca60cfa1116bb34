import { isDirectChat } from "../domain/admit.ts";
import type { ClockJump } from "../domain/clock-jumps.ts";
import { kindOfKey } from "../domain/conversation.ts";
import type { RetiredReason } from "../domain/reasons.ts";
import type { ResumeRecord } from "../domain/record.ts";
import { heldForMs, type Retirement, retirementOf } from "../domain/retirement.ts";
import { canonicalKey } from "../domain/session-key.ts";
import type { SessionRow } from "../domain/session.ts";
import { rowOf } from "../host/held-collector.ts";
import type { HostParts } from "../host/host-parts.ts";
import { listAgentIds } from "../host/sdk.ts";
import { inSlices } from "../host/slices.ts";
import type { GcSettings } from "../settings/settings.ts";
import type { GcItem, GcView } from "./views.ts";

export interface GcFacts {
  readonly source: GcView["source"];
  readonly nowMs: number;
  readonly settings: GcSettings;
  readonly host: HostParts;
  /** The sessions that are held, each as it is when it is asked for. */
  readonly held: Iterable<ResumeRecord>;
  readonly clockJumps: readonly ClockJump[];
  /** The key of a session that is to be kept. */
  readonly activeKey?: string | undefined;
  /** Does it; otherwise nothing is changed. */
  readonly retire?: (record: ResumeRecord, reason: RetiredReason) => void;
}

/** What becomes of every held session, and what the host's own cleanup would have to do. Works between other work. */
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
  const rows = await surveyRows(facts);
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
      ...rows,
    },
    cleanup: { args: cleanupArgs(rows, facts), exitCode: null, output: null },
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

type RowCounts = Pick<GcView["summary"], "missingTranscripts" | "dmScopeRows">;

/** How many of all the host's rows its own cleanup would have something to say of. */
async function surveyRows({ host, activeKey }: GcFacts): Promise<RowCounts> {
  const sharesMain = (host.config().session?.dmScope ?? "main") === "main";
  let [missingTranscripts, dmScopeRows] = [0, 0];
  await inSlices(allRows(host), (row) => {
    const isActive =
      activeKey !== undefined && canonicalKey(row.agentId, activeKey) === canonicalKey(row.agentId, row.sessionKey);
    const transcript = transcriptOf(row, host);
    // To the host's cleanup a transcript without a message is a missing one (2026.9.6).
    if (transcript === "missing" || transcript === "empty") missingTranscripts += 1;
    if (sharesMain && isDirectChat(row) && !isActive) dmScopeRows += 1;
  });
  return { missingTranscripts, dmScopeRows };
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

/** The host's own command for what is in its store, with the flags that it takes here. */
function cleanupArgs({ missingTranscripts, dmScopeRows }: RowCounts, { host, activeKey, retire }: GcFacts): string[] {
  const [agentId, ...others] = listAgentIds(host.config());
  return [
    "sessions",
    "cleanup",
    retire === undefined ? "--dry-run" : "--enforce",
    ...(missingTranscripts > 0 ? ["--fix-missing"] : []),
    ...(dmScopeRows > 0 ? ["--fix-dm-scope"] : []),
    ...(activeKey === undefined ? [] : ["--active-key", activeKey]),
    ...(agentId === undefined || others.length > 0 ? ["--all-agents"] : ["--agent", agentId]),
  ];
}
