import { existsSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/**
 * The session for which the host holds a restart continuation: its own turn asked for the restart, and the host goes on
 * with it a moment after the gateway is ready.
 *
 * The public SDK has no way to ask (2026.9.6), so the one row is read, read-only. A host that keeps it elsewhere counts
 * as one that holds none: then the session is an interrupted one like any other.
 */
export function continuedSessions(stateDir: string): ReadonlySet<string> {
  const path = join(stateDir, "state", "openclaw.sqlite");
  if (!existsSync(path)) return new Set();
  try {
    const db = new DatabaseSync(path, { readOnly: true });
    try {
      const rows = db
        .prepare(
          `SELECT session_key FROM gateway_restart_sentinel
           WHERE sentinel_key = 'current' AND coalesce(continuation_json, 'null') <> 'null' AND session_key IS NOT NULL`,
        )
        .all();
      return new Set(rows.map((row) => String(row["session_key"])));
    } finally {
      db.close();
    }
  } catch {
    return new Set();
  }
}
