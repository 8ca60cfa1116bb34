/** A host's session store with many rows, made of one that a real gateway has left behind. */
import path from "node:path";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { copyCrashedState } from "../../test/support/crashed-state.ts";
import { copySession, editSessionEntry, readSessionEntries } from "../../test/support/state-store.ts";

const AGENT = "main";

export type ManySessions = { rows: number; interrupted: number };

/**
 * A state folder with so many direct chats of one agent, some of them interrupted; each of those has the transcript of a chat
 * that was really cut off. The others' transcripts are not looked at.
 */
export async function storeOf({ rows, interrupted }: ManySessions): Promise<string> {
  const { stateDir, chats } = await copyCrashedState({ chats: 8, agents: 1 });
  const [{ sessionKey }, other] = [chats[0]!, chats[1]!];
  const keys = Array.from(
    { length: rows - chats.length },
    (_, index) => `agent:${AGENT}:telegram:direct:${50_000 + index}`,
  );
  const share = Math.round(rows / interrupted);
  const cutOff = keys.filter((_, index) => index % share === 0).slice(0, interrupted - chats.length + 1);
  copySession(stateDir, sessionKey, cutOff);
  copyTranscripts(stateDir, sessionKey, cutOff);
  editSessionEntry(stateDir, other.sessionKey, { status: "done" });
  const isCutOff = new Set(cutOff);
  copySession(
    stateDir,
    other.sessionKey,
    keys.filter((key) => !isCutOff.has(key)),
  );
  return stateDir;
}

function copyTranscripts(stateDir: string, sessionKey: string, copies: readonly string[]): void {
  const ids = new Map(readSessionEntries(stateDir).map((row) => [row.sessionKey, row.entry.sessionId]));
  const db = new DatabaseSync(path.join(stateDir, "agents", AGENT, "agent/openclaw-agent.sqlite"));
  try {
    db.exec("BEGIN IMMEDIATE");
    const events = db.prepare("SELECT * FROM transcript_events WHERE session_id = ?").all(ids.get(sessionKey)!);
    const columns = Object.keys(events[0]!);
    const insert = db.prepare(
      `INSERT INTO transcript_events (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`,
    );
    for (const copy of copies) {
      for (const event of events)
        insert.run(...(Object.values({ ...event, session_id: ids.get(copy)! }) as SQLInputValue[]));
    }
    db.exec("COMMIT");
  } finally {
    db.close();
  }
}
