import type { CancelCause, Settlement } from "./decisions.ts";
import type { RunningResume } from "./queued-resume.ts";

/** A resume that holds a slot, and what has been decided about it meanwhile. */
export interface Running {
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

  add(resume: RunningResume): void {
    const undecided = { cancelled: undefined, continued: false, fate: undefined, refused: false, hasAnswer: false };
    this.#byKey.set(resume.key, { resume, ...undecided, provider: resume.provider, askedAtMs: undefined });
  }

  remove(key: string): void {
    this.#byKey.delete(key);
  }

  get isYielding(): boolean {
    return this.all().some(({ cancelled }) => cancelled !== undefined);
  }

  ofAgent(agentId: string): number {
    return this.all().filter(({ resume }) => resume.agentId === agentId).length;
  }

  freeSlot(): number {
    const taken = new Set(this.all().map(({ resume }) => resume.slot));
    let slot = 1;
    while (taken.has(slot)) slot += 1;
    return slot;
  }

  /** The aged one that may stay beside users of other sessions. */
  spared(): Running | undefined {
    return this.all().find(({ resume, cancelled }) => resume.aged && cancelled === undefined);
  }

  /** Until when a request of this provider may still be refused, epoch milliseconds. */
  unheardUntilMs(provider: string): number {
    const unheard = this.all().filter((running) => running.provider === provider && !running.refused);
    return Math.max(
      ...unheard.map(({ askedAtMs, resume }) =>
        askedAtMs === undefined ? resume.startedAtMs + NO_REQUEST_MS : askedAtMs + SILENCE_MS,
      ),
      -Infinity,
    );
  }
}
