import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, it } from "vitest";
import { CarryOvers } from "../../../src/record/carry-overs.ts";
import { RecordStore } from "../../../src/record/record-store.ts";

let stateDir: string;

beforeEach(() => (stateDir = mkdtempSync(path.join(tmpdir(), "carry-overs-"))));
afterEach(() => rmSync(stateDir, { recursive: true }));

const WAITING = {
  agentId: "main",
  sessionKey: "agent:main:telegram:direct:1",
  fromId: "old",
  toId: "new",
  block: "what was said 😀",
  atMs: 1_795_690_000_000,
};
const recordFile = () => path.join(stateDir, "resume-scheduler", "record.sqlite");

it("what waits is on disk until it is forgotten, and is then gone from the file", () => {
  const store = new CarryOvers(stateDir);
  expect(store.all()).toEqual([]);
  store.put(WAITING);
  store.put({ ...WAITING, sessionKey: "agent:main:telegram:direct:2" });
  store.put({ ...WAITING, toId: "newer" });
  expect(new CarryOvers(stateDir).all()).toEqual([
    { ...WAITING, toId: "newer" },
    { ...WAITING, sessionKey: "agent:main:telegram:direct:2" },
  ]);
  // One that has taken its place stays.
  store.delete(WAITING);
  expect(store.all()).toHaveLength(2);
  for (const waiting of store.all()) store.delete(waiting);
  expect(store.all()).toEqual([]);
  const files = readdirSync(path.dirname(recordFile()));
  for (const file of files) {
    expect(readFileSync(path.join(path.dirname(recordFile()), file), "utf8")).not.toContain("what was said");
  }
});

/** Takes away what later versions have added. */
const TO_VERSION_3 = `DROP INDEX resumes_by_time_held; ALTER TABLE resumes DROP COLUMN held_since_ms;
  DROP TABLE carry_overs; PRAGMA user_version = 3`;

it("what waits is kept beside the record of the scheduler, whichever of them is first", () => {
  const store = new CarryOvers(stateDir);
  store.put(WAITING);
  expect(statSync(recordFile()).mode & 0o777).toBe(0o600);
  const record = RecordStore.open(stateDir);
  expect([record.lost, record.all()]).toEqual([undefined, []]);
  store.put({ ...WAITING, toId: "newer" });
  expect(store.all()).toMatchObject([{ toId: "newer" }]);
  record.close();
  const again = RecordStore.open(stateDir);
  expect(again.lost).toBeUndefined();
  again.close();
});

it("a record of an older version has none, and gets the table with the first", () => {
  RecordStore.open(stateDir).close();
  const db = new DatabaseSync(recordFile());
  db.exec(TO_VERSION_3);
  db.close();
  const store = new CarryOvers(stateDir);
  expect(store.all()).toEqual([]);
  store.put(WAITING);
  expect(store.all()).toEqual([WAITING]);
});

it("a record that cannot be used stays as it is: setting it aside is the scheduler's", () => {
  mkdirSync(path.dirname(recordFile()));
  writeFileSync(recordFile(), "no database, and long enough to be looked at as one".repeat(100));
  const store = new CarryOvers(stateDir);
  expect(() => store.all()).toThrow("not a database");
  expect(() => store.put(WAITING)).toThrow("not a database");
  const other = mkdtempSync(path.join(tmpdir(), "carry-overs-"));
  RecordStore.open(other).close();
  const db = new DatabaseSync(path.join(other, "resume-scheduler", "record.sqlite"));
  db.exec("PRAGMA user_version = 99");
  db.close();
  expect(() => new CarryOvers(other).put(WAITING)).toThrow("newer version");
  rmSync(other, { recursive: true });
  expect(readdirSync(path.dirname(recordFile()))).toEqual(["record.sqlite"]);
});

it("nothing of it is left in the file or its log once it is forgotten, while the scheduler has the record open", () => {
  const open = RecordStore.open(stateDir);
  const store = new CarryOvers(stateDir);
  const texts = () =>
    ["", "-wal"].map((suffix) => readFileSync(`${recordFile()}${suffix}`, "utf8").includes("what was said"));
  store.put(WAITING);
  expect(texts()).toContain(true);
  store.delete(WAITING);
  expect(texts()).toEqual([false, false]);
  open.close();
});

it("what is older than a time is forgotten, and no record is made for that", () => {
  const store = new CarryOvers(stateDir);
  store.deleteBefore(Infinity);
  expect(readdirSync(stateDir)).toEqual([]);
  store.put(WAITING);
  store.put({ ...WAITING, sessionKey: "agent:main:telegram:direct:2", atMs: WAITING.atMs + 2 });
  store.deleteBefore(WAITING.atMs + 1);
  expect(store.all().map(({ atMs }) => atMs)).toEqual([WAITING.atMs + 2]);
  store.deleteBefore(Infinity);
  expect(store.all()).toEqual([]);
});

/** Whether the text is in any file beside the record. */
function isOnDisk(text: string): boolean {
  const dir = path.dirname(recordFile());
  return readdirSync(dir).some((file) => readFileSync(path.join(dir, file), "latin1").includes(text));
}

it.each<[string, (store: CarryOvers) => void]>([
  ["one", (store) => store.delete(WAITING)],
  ["all", (store) => store.deleteBefore(Infinity)],
])("what is forgotten is in no file, also while the scheduler has the record open: %s", (_, forget) => {
  const record = RecordStore.open(stateDir);
  const store = new CarryOvers(stateDir);
  store.put({ ...WAITING, block: "SECRETTEXT ".repeat(3000) });
  record.facts.set("bootedAt", 1);
  expect(isOnDisk("SECRETTEXT")).toBe(true);
  forget(store);
  expect(isOnDisk("SECRETTEXT")).toBe(false);
  record.facts.set("bootedAt", 2);
  record.close();
});

it("a reader does not make anybody wait, and what it reads is cleared with the next", () => {
  const record = RecordStore.open(stateDir);
  const store = new CarryOvers(stateDir);
  store.put({ ...WAITING, block: "SECRETTEXT" });
  const reader = new DatabaseSync(recordFile(), { readOnly: true });
  reader.exec("BEGIN; SELECT * FROM carry_overs");
  reader.prepare("SELECT * FROM carry_overs").all();
  const startedMs = performance.now();
  store.delete(WAITING);
  expect(performance.now() - startedMs).toBeLessThan(500);
  expect(store.all()).toEqual([]);
  reader.exec("COMMIT");
  reader.close();
  store.put({ ...WAITING, block: "another" });
  store.delete(WAITING);
  expect(isOnDisk("SECRETTEXT")).toBe(false);
  record.close();
});

it("what is older than a time is forgotten, and without any nothing is written", () => {
  const store = new CarryOvers(stateDir);
  store.deleteBefore(Infinity);
  expect(readdirSync(stateDir)).toEqual([]);
  RecordStore.open(stateDir).close();
  const db = new DatabaseSync(recordFile());
  db.exec(TO_VERSION_3);
  db.close();
  store.deleteBefore(Infinity);
  store.put(WAITING);
  store.put({ ...WAITING, sessionKey: "agent:main:telegram:direct:2", atMs: WAITING.atMs - 1 });
  store.deleteBefore(WAITING.atMs);
  expect(store.all()).toEqual([WAITING]);
  store.deleteBefore(Infinity);
  expect(store.all()).toEqual([]);
});
