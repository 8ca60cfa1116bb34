import type { Rank } from "./rank.ts";

/** A claimed session that waits in the queue for its resume. Times are epoch milliseconds. */
export interface QueuedResume extends Rank {
  /** Canonical session key; one conversation has one queued resume at most. */
  readonly key: string;
  readonly agentId: string;
  readonly sessionKey: string;
  readonly sessionId: string;
  readonly attempts: number;
  readonly preemptions: number;
  /** When it first entered the queue in this boot: what it has waited since. */
  readonly queuedAtMs: number;
  /** When it last entered the queue. */
  readonly enqueuedAtMs: number;
  /** It rests until then: the delay before a retry. */
  readonly notBeforeMs: number;
}

/** A queued resume that holds a slot. Its slot is free when the host's run has ended, not before. */
export interface RunningResume extends QueuedResume {
  /** Number of its slot, from 1. */
  readonly slot: number;
  readonly startedAtMs: number;
  /** It has been preempted so often, or has waited so long, that it may run beside user turns. */
  readonly aged: boolean;
}
