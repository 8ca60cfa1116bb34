/**
 * The same as state-store.ts where the host keeps an agent's sessions in a `sessions.json` and each transcript in a file
 * beside it. Reading is safe while a gateway runs; editing is not.
 */
import { randomUUID } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import type { SessionRow, StoredEntry, TranscriptEvent } from "./state-store.ts";

type Entries = Record<string, StoredEntry>;

const agentOf = (sessionKey: string): string => sessionKey.split(":")[1] ?? "main";
export const sessionsFolder = (stateDir: string, agentId: string): string =>
  path.join(stateDir, "agents", agentId, "sessions");
const storeFile = (stateDir: string, agentId: string) => path.join(sessionsFolder(stateDir, agentId), "sessions.json");

export const hasSessionsFile = (stateDir: string, agentId: string): boolean =>
  fs.existsSync(storeFile(stateDir, agentId));

function readEntries(stateDir: string, agentId: string): Entries {
  return JSON.parse(fs.readFileSync(storeFile(stateDir, agentId), "utf8")) as Entries;
}

function writeEntries(stateDir: string, agentId: string, entries: Entries): void {
  fs.writeFileSync(storeFile(stateDir, agentId), JSON.stringify(entries, null, 2));
}

export function readRows(stateDir: string, agentId: string): SessionRow[] {
  const rows = Object.entries(readEntries(stateDir, agentId)).map(([sessionKey, entry]) => ({ sessionKey, entry }));
  return rows.toSorted((one, other) => (one.sessionKey < other.sessionKey ? -1 : 1));
}

/** Where a session's transcript is or would be. */
export function transcriptFile(stateDir: string, sessionKey: string): string {
  const agentId = agentOf(sessionKey);
  const entry = readEntries(stateDir, agentId)[sessionKey];
  const sessionFile = entry?.["sessionFile"];
  if (typeof sessionFile === "string") return sessionFile;
  return path.join(sessionsFolder(stateDir, agentId), `${entry?.sessionId ?? ""}.jsonl`);
}

export function readEvents(stateDir: string, sessionKey: string): TranscriptEvent[] {
  const file = transcriptFile(stateDir, sessionKey);
  return fs.existsSync(file) ? linesOf(file).map((line) => JSON.parse(line) as TranscriptEvent) : [];
}

export function editEntry(stateDir: string, sessionKey: string, fields: Record<string, unknown>): void {
  const agentId = agentOf(sessionKey);
  const entries = readEntries(stateDir, agentId);
  entries[sessionKey] = { ...entries[sessionKey]!, ...fields };
  writeEntries(stateDir, agentId, entries);
}

export function copyEntry(stateDir: string, sessionKey: string, copies: readonly string[]): void {
  const agentId = agentOf(sessionKey);
  const entries = readEntries(stateDir, agentId);
  const text = JSON.stringify(entries[sessionKey]);
  const { sessionId } = entries[sessionKey]!;
  for (const copy of copies) entries[copy] = JSON.parse(text.replaceAll(sessionId, randomUUID())) as StoredEntry;
  writeEntries(stateDir, agentId, entries);
}

export function damageLastLine(stateDir: string, sessionKey: string, damage: "cut short" | "overwritten"): void {
  editLines(stateDir, sessionKey, (lines) => [
    ...lines.slice(0, -1),
    ...lines.slice(-1).map((line) => (damage === "cut short" ? line.slice(0, -3) : `#${line}`)),
  ]);
}

export function withoutMessages(stateDir: string, sessionKey: string): void {
  const note = '{"type":"custom","customType":"note","data":{}}';
  editLines(stateDir, sessionKey, (lines) => lines.map((line) => (line.startsWith('{"type":"message"') ? note : line)));
}

/** The same number of lines, written at the same time as far as the file tells. */
function editLines(stateDir: string, sessionKey: string, edit: (lines: string[]) => string[]): void {
  const file = transcriptFile(stateDir, sessionKey);
  const { atime, mtime } = fs.statSync(file);
  fs.writeFileSync(file, `${edit(linesOf(file)).join("\n")}\n`);
  fs.utimesSync(file, atime, mtime);
}

const linesOf = (file: string): string[] =>
  fs
    .readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "");

/**
 * Moves the times of an agent's sessions and rewrites the paths in them: `edit` is told the session that a text belongs
 * to, if any. Locks of the process that wrote them stay, as after a crash.
 */
export function relocateFiles(
  stateDir: string,
  agentId: string,
  edit: (text: string, sessionKey: string | undefined) => string,
  shift: (writtenAtMs: number, sessionKey: string | undefined) => number,
): void {
  const folder = sessionsFolder(stateDir, agentId);
  const entries = readEntries(stateDir, agentId);
  const keys = new Map(Object.entries(entries).map(([sessionKey, { sessionId }]) => [sessionId, sessionKey]));
  const moved = Object.entries(entries).map(([sessionKey, entry]) => [
    sessionKey,
    JSON.parse(edit(JSON.stringify(entry), sessionKey)) as StoredEntry,
  ]);
  writeEntries(stateDir, agentId, Object.fromEntries(moved) as Entries);
  for (const name of fs.readdirSync(folder)) {
    const file = path.join(folder, name);
    if (!/\.(json|jsonl)$/.test(name) || name === "sessions.json") continue;
    const sessionKey = keys.get(name.split(".", 1)[0]!);
    const writtenAt = new Date(shift(fs.statSync(file).mtimeMs, sessionKey));
    const lines = linesOf(file).map((line) => edit(line, sessionKey));
    fs.writeFileSync(file, lines.map((line) => `${line}\n`).join(""));
    fs.utimesSync(file, writtenAt, writtenAt);
  }
}
