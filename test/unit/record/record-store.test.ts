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
    expect(peekAll().map(({ reply }) => reply)).toEqual(replies);
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

  it("of a newer plugin is refused and left as it is", () => {
    openStore().put(record());
    for (const store of open.splice(0)) store.close();
    const raw = new DatabaseSync(file());
    raw.exec("PRAGMA user_version = 3");
    raw.close();
    expect(() => RecordStore.open(dir)).toThrow(
      `${file()} was written by a newer version of this plugin (schema 3, known 2)`,
    );
    const after = new DatabaseSync(file());
    expect(after.prepare("SELECT count(*) AS n FROM resumes").get()).toEqual({ n: 1 });
    expect(after.prepare("PRAGMA user_version").get()).toEqual({ user_version: 3 });
    after.close();
  });

  it("that is no database is refused", () => {
    mkdirSync(join(dir, "resume-scheduler"));
    writeFileSync(file(), "this is not a database, and it is long enough to be read as one".repeat(20));
    expect(() => RecordStore.open(dir)).toThrow(/not a database/);
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
    expect(raw.prepare("PRAGMA user_version").get()).toEqual({ user_version: 2 });
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

  it("stays as it is when it cannot be migrated", () => {
    const raw = new DatabaseSync(file());
    raw.exec("CREATE TABLE facts (mine TEXT)");
    raw.close();
    expect(() => RecordStore.open(dir)).toThrow(/facts/);
    const after = new DatabaseSync(file());
    expect(after.prepare("PRAGMA user_version").get()).toEqual({ user_version: 1 });
    expect(after.prepare("SELECT * FROM resumes").all()).toHaveLength(2);
    expect(Object.keys(after.prepare("SELECT * FROM resumes").get() ?? {})).not.toContain("requested_at_ms");
    after.close();
  });
});

it("has no version of a file that another program has begun: it is completed", () => {
  mkdirSync(join(dir, "resume-scheduler"));
  writeFileSync(file(), "");
  openStore().put(record());
  expect(reopened().all()).toEqual([record()]);
});
