import { chmodSync, existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync, type SQLOutputValue } from "node:sqlite";
import type { Outcome, PendingReply, RecordPhase, ResumeRecord } from "../domain/record.ts";

const SCHEMA_VERSION = 1;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS resumes (
    agent_id TEXT NOT NULL,
    session_key TEXT NOT NULL,
    session_id TEXT NOT NULL,
    phase TEXT NOT NULL,
    outcome TEXT,
    reason TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    cut_offs INTEGER NOT NULL,
    preemptions INTEGER NOT NULL,
    boot_id TEXT NOT NULL,
    claimed_at_ms INTEGER NOT NULL,
    host_status TEXT,
    run_id TEXT,
    run_started_at_ms INTEGER,
    reply TEXT,
    PRIMARY KEY (agent_id, session_key)
  ) STRICT, WITHOUT ROWID`;

const UPSERT = `
  INSERT OR REPLACE INTO resumes VALUES (
    :agentId, :sessionKey, :sessionId, :phase, :outcome, :reason, :attempts, :cutOffs, :preemptions,
    :bootId, :claimedAtMs, :hostStatus, :runId, :runStartedAtMs, :reply)`;

/**
 * The durable record of claimed sessions: a SQLite file of the plugin's own.
 *
 * Not in the session entry: the host erases a plugin's part of it on every graceful stop. Each call is committed to
 * disk when it returns. Every method may throw what SQLite throws (full disk, unwritable file).
 */
export class RecordStore {
  readonly #db: DatabaseSync;

  /** Opens or creates `<stateDir>/resume-scheduler/record.sqlite`, readable by its owner only. */
  constructor(stateDir: string) {
    const path = recordPath(stateDir);
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    this.#db = new DatabaseSync(path);
    try {
      chmodSync(path, 0o600);
      this.#db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 2000");
      this.#migrate(path);
    } catch (error) {
      this.#db.close();
      throw error;
    }
  }

  /** What the record says, without creating or changing anything. */
  static peek(stateDir: string): ResumeRecord[] {
    const path = recordPath(stateDir);
    if (!existsSync(path)) return [];
    const db = new DatabaseSync(path, { readOnly: true });
    try {
      return db.prepare("SELECT * FROM resumes").all().map(fromRow);
    } finally {
      db.close();
    }
  }

  all(): ResumeRecord[] {
    return this.#db.prepare("SELECT * FROM resumes").all().map(fromRow);
  }

  get(agentId: string, sessionKey: string): ResumeRecord | undefined {
    const row = this.#db
      .prepare("SELECT * FROM resumes WHERE agent_id = ? AND session_key = ?")
      .get(agentId, sessionKey);
    return row === undefined ? undefined : fromRow(row);
  }

  /** Writes all of them or none. */
  put(...records: readonly ResumeRecord[]): void {
    const upsert = this.#db.prepare(UPSERT);
    this.#transaction(() => {
      for (const record of records) upsert.run(toRow(record));
    });
  }

  delete(agentId: string, sessionKey: string): void {
    this.#db.prepare("DELETE FROM resumes WHERE agent_id = ? AND session_key = ?").run(agentId, sessionKey);
  }

  close(): void {
    this.#db.close();
  }

  #migrate(path: string): void {
    const { user_version: version } = this.#db.prepare("PRAGMA user_version").get() as { user_version: number };
    if (version > SCHEMA_VERSION) {
      throw new Error(
        `${path} was written by a newer version of this plugin (schema ${version}, known ${SCHEMA_VERSION})`,
      );
    }
    this.#db.exec(`${SCHEMA}; PRAGMA user_version = ${SCHEMA_VERSION}`);
  }

  #transaction(step: () => void): void {
    this.#db.exec("BEGIN IMMEDIATE");
    try {
      step();
      this.#db.exec("COMMIT");
    } catch (error) {
      this.#db.exec("ROLLBACK");
      throw error;
    }
  }
}

const recordPath = (stateDir: string): string => join(stateDir, "resume-scheduler", "record.sqlite");

function toRow(record: ResumeRecord) {
  return {
    ...record,
    outcome: record.outcome ?? null,
    hostStatus: record.hostStatus ?? null,
    runId: record.runId ?? null,
    runStartedAtMs: record.runStartedAtMs ?? null,
    reply: record.reply === undefined ? null : JSON.stringify(record.reply),
  };
}

/** The columns are typed by the STRICT table; the closed unions are ours to have written. */
function fromRow(row: Record<string, SQLOutputValue>): ResumeRecord {
  return {
    agentId: String(row["agent_id"]),
    sessionKey: String(row["session_key"]),
    sessionId: String(row["session_id"]),
    phase: row["phase"] as RecordPhase,
    outcome: (row["outcome"] ?? undefined) as Outcome | undefined,
    reason: String(row["reason"]),
    attempts: Number(row["attempts"]),
    cutOffs: Number(row["cut_offs"]),
    preemptions: Number(row["preemptions"]),
    bootId: String(row["boot_id"]),
    claimedAtMs: Number(row["claimed_at_ms"]),
    hostStatus: (row["host_status"] ?? undefined) as string | undefined,
    runId: (row["run_id"] ?? undefined) as string | undefined,
    runStartedAtMs: row["run_started_at_ms"] == null ? undefined : Number(row["run_started_at_ms"]),
    reply: parseReply(row["reply"]),
  };
}

/** A reply that cannot be read is taken from the transcript again. */
function parseReply(reply: SQLOutputValue | undefined): PendingReply | undefined {
  try {
    return typeof reply === "string" ? (JSON.parse(reply) as PendingReply) : undefined;
  } catch {
    return undefined;
  }
}
