import type { DatabaseSync, SQLOutputValue } from "node:sqlite";
import type { Outcome } from "../domain/reasons.ts";
import type { PendingReply, RecordPhase, ResumeRecord } from "../domain/record.ts";
import { openDatabase, openForReading, transaction } from "./database.ts";
import { Facts } from "./facts.ts";
import { History } from "./history.ts";
import { Verdicts } from "./verdicts.ts";

const UPSERT = `
  INSERT OR REPLACE INTO resumes VALUES (
    :agentId, :sessionKey, :sessionId, :phase, :outcome, :reason, :attempts, :cutOffs, :preemptions, :bootId,
    :claimedAtMs, :hostStatus, :runId, :runStartedAtMs, :reply, :requestedAtMs, :notifiedAtMs, :pluginVersion,
    :sessionStartedAtMs, :heldBecause)`;

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
  readonly #db: DatabaseSync;

  private constructor(db: DatabaseSync) {
    this.#db = db;
    this.verdicts = new Verdicts(db);
    this.history = new History(db);
    this.facts = new Facts(db);
  }

  /** Opens or creates the record below the gateway's state folder. */
  static open(stateDir: string): RecordStore {
    return new RecordStore(openDatabase(stateDir));
  }

  /** Reads the record without creating or changing anything; `none` when there is no record. */
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
    transaction(this.#db, () => {
      for (const record of records) upsert.run(toRow(record));
    });
  }

  delete(agentId: string, sessionKey: string): void {
    this.#db.prepare("DELETE FROM resumes WHERE agent_id = ? AND session_key = ?").run(agentId, sessionKey);
  }

  close(): void {
    this.#db.close();
  }
}

function toRow(record: ResumeRecord) {
  return {
    ...record,
    outcome: record.outcome ?? null,
    hostStatus: record.hostStatus ?? null,
    runId: record.runId ?? null,
    runStartedAtMs: record.runStartedAtMs ?? null,
    reply: record.reply === undefined ? null : JSON.stringify(record.reply),
    requestedAtMs: record.requestedAtMs ?? null,
    notifiedAtMs: record.notifiedAtMs ?? null,
    pluginVersion: record.pluginVersion ?? null,
    sessionStartedAtMs: record.sessionStartedAtMs ?? null,
    heldBecause: record.heldBecause ?? null,
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
    runStartedAtMs: timeOf(row["run_started_at_ms"]),
    reply: parseReply(row["reply"]),
    requestedAtMs: timeOf(row["requested_at_ms"]),
    notifiedAtMs: timeOf(row["notified_at_ms"]),
    pluginVersion: (row["plugin_version"] ?? undefined) as string | undefined,
    sessionStartedAtMs: timeOf(row["session_started_at_ms"]),
    heldBecause: (row["held_because"] ?? undefined) as string | undefined,
  };
}

const timeOf = (value: SQLOutputValue | undefined): number | undefined => (value == null ? undefined : Number(value));

/** A reply that cannot be read is taken from the transcript again. */
function parseReply(reply: SQLOutputValue | undefined): PendingReply | undefined {
  try {
    return typeof reply === "string" ? (JSON.parse(reply) as PendingReply) : undefined;
  } catch {
    return undefined;
  }
}
