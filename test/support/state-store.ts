/**
 * The host's own files, read and edited directly: SQLite, or (session-files.ts) what hosts before it keep. Test-only: the
 * product reads sessions through the host's API, and this knows the schema of a few host versions. Reading is safe while a
 * gateway runs; editing is not.
 */
import { randomUUID } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import * as files from "./session-files.ts";

/** The parts of a session entry tests look at; the rest is in there too. */
export type StoredEntry = {
  sessionId: string;
  /** `undefined` while nothing ever ran. */
  status?: "running" | "done" | "failed" | "killed" | "timeout";
  updatedAt: number;
  sessionStartedAt?: number;
  lastInteractionAt?: number;
  startedAt?: number;
  abortedLastRun?: boolean;
  mainRestartRecovery?: unknown;
  [key: string]: unknown;
};

export type SessionRow = { sessionKey: string; entry: StoredEntry };

export type TranscriptEvent = {
  type: string;
  timestamp?: string;
  message?: { role: string; content: unknown; timestamp?: number };
  [key: string]: unknown;
};

/** The agents that have a store. */
export function agentsWithStore(stateDir: string): string[] {
  const agentsDir = path.join(stateDir, "agents");
  if (!fs.existsSync(agentsDir)) return [];
  return fs
    .readdirSync(agentsDir)
    .filter((agentId) => fs.existsSync(agentDatabase(stateDir, agentId)) || files.hasSessionsFile(stateDir, agentId));
}

/** Whether that agent's sessions are in files: a host that has moved them into its database reads these no more. */
function keepsFiles(stateDir: string, agentId: string): boolean {
  return files.hasSessionsFile(stateDir, agentId) && !hasSessionTable(stateDir, agentId);
}

function hasSessionTable(stateDir: string, agentId: string): boolean {
  const file = agentDatabase(stateDir, agentId);
  return fs.existsSync(file) && withDatabase(file, { readOnly: true }, (db) => hasTable(db, "session_nodes"));
}

const agentOf = (sessionKey: string): string => sessionKey.split(":")[1] ?? "main";

/** All session entries of an agent, by session key; empty when it has no store yet. */
export function readSessionEntries(stateDir: string, agentId = "main"): SessionRow[] {
  if (keepsFiles(stateDir, agentId)) return files.readRows(stateDir, agentId);
  if (!fs.existsSync(agentDatabase(stateDir, agentId))) return [];
  return withDatabase(agentDatabase(stateDir, agentId), { readOnly: true }, (db) => {
    if (!hasTable(db, "session_nodes")) return [];
    return db
      .prepare("SELECT session_key, entry_json FROM session_nodes ORDER BY session_key")
      .all()
      .map((row) => ({
        sessionKey: String(row["session_key"]),
        entry: JSON.parse(String(row["entry_json"])) as StoredEntry,
      }));
  });
}

/** One session's transcript, oldest first. */
export function readTranscript(stateDir: string, sessionKey: string): TranscriptEvent[] {
  const agentId = agentOf(sessionKey);
  if (keepsFiles(stateDir, agentId)) return files.readEvents(stateDir, sessionKey);
  return withDatabase(agentDatabase(stateDir, agentId), { readOnly: true }, (db) =>
    db
      .prepare(
        `SELECT event_json FROM transcript_events
         WHERE session_id = (SELECT current_session_id FROM session_nodes WHERE session_key = ?)
           AND event_json IS NOT NULL ORDER BY seq`,
      )
      .all(sessionKey)
      .map((row) => JSON.parse(String(row["event_json"])) as TranscriptEvent),
  );
}

/**
 * Forgets earlier boots. The host's crash-loop breaker keeps channels down after three unclean boots within five
 * minutes, so tests that kill several times in a row call this between two boots.
 */
export function clearBootHistory(stateDir: string): void {
  // 2026.6.5 has no such breaker.
  withDatabase(stateDatabase(stateDir), {}, (db) => {
    if (hasTable(db, "gateway_boot_lifecycle")) db.exec("DELETE FROM gateway_boot_lifecycle");
  });
}

/** Adds fields to a session entry, as a host of another kind or version would have left them. No gateway may be running. */
export function editSessionEntry(stateDir: string, sessionKey: string, fields: Record<string, unknown>): void {
  const agentId = agentOf(sessionKey);
  if (keepsFiles(stateDir, agentId)) return files.editEntry(stateDir, sessionKey, fields);
  withDatabase(agentDatabase(stateDir, agentId), {}, (db) => {
    const select = db.prepare("SELECT entry_json FROM session_nodes WHERE session_key = ?");
    const entry = JSON.parse(String(select.get(sessionKey)?.["entry_json"])) as StoredEntry;
    withoutTriggers(db, () =>
      db
        .prepare("UPDATE session_nodes SET entry_json = ? WHERE session_key = ?")
        .run(JSON.stringify({ ...entry, ...fields }), sessionKey),
    );
  });
}

/** Copies a session's entry, without its transcript, under other keys of the same agent. No gateway may be running. */
export function copySession(stateDir: string, sessionKey: string, copies: readonly string[]): void {
  const agentId = agentOf(sessionKey);
  if (keepsFiles(stateDir, agentId)) return files.copyEntry(stateDir, sessionKey, copies);
  withDatabase(agentDatabase(stateDir, agentId), {}, (db) =>
    withoutTriggers(db, () => {
      const node = db.prepare("SELECT * FROM session_nodes WHERE session_key = ?").get(sessionKey)!;
      const sessionId = String(node["current_session_id"]);
      const window = db.prepare("SELECT * FROM session_windows WHERE session_id = ?").get(sessionId)!;
      for (const copy of copies) {
        const changed = { session_key: copy, current_session_id: randomUUID() };
        const entry = String(node["entry_json"]).replaceAll(sessionId, changed.current_session_id);
        insertRow(db, "session_nodes", { ...node, ...changed, entry_json: entry });
        insertRow(db, "session_windows", { ...window, session_key: copy, session_id: changed.current_session_id });
      }
    }),
  );
}

function insertRow(db: DatabaseSync, table: string, row: Readonly<Record<string, SQLInputValue>>): void {
  const names = Object.keys(row);
  const places = names.map(() => "?").join(", ");
  db.prepare(`INSERT INTO ${table} (${names.join(", ")}) VALUES (${places})`).run(...Object.values(row));
}

/** Writes into a session's transcript rows, as a disk that went bad would: `event_json` of its newest event. */
export function damageTranscript(stateDir: string, sessionKey: string, damage: "cut short" | "overwritten"): void {
  const agentId = agentOf(sessionKey);
  if (keepsFiles(stateDir, agentId)) return files.damageLastLine(stateDir, sessionKey, damage);
  const value = damage === "cut short" ? "substr(event_json, 1, length(event_json) - 3)" : "'#' || event_json";
  withDatabase(agentDatabase(stateDir, agentId), {}, (db) =>
    withoutTriggers(db, () =>
      db
        .prepare(
          `UPDATE transcript_events SET event_json = ${value}
           WHERE session_id = (SELECT current_session_id FROM session_nodes WHERE session_key = ?1)
             AND seq = (SELECT max(seq) FROM transcript_events
                        WHERE session_id = (SELECT current_session_id FROM session_nodes WHERE session_key = ?1))`,
        )
        .run(sessionKey),
    ),
  );
}

/** Leaves a session's transcript without a message. No gateway may be running. */
export function emptyTranscript(stateDir: string, sessionKey: string): void {
  const agentId = agentOf(sessionKey);
  if (keepsFiles(stateDir, agentId)) return files.withoutMessages(stateDir, sessionKey);
  withDatabase(agentDatabase(stateDir, agentId), {}, (db) =>
    withoutTriggers(db, () =>
      db
        .prepare(
          `UPDATE transcript_events SET event_json = '{"type":"custom","customType":"note","data":{}}'
           WHERE event_json LIKE '{"type":"message"%' AND session_id = (SELECT current_session_id FROM session_nodes WHERE session_key = ?)`,
        )
        .run(sessionKey),
    ),
  );
}

/** The host's note of a turn that asked for the restart and wants to go on after it. No gateway may be running. */
export function writeRestartContinuation(stateDir: string, sessionKey: string): void {
  withDatabase(stateDatabase(stateDir), {}, (db) => {
    const columns = db.prepare("PRAGMA table_info(gateway_restart_sentinel)").all();
    const payload = {
      kind: "update",
      status: "ok",
      ts: Date.now(),
      sessionKey,
      continuation: { kind: "agentTurn", message: "go on" },
    };
    const known: Record<string, SQLInputValue> = {
      sentinel_key: "current",
      version: 1,
      kind: payload.kind,
      status: payload.status,
      ts: payload.ts,
      session_key: sessionKey,
      continuation_json: JSON.stringify(payload.continuation),
      payload_json: JSON.stringify(payload),
      updated_at_ms: payload.ts,
    };
    const names = columns.map(({ name }) => String(name)).filter((name) => name in known);
    db.prepare(
      `INSERT OR REPLACE INTO gateway_restart_sentinel (${names.join(", ")}) VALUES (${names.map(() => "?").join(", ")})`,
    ).run(...names.map((name) => known[name]!));
  });
}

/** Folds the write-ahead logs into the databases, so that plain files can be copied. */
export function checkpoint(stateDir: string): void {
  for (const file of databases(stateDir)) {
    withDatabase(file, {}, (db) => db.exec("PRAGMA wal_checkpoint(TRUNCATE)"));
    for (const suffix of ["-wal", "-shm"]) fs.rmSync(file + suffix, { force: true });
  }
}

export type Relocation = {
  /** The state folder the data was written in, and the one it is in now. */
  from: string;
  to: string;
  /** Epoch milliseconds between which the data was written; times outside are not times of the story and stay. */
  window: { fromMs: number; toMs: number };
  /** Milliseconds to add to the times of a session's rows. */
  shiftMs: (sessionKey: string) => number;
  /** Milliseconds to add to the times of rows that belong to no session. */
  defaultShiftMs: number;
};

/**
 * Makes a copied state folder valid at its new place and time: rewrites absolute paths, moves times, and forgets the
 * process that wrote it (leases, boots, cron jobs; the host makes them anew).
 */
export function relocate(stateDir: string, relocation: Relocation): void {
  withDatabase(stateDatabase(stateDir), {}, (db) => {
    for (const table of FORGOTTEN_TABLES) if (hasTable(db, table)) db.exec(`DELETE FROM ${table}`);
    // Hosts before 2026.8 deliver the interrupted message again and know it by a hash in which the old path is.
    if (hasTable(db, "channel_ingress_events")) db.exec("DELETE FROM channel_ingress_events WHERE status = 'claimed'");
    editRows(db, relocation, { timesIn: ["channel_ingress_events", "worker_session_placements", "audit_events"] });
  });
  for (const agentId of agentsWithStore(stateDir)) {
    if (keepsFiles(stateDir, agentId)) {
      const shiftOf = (key: string | undefined) =>
        key === undefined ? relocation.defaultShiftMs : relocation.shiftMs(key);
      files.relocateFiles(
        stateDir,
        agentId,
        (text, sessionKey) => editText(text, relocation, shiftOf(sessionKey)),
        (writtenAtMs, sessionKey) => writtenAtMs + shiftOf(sessionKey),
      );
    }
    const database = agentDatabase(stateDir, agentId);
    if (fs.existsSync(database)) withDatabase(database, {}, (db) => editRows(db, relocation, {}));
  }
}

const FORGOTTEN_TABLES = [
  "gateway_boot_lifecycle",
  "state_leases",
  "agent_database_leases",
  "cron_jobs",
  "config_health_entries",
  "diagnostic_events",
];

/** Columns that hold hashes or keys made from what they name: left alone. */
const UNTOUCHED_TABLES = /^(sqlite_|schema_meta|migration_|.*_fts)/;

function editRows(db: DatabaseSync, relocation: Relocation, options: { timesIn?: string[] }): void {
  const sessionKeys = sessionKeysById(db);
  withoutTriggers(db, () => {
    for (const table of plainTables(db)) {
      const movesTimes = options.timesIn === undefined || options.timesIn.includes(table);
      for (const row of db.prepare(`SELECT rowid AS _rowid, * FROM "${table}"`).all()) {
        const sessionKey = row["session_key"] ?? sessionKeys.get(String(row["session_id"]));
        const shiftMs = sessionKey === undefined ? relocation.defaultShiftMs : relocation.shiftMs(String(sessionKey));
        const changes = Object.entries(row).flatMap(([column, value]): [string, SQLInputValue][] => {
          if (column === "_rowid") return [];
          const edited = editValue(value, relocation, movesTimes ? shiftMs : 0);
          return edited === value ? [] : [[column, edited]];
        });
        if (changes.length === 0) continue;
        const assignments = changes.map(([column]) => `"${column}" = ?`);
        db.prepare(`UPDATE "${table}" SET ${assignments.join(", ")} WHERE rowid = ?`).run(
          ...changes.map(([, value]) => value),
          row["_rowid"] as number,
        );
      }
    }
    if (hasColumn(db, "transcript_events", "event_utf8_bytes")) {
      // The host (not yet 2026.8.2) keeps each event's size beside it; paths may have changed it.
      db.exec(
        "UPDATE transcript_events SET event_utf8_bytes = length(CAST(event_json AS BLOB)) WHERE event_json IS NOT NULL",
      );
    }
  });
}

/** Changes this plugin's record of one session behind its back: `sql` names the session key as its last parameter. */
export function editRecord(
  stateDir: string,
  sql: string,
  ...values: readonly (string | number | bigint | null)[]
): void {
  const db = new DatabaseSync(recordPath(stateDir));
  try {
    const { changes } = db.prepare(sql).run(...values);
    if (changes !== 1) throw new Error(`${sql} changed ${changes} rows`);
  } finally {
    db.close();
  }
}

/** Where this plugin keeps its record. */
export const recordPath = (stateDir: string): string => path.join(stateDir, "resume-scheduler", "record.sqlite");

/** The host's triggers mark edited rows for re-validation; our edits change nothing they would look at. */
function withoutTriggers(db: DatabaseSync, edit: () => void): void {
  const triggers = db
    .prepare("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
    .all()
    .map((row) => ({ name: String(row["name"]), sql: String(row["sql"]) }));
  db.exec("PRAGMA foreign_keys = OFF; BEGIN IMMEDIATE");
  for (const trigger of triggers) db.exec(`DROP TRIGGER "${trigger.name}"`);
  edit();
  for (const trigger of triggers) db.exec(trigger.sql);
  db.exec("COMMIT");
}

function editValue(value: unknown, relocation: Relocation, shiftMs: number): SQLInputValue {
  if (typeof value === "number") return shiftMs !== 0 && isInWindow(value, relocation) ? value + shiftMs : value;
  return typeof value === "string" ? editText(value, relocation, shiftMs) : (value as SQLInputValue);
}

const isInWindow = (ms: number, { window }: Relocation): boolean => ms >= window.fromMs && ms <= window.toMs;

function editText(text: string, relocation: Relocation, shiftMs: number): string {
  const inWindow = (ms: number) => isInWindow(ms, relocation);
  const moved = text.replaceAll(relocation.from, relocation.to);
  if (shiftMs === 0 || !/^[[{]/.test(moved)) return moved;
  return moved
    .replace(/\b\d{13}\b/g, (digits) => (inWindow(Number(digits)) ? String(Number(digits) + shiftMs) : digits))
    .replace(/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, (iso) =>
      inWindow(Date.parse(iso)) ? new Date(Date.parse(iso) + shiftMs).toISOString() : iso,
    );
}

function sessionKeysById(db: DatabaseSync): Map<string, string> {
  for (const table of ["session_windows", "worker_session_placements"]) {
    if (!hasTable(db, table)) continue;
    const rows = db.prepare(`SELECT session_id, session_key FROM ${table}`).all();
    return new Map(rows.map((row) => [String(row["session_id"]), String(row["session_key"])]));
  }
  return new Map();
}

function plainTables(db: DatabaseSync): string[] {
  return db
    .prepare(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE '%WITHOUT ROWID%' AND sql NOT LIKE 'CREATE VIRTUAL%'",
    )
    .all()
    .map((row) => String(row["name"]))
    .filter((name) => !UNTOUCHED_TABLES.test(name));
}

function hasTable(db: DatabaseSync, name: string): boolean {
  return db.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?").get(name) !== undefined;
}

/** False where there is no such table either. */
function hasColumn(db: DatabaseSync, table: string, column: string): boolean {
  return db.prepare("SELECT 1 FROM pragma_table_info(?) WHERE name = ?").get(table, column) !== undefined;
}

function stateDatabase(stateDir: string): string {
  return path.join(stateDir, "state/openclaw.sqlite");
}

function agentDatabase(stateDir: string, agentId: string): string {
  return path.join(stateDir, "agents", agentId, "agent/openclaw-agent.sqlite");
}

function databases(stateDir: string): string[] {
  const agents = agentsWithStore(stateDir).map((agentId) => agentDatabase(stateDir, agentId));
  return [stateDatabase(stateDir), ...agents].filter((file) => fs.existsSync(file));
}

function withDatabase<T>(file: string, options: { readOnly?: boolean }, use: (db: DatabaseSync) => T): T {
  const db = new DatabaseSync(file, { ...options, timeout: 5000 });
  try {
    return use(db);
  } finally {
    db.close();
  }
}
