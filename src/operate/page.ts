import { isKnown, noteOf, OUTCOMES } from "../domain/reasons.ts";
import type { QueuedResume } from "../domain/queued-resume.ts";
import type { ResumeRecord } from "../domain/record.ts";
import { rowName, type SessionRow } from "../domain/session.ts";
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
    listsRevision: revisionOf(office),
  };
}

/** The lists of the page. */
export function pageLists(office: Office, records: readonly ResumeRecord[]): PageLists {
  const names = namesOf(office);
  return {
    revision: revisionOf(office),
    atMs: office.nowMs(),
    queue: queueEntries(office, records, names),
    held: heldGroups(office, records, names),
  };
}

/** Of this boot, and of everything in it that has moved a session since. */
const revisionOf = ({ boot, changes }: Office): string => `${boot?.id ?? "none"}-${changes.moves}`;

interface Names {
  of(row: Row): string | null;
}

/** What the host called the sessions when they were judged. */
function namesOf({ boot }: Office): Names {
  const byRow = new Map(boot?.verdicts.map((one) => [rowName(one), one.name]));
  return { of: (row) => byRow.get(rowName(row)) ?? null };
}

function timelineOf({ timeline, boot, settings }: Office, atMs: number, names: Names): TimelineView {
  const { startedAtMs, completeSinceMs, slots, runs, users, starved } = timeline;
  const sinceMs = boot === undefined ? startedAtMs : Math.min(startedAtMs, boot.atMs);
  const isCut = completeSinceMs > startedAtMs;
  return {
    fromMs: isCut ? completeSinceMs : sinceMs,
    toMs: atMs,
    slots: Math.max(slots, boot === undefined ? 0 : (settings?.budget.maxConcurrent ?? 0)),
    runs: runs.map((run) => ({ ...run, name: names.of(run) })),
    users,
    starved,
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

function queueEntries({ active, boot }: Office, records: readonly ResumeRecord[], names: Names): QueueEntry[] {
  if (active === undefined) return [];
  const nowMs = active.lane.nowMs();
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
