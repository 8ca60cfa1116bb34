import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ResumeRecord } from "../../../src/domain/record.ts";
import { HELD_PAGE, RecordStore } from "../../../src/record/record-store.ts";
import { makeTempDir, removeTempDir } from "../../support/temp.ts";
import { record } from "../support/makers.ts";

let dir: string;
let open: RecordStore[];

function openStore(): RecordStore {
  const store = RecordStore.open(dir);
  open.push(store);
  return store;
}

function reopened(): RecordStore {
  for (const store of open.splice(0)) store.close();
  return openStore();
}

const peekAll = () => RecordStore.peek(dir, (store) => store.all(), []);
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
  sessionStartedAtMs: 1_789_000_000_321,
  hostStatus: "running",
  runId: "run-9",
  runStartedAtMs: 1_790_000_000_456,
  reply: {
    parts: [{ text: "one\n'two'" }, { text: 'dre"i' }],
    route: { channel: "telegram", to: "-100", accountId: "default", threadId: 7 },
  },
  requestedAtMs: 1_790_000_000_789,
  notifiedAtMs: 1_790_000_000_999,
  pluginVersion: "1.2.3",
  heldBecause: "7200000 ms against 3600000 ms",
  heldSinceMs: 1_790_000_000_555,
};

describe("a record", () => {
  it("comes back with every field", () => {
    openStore().put(FULL);
    expect(reopened().get("ops", FULL.sessionKey)).toEqual(FULL);
  });

  it("comes back without the fields that it does not have", () => {
    const bare = record({ sessionStartedAtMs: undefined, pluginVersion: undefined });
    openStore().put(bare);
    expect(reopened().all()).toEqual([bare]);
  });

  it.each(["claimed", "running", "delivering", "settled", "released"] as const)("keeps its phase %s", (phase) => {
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

/** Changes a row of the table behind the store's back. */
function spoil(column: string, value: string | number | bigint | null, where = "1"): void {
  for (const store of open.splice(0)) store.close();
  const raw = new DatabaseSync(file());
  raw.prepare(`UPDATE resumes SET ${column} = ? WHERE ${where}`).run(value);
  raw.close();
}

describe("a row that is not what was written", () => {
  it.each([
    ["agent_id", "b"],
    ["session_key", "k"],
    ["session_id", ""],
    ["phase", "running"],
    ["phase", "\u0000"],
    ["phase", "teleporting"],
    ["outcome", null],
    ["outcome", "vanished"],
    ["outcome", "__proto__"],
    ["reason", "toString"],
    ["attempts", -7],
    ["cut_offs", 2n ** 62n],
    ["preemptions", 99],
    ["boot_id", "x".repeat(100_000)],
    ["claimed_at_ms", -(2n ** 63n)],
    ["host_status", "{"],
    ["run_id", null],
    ["run_started_at_ms", 1],
    ["reply", "{"],
    ["reply", '{"parts":7}'],
    ["requested_at_ms", 0],
    ["notified_at_ms", null],
    ["plugin_version", "99"],
    ["session_started_at_ms", 2n ** 53n],
    ["held_because", null],
    ["held_since_ms", null],
    ["held_since_ms", 1],
    ["checksum", "0000"],
  ] as const)("in %s (%s) reads as held, with what is wrong", (column, value) => {
    openStore().put(FULL);
    spoil(column, value);
    const [found] = openStore().all();
    expect(found).toMatchObject({ phase: "settled", outcome: "held", reason: "record-damaged" });
    expect(found?.damage).toMatch(/^(phase|outcome|checksum): "/);
    expect(peekAll()).toEqual([found]);
  });

  it("costs no other row", () => {
    openStore().put(FULL, record());
    spoil("phase", "teleporting", "agent_id = 'ops'");
    expect(openStore().get("a", "agent:a:chat")).toEqual(record());
  });

  it("is right again when it is written again", () => {
    openStore().put(FULL);
    spoil("attempts", 9);
    openStore().put(FULL);
    expect(reopened().all()).toEqual([FULL]);
  });
});

describe("what is held", () => {
  const hold = (sessionKey: string, over: Partial<ResumeRecord> = {}) =>
    record({ sessionKey, phase: "settled", outcome: "held", reason: "too-old", ...over });
  const namesOf = (records: Iterable<ResumeRecord>) => Array.from(records, ({ sessionKey }) => sessionKey);

  it("is gone through from the one that was held for longest; what was held by an older version, from its claim on", () => {
    const store = openStore();
    store.put(hold("new", { heldSinceMs: 30, claimedAtMs: 1 }), hold("old", { claimedAtMs: 20 }), record());
    store.put(hold("oldest", { heldSinceMs: 10, claimedAtMs: 40 }), hold("same", { heldSinceMs: 20 }));
    expect(namesOf(store.held())).toEqual(["oldest", "old", "same", "new"]);
    expect(namesOf(store.held(20))).toEqual(["oldest"]);
    expect(namesOf(store.held(20.5))).toEqual(["oldest", "old", "same"]);
    expect(namesOf(store.held(10))).toEqual([]);
  });

  it("is gone through page by page, each as it is by then", () => {
    const store = openStore();
    const names = Array.from({ length: 300 }, (_, index) => `k${String(index).padStart(3, "0")}`);
    store.put(...names.map((name, index) => hold(name, { heldSinceMs: Math.floor(index / 100) })));
    const found: string[] = [];
    for (const held of store.held()) {
      const { sessionKey } = held;
      found.push(sessionKey);
      store.retire(held.agentId, sessionKey);
      if (sessionKey === "k100") {
        // One of the page that has been read, and one of those that have not.
        store.delete("a", "k101");
        store.put(hold("k250", { outcome: undefined, phase: "claimed" }));
      }
    }
    expect(found).toEqual(names.filter((name) => name !== "k101" && name !== "k250"));
    expect(namesOf(store.all())).toEqual(["k250"]);
  });

  it("is found by its index, however much is on record", () => {
    openStore().put(record());
    const raw = new DatabaseSync(file());
    const plan = raw.prepare(`EXPLAIN QUERY PLAN ${HELD_PAGE}`).all(1, 0, "", "", 9);
    raw.close();
    expect(plan.map(({ detail }) => detail)).toEqual([expect.stringContaining("USING INDEX resumes_by_time_held")]);
  });

  it("is found although its time cannot be", () => {
    openStore().put(hold("k"));
    spoil("claimed_at_ms", -(2n ** 63n));
    expect([...openStore().held()]).toMatchObject([{ sessionKey: "k", reason: "record-damaged" }]);
  });

  it("and is retired is on disk like everything else", () => {
    const store = openStore();
    store.put(hold("k"), record());
    store.retire("a", "k");
    expect(reopened().all()).toEqual([record()]);
  });
});

describe("peek", () => {
  it("reads what is there", () => {
    openStore().put(FULL, record());
    expect(peekAll().toSorted((left, right) => (left.agentId < right.agentId ? -1 : 1))).toEqual([record(), FULL]);
  });

  it("makes no file", () => {
    expect(RecordStore.peek<unknown>(dir, (store) => store.all(), "none")).toBe("none");
    expect(existsSync(join(dir, "resume-scheduler"))).toBe(false);
  });

  it("hands on what its reader returns or throws, and leaves nothing open", () => {
    openStore().put(record());
    expect(RecordStore.peek(dir, (store) => store.all().length, -1)).toBe(1);
    let peeked: RecordStore | undefined;
    const fail = (store: RecordStore) => {
      peeked = store;
      throw new Error("reader");
    };
    expect(() => RecordStore.peek(dir, fail, undefined)).toThrow("reader");
    expect(() => peeked?.all()).toThrow(/not open/);
  });

  it("writes nothing", () => {
    openStore().put(record());
    expect(() => RecordStore.peek(dir, (store) => store.put(FULL), undefined)).toThrow(/readonly/);
    expect(peekAll()).toEqual([record()]);
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

  const raw = (sql: string) => {
    for (const store of open.splice(0)) store.close();
    const db = new DatabaseSync(file());
    db.exec(sql);
    db.close();
  };
  const NEWER = "PRAGMA user_version = 99; ALTER TABLE resumes ADD COLUMN invented TEXT NOT NULL DEFAULT 'new'";

  it("of a newer plugin is set aside, and what is known of it taken over", () => {
    openStore().put(FULL, record({ phase: "running" }));
    raw(`${NEWER}; UPDATE resumes SET phase = 'teleporting' WHERE agent_id = 'ops'`);
    expect(peekAll()).toEqual([]);
    const store = openStore();
    expect(store.lost).toBe(
      `${file()} was written by a newer version of this plugin (schema 99, known 5); it is kept as record.sqlite.unusable`,
    );
    expect(store.get("a", "agent:a:chat")).toEqual(record({ phase: "running" }));
    expect(store.get("ops", FULL.sessionKey)).toMatchObject({ outcome: "held", reason: "record-damaged" });
    const aside = new DatabaseSync(`${file()}.unusable`);
    expect(aside.prepare("PRAGMA user_version").get()).toEqual({ user_version: 99 });
    aside.close();
    expect(reopened().lost).toBe(store.lost);
  });

  it.each([
    [
      "that is no database",
      () => writeFileSync(file(), "this is not a database, and long enough to be one".repeat(90)),
    ],
    [
      "whose pages are garbage",
      () => writeFileSync(file(), Buffer.concat([readFileSync(file()).subarray(0, 4096), Buffer.alloc(60_000, 7)])),
    ],
    ["whose head is cut off", () => writeFileSync(file(), readFileSync(file()).subarray(0, 1000))],
    ["without a table", () => raw("DROP TABLE resumes")],
    ["with another table of that name", () => raw("DROP TABLE facts; CREATE TABLE facts (mine TEXT)")],
  ])("%s is set aside, and a new one begun", (_, ruin) => {
    const full = openStore();
    full.put(...Array.from({ length: 200 }, (__, index) => record({ sessionKey: `k${index}` })));
    for (const store of open.splice(0)) store.close();
    ruin();
    expect(() => peekAll()).not.toThrow();
    const store = openStore();
    expect(store.lost).toContain("record.sqlite.unusable");
    store.put(FULL);
    expect(reopened().get("ops", FULL.sessionKey)).toEqual(FULL);
    // Until a boot has found whose they were.
    expect(open[0]?.lost).toBe(store.lost);
    open[0]?.facts.set("recordLost", undefined);
    expect(reopened().lost).toBeUndefined();
    expect(existsSync(`${file()}.unusable`)).toBe(true);
  });

  it("that has nothing in it was lost: what was written stood beside it", () => {
    RecordStore.open(dir).close();
    for (const suffix of ["", "-wal", "-shm"]) rmSync(`${file()}${suffix}`, { force: true });
    writeFileSync(file(), "");
    const store = openStore();
    expect([store.lost, store.all()]).toEqual([`${file()} has nothing in it`, []]);
  });

  it("is all in its file once it is gathered", () => {
    const store = openStore();
    store.put(record({ sessionKey: "k" }));
    store.gather();
    const alone = join(dir, "alone");
    mkdirSync(join(alone, "resume-scheduler"), { recursive: true });
    copyFileSync(file(), join(alone, "resume-scheduler", "record.sqlite"));
    const copy = RecordStore.open(alone);
    open.push(copy);
    expect([copy.lost, copy.all().map(({ sessionKey }) => sessionKey)]).toEqual([undefined, ["k"]]);
  });

  it("that is missing from its folder was lost; where there has never been one, nothing was", () => {
    expect(openStore().lost).toBeUndefined();
    expect(reopened().lost).toBeUndefined();
    for (const store of open.splice(0)) store.close();
    for (const name of readdirSync(join(dir, "resume-scheduler"))) unlinkSync(join(dir, "resume-scheduler", name));
    expect(openStore().lost).toBe(`${file()} is missing`);
  });

  it("is written anew when most of it is empty", () => {
    const long = "k".repeat(1_000);
    openStore().put(...Array.from({ length: 1_000 }, (_, index) => record({ sessionKey: `${long}${index}` })));
    raw("DELETE FROM resumes");
    expect(statSync(file()).size).toBeGreaterThan(1_000_000);
    openStore();
    for (const one of open.splice(0)) one.close();
    expect(statSync(file()).size).toBeLessThan(200_000);
  });
});

it("throws when the folder cannot be made", () => {
  writeFileSync(join(dir, "resume-scheduler"), "a file is in the way");
  expect(() => RecordStore.open(dir)).toThrow(/EEXIST|ENOTDIR/);
});

/** The schema of version 1, as the first release wrote it. */
const VERSION_1 = `
  CREATE TABLE resumes (
    agent_id TEXT NOT NULL, session_key TEXT NOT NULL, session_id TEXT NOT NULL, phase TEXT NOT NULL, outcome TEXT,
    reason TEXT NOT NULL, attempts INTEGER NOT NULL, cut_offs INTEGER NOT NULL, preemptions INTEGER NOT NULL,
    boot_id TEXT NOT NULL, claimed_at_ms INTEGER NOT NULL, host_status TEXT, run_id TEXT, run_started_at_ms INTEGER,
    reply TEXT, PRIMARY KEY (agent_id, session_key)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO resumes VALUES
    ('a', 'k1', 's1', 'delivering', NULL, 'interrupted', 1, 0, 2, 'boot-0', 5, 'running', 'run-1', 7,
      '{"parts":[{"text":"hi"}],"route":{"channel":"telegram","to":"1"}}'),
    ('b', 'k2', 's2', 'settled', 'held', 'too-old', 0, 0, 0, 'boot-0', 6, NULL, NULL, NULL, NULL);
  PRAGMA user_version = 1;`;

describe("a file of version 4", () => {
  it("has the checksums that it had, and is held since it was claimed", () => {
    const held = record({ sessionKey: "k", phase: "settled", outcome: "held", heldBecause: "1 against 2" });
    openStore().put(record(), held);
    for (const store of open.splice(0)) store.close();
    const raw = new DatabaseSync(file());
    const sums = () => raw.prepare("SELECT checksum FROM resumes ORDER BY session_key").all();
    raw.exec("DROP INDEX resumes_by_time_held; ALTER TABLE resumes DROP COLUMN held_since_ms; PRAGMA user_version = 4");
    // As version 4 has written them.
    expect(sums().map(({ checksum }) => checksum)).toEqual(["0751e11344dcb7c6", "488667c34ad53439"]);
    raw.close();
    expect(peekAll()).toEqual([record(), held]);
    expect([openStore().all(), [...openStore().held()]]).toEqual([[record(), held], [held]]);
  });
});

describe("a file of version 1", () => {
  beforeEach(() => {
    mkdirSync(join(dir, "resume-scheduler"));
    const old = new DatabaseSync(file());
    old.exec(VERSION_1);
    old.close();
  });
  const newer = {
    sessionStartedAtMs: undefined,
    requestedAtMs: undefined,
    notifiedAtMs: undefined,
    pluginVersion: undefined,
    heldBecause: undefined,
    heldSinceMs: undefined,
  };
  const MIGRATED = [
    record({
      ...newer,
      sessionKey: "k1",
      sessionId: "s1",
      phase: "delivering",
      attempts: 1,
      preemptions: 2,
      bootId: "boot-0",
      claimedAtMs: 5,
      runId: "run-1",
      runStartedAtMs: 7,
      reply: { parts: [{ text: "hi" }], route: { channel: "telegram", to: "1" } },
    }),
    record({
      ...newer,
      agentId: "b",
      sessionKey: "k2",
      sessionId: "s2",
      phase: "settled",
      outcome: "held",
      reason: "too-old",
      bootId: "boot-0",
      claimedAtMs: 6,
      hostStatus: undefined,
    }),
  ];

  it("is opened with all that it has, and can hold what is new", () => {
    const store = openStore();
    expect(store.all()).toEqual(MIGRATED);
    store.put(FULL);
    store.facts.set("pausedSince", 9);
    expect([reopened().get("ops", FULL.sessionKey), openStore().facts.get("pausedSince")]).toEqual([FULL, 9]);
  });

  it("is migrated once", () => {
    openStore();
    expect(reopened().all()).toEqual(MIGRATED);
    const raw = new DatabaseSync(file());
    expect(raw.prepare("PRAGMA user_version").get()).toEqual({ user_version: 5 });
    raw.close();
  });

  it("is read as it is by one who only reads", () => {
    const read = (store: RecordStore) => ({
      all: store.all(),
      verdicts: store.verdicts.all(),
      history: store.history.of("a", "k1"),
      paused: store.facts.get("pausedSince"),
    });
    const expected = { all: MIGRATED, verdicts: [], history: [], paused: undefined };
    expect(RecordStore.peek<object>(dir, read, {})).toEqual(expected);
    const raw = new DatabaseSync(file());
    expect(raw.prepare("PRAGMA user_version").get()).toEqual({ user_version: 1 });
    raw.close();
  });

  it("that cannot be migrated is set aside whole, and what it has is taken over", () => {
    const raw = new DatabaseSync(file());
    raw.exec("CREATE TABLE facts (mine TEXT)");
    raw.close();
    const store = openStore();
    expect(store.lost).toContain("facts");
    expect(store.all()).toEqual(MIGRATED);
    const aside = new DatabaseSync(`${file()}.unusable`);
    expect(aside.prepare("PRAGMA user_version").get()).toEqual({ user_version: 1 });
    expect(aside.prepare("SELECT * FROM resumes").all()).toHaveLength(2);
    aside.close();
  });
});

it("has no version of a file that another program has begun: it is completed", () => {
  mkdirSync(join(dir, "resume-scheduler"));
  writeFileSync(file(), "");
  openStore().put(record());
  expect(reopened().all()).toEqual([record()]);
});

describe("many records", () => {
  const names = Array.from({ length: 200 }, (_, index) => `k${String(index).padStart(3, "0")}`);

  it("are read a few at a time, each once, while others are written", () => {
    const store = openStore();
    store.put(...names.map((sessionKey) => record({ sessionKey })), record({ agentId: "b", sessionKey: "k000" }));
    const found: string[] = [];
    for (const { agentId, sessionKey } of store.each()) {
      found.push(`${agentId} ${sessionKey}`);
      store.put(record({ sessionKey, attempts: 9 }));
    }
    expect(found).toEqual([...names.map((name) => `a ${name}`), "b k000"]);
    expect(store.all()).toHaveLength(names.length + 1);
  });

  it("of attempts that had begun are found among the others", () => {
    const store = openStore();
    store.put(record({ sessionKey: "waits" }), record({ sessionKey: "runs", phase: "running" }));
    expect(store.running().map(({ sessionKey }) => sessionKey)).toEqual(["runs"]);
  });
});
