import type { DatabaseSync } from "node:sqlite";
import type { ResumeRecord } from "../domain/record.ts";
import { openDatabase, openForReading, transaction } from "./database.ts";
import { Facts } from "./facts.ts";
import { History } from "./history.ts";
import { fromRow, toRow, UPSERT_RECORD } from "./record-row.ts";
import { Verdicts } from "./verdicts.ts";

/**
 * The durable record of claimed sessions: a SQLite file of the plugin's own.
 *
 * Not in the session entry: the host erases a plugin's part of it on every graceful stop. Each call is committed to
 * disk when it returns. Every method may throw what SQLite throws (full disk, unwritable file).
 */
export class RecordStore {
  readonly verdicts: Verdicts;
  readonly history: History;
  readonly facts: Facts;
  /** Why what earlier boots have written is gone, or cannot be trusted to be all; the entries tell the rest. */
  readonly lost: string | undefined;
  readonly #db: DatabaseSync;

  private constructor(db: DatabaseSync, lost?: string) {
    this.#db = db;
    this.verdicts = new Verdicts(db);
    this.history = new History(db);
    this.facts = new Facts(db);
    this.lost = lost ?? this.facts.get("recordLost");
  }

  /**
   * Opens or creates the record below the gateway's state folder. A file that cannot be used is set aside, and as much of
   * it as can be read is taken over.
   */
  static open(stateDir: string): RecordStore {
    const { db, lost, rows } = openDatabase(stateDir);
    try {
      const store = new RecordStore(db, lost);
      // A gateway that dies before it has found whose they were must not forget that there were some.
      if (lost !== undefined) store.facts.set("recordLost", lost);
      for (const row of rows) store.#takeOver(fromRow(row));
      return store;
    } catch (error) {
      db.close();
      throw error;
    }
  }

  /** Reads the record without creating or changing anything; `none` when there is none that can be used. */
  static peek<Value>(stateDir: string, read: (store: RecordStore) => Value, none: Value): Value {
    const db = openForReading(stateDir);
    if (db === undefined) return none;
    try {
      return read(new RecordStore(db));
    } finally {
      db.close();
    }
  }

  all(): ResumeRecord[] {
    const select = this.#db.prepare("SELECT * FROM resumes");
    select.setReadBigInts(true);
    return select.all().map(fromRow);
  }

  get(agentId: string, sessionKey: string): ResumeRecord | undefined {
    const select = this.#db.prepare("SELECT * FROM resumes WHERE agent_id = ? AND session_key = ?");
    select.setReadBigInts(true);
    const row = select.get(agentId, sessionKey);
    return row === undefined ? undefined : fromRow(row);
  }

  /** How many are held. */
  heldCount(): number {
    return Number(this.#db.prepare("SELECT count(*) AS held FROM resumes WHERE outcome = 'held'").get()?.["held"]);
  }

  /** Writes all of them or none. */
  put(...records: readonly ResumeRecord[]): void {
    const upsert = this.#db.prepare(UPSERT_RECORD);
    transaction(this.#db, () => {
      for (const record of records) upsert.run(...toRow(record));
    });
  }

  delete(agentId: string, sessionKey: string): void {
    this.#db.prepare("DELETE FROM resumes WHERE agent_id = ? AND session_key = ?").run(agentId, sessionKey);
  }

  close(): void {
    this.#db.close();
  }

  /** A row of a file that was set aside; one that this table cannot hold is as lost as the file. */
  #takeOver(record: ResumeRecord): void {
    try {
      this.put(record);
    } catch {
      // Its session is found by its entry.
    }
  }
}
