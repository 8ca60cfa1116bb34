import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import type { ResumeRecord } from "../domain/record.ts";
import { openDatabase, openForReading, transaction, withoutSync } from "./database.ts";
import { Facts } from "./facts.ts";
import { HeldList } from "./held-list.ts";
import { History } from "./history.ts";
import { fromRow, toRow, UPSERT_RECORD } from "./record-row.ts";
import { Verdicts } from "./verdicts.ts";

/** So many rows are read at once: the event loop has other work. */
const PAGE_ROWS = 64;
const PAGE = `SELECT * FROM resumes WHERE (agent_id, session_key) > (?, ?) ORDER BY agent_id, session_key LIMIT ?`;
/** Its conditions are those of the index `resumes_by_time_held`. */
export const HELD_PAGE = `SELECT agent_id, session_key, coalesce(held_since_ms, claimed_at_ms) AS since FROM resumes
  WHERE outcome = 'held' AND coalesce(held_since_ms, claimed_at_ms) < ?
    AND (coalesce(held_since_ms, claimed_at_ms), agent_id, session_key) > (?, ?, ?)
  ORDER BY since, agent_id, session_key LIMIT ?`;

interface HeldName {
  readonly agent_id: string;
  readonly session_key: string;
  readonly since: bigint;
}

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
  #heldList: HeldList | undefined;

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

  /** Takes what is written into the file itself: that alone tells it all then, also where what stands beside it is lost. */
  gather(): void {
    this.#db.exec("PRAGMA wal_checkpoint(PASSIVE)");
  }

  all(): ResumeRecord[] {
    return [...this.each()];
  }

  /** The same, a few at a time, for whoever has other work in between. What is written meanwhile may or may not be there. */
  *each(): Generator<ResumeRecord, void> {
    const select = this.#db.prepare(PAGE);
    select.setReadBigInts(true);
    let last: readonly SQLInputValue[] = ["", ""];
    for (;;) {
      const page = select.all(...last, PAGE_ROWS);
      for (const row of page) yield fromRow(row);
      const { agent_id: agentId, session_key: sessionKey } = page.at(-1) ?? {};
      if (agentId == null || sessionKey == null) return;
      last = [agentId, sessionKey];
    }
  }

  /** Those of attempts that had begun. */
  running(): ResumeRecord[] {
    const select = this.#db.prepare("SELECT * FROM resumes WHERE phase = 'running'");
    select.setReadBigInts(true);
    return select.all().map(fromRow);
  }

  get(agentId: string, sessionKey: string): ResumeRecord | undefined {
    const select = this.#db.prepare("SELECT * FROM resumes WHERE agent_id = ? AND session_key = ?");
    select.setReadBigInts(true);
    const row = select.get(agentId, sessionKey);
    return row === undefined ? undefined : fromRow(row);
  }

  /** Those that are held; every row is read when it is asked for first, and none after that. */
  heldList(): Pick<HeldList, "count" | "revision" | "all"> {
    return (this.#heldList ??= new HeldList(this.each()));
  }

  /** How many are held. */
  heldCount(): number {
    return Number(this.#db.prepare("SELECT count(*) AS held FROM resumes WHERE outcome = 'held'").get()?.["held"]);
  }

  /**
   * Those that are held, since before `beforeMs`, the longest held first. Each is read when it is asked for: whoever goes
   * through them may take their time, and change them meanwhile.
   */
  *held(beforeMs = Infinity): Generator<ResumeRecord> {
    const select = this.#db.prepare(HELD_PAGE);
    select.setReadBigInts(true);
    let last: readonly SQLInputValue[] = [-Infinity, "", ""];
    for (;;) {
      const page = select.all(beforeMs, ...last, PAGE_ROWS) as unknown as readonly HeldName[];
      for (const { agent_id: agentId, session_key: sessionKey } of page) {
        const record = this.get(agentId, sessionKey);
        if (record?.outcome === "held") yield record;
      }
      const end = page.at(-1);
      if (end === undefined) return;
      last = [end.since, end.agent_id, end.session_key];
    }
  }

  /** Forgets one that was held for too long. What a power cut brings back is retired again. */
  retire(agentId: string, sessionKey: string): void {
    withoutSync(this.#db, () => this.#delete(agentId, sessionKey));
    this.#heldList?.delete(agentId, sessionKey);
  }

  /** Writes all of them or none. */
  put(...records: readonly ResumeRecord[]): void {
    const upsert = this.#db.prepare(UPSERT_RECORD);
    transaction(this.#db, () => {
      for (const record of records) upsert.run(...toRow(record));
    });
    for (const record of records) this.#heldList?.put(record);
  }

  delete(agentId: string, sessionKey: string): void {
    this.#delete(agentId, sessionKey);
    this.#heldList?.delete(agentId, sessionKey);
  }

  close(): void {
    this.#db.close();
  }

  #delete(agentId: string, sessionKey: string): void {
    this.#db.prepare("DELETE FROM resumes WHERE agent_id = ? AND session_key = ?").run(agentId, sessionKey);
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
