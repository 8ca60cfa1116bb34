import { chmodSync, existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { DatabaseSync, type SQLOutputValue } from "node:sqlite";

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
  `ALTER TABLE resumes ADD COLUMN checksum TEXT`,
  `CREATE TABLE carry_overs (
    agent_id TEXT NOT NULL,
    session_key TEXT NOT NULL,
    from_id TEXT NOT NULL,
    to_id TEXT NOT NULL,
    block TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (agent_id, session_key)
  ) STRICT, WITHOUT ROWID`,
  `ALTER TABLE resumes ADD COLUMN held_since_ms INTEGER;
  CREATE INDEX resumes_by_time_held ON resumes (coalesce(held_since_ms, claimed_at_ms)) WHERE outcome = 'held'`,
] as const;

type Row = Readonly<Record<string, SQLOutputValue>>;

/** An open record, with what is known of the one before it if that could not be used. */
export interface OpenDatabase {
  readonly db: DatabaseSync;
  /** Why what was written before is gone or incomplete. */
  readonly lost?: string;
  /** The rows of the unusable file that could be read. */
  readonly rows: readonly Row[];
}

/**
 * Opens or creates `<stateDir>/resume-scheduler/record.sqlite`, readable by its owner only, in the newest schema.
 *
 * A file that is corrupt, was written by a newer version or does not have the tables of its version is renamed to
 * `record.sqlite.unusable`, and a new one begun. Throws when the folder or disk lets nothing be written.
 */
export function openDatabase(stateDir: string): OpenDatabase {
  const path = recordPath(stateDir);
  const wasUsed = existsSync(dirname(path));
  const wasThere = existsSync(path);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  try {
    const isEmpty = wasThere && isUnwritten(path);
    const db = openUsable(path);
    if (isEmpty) return { db, lost: `${path} has nothing in it`, rows: [] };
    return wasThere || !wasUsed ? { db, rows: [] } : { db, lost: `${path} is missing`, rows: [] };
  } catch (error) {
    if (!(error instanceof UnusableError)) throw error;
    const aside = `${path}.unusable`;
    for (const suffix of ["-wal", "-shm", ""]) {
      rmSync(`${aside}${suffix}`, { force: true });
      if (existsSync(`${path}${suffix}`)) renameSync(`${path}${suffix}`, `${aside}${suffix}`);
    }
    const lost = `${path} ${error.message}; it is kept as ${basename(aside)}`;
    return { db: openUsable(path), lost, rows: salvage(aside) };
  }
}

/** The file is there and the newest of what was written is not: it stands beside it (`-wal`) until much has come together. */
function isUnwritten(path: string): boolean {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    return versionOf(db) === 0 && !hasTable(db, "resumes");
  } catch (error) {
    if (isBroken(error)) return false;
    throw error;
  } finally {
    db.close();
  }
}

/** The file cannot be used, however often it is tried. */
class UnusableError extends Error {}

function openUsable(path: string): DatabaseSync {
  const db = new DatabaseSync(path);
  try {
    chmodSync(path, 0o600);
    db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 2000");
    check(db);
    migrate(db);
    checkTables(db);
    compact(db);
    return db;
  } catch (error) {
    db.close();
    throw isBroken(error) ? new UnusableError(`cannot be used (${error.message})`) : error;
  }
}

/** What is read by name; a file without these was not written by this plugin, or not only. */
const COLUMNS_NEEDED = [
  ["resumes", "agent_id, session_key, session_id, phase, claimed_at_ms, held_because, checksum, held_since_ms"],
  ["verdicts", "agent_id, session_key, verdict, reason, evidence"],
  ["history", "agent_id, session_key, at_ms, what, detail"],
  ["facts", "name, value"],
  ["carry_overs", "agent_id, session_key, from_id, to_id, block, at_ms"],
] as const;

function checkTables(db: DatabaseSync): void {
  for (const [table, columns] of COLUMNS_NEEDED) db.prepare(`SELECT ${columns} FROM ${table} LIMIT 0`).all();
}

/** SQLITE_ERROR (no such table or column), SQLITE_CORRUPT, SQLITE_NOTADB; a full disk or a lock passes. */
const BROKEN = new Set([1, 11, 26]);

const isBroken = (error: unknown): error is Error => isOf(BROKEN, error);

/** SQLITE_PERM, SQLITE_READONLY, SQLITE_IOERR, SQLITE_CANTOPEN: no file, not ours, or on a disk that lets nobody look. */
const OUT_OF_REACH = new Set([3, 8, 10, 14]);

const isOutOfReach = (error: unknown): error is Error => isOf(OUT_OF_REACH, error);

function isOf(codes: ReadonlySet<number>, error: unknown): error is Error {
  const code = (error as { errcode?: unknown }).errcode;
  return error instanceof Error && typeof code === "number" && codes.has(code & 0xff);
}

/** Deleted rows leave pages behind; a file that is mostly those is written anew. */
function compact(db: DatabaseSync): void {
  const { freelist_count: free } = db.prepare("PRAGMA freelist_count").get() as { freelist_count: number };
  const { page_count: pages } = db.prepare("PRAGMA page_count").get() as { page_count: number };
  if (free > 100 && free > pages / 2) db.exec("VACUUM");
}

/** As much as can be read of a file that cannot be used. A newer version's checksums are over more than is known here. */
function salvage(path: string): Row[] {
  try {
    const db = new DatabaseSync(path, { readOnly: true });
    try {
      const select = db.prepare("SELECT * FROM resumes");
      select.setReadBigInts(true);
      return select.all().map((row) => ({ ...row, checksum: null }));
    } finally {
      db.close();
    }
  } catch {
    return [];
  }
}

/**
 * Opens the record for one step beside whoever keeps it open, or creates it. Throws when it cannot be used: setting it aside
 * is left to the start that resumes from it.
 */
export function openBeside(stateDir: string): DatabaseSync {
  const path = recordPath(stateDir);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const db = new DatabaseSync(path);
  try {
    chmodSync(path, 0o600);
    db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 2000");
    if (versionOf(db) > MIGRATIONS.length) throw new UnusableError("was written by a newer version of this plugin");
    migrate(db);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Opens the record for reading, as it is; `undefined` when there is none that can be used, as far as that is looked at. */
export function openForReading(stateDir: string, { checked = true } = {}): DatabaseSync | undefined {
  const path = recordPath(stateDir);
  if (!existsSync(path) || (checked && unusable(stateDir) !== undefined)) return undefined;
  return new DatabaseSync(path, { readOnly: true });
}

/** What is there of a record: the file, no more than the place where it should be, or nothing that was ever written. */
export function recordIn(stateDir: string): "file" | "place" | undefined {
  const path = recordPath(stateDir);
  return existsSync(path) ? "file" : existsSync(dirname(path)) ? "place" : undefined;
}

/** What is wrong with a record that the next start will set aside, or cannot open either; nothing is changed. */
export function unusable(stateDir: string): string | undefined {
  const path = recordPath(stateDir);
  if (!existsSync(path)) return undefined;
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(path, { readOnly: true });
    check(db);
    return undefined;
  } catch (error) {
    if (error instanceof UnusableError) return error.message;
    if (isBroken(error) || isOutOfReach(error)) return `cannot be used (${error.message})`;
    throw error;
  } finally {
    db?.close();
  }
}

/** Throws when the file is damaged, of a newer version or without what its version has. */
function check(db: DatabaseSync): void {
  const { quick_check: verdict } = db.prepare("PRAGMA quick_check(1)").get() as { quick_check: string };
  if (verdict !== "ok") throw new UnusableError(`is corrupt (${verdict})`);
  const version = versionOf(db);
  if (version > MIGRATIONS.length) {
    throw new UnusableError(
      `was written by a newer version of this plugin (schema ${version}, known ${MIGRATIONS.length})`,
    );
  }
  if (version === MIGRATIONS.length) checkTables(db);
}

/** Does all of it or none. */
export function transaction(db: DatabaseSync, step: () => void): void {
  db.exec("BEGIN IMMEDIATE");
  try {
    step();
    db.exec("COMMIT");
  } catch (error) {
    // A full disk has rolled it back already.
    if (db.isTransaction) db.exec("ROLLBACK");
    throw error;
  }
}

/** The same where the event loop need not wait for the disk: it outlives the process, but not the machine's power. */
export function withoutSync(db: DatabaseSync, step: () => void): void {
  db.exec("PRAGMA synchronous = NORMAL");
  try {
    transaction(db, step);
  } finally {
    db.exec("PRAGMA synchronous = FULL");
  }
}

/** A file of an older version that is only read may lack a table. */
export function hasTable(db: DatabaseSync, table: string): boolean {
  return db.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?").get(table) !== undefined;
}

const versionOf = (db: DatabaseSync): number =>
  (db.prepare("PRAGMA user_version").get() as { user_version: number }).user_version;

/** What a text column holds; nothing when it is not JSON. */
export function parseJson(text: SQLOutputValue | undefined): unknown {
  try {
    return JSON.parse(String(text));
  } catch {
    return undefined;
  }
}

function migrate(db: DatabaseSync): void {
  const version = versionOf(db);
  const known = MIGRATIONS.length;
  if (version === known) return;
  transaction(db, () => {
    for (const sql of MIGRATIONS.slice(version)) db.exec(sql);
    db.exec(`PRAGMA user_version = ${known}`);
  });
}

const recordPath = (stateDir: string): string => join(stateDir, "resume-scheduler", "record.sqlite");
