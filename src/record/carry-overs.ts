import type { DatabaseSync } from "node:sqlite";
import { hasTable, openBeside, openForReading } from "./database.ts";

/** The end of a conversation that waits for the first turn of the next one. */
export interface WaitingCarryOver {
  readonly agentId: string;
  /** Canonical. */
  readonly sessionKey: string;
  readonly fromId: string;
  /** The session id whose first turn gets it. */
  readonly toId: string;
  readonly block: string;
  /** When the one ended and the other began, epoch milliseconds. */
  readonly atMs: number;
}

/**
 * What waits, on disk: it outlives a crash between a rollover and the answer to its first turn.
 *
 * Each call opens the record for itself: it is needed twice in a rollover, and also where the scheduler is off or could not
 * start. Every method may throw what SQLite throws.
 */
export class CarryOvers {
  readonly #stateDir: string;

  constructor(stateDir: string) {
    this.#stateDir = stateDir;
  }

  all(): WaitingCarryOver[] {
    const db = openForReading(this.#stateDir, { checked: false });
    if (db === undefined) return [];
    try {
      if (!hasTable(db, "carry_overs")) return [];
      return db
        .prepare("SELECT * FROM carry_overs")
        .all()
        .map((row) => ({
          agentId: String(row["agent_id"]),
          sessionKey: String(row["session_key"]),
          fromId: String(row["from_id"]),
          toId: String(row["to_id"]),
          block: String(row["block"]),
          atMs: Number(row["at_ms"]),
        }));
    } finally {
      db.close();
    }
  }

  /** Takes the place of one that waits for the same conversation. */
  put({ agentId, sessionKey, fromId, toId, block, atMs }: WaitingCarryOver): void {
    this.#write((db) => {
      const insert = db.prepare("INSERT OR REPLACE INTO carry_overs VALUES (?, ?, ?, ?, ?, ?)");
      insert.run(agentId, sessionKey, fromId, toId, block, atMs);
    });
  }

  delete({ agentId, sessionKey, toId }: Pick<WaitingCarryOver, "agentId" | "sessionKey" | "toId">): void {
    this.#write((db) => {
      const forget = db.prepare("DELETE FROM carry_overs WHERE agent_id = ? AND session_key = ? AND to_id = ?");
      forget.run(agentId, sessionKey, toId);
    }, clearLog);
  }

  /** Forgets what is older; with `Infinity` everything. Nothing is written, or created, when there is none. */
  deleteBefore(atMs: number): void {
    const db = openForReading(this.#stateDir, { checked: false });
    if (db === undefined) return;
    try {
      if (!hasTable(db, "carry_overs")) return;
      if (db.prepare("SELECT 1 FROM carry_overs WHERE at_ms < ? LIMIT 1").get(atMs) === undefined) return;
    } finally {
      db.close();
    }
    this.#write((writing) => {
      writing.prepare("DELETE FROM carry_overs WHERE at_ms < ?").run(atMs);
    }, clearLog);
  }

  #write(step: (db: DatabaseSync) => void, afterwards?: (db: DatabaseSync) => void): void {
    const db = openBeside(this.#stateDir);
    try {
      // It is what people have said to each other: nothing of it stays in the file. What a machine loses with its power is
      // worth no wait for the disk, while a user waits.
      db.exec("PRAGMA secure_delete = ON; PRAGMA synchronous = NORMAL");
      step(db);
      afterwards?.(db);
    } finally {
      db.close();
    }
  }
}

/** A user waits: when somebody else reads or writes just now, the log is cleared another time. */
const LONGEST_WAIT_MS = 50;

/** SQLite keeps what was written in its log as well, as long as the scheduler has the record open. */
function clearLog(db: DatabaseSync): void {
  try {
    db.exec(`PRAGMA busy_timeout = ${LONGEST_WAIT_MS}; PRAGMA wal_checkpoint(TRUNCATE)`);
  } catch {
    // It is forgotten all the same.
  }
}
