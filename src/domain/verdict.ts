import type { ResumeRecord } from "./record.ts";
import type { SessionRow } from "./session.ts";

/** Sessions that are queued for a resume. */
export const ADMIT_REASONS = ["interrupted", "claimed-earlier"] as const;
/** Sessions kept for the operator or the user; never run on their own, never deleted. */
export const HOLD_REASONS = [
  "idle-too-long",
  "too-old",
  "activity-unknown",
  "over-boot-limit",
  "attempts-exhausted",
  "unsafe-tail",
  "held-earlier",
] as const;
/** Claims of an earlier boot that need no resume any more. */
export const RETIRE_REASONS = ["user-continued", "session-replaced"] as const;
/** Sessions that stay the host's, or another owner's. */
export const LEAVE_REASONS = [
  "subagent",
  "cron",
  "acp",
  "heartbeat",
  "spawned",
  "pending-final-delivery",
  "message-tool-only",
  "harness-completion",
  "delivery-receipt",
  "recovery-tombstone",
  "model-selection-locked",
  "cli-backed",
  "plugin-owned",
  "unreadable-entry",
  "claim-failed",
] as const;

export type HoldReason = (typeof HOLD_REASONS)[number];
export type LeaveReason = (typeof LEAVE_REASONS)[number];

/** What admission says of a candidate, with one reason from a closed list. */
export type Verdict =
  | { readonly kind: "admit"; readonly reason: (typeof ADMIT_REASONS)[number] }
  | { readonly kind: "hold"; readonly reason: HoldReason }
  | { readonly kind: "retire"; readonly reason: (typeof RETIRE_REASONS)[number] }
  | { readonly kind: "leave"; readonly reason: LeaveReason };

/** Every verdict with its reasons: the label values of `openclaw_resume_sessions`. */
export const VERDICT_REASONS: Readonly<Record<Verdict["kind"], readonly string[]>> = {
  admit: ADMIT_REASONS,
  hold: HOLD_REASONS,
  retire: RETIRE_REASONS,
  leave: LEAVE_REASONS,
};

/** An interrupted session, as found at boot. */
export interface Candidate {
  readonly row: SessionRow;
  /** What an earlier boot of this plugin wrote of the same interruption. */
  readonly record: ResumeRecord | undefined;
  /** Last user or transcript activity, epoch milliseconds; `undefined` when nothing tells. */
  readonly activityAtMs: number | undefined;
  /** Since the claim the user has continued or stopped the conversation. */
  readonly userContinued: boolean;
}
