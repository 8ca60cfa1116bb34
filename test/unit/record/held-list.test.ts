import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { RecordStore } from "../../../src/record/record-store.ts";
import { makeTempDir, removeTempDir } from "../../support/temp.ts";
import { record } from "../support/makers.ts";

let dir: string;
let store: RecordStore;

beforeEach(() => {
  dir = makeTempDir("held-list");
  store = RecordStore.open(dir);
});

afterEach(() => {
  store.close();
  removeTempDir(dir);
});

const held = (sessionKey: string, over = {}) =>
  record({ sessionKey, phase: "settled", outcome: "held", reason: "idle-too-long", ...over });
const keys = () =>
  store
    .heldList()
    .all()
    .map(({ sessionKey }) => sessionKey);

it("has those that were held before anybody asked, in the order of their keys", () => {
  store.put(held("c"), record({ sessionKey: "b" }), held("a", { claimedAtMs: 7 }));
  expect(store.heldList().count).toBe(2);
  expect(keys()).toEqual(["a", "c"]);
  const { agentId } = record();
  expect(store.heldList().all()[0]).toEqual({
    agentId,
    sessionKey: "a",
    reason: "idle-too-long",
    claimedAtMs: 7,
    heldBecause: undefined,
  });
});

it("follows what is written, and says that it has changed only when it has", () => {
  store.put(held("a"));
  const revisions = [store.heldList().revision];
  const now = () => void revisions.push(store.heldList().revision);
  store.put(record({ sessionKey: "b", phase: "running" }));
  now();
  store.put(held("b", { reason: "by-operator" }));
  now();
  expect(keys()).toEqual(["a", "b"]);
  store.put(record({ sessionKey: "a" }));
  now();
  store.retire("a", "no such");
  now();
  store.retire(record().agentId, "b");
  now();
  expect(keys()).toEqual([]);
  const [first, unchanged, heldToo, resumed, none, retired] = revisions;
  expect([unchanged, none]).toEqual([first, resumed]);
  expect(new Set([first, heldToo, resumed, retired]).size).toBe(4);
});

it("keeps to what is on disk when a write fails", () => {
  store.put(held("a"));
  expect(keys()).toEqual(["a"]);
  expect(() => store.put(record({ sessionKey: "a" }), { ...held("b"), attempts: "many" as never })).toThrow(
    "cannot store TEXT value",
  );
  expect(keys()).toEqual(["a"]);
});

it("keeps to what is on disk when a session cannot be retired", () => {
  store.put(held("a"));
  expect(keys()).toEqual(["a"]);
  const exec = vi.spyOn(DatabaseSync.prototype, "exec").mockImplementation(function (this: DatabaseSync, sql: string) {
    if (sql === "COMMIT") throw new Error("disk I/O error");
    this.prepare(sql).run();
  });
  expect(() => store.retire(record().agentId, "a")).toThrow("disk I/O error");
  exec.mockRestore();
  expect([...store.held()].map(({ sessionKey }) => sessionKey)).toEqual(["a"]);
  expect(keys()).toEqual(["a"]);
});

it("tells a damaged row as the record does", () => {
  store.put(record({ sessionKey: "a", phase: "walking" as never }));
  expect(store.heldList().all()).toMatchObject([{ sessionKey: "a", reason: "record-damaged" }]);
});
