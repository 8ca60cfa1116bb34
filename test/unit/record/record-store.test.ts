import { existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ResumeRecord } from "../../../src/domain/record.ts";
import { RecordStore } from "../../../src/record/record-store.ts";
import { makeTempDir, removeTempDir } from "../../support/temp.ts";
import { record } from "../support/makers.ts";

let dir: string;
let open: RecordStore[];

function openStore(): RecordStore {
  const store = new RecordStore(dir);
  open.push(store);
  return store;
}

function reopened(): RecordStore {
  for (const store of open.splice(0)) store.close();
  return openStore();
}

const file = () => join(dir, "resume-scheduler", "record.sqlite");
const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);

beforeEach(() => {
  dir = makeTempDir("record-store");
  open = [];
});

afterEach(() => {
  for (const store of open) store.close();
  removeTempDir(dir);
});

const FULL: ResumeRecord = {
  agentId: "ops",
  sessionKey: "agent:ops:telegram:group:-100:topic:7",
  sessionId: "0197-ä-😀",
  phase: "settled",
  outcome: "held",
  reason: "delivery-failed",
  attempts: 2,
  cutOffs: 4,
  preemptions: 3,
  bootId: "boot-7",
  claimedAtMs: 1_790_000_000_123,
  hostStatus: "running",
  runId: "run-9",
  runStartedAtMs: 1_790_000_000_456,
  reply: {
    parts: [{ text: "one\n'two'" }, { text: 'dre"i' }],
    route: { channel: "telegram", to: "-100", accountId: "default", threadId: 7 },
  },
};

describe("a record", () => {
  it("comes back with every field", () => {
    openStore().put(FULL);
    expect(reopened().get("ops", FULL.sessionKey)).toEqual(FULL);
  });

  it("comes back without the fields that it does not have", () => {
    openStore().put(record());
    expect(reopened().all()).toEqual([record()]);
  });

  it.each(["claimed", "running", "delivering", "settled"] as const)("keeps its phase %s", (phase) => {
    const store = openStore();
    store.put(record({ phase }));
    expect(store.get("a", "agent:a:chat")?.phase).toBe(phase);
  });

  it("is replaced by a later one of the same session", () => {
    const store = openStore();
    store.put(FULL);
    store.put({ ...FULL, attempts: 5, reply: undefined, outcome: undefined });
    expect(store.all()).toEqual([{ ...FULL, attempts: 5, reply: undefined, outcome: undefined }]);
  });

  it("is told apart by agent and key", () => {
    const store = openStore();
    store.put(record({ attempts: 1 }), record({ agentId: "b", attempts: 2 }), record({ sessionKey: "k", attempts: 3 }));
    expect(store.get("a", "agent:a:chat")?.attempts).toBe(1);
    expect(store.get("b", "agent:a:chat")?.attempts).toBe(2);
    expect(store.get("a", "k")?.attempts).toBe(3);
    expect(store.get("b", "k")).toBeUndefined();
  });

  it("is gone when it was deleted; deleting what is not there does no harm", () => {
    const store = openStore();
    store.put(record(), record({ sessionKey: "k" }));
    store.delete("a", "k");
    store.delete("a", "k");
    expect(reopened().all()).toEqual([record()]);
  });
});

describe("a reply that cannot be read", () => {
  /** Writes these reply columns behind the store's back, in the order of the keys. */
  function spoil(...replies: (string | null)[]): void {
    openStore().put(...replies.map((_, index) => record({ sessionKey: `k${index}`, phase: "delivering" })));
    for (const store of open.splice(0)) store.close();
    const raw = new DatabaseSync(file());
    const update = raw.prepare("UPDATE resumes SET reply = ? WHERE session_key = ?");
    for (const [index, reply] of replies.entries()) update.run(reply, `k${index}`);
    raw.close();
  }
  const GOOD = { parts: [{ text: "hi" }], route: { channel: "telegram", to: "1" } };

  it.each(["", "{", '{"texts":["h', "undefined", "\u0000"])("reads as none when it is %j", (reply) => {
    spoil(reply);
    expect(openStore().get("a", "k0")).toEqual(record({ sessionKey: "k0", phase: "delivering" }));
  });

  it("costs no other row", () => {
    spoil("{", JSON.stringify(GOOD), null);
    const replies = [undefined, GOOD, undefined];
    expect(
      openStore()
        .all()
        .map(({ reply }) => reply),
    ).toEqual(replies);
    expect(RecordStore.peek(dir).map(({ reply }) => reply)).toEqual(replies);
  });
});

describe("peek", () => {
  it("reads what is there", () => {
    openStore().put(FULL, record());
    expect(RecordStore.peek(dir).toSorted((left, right) => (left.agentId < right.agentId ? -1 : 1))).toEqual([
      record(),
      FULL,
    ]);
  });

  it("makes no file", () => {
    expect(RecordStore.peek(dir)).toEqual([]);
    expect(existsSync(join(dir, "resume-scheduler"))).toBe(false);
  });
});

describe("put", () => {
  it("writes all of its records or none", () => {
    const store = openStore();
    const broken = record({ sessionKey: "broken", claimedAtMs: 0.5 });
    expect(() => store.put(record(), broken)).toThrow(/INTEGER/);
    expect(store.all()).toEqual([]);
  });

  it("goes on after a failed one", () => {
    const store = openStore();
    expect(() => store.put(record({ attempts: 0.5 }))).toThrow(/INTEGER/);
    store.put(record());
    expect(store.all()).toEqual([record()]);
  });

  it("of nothing writes nothing", () => {
    const store = openStore();
    store.put();
    expect(store.all()).toEqual([]);
  });
});

describe("the file", () => {
  it("is its owner's only, with what SQLite puts beside it", () => {
    openStore().put(record());
    expect(modeOf(join(dir, "resume-scheduler"))).toBe("700");
    expect(modeOf(file())).toBe("600");
    expect(modeOf(`${file()}-wal`)).toBe("600");
    expect(modeOf(`${file()}-shm`)).toBe("600");
  });

  it("is made private when it was not", () => {
    mkdirSync(join(dir, "resume-scheduler"));
    writeFileSync(file(), "", { mode: 0o644 });
    openStore();
    expect(modeOf(file())).toBe("600");
  });

  it("of a newer plugin is refused and left as it is", () => {
    openStore().put(record());
    for (const store of open.splice(0)) store.close();
    const raw = new DatabaseSync(file());
    raw.exec("PRAGMA user_version = 2");
    raw.close();
    expect(() => new RecordStore(dir)).toThrow(
      `${file()} was written by a newer version of this plugin (schema 2, known 1)`,
    );
    const after = new DatabaseSync(file());
    expect(after.prepare("SELECT count(*) AS n FROM resumes").get()).toEqual({ n: 1 });
    expect(after.prepare("PRAGMA user_version").get()).toEqual({ user_version: 2 });
    after.close();
  });

  it("that is no database is refused", () => {
    mkdirSync(join(dir, "resume-scheduler"));
    writeFileSync(file(), "this is not a database, and it is long enough to be read as one".repeat(20));
    expect(() => new RecordStore(dir)).toThrow(/not a database/);
  });
});

it("throws when the folder cannot be made", () => {
  writeFileSync(join(dir, "resume-scheduler"), "a file is in the way");
  expect(() => new RecordStore(dir)).toThrow(/EEXIST|ENOTDIR/);
});
