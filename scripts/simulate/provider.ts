/** The model provider that all gateways share. */
import type { VirtualClock } from "./clock.ts";
import type { LoadMeter } from "./load-meter.ts";
import type { ProviderLimits } from "./world.ts";

/** It takes this long to refuse. Milliseconds. */
export const REFUSAL_MS = 300;
/** It begins to answer after this time, unless it has answered by then. Milliseconds. */
export const FIRST_WORD_MS = 1_000;

const MINUTE_MS = 60_000;

export interface Request {
  /** Otherwise it is answered with 429. */
  readonly isAccepted: boolean;
  /** Once: it is answered, refused or broken off. */
  end(): void;
}

export class Provider {
  readonly #limits: ProviderLimits;
  readonly #clock: VirtualClock;
  readonly #meter: LoadMeter;
  #atOnce = 0;
  /** When those of the last minute were accepted; from `#first` on. */
  #acceptedAtMs: number[] = [];
  #first = 0;

  constructor(limits: ProviderLimits, clock: VirtualClock, meter: LoadMeter) {
    this.#limits = limits;
    this.#clock = clock;
    this.#meter = meter;
  }

  ask(by: "resume" | "user"): Request {
    const { nowMs } = this.#clock;
    const isAccepted = this.#hasRoom(nowMs);
    if (isAccepted) this.#accept(nowMs);
    this.#meter.asked(by, isAccepted, nowMs);
    return {
      isAccepted,
      end: () => {
        if (isAccepted) this.#atOnce -= 1;
        this.#meter.ended(by, this.#clock.nowMs);
      },
    };
  }

  #hasRoom(nowMs: number): boolean {
    const { concurrent = Infinity, perMinute } = this.#limits;
    if (this.#atOnce >= concurrent) return false;
    return perMinute === undefined || this.#inLastMinute(nowMs) < perMinute;
  }

  #accept(nowMs: number): void {
    this.#atOnce += 1;
    if (this.#limits.perMinute !== undefined) this.#acceptedAtMs.push(nowMs);
  }

  #inLastMinute(nowMs: number): number {
    while ((this.#acceptedAtMs[this.#first] ?? Infinity) <= nowMs - MINUTE_MS) this.#first += 1;
    if (this.#first > 10_000 && this.#first * 2 > this.#acceptedAtMs.length) {
      this.#acceptedAtMs = this.#acceptedAtMs.slice(this.#first);
      this.#first = 0;
    }
    return this.#acceptedAtMs.length - this.#first;
  }
}
