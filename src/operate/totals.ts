import type { EventBus } from "../domain/events.ts";
import { type Outcome, OUTCOMES } from "../domain/reasons.ts";
import { ATTEMPT_RESULTS, type AttemptResult } from "../domain/decisions.ts";

/** Counts what has become of this boot's resumes. */
export class Totals {
  readonly #outcomes = zeros(Object.keys(OUTCOMES) as Outcome[]);
  readonly #attempts = zeros(ATTEMPT_RESULTS);

  constructor(events: EventBus) {
    events.on("ended", ({ result }) => {
      this.#attempts[result] += 1;
    });
    events.on("settled", ({ outcome }) => {
      this.#outcomes[outcome] += 1;
    });
  }

  /** Settled sessions by outcome, each once. */
  get outcomes(): Readonly<Record<Outcome, number>> {
    return { ...this.#outcomes };
  }

  /** Ended runs by how they ended; a session can have several. */
  get attempts(): Readonly<Record<AttemptResult, number>> {
    return { ...this.#attempts };
  }
}

const zeros = <Name extends string>(names: readonly Name[]) =>
  Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>;
