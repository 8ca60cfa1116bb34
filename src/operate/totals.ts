import type { EventBus } from "../domain/events.ts";
import { type Outcome, OUTCOMES } from "../domain/reasons.ts";

/** Counts what has become of this boot's resumes. */
export class Totals {
  readonly #outcomes = Object.fromEntries(Object.keys(OUTCOMES).map((outcome) => [outcome, 0])) as Record<
    Outcome,
    number
  >;

  constructor(events: EventBus) {
    events.on("ended", ({ outcome }) => {
      if (outcome === "failed" || outcome === "timed-out") this.#outcomes[outcome] += 1;
    });
    events.on("settled", ({ outcome }) => {
      this.#outcomes[outcome] += 1;
    });
  }

  /** Ended resumes by outcome; `failed` and `timed-out` count each attempt. */
  get outcomes(): Readonly<Record<Outcome, number>> {
    return { ...this.#outcomes };
  }
}
