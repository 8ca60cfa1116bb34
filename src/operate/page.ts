import { createHash } from "node:crypto";
import { isKnown, noteOf, OUTCOMES } from "../domain/reasons.ts";
import type { QueuedResume } from "../domain/queued-resume.ts";
import type { HeldRecord } from "../domain/record.ts";
import { readEvidence } from "../domain/verdict.ts";
import type { Span } from "../observe/spans.ts";
import type { HeldList } from "../record/held-list.ts";
import { NO_RECORD } from "../record/record-at-rest.ts";
import type { BootVerdict } from "../record/verdicts.ts";
import { listSettings } from "../settings/listing.ts";
import { verdictOn } from "./explain.ts";
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
import type { SessionName } from "./views.ts";

/** Everything on the page that is small. */
export function pageView(office: Office, held: Pick<HeldList, "count" | "revision">): PageView {
  const { queue, held: _, running, ...status } = statusView(office, []);
  const { active } = office;
  const { claimed, pausedSinceMs, fusedUntilMs } = active === undefined ? office.atRest() : NO_RECORD;
  return {
    ...status,
    lane: active === undefined ? { ...status.lane, pausedSinceMs, fusedUntilMs } : status.lane,
    takesCommands: active !== undefined,
    stranded: claimed,
    counts: { queued: queue.length, running: running.length, held: held.count },
    running: running.map((item) => ({ ...item, name: nameOf(item, office) })),
    timeline: timelineOf(office, status.atMs),
    verdicts: verdictCounts(office.boot?.verdicts ?? []),
    settings: office.settings === undefined ? [] : listSettings(office.settingsConfig),
    listsRevision: revisionOf(office, held),
  };
}

/** The lists of the page. */
export function pageLists(office: Office, held: Pick<HeldList, "revision" | "all">): PageLists {
  return {
    revision: revisionOf(office, held),
    atMs: office.nowMs(),
    queue: queueEntries(office),
    held: heldGroups(office, held.all()),
  };
}

/** Another one when somebody stands elsewhere, or for another reason; not when time has passed. */
function revisionOf({ boot, active }: Office, held: Pick<HeldList, "revision">): string {
  const hash = createHash("sha1").update(`${boot?.id} ${held.revision}`);
  const nowMs = active?.lane.nowMs() ?? 0;
  for (const { resume, aged } of active?.lane.queue() ?? []) {
    const { agentId, sessionKey, attempts, preemptions, requestedAtMs, notBeforeMs } = resume;
    const restsUntilMs = notBeforeMs > nowMs && notBeforeMs;
    hash.update(JSON.stringify([agentId, sessionKey, aged, attempts, preemptions, requestedAtMs, restsUntilMs]));
  }
  return hash.digest("base64url");
}

/** What the host called a session when it was judged. */
const nameOf = (session: SessionName, { boot }: Office): string | null =>
  verdictOn(session, boot?.verdicts)?.name ?? null;

/** By the wall clock as it is set now, like every other time on the page. */
function timelineOf(office: Office, atMs: number): TimelineView {
  const { timeline, boot, settings } = office;
  const { startedAtMs, runsSinceMs, slots, runs, users, starved, busy, isCut } = timeline;
  const shiftMs = atMs - timeline.nowMs();
  const shown = <Shown extends Span>(spans: readonly Shown[]): Shown[] =>
    spans
      .filter(({ toMs }) => toMs === null || toMs > runsSinceMs)
      .map((span) => ({
        ...span,
        fromMs: Math.max(span.fromMs, runsSinceMs) + shiftMs,
        toMs: span.toMs === null ? null : span.toMs + shiftMs,
      }));
  const shownBusy = shown(busy);
  return {
    startedAtMs: startedAtMs + shiftMs,
    fromMs: runsSinceMs + shiftMs,
    toMs: shownBusy.length === 0 ? runsSinceMs + shiftMs : (shownBusy.at(-1)?.toMs ?? atMs),
    busy: shownBusy,
    slots: Math.max(slots, boot === undefined ? 0 : (settings?.budget.maxConcurrent ?? 0)),
    runs: shown(runs).map(({ cancelled, ...run }) => ({
      ...run,
      name: nameOf(run, office),
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

function queueEntries(office: Office): QueueEntry[] {
  // What is waited for is told by the lane's clock; here it stands beside the host's times.
  const nowMs = office.nowMs();
  const resumes = office.active?.lane.queue() ?? [];
  return queueItems(office).map(({ waitedMs, restsMs, ...item }, index) => ({
    ...item,
    name: nameOf(item, office),
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
function heldGroups(office: Office, held: readonly HeldRecord[]): HeldGroup[] {
  const groups = Array.from(
    Map.groupBy(held, ({ reason }) => reason),
    ([reason, members]): HeldGroup => {
      const sessions = members.map(({ agentId, sessionKey, claimedAtMs, heldBecause }): HeldEntry => {
        const name = nameOf({ agentId, sessionKey }, office);
        const verdict = verdictOn({ agentId, sessionKey }, office.boot?.verdicts)?.verdict;
        // Of earlier boots only the words are left.
        const isOfThisBoot = verdict?.kind === "hold" && verdict.reason === reason;
        const evidence = isOfThisBoot ? verdict : heldBecause === undefined ? UNKNOWN : readEvidence(heldBecause);
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

const UNKNOWN = { found: null, limit: null } as const;

function explained(reason: string): Pick<HeldGroup, "meaning" | "rule" | "unit" | "remedy"> {
  if (isKnown("hold", reason)) {
    const { meaning, rule, unit = null, remedy } = noteOf("hold", reason);
    return { meaning, rule, unit, remedy };
  }
  const meanings: Readonly<Record<string, string>> = OUTCOMES.held;
  return { meaning: meanings[reason] ?? reason, rule: null, unit: null, remedy: null };
}
