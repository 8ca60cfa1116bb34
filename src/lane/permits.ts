/** The right to start one resume. Exactly one of the two is called, once. */
export interface Permit {
  /** The run that was started with it has really ended. */
  end(): void;
  /** Nothing was started with it. */
  giveBack(): void;
}

/** What an ask that has not been granted waits for. */
export const PERMIT_CAUSES = ["pace", "fleet"] as const;
export type PermitCause = (typeof PERMIT_CAUSES)[number];

/**
 * Grants starts, one at a time, when the pace or the budget of the fleet allows it. It is asked only when something could
 * start, and does not know what: the queue decides that when the answer is there.
 */
export interface PermitSource {
  /** Resolves when one resume may start, however long that takes. Never rejects. At most one ask is open at a time. */
  ask(): Promise<Permit>;
  /** Undefined while nothing is asked for. */
  readonly waitsFor: PermitCause | undefined;
  /** Ends what it holds; asks that are open stay open. */
  close(): Promise<void>;
}
