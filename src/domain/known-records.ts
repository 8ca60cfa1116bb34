import type { ResumeRecord } from "./record.ts";
import { canonicalKey } from "./session-key.ts";
import { rowName, type SessionRow } from "./session.ts";

type Name = Pick<SessionRow, "agentId" | "sessionKey">;

/**
 * Finds the record of a row among those of one or more boots. Two rows of a conversation have records of their own; a row
 * that the host has given another spelling of its key since takes over the record that was written under the old one.
 */
export class KnownRecords {
  readonly #byName: ReadonlyMap<string, ResumeRecord>;
  /** Records without a row of their name, by canonical key. */
  readonly #leftOver: ReadonlyMap<string, ResumeRecord>;

  constructor(records: readonly ResumeRecord[], rows: Iterable<Name>) {
    this.#byName = new Map(records.map((record) => [rowName(record), record]));
    const leftOver = new Map(this.#byName);
    // Most gateways have few records and many rows.
    if (leftOver.size > 0) for (const row of rows) leftOver.delete(rowName(row));
    this.#leftOver = new Map([...leftOver.values()].map((record) => [keyOf(record), record]));
  }

  of(row: Name): ResumeRecord | undefined {
    const own = this.#byName.size === 0 ? undefined : this.#byName.get(rowName(row));
    return own ?? (this.#leftOver.size === 0 ? undefined : this.#leftOver.get(keyOf(row)));
  }
}

const keyOf = ({ agentId, sessionKey }: Name): string => canonicalKey(agentId, sessionKey);
