import type { DatabaseSync } from "node:sqlite";
import type { Evidence, Verdict } from "../domain/verdict.ts";
import { isKnown } from "../domain/reasons.ts";
import { hasTable, parseJson, transaction } from "./database.ts";

/** A session with what this boot said of it. */
export interface BootVerdict {
  readonly agentId: string;
  readonly sessionKey: string;
  readonly verdict: Verdict;
  /** What a resume of it is thought to use at least; `undefined` where the host has not counted. */
  readonly estimatedTokens?: number | undefined;
  /** The key under which the host finds its conversation today; not kept. */
  readonly conversationKey?: string | undefined;
  /** What the host calls it; not kept. */
  readonly name?: string | undefined;
}

/** What the newest boot said of every candidate, so that it can be asked about later, also of a gateway that is down. */
export class Verdicts {
  readonly #db: DatabaseSync;

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /** In the order in which they were put. */
  all(): BootVerdict[] {
    if (!hasTable(this.#db, "verdicts")) return [];
    const rows = this.#db.prepare("SELECT * FROM verdicts ORDER BY rowid").all();
    return rows.flatMap((row) => {
      const evidence = parseJson(row["evidence"]) as (Evidence & { estimatedTokens?: number }) | undefined;
      const { estimatedTokens, ...facts } = evidence ?? {};
      const verdict = { kind: row["verdict"], reason: row["reason"], ...facts } as Verdict;
      // Another version may have said what this one has no word for.
      if (evidence === undefined || !isKnown(verdict.kind, verdict.reason)) return [];
      return [{ agentId: String(row["agent_id"]), sessionKey: String(row["session_key"]), verdict, estimatedTokens }];
    });
  }

  /** Forgets what earlier boots said. */
  replace(verdicts: readonly BootVerdict[]): void {
    const insert = this.#db.prepare("INSERT OR REPLACE INTO verdicts VALUES (?, ?, ?, ?, ?)");
    transaction(this.#db, () => {
      this.#db.exec("DELETE FROM verdicts");
      for (const { agentId, sessionKey, verdict, estimatedTokens } of verdicts) {
        const { kind, reason, found, limit } = verdict;
        insert.run(agentId, sessionKey, kind, reason, JSON.stringify({ found, limit, estimatedTokens }));
      }
    });
  }
}
