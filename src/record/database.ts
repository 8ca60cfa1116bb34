import { chmodSync, existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** What each schema version added. A file of version n has run the first n. */
const MIGRATIONS = [
  `CREATE TABLE IF NOT EXISTS resumes (
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
  ) STRICT, WITHOUT ROWID`,
  `ALTER TABLE resumes ADD COLUMN requested_at_ms INTEGER;
  ALTER TABLE resumes ADD COLUMN notified_at_ms INTEGER;
  ALTER TABLE resumes ADD COLUMN plugin_version TEXT;
  ALTER TABLE resumes ADD COLUMN session_started_at_ms INTEGER;
  ALTER TABLE resumes ADD COLUMN held_because TEXT;
  CREATE TABLE verdicts (
    agent_id TEXT NOT NULL,
    session_key TEXT NOT NULL,
    verdict TEXT NOT NULL,
    reason TEXT NOT NULL,
    evidence TEXT NOT NULL,
    PRIMARY KEY (agent_id, session_key)
  ) STRICT;
  CREATE TABLE history (
    agent_id TEXT NOT NULL,
    session_key TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    what TEXT NOT NULL,
    detail TEXT NOT NULL
  ) STRICT;
  CREATE INDEX history_by_session ON history (agent_id, session_key);
  CREATE INDEX history_by_time ON history (at_ms);
  CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID`,
] as const;

/** Opens or creates `<stateDir>/resume-scheduler/record.sqlite`, readable by its owner only, in the newest schema. */
export function openDatabase(stateDir: string): DatabaseSync {
  const path = recordPath(stateDir);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const db = new DatabaseSync(path);
  try {
    chmodSync(path, 0o600);
    db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 2000");
    migrate(db, path);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Opens the record for reading, as it is; `undefined` when there is none. */
export function openForReading(stateDir: string): DatabaseSync | undefined {
  const path = recordPath(stateDir);
  return existsSync(path) ? new DatabaseSync(path, { readOnly: true }) : undefined;
}

/** Does all of it or none. */
export function transaction(db: DatabaseSync, step: () => void): void {
  db.exec("BEGIN IMMEDIATE");
  try {
    step();
    db.exec("COMMIT");
  } catch (error) {
    db.exec("ROLLBACK");
    throw error;
  }
}

/** A file of an older version that is only read may lack a table. */
export function hasTable(db: DatabaseSync, table: string): boolean {
  return db.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?").get(table) !== undefined;
}

function migrate(db: DatabaseSync, path: string): void {
  const { user_version: version } = db.prepare("PRAGMA user_version").get() as { user_version: number };
  const known = MIGRATIONS.length;
  if (version > known) {
    throw new Error(`${path} was written by a newer version of this plugin (schema ${version}, known ${known})`);
  }
  if (version === known) return;
  transaction(db, () => {
    for (const sql of MIGRATIONS.slice(version)) db.exec(sql);
    db.exec(`PRAGMA user_version = ${known}`);
  });
}

const recordPath = (stateDir: string): string => join(stateDir, "resume-scheduler", "record.sqlite");
