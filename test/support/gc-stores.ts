/** State directories with `sessions.json` stores, as a host leaves them, for the tool that collects them. */
import { mkdirSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runGc } from "../../src/gc/command.ts";
import { FakeTerminal } from "../unit/cli/harness.ts";
import { makeTempDir } from "./temp.ts";

const HOUR_MS = 3_600_000;

/** Where the tool keeps what takes its collections back. */
export const UNDO_FOLDERS = "resume-scheduler/gc";

/** An empty state directory, by its real name. */
export const makeStateDir = (label: string): string => realpathSync(makeTempDir(label));

export const sessionsFolder = (stateDir: string, agentId = "main"): string => {
  const folder = join(stateDir, "agents", agentId, "sessions");
  mkdirSync(folder, { recursive: true });
  return folder;
};

/** A row that was last active that many hours ago, with its transcript's id. */
export const rowOf = (sessionId: string, hoursAgo: number, more: Readonly<Record<string, unknown>> = {}) => ({
  sessionId,
  sessionStartedAt: Date.now() - (hoursAgo + 1) * HOUR_MS,
  updatedAt: Date.now() - hoursAgo * HOUR_MS,
  lastInteractionAt: Date.now() - hoursAgo * HOUR_MS,
  ...more,
});

/** A transcript with one message. */
export const transcriptOf = (sessionId: string, text = "Hello"): string =>
  [
    { type: "session", version: 3, id: sessionId, cwd: "/" },
    { type: "message", id: "1", message: { role: "user", content: [{ type: "text", text }] } },
  ]
    .map((event) => `${JSON.stringify(event)}\n`)
    .join("");

/** Writes a store as a host formats it, and a transcript for each row that has none yet. */
export function writeStore(stateDir: string, agentId: string, rows: Readonly<Record<string, { sessionId: string }>>) {
  const folder = sessionsFolder(stateDir, agentId);
  writeFileSync(join(folder, "sessions.json"), JSON.stringify(rows, null, 2), { mode: 0o640 });
  for (const { sessionId } of Object.values(rows)) {
    writeFileSync(join(folder, `${sessionId}.jsonl`), transcriptOf(sessionId, `Hello ${agentId} ${sessionId}`));
  }
}

export interface GcRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** `openclaw-resume-scheduler gc` in this process. */
export async function gc(stateDir: string, ...args: readonly string[]): Promise<GcRun> {
  const terminal = new FakeTerminal();
  await runGc(["--state-dir", stateDir, ...args], terminal, Date.now());
  return { code: terminal.exitCode, stdout: terminal.stdout, stderr: terminal.stderr };
}
