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

  constructor(records: readonly ResumeRecord[], rows: readonly Name[]) {
    const names = new Set(rows.map(rowName));
    this.#byName = new Map(records.map((record) => [rowName(record), record]));
    this.#leftOver = new Map(
      records.filter((record) => !names.has(rowName(record))).map((record) => [keyOf(record), record]),
    );
  }

  of(row: Name): ResumeRecord | undefined {
    return this.#byName.get(rowName(row)) ?? this.#leftOver.get(keyOf(row));
  }
}

const keyOf = ({ agentId, sessionKey }: Name): string => canonicalKey(agentId, sessionKey);
