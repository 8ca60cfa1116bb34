/** One run of a resume: one request after the other, until the last is answered, one is refused, or it is cut off. */
import type { RunEnd } from "../../src/domain/decisions.ts";
import type { VirtualClock } from "./clock.ts";
import { FIRST_WORD_MS, type Provider, REFUSAL_MS, type Request } from "./provider.ts";
import type { Random } from "./random.ts";

/** From a cancel to the drained run, milliseconds; as it was measured in the gateway (`npm run measure -- --only D50`). */
export const DRAIN_MS = 50;
/** So often the host repeats a refused request in one run, and so long it waits before: twice as long each time, give or take a half (2026.9.6). Milliseconds. */
const REPEATS = { most: 9, firstMs: 1_000, longestMs: 30_000 };

export interface RunListener {
  /** An answer has begun. */
  answered(): void;
  refused(): void;
  ended(end: RunEnd): void;
}

export interface RunOptions {
  readonly clock: VirtualClock;
  readonly provider: Provider;
  /** How long it takes when nothing comes in between, milliseconds. */
  readonly durationMs: number;
  readonly requests: number;
  readonly timeoutMs: number;
  /** Where nobody sees what the provider does: the host repeats refused requests, after pauses that vary by this. */
  readonly repeating: Random | undefined;
  readonly listener: RunListener;
}

export class ResumeRun {
  readonly #options: RunOptions;
  #timers: (() => void)[] = [];
  #request: Request | undefined;
  #repeats = 0;
  #isStopping = false;

  /** Starts at once. */
  constructor(options: RunOptions) {
    this.#options = options;
    const { durationMs, timeoutMs, requests, repeating } = options;
    if (durationMs > timeoutMs || repeating !== undefined) {
      const end: RunEnd = { kind: "timed-out", error: `took longer than ${timeoutMs} ms` };
      this.#after(timeoutMs, () => this.#stop(end));
    }
    this.#ask(requests);
  }

  cancel(): void {
    this.#stop({ kind: "cancelled" });
  }

  #ask(left: number): void {
    const { provider, durationMs, requests, repeating, listener } = this.#options;
    const request = (this.#request = provider.ask("resume"));
    if (!request.isAccepted) {
      this.#after(REFUSAL_MS, () => this.#refused(left));
      return;
    }
    const takesMs = durationMs / requests;
    if (repeating === undefined) this.#after(Math.min(FIRST_WORD_MS, takesMs), () => listener.answered());
    this.#after(takesMs, () => {
      this.#endRequest();
      if (left > 1) this.#ask(left - 1);
      else this.#end({ kind: "completed", reason: "replied" });
    });
  }

  #refused(left: number): void {
    const { repeating, listener } = this.#options;
    listener.refused();
    if (repeating === undefined || this.#repeats === REPEATS.most) return this.#stop(REFUSED);
    this.#endRequest();
    const pauseMs = REPEATS.firstMs * 2 ** this.#repeats * (0.5 + repeating());
    this.#repeats += 1;
    this.#after(Math.min(REPEATS.longestMs, pauseMs), () => this.#ask(left));
  }

  /** The run is cut off, and ends when it has drained. */
  #stop(end: RunEnd): void {
    if (this.#isStopping) return;
    this.#isStopping = true;
    this.#endRequest();
    this.#clearTimers();
    this.#options.clock.after(DRAIN_MS, () => this.#options.listener.ended(end));
  }

  #end(end: RunEnd): void {
    this.#isStopping = true;
    this.#clearTimers();
    this.#options.listener.ended(end);
  }

  #endRequest(): void {
    this.#request?.end();
    this.#request = undefined;
  }

  #after(delayMs: number, callback: () => void): void {
    this.#timers.push(this.#options.clock.after(delayMs, callback));
  }

  #clearTimers(): void {
    for (const cancel of this.#timers.splice(0)) cancel();
  }
}

/** It does not say when it wants to be asked again. */
const REFUSED: RunEnd = { kind: "provider-fault", fault: "rate-limit", retryAfterMs: 0 };
