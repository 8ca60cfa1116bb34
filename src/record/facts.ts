import type { DatabaseSync } from "node:sqlite";
import { hasTable } from "./database.ts";

/** What is remembered of the lane as a whole; times are epoch milliseconds. */
export interface LaneFacts {
  /** Since when the operator keeps the lane from starting anything. */
  readonly pausedSince: number;
  /** When the newest boot judged its sessions. */
  readonly bootedAt: number;
}

/** Single values that outlive a gateway. */
export class Facts {
  readonly #db: DatabaseSync;

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  get<Name extends keyof LaneFacts>(name: Name): LaneFacts[Name] | undefined {
    if (!hasTable(this.#db, "facts")) return undefined;
    const row = this.#db.prepare("SELECT value FROM facts WHERE name = ?").get(name);
    return row === undefined ? undefined : (JSON.parse(String(row["value"])) as LaneFacts[Name]);
  }

  set<Name extends keyof LaneFacts>(name: Name, value: LaneFacts[Name] | undefined): void {
    if (value === undefined) this.#db.prepare("DELETE FROM facts WHERE name = ?").run(name);
    else this.#db.prepare("INSERT OR REPLACE INTO facts VALUES (?, ?)").run(name, JSON.stringify(value));
  }
}
