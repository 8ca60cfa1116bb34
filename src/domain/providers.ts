import { isPermanent, type ProviderFault } from "./provider-fault.ts";

/** How long a provider that refuses is left alone. Milliseconds. */
export interface CooldownLimits {
  readonly initialMs: number;
  /** Where the doubling ends. */
  readonly maxMs: number;
}

/** A provider that is being left alone. */
export interface Cooldown {
  readonly provider: string;
  readonly fault: ProviderFault;
  /** Epoch milliseconds. */
  readonly untilMs: number;
  /** Refusals without an answer in between. */
  readonly refusals: number;
}

/** Nobody waits longer than a day for what a provider asks for. */
const LONGEST_RETRY_AFTER_MS = 86_400_000;
/** Permanent faults in a row after which it is given up. One alone can be an incident: a key that is being renewed. */
const STRIKES = 2;

interface Provider {
  /** It has answered, and has not refused since. */
  answers: boolean;
  /** Undefined while it has not refused since it last answered. */
  fault: ProviderFault | undefined;
  untilMs: number;
  refusals: number;
  strikes: number;
}

const NEVER_ASKED: Readonly<Provider> = {
  answers: false,
  fault: undefined,
  untilMs: -Infinity,
  refusals: 0,
  strikes: 0,
};

/**
 * What is known of each model provider, from everything that was asked of it: by resumes, by users, by whoever.
 *
 * One that refuses is left alone, twice as long each time, until it answers somebody.
 */
export class Providers {
  #limits: CooldownLimits;
  readonly #known = new Map<string, Provider>();

  constructor(limits: CooldownLimits) {
    this.#limits = limits;
  }

  /** For what refuses from now on. */
  setLimits(limits: CooldownLimits): void {
    this.#limits = limits;
  }

  /** `retryAfterMs`: when it wants to be asked again. Refusals while it is left alone are of the same step. */
  refused(name: string, fault: ProviderFault, retryAfterMs: number, nowMs: number): void {
    const { initialMs, maxMs } = this.#limits;
    const askedMs = Math.min(retryAfterMs, LONGEST_RETRY_AFTER_MS);
    const before = this.#known.get(name) ?? NEVER_ASKED;
    if (nowMs < before.untilMs) {
      this.#known.set(name, { ...before, untilMs: Math.max(before.untilMs, nowMs + askedMs) });
      return;
    }
    const stepMs = Math.min(maxMs, initialMs * 2 ** before.refusals);
    const strikes = fault === "disabled" ? before.strikes : isPermanent(fault) ? before.strikes + 1 : 0;
    this.#known.set(name, {
      answers: false,
      // A key that the host keeps out of use is so for what came before.
      fault: fault === "disabled" ? (before.fault ?? fault) : fault,
      untilMs: nowMs + Math.max(stepMs, askedMs),
      refusals: before.refusals + 1,
      strikes,
    });
  }

  /** Says whether that is news. */
  answered(name: string): boolean {
    const before = this.#known.get(name);
    if (before?.answers === true) return false;
    this.#known.set(name, { ...NEVER_ASKED, answers: true });
    return true;
  }

  /** Whether it has answered, and has not refused since. */
  answers(name: string): boolean {
    return this.#known.get(name)?.answers === true;
  }

  isCooling(name: string, nowMs: number): boolean {
    return nowMs < (this.#known.get(name)?.untilMs ?? -Infinity);
  }

  /** It will not answer before somebody does something about it. */
  isGivenUp(name: string): boolean {
    return (this.#known.get(name)?.strikes ?? 0) >= STRIKES;
  }

  get hasGivenUp(): boolean {
    return [...this.#known.values()].some(({ strikes }) => strikes >= STRIKES);
  }

  /** Those that are left alone now. */
  cooldowns(nowMs: number): Cooldown[] {
    return [...this.#known].flatMap(([provider, { fault, untilMs, refusals }]) =>
      fault !== undefined && untilMs > nowMs ? [{ provider, fault, untilMs, refusals }] : [],
    );
  }

  /** When the next one may be asked again, epoch milliseconds; `undefined` when none is left alone. */
  nextChangeAtMs(nowMs: number): number | undefined {
    const ends = [...this.#known.values()].flatMap(({ untilMs }) => (untilMs > nowMs ? [untilMs] : []));
    return ends.length === 0 ? undefined : Math.min(...ends);
  }
}
