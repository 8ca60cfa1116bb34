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
    });
  }

  #write(step: (db: DatabaseSync) => void): void {
    const db = openBeside(this.#stateDir);
    try {
      // It is what people have said to each other: nothing of it stays in the file. What a machine loses with its power is
      // worth no wait for the disk, while a user waits.
      db.exec("PRAGMA secure_delete = ON; PRAGMA synchronous = NORMAL");
      step(db);
    } finally {
      db.close();
    }
  }
}
