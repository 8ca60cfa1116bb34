import type { Refusal } from "../../../src/domain/decisions.ts";
import type { CooldownLimits } from "../../../src/domain/providers.ts";

/** A run that holds a slot, as far as its provider is concerned. */
export interface Asking {
  readonly startedAtMs: number;
  provider: string | undefined;
  askedAtMs: number | undefined;
  refused: boolean;
}

const SILENCE_MS = 2_000;
const NO_REQUEST_MS = 10_000;

/** What each provider has said, one line for each refusal since its last answer. */
export class Upstream {
  readonly #answers = new Set<string>();
  readonly #untilMs = new Map<string, number>();
  /** Refusals that began a step, since the last answer. */
  readonly #steps = new Map<string, Refusal["fault"][]>();

  answered(provider: string): void {
    this.#answers.add(provider);
    this.#untilMs.delete(provider);
    this.#steps.delete(provider);
  }

  refused(provider: string, { fault, retryAfterMs }: Refusal, limits: CooldownLimits, nowMs: number): void {
    this.#answers.delete(provider);
    const untilMs = this.#untilMs.get(provider) ?? -Infinity;
    const steps = this.#steps.get(provider) ?? [];
    const isNew = nowMs >= untilMs;
    const stepMs = isNew ? Math.min(limits.maxMs, limits.initialMs * 2 ** steps.length) : 0;
    this.#untilMs.set(provider, Math.max(untilMs, nowMs + stepMs, nowMs + retryAfterMs));
    if (isNew) this.#steps.set(provider, [...steps, fault]);
  }

  isCooling(provider: string, nowMs: number): boolean {
    return nowMs < (this.#untilMs.get(provider) ?? -Infinity);
  }

  /** Two permanent faults, with nothing but a key out of use in between, and nothing but that since. */
  isGivenUp(provider: string): boolean {
    const faults = (this.#steps.get(provider) ?? []).filter((fault) => fault !== "disabled");
    return faults.length > 1 && faults.slice(-2).every((fault) => fault === "billing" || fault === "authentication");
  }

  /** Whether the next has to wait for what becomes of a request, or of a run that may make one. */
  isProbed(provider: string, runs: Iterable<Asking>, nowMs: number): boolean {
    if (this.#answers.has(provider)) return false;
    for (const run of runs) {
      if (run.provider !== provider || run.refused) continue;
      const { askedAtMs, startedAtMs } = run;
      if (nowMs < (askedAtMs === undefined ? startedAtMs + NO_REQUEST_MS : askedAtMs + SILENCE_MS)) return true;
    }
    return false;
  }
}
