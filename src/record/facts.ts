import type { DatabaseSync } from "node:sqlite";
import type { ClockJump, ClockMark } from "../domain/clock-jumps.ts";
import { hasTable, parseJson } from "./database.ts";

/** What is remembered of the lane as a whole; times are epoch milliseconds. */
export interface LaneFacts {
  /** Since when the operator keeps the lane from starting anything. */
  readonly pausedSince: number;
  /** When gateways that had died while resumes ran were followed by the next. */
  readonly deaths: readonly number[];
  /** Until when they keep the lane from starting anything. */
  readonly fusedUntil: number;
  /** Why records of earlier boots are lost, until a boot has found by their entries whose they were. */
  readonly recordLost: string;
  /** When the newest boot judged its sessions. */
  readonly bootedAt: number;
  /** The clocks when a gateway of ours last looked. */
  readonly clock: ClockMark;
  /** How far the wall clock was set since. */
  readonly clockJumps: readonly ClockJump[];
  /** The keys of what stands for a session in the logs of the last gateways, the newest first. */
  readonly logKeys: readonly string[];
}

const has = (value: unknown, names: readonly string[], holds: (field: unknown) => boolean): boolean =>
  typeof value === "object" && value !== null && names.every((name) => holds(Reflect.get(value, name)));
const isText = (value: unknown): boolean => typeof value === "string";
const isTime = (value: unknown): boolean => typeof value === "number" && Number.isFinite(value);

/** What is not what was written is taken as absent. */
const IS_FACT: Readonly<Record<keyof LaneFacts, (value: unknown) => boolean>> = {
  pausedSince: isTime,
  bootedAt: isTime,
  fusedUntil: isTime,
  recordLost: isText,
  logKeys: (value) => Array.isArray(value) && value.every(isText),
  deaths: (value) => Array.isArray(value) && value.every(isTime),
  clock: (value) => has(value, ["wallMs", "uptimeMs"], isTime) && has(value, ["machine"], isText),
  clockJumps: (value) => Array.isArray(value) && value.every((jump) => has(jump, ["atMs", "byMs"], isTime)),
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
