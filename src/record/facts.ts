import type { DatabaseSync } from "node:sqlite";
import { hasTable, parseJson } from "./database.ts";

/** What is remembered of the lane as a whole; times are epoch milliseconds. */
export interface LaneFacts {
  /** Since when the operator keeps the lane from starting anything. */
  readonly pausedSince: number;
  /** When gateways that had died while resumes ran were followed by the next. */
  readonly deaths: readonly number[];
  /** When the newest boot judged its sessions. */
  readonly bootedAt: number;
}

const isTime = (value: unknown): boolean => typeof value === "number" && Number.isFinite(value);

/** What is not what was written is taken as absent. */
const IS_FACT: Readonly<Record<keyof LaneFacts, (value: unknown) => boolean>> = {
  pausedSince: isTime,
  bootedAt: isTime,
  deaths: (value) => Array.isArray(value) && value.every(isTime),
};

/** Single values that outlive a gateway. */
export class Facts {
  readonly #db: DatabaseSync;

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  get<Name extends keyof LaneFacts>(name: Name): LaneFacts[Name] | undefined {
    if (!hasTable(this.#db, "facts")) return undefined;
    const row = this.#db.prepare("SELECT value FROM facts WHERE name = ?").get(name);
    const value = parseJson(row?.["value"]);
    return IS_FACT[name](value) ? (value as LaneFacts[Name]) : undefined;
  }

  set<Name extends keyof LaneFacts>(name: Name, value: LaneFacts[Name] | undefined): void {
    if (value === undefined) this.#db.prepare("DELETE FROM facts WHERE name = ?").run(name);
    else this.#db.prepare("INSERT OR REPLACE INTO facts VALUES (?, ?)").run(name, JSON.stringify(value));
  }
}
