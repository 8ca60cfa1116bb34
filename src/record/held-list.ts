import type { HeldRecord, ResumeRecord } from "../domain/record.ts";
import { rowName } from "../domain/session.ts";

/**
 * What is held, kept in memory beside the record: reading and checking thousands of rows each time somebody looks would
 * keep a busy gateway from its users.
 */
export class HeldList {
  readonly #byName = new Map<string, HeldRecord>();
  #changes = 0;

  constructor(records: Iterable<ResumeRecord>) {
    for (const record of records) this.put(record);
  }

  get count(): number {
    return this.#byName.size;
  }

  /** Another one whenever it has changed. */
  get revision(): number {
    return this.#changes;
  }

  /** In the order of their agents and keys. */
  all(): HeldRecord[] {
    return [...this.#byName].toSorted(([left], [right]) => (left < right ? -1 : 1)).map(([, held]) => held);
  }

  put({ agentId, sessionKey, outcome, reason, claimedAtMs, heldBecause }: ResumeRecord): void {
    if (outcome !== "held") {
      this.delete(agentId, sessionKey);
      return;
    }
    this.#byName.set(rowName({ agentId, sessionKey }), { agentId, sessionKey, reason, claimedAtMs, heldBecause });
    this.#changes += 1;
  }

  delete(agentId: string, sessionKey: string): void {
    if (this.#byName.delete(rowName({ agentId, sessionKey }))) this.#changes += 1;
  }
}
