import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import type { CollectionRules } from "../../src/domain/collection.ts";
import type { KeyRules } from "../../src/domain/conversation.ts";
import { applyCollection } from "../../src/gc/apply.ts";
import { planStore, type StorePlan } from "../../src/gc/plan-store.ts";
import { undoCollection } from "../../src/gc/undo.ts";
import { AGENT_ID, type MadeRow, madeRows, NOW_MS, rulesFor } from "../support/collection-arbitraries.ts";
import { makeStateDir, sessionsFolder, transcriptOf, UNDO_FOLDERS } from "../support/gc-stores.ts";
import { withoutFsync } from "../support/no-fsync.ts";
import { type Snapshot, snapshotOf, without } from "../support/snapshot.ts";
import { removeTempDir } from "../support/temp.ts";

withoutFsync();

/** A row with the id of its session, which some share. */
type StoredRow = readonly [key: string, entry: object];

const membersOf = (rows: readonly StoredRow[], colon: string, indent?: string): string[] =>
  rows.map(([key, entry]) => `${JSON.stringify(key)}${colon}${JSON.stringify(entry, null, indent)}`);

/** As `JSON.stringify` of all of them, but with every key as it is and where it is. */
function pretty(rows: readonly StoredRow[], indent: string): string {
  if (rows.length === 0) return "{}";
  const members = membersOf(rows, ": ", indent).map((member) => indent + member.replaceAll("\n", `\n${indent}`));
  return `{\n${members.join(",\n")}\n}`;
}

const FORMATS: readonly ((rows: readonly StoredRow[]) => string)[] = [
  (rows) => pretty(rows, "  "),
  (rows) => `${pretty(rows, "  ")}\n`,
  (rows) => `{${membersOf(rows, ":").join(",")}}`,
  (rows) => pretty(rows, "\t"),
  (rows) => `\r\n {\t\r\n${membersOf(rows, " \n:\t", " ").join("\n\n,\r\n  ")}  }\n\n `,
  (rows) => `{\n  ${[...membersOf(rows, ": "), '"agent:main:last": {"a": {},\n  "b": {}}'].join(",\n  ")}\n}`,
];

/** What is on the disk of a row's transcript and its lock. */
function furnish(folder: string, id: string, { transcript, isLocked }: MadeRow): void {
  const path = join(folder, `${id}.jsonl`);
  if (existsSync(path)) return;
  if (transcript === "present") writeFileSync(path, transcriptOf(id));
  if (transcript === "empty") writeFileSync(path, "");
  if (transcript === "corrupt") writeFileSync(path, "\0\0\0");
  if (transcript === "unsafe") symlinkSync("/dev/null", path);
  // The name that its archive would have first is taken.
  if (id.endsWith("1")) writeFileSync(`${path}.deleted.${new Date(NOW_MS).toISOString().replaceAll(":", "-")}`, "old");
  if (isLocked) writeFileSync(`${path}.lock`, JSON.stringify({ pid: process.pid, createdAt: "" }));
}

const stores = fc
  .record({ rows: madeRows, format: fc.constantFrom(...FORMATS), ids: fc.integer({ min: 1, max: 30 }) })
  .chain((store) => fc.tuple(fc.constant(store), rulesFor(store.rows)));

/** Rows that went stand nowhere any more, and what stays is where it was among the others. */
function isWithin(some: Buffer, all: Buffer): boolean {
  let at = 0;
  for (const byte of all) if (byte === some[at]) at += 1;
  return at === some.length;
}

const actionsOf = ({ decisions }: StorePlan) => decisions.map(({ action }) => action);
const ofHost = (stateDir: string): Snapshot => without(snapshotOf(stateDir), "resume-scheduler");

/** A state directory with the store in it, for as long as `use` takes. */
async function withStore(
  { rows, format, ids }: { rows: readonly MadeRow[]; format: (typeof FORMATS)[number]; ids: number },
  use: (stateDir: string, path: string) => Promise<void>,
): Promise<void> {
  const stateDir = makeStateDir("gc-property");
  try {
    const folder = sessionsFolder(stateDir, AGENT_ID);
    mkdirSync(folder, { recursive: true });
    const stored = rows.map((row, at): StoredRow => {
      const sessionId = `s${at % ids}`;
      furnish(folder, sessionId, row);
      return [row.key, row.transcript === "none" ? row.entry : { sessionId, ...row.entry }];
    });
    const path = join(folder, "sessions.json");
    writeFileSync(path, format(stored));
    await use(stateDir, path);
  } finally {
    removeTempDir(stateDir);
  }
}

/** Plans and collects in a state directory by these rules. */
function collector(stateDir: string, rules: CollectionRules) {
  const keyRules: KeyRules = {
    mainKey: "main",
    globalScope: false,
    dmScope: "main",
    identityLinks: {},
    adoptsMain: false,
  };
  const plan = () => planStore({ stateDir, agentId: AGENT_ID, keyRules, rules, nowMs: NOW_MS });
  const apply = () => applyCollection({ stateDir, agentIds: [AGENT_ID], nowMs: NOW_MS }, () => [plan()]);
  return { plan, apply };
}

let collected = 0;

test.prop([stores], { numRuns: 250 })(
  "a collection takes out its rows, once, and undoing it brings back every byte and every name",
  async ([store, rules]) => {
    await withStore(store, async (stateDir, path) => {
      const { plan, apply } = collector(stateDir, rules);
      const bytes = readFileSync(path);
      const before = ofHost(stateDir);
      const planned = plan();
      expect(ofHost(stateDir)).toEqual(before);

      const { undo, plans } = await apply();
      expect(plans.map(actionsOf)).toEqual([actionsOf(planned)]);
      const gone = planned.decisions.flatMap(({ action, binding }) => (action === "retire" ? [binding.key] : []));
      const after = readFileSync(path);
      expect(isWithin(after, bytes)).toBe(true);
      const left = Object.entries(JSON.parse(bytes.toString()) as object).filter(([key]) => !gone.includes(key));
      expect(Object.entries(JSON.parse(after.toString()) as object)).toEqual(left);

      const once = snapshotOf(stateDir);
      expect((await apply()).undo).toBeUndefined();
      expect(snapshotOf(stateDir)).toEqual(once);

      if (undo === undefined) expect(once).toEqual(before);
      else {
        collected += 1;
        expect(readdirSync(join(stateDir, UNDO_FOLDERS))).toEqual([undo.id]);
        const [undone] = await undoCollection(stateDir, undo.id, { dryRun: false });
        expect(undone).toMatchObject({ how: "restored", keysInUse: [], filesLost: [] });
      }
      expect(ofHost(stateDir)).toEqual(before);
      expect(readFileSync(path).equals(bytes)).toBe(true);
    });
  },
  60_000,
);

test.prop([stores], { numRuns: 150 })(
  "undone after somebody else has written, the rows that went are back beside what is there now",
  async ([store, rules]) => {
    await withStore(store, async (stateDir, path) => {
      const read = () => Object.entries(JSON.parse(readFileSync(path, "utf8")) as object);
      const rows = read();
      const { undo } = await collector(stateDir, rules).apply();
      if (undo === undefined) return;
      const left = read();
      const gone = rows.filter(([key]) => !left.some(([other]) => other === key));
      // One that went has begun anew, and another came.
      const [first] = gone;
      const since: StoredRow[] = [...left, [first![0], { sessionId: "anew" }], ["agent:main:came", { sessionId: "c" }]];
      writeFileSync(path, pretty(since, "  "));
      const now = read();
      const [undone] = await undoCollection(stateDir, undo.id, { dryRun: false });
      expect(undone).toMatchObject({ how: gone.length > 1 ? "merged" : "untouched", keysInUse: [first![0]] });
      expect(new Map(read())).toEqual(new Map([...gone, ...now]));
      expect(read()).toHaveLength(now.length + gone.length - 1);
    });
  },
  60_000,
);

test("most of these stores had something to collect", () => {
  expect(collected).toBeGreaterThan(100);
});
