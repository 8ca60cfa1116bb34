import type { PermitCause } from "../domain/wait-cause.ts";

/** The right to start one resume. Exactly one of the two is called, once. */
export interface Permit {
  /** The run that was started with it has really ended. */
  end(): void;
  /** Nothing was started with it. */
  giveBack(): void;
}

/**
 * Grants starts, one at a time, when the pace or the budget of the fleet allows it. It is asked only when something could
 * start, and does not know what: the queue decides that when the answer is there.
 */
export interface PermitSource {
  /** Resolves when one resume may start, however long that takes. Never rejects. At most one ask is open at a time. */
  ask(): Promise<Permit>;
  /** What an open ask waits for; `undefined` while there is none. */
  readonly waitsFor: PermitCause | undefined;
  /** Ends what it holds; asks that are open stay open. */
  close(): Promise<void>;
}
