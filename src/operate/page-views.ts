import type { AttemptResult, CancelCause } from "../domain/decisions.ts";
import type { VerdictKind } from "../domain/reasons.ts";
import type { LaneLabel } from "../domain/starvation.ts";
import type { Fact } from "../domain/verdict.ts";
import type { ListedSetting } from "../settings/listing.ts";
import type { QueueItem, RunningItem, SessionName, StatusView } from "./views.ts";

/**
 * What the page in the Control UI is shown, by the same rules as views.ts: times are epoch milliseconds, durations milliseconds;
 * a field that does not apply is `null`, never missing.
 *
 * In two parts: what changes all the time and is small, and the lists, which can hold thousands of sessions.
 */

/** A session, with the name that the host shows for it: that of a chat or a user, so a stranger's text. */
export interface NamedSession extends SessionName {
  readonly name: string | null;
}

/** A run of a resume. */
export interface TimelineRun extends NamedSession {
  /** From 1. */
  readonly slot: number;
  readonly fromMs: number;
  /** `null`: it runs. */
  readonly toMs: number | null;
  readonly result: AttemptResult | null;
  /** Why it was cancelled, and when. */
  readonly cancelled: { readonly cause: CancelCause; readonly atMs: number } | null;
}

export interface TimelineSpan {
  readonly fromMs: number;
  /** `null`: it goes on. */
  readonly toMs: number | null;
}

/** This boot, as far as it is remembered. */
export interface TimelineView {
  /** When this plugin started. */
  readonly startedAtMs: number;
  /** Later than that where runs are forgotten: what ended before is left out. */
  readonly fromMs: number;
  /** Now, or since when nothing has been queued or running: what users do then is not shown. */
  readonly toMs: number;
  /** When anything was queued or running. */
  readonly busy: readonly TimelineSpan[];
  /** Rows of the lane, as many as slots there are or have been. */
  readonly slots: number;
  /** In the order in which they began. */
  readonly runs: readonly TimelineRun[];
  /** When user turns ran, and when users waited for one. */
  readonly users: { readonly running: readonly TimelineSpan[]; readonly waiting: readonly TimelineSpan[] };
  /** When a lane had waiting work and was served by nobody. */
  readonly starved: Readonly<Record<LaneLabel, readonly TimelineSpan[]>>;
  /** Not all of it is remembered any more: of each kind the newest. */
  readonly isCut: boolean;
}

/** How many sessions one verdict has for one reason. */
export interface VerdictCount {
  readonly verdict: VerdictKind;
  readonly reason: string;
  readonly meaning: string;
  readonly sessions: number;
}

/** Everything but the lists. */
export interface PageView extends Omit<StatusView, "queue" | "held" | "running"> {
  /** Whether there is a lane that the operator's commands can change. */
  readonly takesCommands: boolean;
  /** Claimed sessions that nobody goes on with until the plugin is active again or the gateway starts anew. */
  readonly stranded: number;
  readonly counts: { readonly queued: number; readonly running: number; readonly held: number };
  readonly running: readonly (RunningItem & NamedSession)[];
  readonly timeline: TimelineView;
  readonly verdicts: readonly VerdictCount[];
  /** None while they are wrong. */
  readonly settings: readonly ListedSetting[];
  /** Another one when the lists have changed. */
  readonly listsRevision: string;
}

/** Why a queued session stands where it stands. */
export interface QueueOrder {
  /**
   * `requested`: the operator asked for it. `aged`: it has waited so long, or made room so often, that it may run beside
   * users. `resting`: it is a retry whose delay is not over. `turn`: it is its agent's turn, and of that agent's it is the
   * next by its user's last activity.
   */
  readonly by: "requested" | "aged" | "resting" | "turn";
  readonly lastActivityAtMs: number | null;
  readonly direct: boolean;
}

export type QueueEntry = Omit<QueueItem, "waitedMs" | "restsMs"> &
  NamedSession & {
    readonly queuedAtMs: number;
    /** `null`: it does not rest. */
    readonly restsUntilMs: number | null;
    readonly order: QueueOrder;
  };

export interface HeldEntry extends NamedSession {
  readonly claimedAtMs: number;
  readonly found: Fact;
  readonly limit: Fact;
}

/** Held sessions with the same reason. */
export interface HeldGroup {
  readonly reason: string;
  readonly meaning: string;
  /** The setting or the fact of the host's that decided; `null` where an attempt has ended it. */
  readonly rule: string | null;
  /** Of `found` and `limit`. */
  readonly unit: "ms" | "time" | null;
  /** What the operator can do; `null` where it can be resumed and nothing else. */
  readonly remedy: string | null;
  /** The one that was held last first. */
  readonly sessions: readonly HeldEntry[];
}

export interface PageLists {
  readonly revision: string;
  readonly atMs: number;
  /** In the order in which they would start if nothing changed. */
  readonly queue: readonly QueueEntry[];
  readonly held: readonly HeldGroup[];
}
