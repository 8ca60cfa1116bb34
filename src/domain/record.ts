import type { Outcome } from "./reasons.ts";
import type { DeliveryRoute } from "./session.ts";

/**
 * How far a claimed session has come. Written ahead of the step that it names.
 *
 * - `claimed`: taken from the host's recovery; waits in the queue or is held.
 * - `running`: its agent turn was started and may have called the model.
 * - `delivering`: its reply exists (`reply`) and was handed, or is about to be handed, to the host's outbound queue.
 * - `settled`: has its final outcome; kept for `held`, forgotten otherwise.
 * - `released`: given back to the host; kept until the host has finished it, so that no later boot takes it again.
 */
export type RecordPhase = (typeof RECORD_PHASES)[number];
export const RECORD_PHASES = ["claimed", "running", "delivering", "settled", "released"] as const;

/** One message of a reply, as the host's run returns it and its outbound queue takes it. */
export interface ReplyPart {
  readonly text?: string;
  readonly mediaUrl?: string;
  readonly mediaUrls?: readonly string[];
  readonly audioAsVoice?: boolean;
  readonly trustedLocalMedia?: boolean;
  readonly replyToId?: string;
  readonly channelData?: Readonly<Record<string, unknown>>;
}

/** The reply of a finished resume, kept until it is delivered. */
export interface PendingReply {
  readonly parts: readonly ReplyPart[];
  readonly route: DeliveryRoute;
  /** The host's queue has it and would not know it again: it must not be handed over twice. */
  readonly queued?: true;
}

/** What the plugin's own store keeps of one claimed session. Times are epoch milliseconds. */
export interface ResumeRecord {
  readonly agentId: string;
  readonly sessionKey: string;
  readonly sessionId: string;
  readonly phase: RecordPhase;
  readonly outcome: Outcome | undefined;
  /** Why it has this outcome, or why it was admitted. */
  readonly reason: string;
  /** Attempts started and not handed back by a preemption, a shutdown or a gateway that died. */
  readonly attempts: number;
  /** Attempts that a dying gateway cut off. */
  readonly cutOffs: number;
  readonly preemptions: number;
  readonly bootId: string;
  /** When the interrupted turn was claimed; user activity after it continues the session. */
  readonly claimedAtMs: number;
  /** When the session was started, as it was claimed; a later start means that the user has started afresh. */
  readonly sessionStartedAtMs: number | undefined;
  /** The host's status mark when it was claimed. */
  readonly hostStatus: string | undefined;
  /** Identifies the newest attempt, to the host's run and to its outbound queue. */
  readonly runId: string | undefined;
  /** When the first attempt started: a reply that was written since then is ours. */
  readonly runStartedAtMs: number | undefined;
  readonly reply: PendingReply | undefined;
  /** What was found and what it was compared with when it was held, in words. */
  readonly heldBecause: string | undefined;
  /** When it became held; `undefined` where it is not, or was held by a version that did not note it. */
  readonly heldSinceMs: number | undefined;
  /** When the operator asked for it to be resumed, whatever the filters say. */
  readonly requestedAtMs: number | undefined;
  /** When its conversation was told that it is held. */
  readonly notifiedAtMs: number | undefined;
  /** The version of this plugin that claimed it. */
  readonly pluginVersion: string | undefined;
  /** What is wrong with what was read; such a record reads as held, and is never written. */
  readonly damage?: string;
}

/** A held session, as far as a list of them tells. */
export type HeldRecord = Pick<ResumeRecord, "agentId" | "sessionKey" | "reason" | "claimedAtMs" | "heldBecause">;
