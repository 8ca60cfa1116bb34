import type { Rank } from "./rank.ts";
import type { Usage } from "./spend.ts";

/** A claimed session that waits in the queue for its resume. Times are epoch milliseconds. */
export interface QueuedResume extends Rank {
  /** Canonical session key; one conversation has one queued resume at most. */
  readonly key: string;
  readonly agentId: string;
  readonly sessionKey: string;
  readonly sessionId: string;
  readonly attempts: number;
  readonly preemptions: number;
  /** Runs that its provider has refused; they count as no attempts. */
  readonly refusals: number;
  /** Its answer is there and has only to be delivered: it asks no provider and uses nothing. */
  readonly isAnswered: boolean;
  /** The model provider that its run will ask; `undefined` where that is not known before. */
  readonly provider: string | undefined;
  /** What its run will use at least, by the size of its conversation. */
  readonly estimate: Usage;
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
