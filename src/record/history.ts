import type { DatabaseSync } from "node:sqlite";
import type { Subject } from "../domain/events.ts";
import { hasTable, parseJson, withoutSync } from "./database.ts";

/** What happened to a claimed session. */
export type HistoryStep = "judged" | "started" | "cancelled" | "ended" | "settled" | "asked" | "notified";

export interface HistoryEntry {
  /** Epoch milliseconds. */
  readonly atMs: number;
  readonly what: HistoryStep;
  /** Attempt, slot, cause, outcome, reason, kind of error: never message text. */
  readonly detail: Readonly<Record<string, unknown>>;
}

/** Longer than this nobody asks why. */
const KEPT_MS = 30 * 24 * 3_600_000;
const KEPT_PER_SESSION = 200;

/** The steps of each claimed session, oldest first. */
export class History {
  readonly #db: DatabaseSync;

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  of(agentId: string, sessionKey: string): HistoryEntry[] {
    if (!hasTable(this.#db, "history")) return [];
    return this.#db
      .prepare("SELECT * FROM history WHERE agent_id = ? AND session_key = ? ORDER BY rowid DESC LIMIT ?")
      .all(agentId, sessionKey, KEPT_PER_SESSION)
      .map((row) => ({
        atMs: Number(row["at_ms"]),
        what: row["what"] as HistoryStep,
        detail: (parseJson(row["detail"]) ?? {}) as HistoryEntry["detail"],
      }))
      .toReversed();
  }

  addAll(steps: readonly (Subject & { readonly entry: HistoryEntry })[]): void {
    const insert = this.#db.prepare("INSERT INTO history VALUES (?, ?, ?, ?, ?)");
    withoutSync(this.#db, () => {
      for (const { agentId, sessionKey, entry } of steps) {
        insert.run(agentId, sessionKey, entry.atMs, entry.what, JSON.stringify(entry.detail));
      }
    });
  }

  /** Forgets what is too old to be asked about. */
  prune(nowMs: number): void {
    this.#db.prepare("DELETE FROM history WHERE at_ms < ?").run(nowMs - KEPT_MS);
  }
}
