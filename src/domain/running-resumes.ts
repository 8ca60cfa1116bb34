import type { CancelCause, Settlement } from "./decisions.ts";
import type { QueuedResume, RunningResume } from "./queued-resume.ts";

/** A resume that holds a slot, and what has been decided about it meanwhile. */
export interface Running {
  /** As it was in the queue. */
  readonly queued: QueuedResume;
  /** As it was started: this attempt counts. */
  readonly resume: RunningResume;
  cancelled: CancelCause | undefined;
  /** The host has started the user's own turn on this session. */
  continued: boolean;
  /** What the operator wants to become of it, once its run has ended. */
  fate: Settlement | undefined;
  /** The provider that it really asks, once it has. */
  provider: string | undefined;
  /** When its request went to the provider, epoch milliseconds. */
  askedAtMs: number | undefined;
  /** The provider has refused its newest request. */
  refused: boolean;
  /** An earlier request of it was answered: tools may have run. */
  hasAnswer: boolean;
}

/** A provider that is about to refuse does so within this time of a request; after it the next may be sent. */
const SILENCE_MS = 2_000;
/** A run that makes no request within this time keeps nobody waiting any longer. */
const NO_REQUEST_MS = 10_000;

/** The resumes that hold slots, in the order of their starts. */
export class RunningResumes {
  readonly #byKey = new Map<string, Running>();

  get size(): number {
    return this.#byKey.size;
  }

  has(key: string): boolean {
    return this.#byKey.has(key);
  }

  get(key: string): Running | undefined {
    return this.#byKey.get(key);
  }

  all(): Running[] {
    return [...this.#byKey.values()];
  }

  add(queued: QueuedResume, resume: RunningResume): void {
    this.#byKey.set(resume.key, {
      queued,
      resume,
      cancelled: undefined,
      continued: false,
      fate: undefined,
      provider: resume.provider,
      askedAtMs: undefined,
      refused: false,
      hasAnswer: false,
    });
  }

  remove(key: string): void {
    this.#byKey.delete(key);
  }

  get isYielding(): boolean {
    for (const { cancelled } of this.#byKey.values()) if (cancelled !== undefined) return true;
    return false;
  }

  ofAgent(agentId: string): number {
    let count = 0;
    for (const { resume } of this.#byKey.values()) if (resume.agentId === agentId) count += 1;
    return count;
  }

  freeSlot(): number {
    let slot = 1;
    while (this.#isTaken(slot)) slot += 1;
    return slot;
  }

  /** The aged one that may stay beside users of other sessions. */
  spared(): Running | undefined {
    for (const running of this.#byKey.values()) {
      if (running.resume.aged && running.cancelled === undefined) return running;
    }
    return undefined;
  }

  /** Until when a request of this provider may still be refused, epoch milliseconds. */
  unheardUntilMs(provider: string): number {
    let untilMs = -Infinity;
    for (const running of this.#byKey.values()) {
      if (running.provider === provider && !running.refused) untilMs = Math.max(untilMs, unheardUntilMs(running));
    }
    return untilMs;
  }

  #isTaken(slot: number): boolean {
    for (const { resume } of this.#byKey.values()) if (resume.slot === slot) return true;
    return false;
  }
}

const unheardUntilMs = ({ askedAtMs, resume }: Running): number =>
  askedAtMs === undefined ? resume.startedAtMs + NO_REQUEST_MS : askedAtMs + SILENCE_MS;
