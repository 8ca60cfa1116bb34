import { hash } from "node:crypto";
import type { SQLOutputValue } from "node:sqlite";
import { OUTCOMES, type Outcome } from "../domain/reasons.ts";
import { parseJson } from "./database.ts";
import { type PendingReply, RECORD_PHASES, type RecordPhase, type ResumeRecord } from "../domain/record.ts";

/** The columns of a record, in the order of the table, with the field that each holds. */
const COLUMNS = [
  ["agent_id", "agentId"],
  ["session_key", "sessionKey"],
  ["session_id", "sessionId"],
  ["phase", "phase"],
  ["outcome", "outcome"],
  ["reason", "reason"],
  ["attempts", "attempts"],
  ["cut_offs", "cutOffs"],
  ["preemptions", "preemptions"],
  ["boot_id", "bootId"],
  ["claimed_at_ms", "claimedAtMs"],
  ["host_status", "hostStatus"],
  ["run_id", "runId"],
  ["run_started_at_ms", "runStartedAtMs"],
  ["reply", "reply"],
  ["requested_at_ms", "requestedAtMs"],
  ["notified_at_ms", "notifiedAtMs"],
  ["plugin_version", "pluginVersion"],
  ["session_started_at_ms", "sessionStartedAtMs"],
  ["held_because", "heldBecause"],
  ["held_since_ms", "heldSinceMs"],
] as const satisfies readonly (readonly [string, keyof ResumeRecord])[];

const names = [...COLUMNS.map(([column]) => column), "checksum"];

/** Writes one record; its parameters are those of `toRow`. */
export const UPSERT_RECORD = `INSERT OR REPLACE INTO resumes (${names.join(", ")}) VALUES (${names.map(() => "?").join(", ")})`;

type Row = Readonly<Record<string, SQLOutputValue>>;

/** What the table keeps of a record, a checksum over it included. */
export function toRow(record: ResumeRecord): (string | number | null)[] {
  const values = COLUMNS.map(([, field]) => {
    const value = record[field];
    return typeof value === "object" ? JSON.stringify(value) : (value ?? null);
  });
  return [...values, checksumOf(values)];
}

/**
 * Reads one row. Never throws: a row that is not what was written, or that says what this version does not know, reads as
 * held, with its `damage`.
 */
export function fromRow(raw: Row): ResumeRecord {
  // Read as BigInt, so that no number is too large to be read at all.
  const row: Row = Object.fromEntries(Object.entries(raw).map(([name, value]) => [name, plain(value)]));
  const record: ResumeRecord = {
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
    hostStatus: textOf(row["host_status"]),
    runId: textOf(row["run_id"]),
    runStartedAtMs: timeOf(row["run_started_at_ms"]),
    // A reply that cannot be read is taken from the transcript again.
    reply: row["reply"] == null ? undefined : (parseJson(row["reply"]) as PendingReply | undefined),
    requestedAtMs: timeOf(row["requested_at_ms"]),
    notifiedAtMs: timeOf(row["notified_at_ms"]),
    pluginVersion: textOf(row["plugin_version"]),
    sessionStartedAtMs: timeOf(row["session_started_at_ms"]),
    heldBecause: textOf(row["held_because"]),
    heldSinceMs: timeOf(row["held_since_ms"]),
  };
  const damage = damageOf(row, record);
  if (damage === undefined) return record;
  return { ...record, phase: "settled", outcome: "held", reason: "record-damaged", heldBecause: damage, damage };
}

function damageOf(row: Row, { phase, outcome }: ResumeRecord): string | undefined {
  if (!RECORD_PHASES.includes(phase)) return `phase: ${JSON.stringify(phase)}`;
  if (outcome !== undefined && !Object.hasOwn(OUTCOMES, outcome)) return `outcome: ${JSON.stringify(outcome)}`;
  const written = row["checksum"];
  // Rows of older versions have none.
  if (written == null) return undefined;
  const found = checksumOf(COLUMNS.map(([column]) => row[column] ?? null));
  return written === found ? undefined : `checksum: ${JSON.stringify(written)}, and of what is there: "${found}"`;
}

/** How many columns there were when rows got a checksum; a younger one counts where it has a value, and by its name. */
const CHECKED_FROM_THE_START = 20;

function checksumOf(values: readonly unknown[]): string {
  const checked = values.flatMap((value, at) => {
    if (at < CHECKED_FROM_THE_START) return [value];
    return value === null ? [] : [[names[at], value]];
  });
  return hash("sha256", JSON.stringify(checked), "hex").slice(0, 16);
}

const plain = (value: SQLOutputValue): SQLOutputValue => (typeof value === "bigint" ? Number(value) : value);
const textOf = (value: SQLOutputValue | undefined): string | undefined => (value == null ? undefined : String(value));
const timeOf = (value: SQLOutputValue | undefined): number | undefined => (value == null ? undefined : Number(value));
