import { createHash } from "node:crypto";
import { isKnown, noteOf, OUTCOMES } from "../domain/reasons.ts";
import type { QueuedResume } from "../domain/queued-resume.ts";
import type { ResumeRecord } from "../domain/record.ts";
import { rowName, type SessionRow } from "../domain/session.ts";
import type { Span } from "../observe/spans.ts";
import type { BootVerdict } from "../record/verdicts.ts";
import { listSettings } from "../settings/listing.ts";
import type { Office } from "./office.ts";
import type {
  HeldEntry,
  HeldGroup,
  PageLists,
  PageView,
  QueueEntry,
  TimelineView,
  VerdictCount,
} from "./page-views.ts";
import { queueItems, statusView } from "./status.ts";
import type { HeldItem, QueueItem } from "./views.ts";

type Row = Pick<SessionRow, "agentId" | "sessionKey">;

/** Everything on the page that is small. */
export function pageView(office: Office, records: readonly ResumeRecord[]): PageView {
  const { queue, held, running, ...status } = statusView(office, records);
  const names = namesOf(office);
  return {
    ...status,
    counts: { queued: queue.length, running: running.length, held: held.length },
    running: running.map((item) => ({ ...item, name: names.of(item) })),
    timeline: timelineOf(office, status.atMs, names),
    verdicts: verdictCounts(office.boot?.verdicts ?? []),
    settings: office.settings === undefined ? [] : listSettings(office.settingsConfig),
    listsRevision: revisionOf(queue, held),
  };
}

/** The lists of the page. */
export function pageLists(office: Office, records: readonly ResumeRecord[]): PageLists {
  const names = namesOf(office);
  const { queue, held } = statusView(office, records);
  return {
    revision: revisionOf(queue, held),
    atMs: office.nowMs(),
    queue: queueEntries(office, records, names),
    held: heldGroups(office, records, names),
  };
}

/** Another one when somebody stands elsewhere, or for another reason; not when time has passed. */
function revisionOf(queue: readonly QueueItem[], held: readonly HeldItem[]): string {
  const hash = createHash("sha1");
  for (const { agentId, sessionKey, requested, aged, restsMs } of queue) {
    hash.update(JSON.stringify([agentId, sessionKey, requested, aged, restsMs > 0]));
  }
  hash.update("held");
  for (const { agentId, sessionKey, reason } of held) hash.update(JSON.stringify([agentId, sessionKey, reason]));
  return hash.digest("base64url");
}

interface Names {
  of(row: Row): string | null;
}

/** What the host called the sessions when they were judged. */
function namesOf({ boot }: Office): Names {
  const byRow = new Map(boot?.verdicts.map((one) => [rowName(one), one.name]));
  return { of: (row) => byRow.get(rowName(row)) ?? null };
}

/** By the wall clock as it is set now, like every other time on the page. */
function timelineOf({ timeline, boot, settings }: Office, atMs: number, names: Names): TimelineView {
  const { startedAtMs, runsSinceMs, slots, runs, users, starved, isCut } = timeline;
  const shiftMs = atMs - timeline.nowMs();
  const shown = <Shown extends Span>(spans: readonly Shown[]): Shown[] =>
    spans
      .filter(({ toMs }) => toMs === null || toMs > runsSinceMs)
      .map((span) => ({
        ...span,
        fromMs: Math.max(span.fromMs, runsSinceMs) + shiftMs,
        toMs: span.toMs === null ? null : span.toMs + shiftMs,
      }));
  return {
    startedAtMs: startedAtMs + shiftMs,
    fromMs: runsSinceMs + shiftMs,
    toMs: atMs,
    slots: Math.max(slots, boot === undefined ? 0 : (settings?.budget.maxConcurrent ?? 0)),
    runs: shown(runs).map(({ cancelled, ...run }) => ({
      ...run,
      name: names.of(run),
      cancelled: cancelled && { ...cancelled, atMs: cancelled.atMs + shiftMs },
    })),
    users: { running: shown(users.running), waiting: shown(users.waiting) },
    starved: { main: shown(starved.main), "startup-resume": shown(starved["startup-resume"]) },
    isCut,
  };
}

function verdictCounts(verdicts: readonly BootVerdict[]): VerdictCount[] {
  const counts = new Map<string, VerdictCount>();
  for (const { verdict } of verdicts) {
    const { kind, reason } = verdict;
    const sessions = (counts.get(`${kind} ${reason}`)?.sessions ?? 0) + 1;
    counts.set(`${kind} ${reason}`, { verdict: kind, reason, meaning: noteOf(kind, reason).meaning, sessions });
  }
  return [...counts.values()];
}

function queueEntries(office: Office, records: readonly ResumeRecord[], names: Names): QueueEntry[] {
  const { active, boot } = office;
  if (active === undefined) return [];
  // What is waited for is told by the lane's clock; here it stands beside the host's times.
  const nowMs = office.nowMs();
  const resumes = active.lane.queue();
  return queueItems(active.lane, records, boot).map(({ waitedMs, restsMs, ...item }, index) => ({
    ...item,
    name: names.of(item),
    queuedAtMs: nowMs - waitedMs,
    restsUntilMs: restsMs > 0 ? nowMs + restsMs : null,
    order: {
      by: item.requested ? "requested" : item.aged ? "aged" : restsMs > 0 ? "resting" : "turn",
      ...activityOf(resumes[index]?.resume),
    },
  }));
}

const activityOf = (resume: QueuedResume | undefined) => ({
  lastActivityAtMs: resume?.activityAtMs ?? null,
  direct: resume?.direct ?? false,
});

/** The largest group first; in each the one that was held last. */
function heldGroups({ boot }: Office, records: readonly ResumeRecord[], names: Names): HeldGroup[] {
  const said = new Map(boot?.verdicts.map((one) => [rowName(one), one.verdict]));
  const held = records.filter(({ outcome }) => outcome === "held");
  const groups = Array.from(
    Map.groupBy(held, ({ reason }) => reason),
    ([reason, members]): HeldGroup => {
      const sessions = members.map(({ agentId, sessionKey, claimedAtMs }): HeldEntry => {
        const name = names.of({ agentId, sessionKey });
        const verdict = said.get(rowName({ agentId, sessionKey }));
        const evidence = verdict?.kind === "hold" && verdict.reason === reason ? verdict : { found: null, limit: null };
        return { agentId, sessionKey, name, claimedAtMs, found: evidence.found, limit: evidence.limit };
      });
      return {
        reason,
        ...explained(reason),
        sessions: sessions.toSorted((left, right) => right.claimedAtMs - left.claimedAtMs),
      };
    },
  );
  return groups.toSorted((left, right) => right.sessions.length - left.sessions.length);
}

function explained(reason: string): Pick<HeldGroup, "meaning" | "rule" | "unit" | "remedy"> {
  if (isKnown("hold", reason)) {
    const { meaning, rule, unit = null, remedy } = noteOf("hold", reason);
    return { meaning, rule, unit, remedy };
  }
  const meanings: Readonly<Record<string, string>> = OUTCOMES.held;
  return { meaning: meanings[reason] ?? reason, rule: null, unit: null, remedy: null };
}
