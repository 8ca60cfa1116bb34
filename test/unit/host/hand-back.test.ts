import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { EventBus } from "../../../src/domain/events.ts";
import type { ResumeRecord } from "../../../src/domain/record.ts";
import { handBack, handBackAfterFailure } from "../../../src/host/hand-back.ts";
import { RecordStore } from "../../../src/record/record-store.ts";
import { makeTempDir, removeTempDir } from "../../support/temp.ts";
import { ASKED, FakeHost } from "../support/fake-host.ts";
import { settingsOf } from "../support/fake-office.ts";
import { HOUR, NOW, record } from "../support/makers.ts";

const REPLY = { parts: [{ text: "owed" }], route: { channel: "telegram", to: "1" } };

let dir: string;
let host: FakeHost;
let events: EventBus;
let settled: string[];
let trouble: string[];

beforeEach(() => {
  dir = makeTempDir("hand-back");
  host = new FakeHost(dir);
  events = new EventBus();
  [settled, trouble] = [[], []];
  events.on("settled", ({ sessionKey, outcome, reason, attempts }) => {
    settled.push(`${sessionKey} ${outcome} ${reason} ${attempts}`);
  });
  events.on("trouble", ({ sessionKey, what }) => trouble.push(`${sessionKey ?? "-"} ${what}`));
});

afterEach(() => removeTempDir(dir));

/** Puts these on record, and their sessions into the host's store as a claim leaves them. */
function claimed(...records: readonly ResumeRecord[]): void {
  const store = RecordStore.open(dir);
  store.put(...records);
  store.close();
  for (const { sessionKey, agentId } of records) host.set(sessionKey, { status: "killed" }, agentId);
}

const onRecord = () => RecordStore.peek(dir, (store) => store.all(), []);
const marksOf = (sessionKey: string) => {
  const found = host.sessions.get("a", sessionKey);
  return [found?.status, found?.abortedLastRun];
};
const GIVEN = ["running", true];
const OURS = ["killed", false];

describe("a gateway in which nothing is resumed", () => {
  it.each([
    ["waits", { attempts: 1 }],
    ["was running", { phase: "running", attempts: 1, runId: "run-1" }],
    ["was asked for", { requestedAtMs: 5, attempts: 1 }],
  ] as const)("gives what %s back to the host, which is about to recover", async (_name, over) => {
    claimed(record({ sessionKey: "k", ...over }));
    await handBack(host, events);
    expect([marksOf("k"), onRecord(), settled]).toEqual([GIVEN, [], ["k released not-active 1"]]);
    expect(trouble).toEqual([]);
  });

  it("gives a session without any status back: a run of ours can leave it so", async () => {
    claimed(record({ sessionKey: "k", phase: "running" }));
    host.set("k", { status: undefined });
    await handBack(host, events);
    expect([marksOf("k"), onRecord()]).toEqual([GIVEN, []]);
  });

  it("needs no patch for one that is marked as interrupted already", async () => {
    claimed(record({ sessionKey: "k" }));
    host.set("k", { status: "running" });
    const release = vi.spyOn(host.sessions, "release");
    await handBack(host, events);
    expect([release.mock.calls, onRecord()]).toEqual([[], []]);
  });

  it.each([
    ["held", { phase: "settled", outcome: "held", reason: "too-old" }],
    ["being delivered", { phase: "delivering", runId: "run-1", reply: REPLY }],
    ["over", { phase: "settled", outcome: "completed", reason: "replied" }],
  ] as const)("keeps what is %s, alone and beside what it gives back", async (_name, over) => {
    const kept = record({ sessionKey: "kept", ...over });
    claimed(kept);
    await handBack(host, events);
    expect([marksOf("kept"), onRecord(), settled]).toEqual([OURS, [kept], []]);
    claimed(record({ sessionKey: "k" }));
    await handBack(host, events);
    expect([marksOf("kept"), marksOf("k"), onRecord()]).toEqual([OURS, GIVEN, [kept]]);
  });

  it("finishes a release that was cut short", async () => {
    claimed(record({ sessionKey: "k", phase: "released", outcome: "released", reason: "by-operator" }));
    await handBack(host, events);
    expect([marksOf("k"), onRecord()]).toEqual([GIVEN, []]);
  });

  it.each([
    ["has another session id", { sessionId: "session-2" }],
    ["was started afresh under the same id", { sessionStartedAt: NOW - 1 }],
    ["was stopped by its user", { abortCutoffTimestamp: NOW - 1 }],
    ["was continued by its user", { lastInteractionAt: NOW - 1, status: "done" }],
  ])("forgets a session that %s, and leaves it alone", async (_name, entry) => {
    claimed(record({ sessionKey: "k" }));
    host.set("k", entry);
    host.events.set("session-1", [{ ...ASKED, timestamp: NOW - 1 }]);
    const before = marksOf("k");
    await handBack(host, events);
    expect([marksOf("k"), onRecord()]).toEqual([before, []]);
  });

  it("forgets what the host has finished since it was released, and leaves it alone", async () => {
    claimed(record({ sessionKey: "k", phase: "released", outcome: "released", reason: "by-operator" }));
    host.set("k", { status: "done" });
    await handBack(host, events);
    expect([host.statusOf("k"), onRecord()]).toEqual(["done", []]);
  });

  it("forgets a session whose entry is gone", async () => {
    claimed(record({ sessionKey: "k" }));
    host.delete("k");
    await handBack(host, events);
    expect([marksOf("k"), onRecord(), trouble]).toEqual([[undefined, undefined], [], []]);
  });

  it.each(["get", "release"] as const)("does not lose the others when the %s of one fails", async (step) => {
    const two = record({ sessionKey: "two" });
    claimed(record({ sessionKey: "one" }), two, record({ sessionKey: "zzz" }));
    const { sessions } = host;
    const [get, release] = [sessions.get.bind(sessions), sessions.release.bind(sessions)];
    const broken = new Error("database is locked");
    if (step === "get") {
      vi.spyOn(sessions, "get").mockImplementation((agentId, sessionKey) => {
        if (sessionKey === "two") throw broken;
        return get(agentId, sessionKey);
      });
    } else {
      vi.spyOn(sessions, "release").mockImplementation((row, when) =>
        row.sessionKey === "two" ? Promise.reject(broken) : release(row, when),
      );
    }
    await handBack(host, events);
    vi.restoreAllMocks();
    expect(["one", "two", "zzz"].map(marksOf)).toEqual([GIVEN, OURS, GIVEN]);
    expect([onRecord(), trouble]).toEqual([[two], ["two give a session back to the host"]]);
    expect(settled).toEqual(["one released not-active 0", "zzz released not-active 0"]);
    // The next start gives it back.
    await handBack(host, events);
    expect([marksOf("two"), onRecord()]).toEqual([GIVEN, []]);
  });

  it("does nothing, and creates no file, without a record", async () => {
    host.set("k", { status: "killed" });
    await handBack(host, events);
    expect([marksOf("k"), existsSync(join(dir, "resume-scheduler"))]).toEqual([["killed", false], false]);
    expect([settled, trouble]).toEqual([[], []]);
  });

  it("opens no record for writing that has nothing to give back", async () => {
    claimed(record({ sessionKey: "k", phase: "settled", outcome: "held", reason: "too-old" }));
    const open = vi.spyOn(RecordStore, "open");
    await handBack(host, events);
    expect(open).not.toHaveBeenCalled();
    vi.restoreAllMocks();
  });

  it("leaves the record closed", async () => {
    claimed(record({ sessionKey: "k" }));
    const close = vi.spyOn(RecordStore.prototype, "close");
    await handBack(host, events);
    expect(close).toHaveBeenCalled();
    expect(existsSync(join(dir, "resume-scheduler", "record.sqlite-wal"))).toBe(false);
    vi.restoreAllMocks();
  });
});

describe("a gateway in which this plugin could not start", () => {
  const options = { nowMs: NOW, liveSinceMs: NOW, settings: settingsOf({}) };
  const giveBack = () => handBackAfterFailure(host, { ...options, events });

  it("gives back what is on record", async () => {
    claimed(record({ sessionKey: "k" }));
    await giveBack();
    expect([marksOf("k"), settled, trouble]).toEqual([GIVEN, ["k released not-active 0"], []]);
  });

  describe("because its record cannot be opened", () => {
    beforeEach(() => {
      mkdirSync(join(dir, "resume-scheduler", "record.sqlite"), { recursive: true });
    });

    it("gives back what looks claimed and would be resumed", async () => {
      host.set("agent:a:k", { status: "killed" });
      host.set("agent:a:old", { status: "killed", lastInteractionAt: NOW - 5 * HOUR });
      host.events.set("old-1", [{ ...ASKED, timestamp: NOW - 5 * HOUR }]);
      host.set("agent:a:old", { sessionId: "old-1", status: "killed", lastInteractionAt: NOW - 5 * HOUR });
      host.set("agent:a:stopped", { status: "killed", abortCutoffTimestamp: NOW - 1 });
      host.set("agent:a:done", { status: "done" });
      await giveBack();
      expect(["k", "old", "stopped", "done"].map((name) => marksOf(`agent:a:${name}`)[0])).toEqual([
        "running",
        "killed",
        "killed",
        "done",
      ]);
      expect(settled).toEqual(["agent:a:k released not-active 0"]);
      expect(trouble).toEqual(["- read what earlier boots have claimed"]);
    });

    it("gives nothing back where nothing was ever written", async () => {
      rmSync(join(dir, "resume-scheduler"), { recursive: true });
      host.set("agent:a:k", { status: "killed" });
      await giveBack();
      expect([marksOf("agent:a:k")[0], trouble]).toEqual(["killed", []]);
    });

    it("survives a host that cannot be written", async () => {
      host.set("agent:a:k", { status: "killed" });
      const release = vi.spyOn(host.sessions, "release").mockRejectedValue(new Error("read-only"));
      await giveBack();
      expect(trouble).toContain("agent:a:k give a session back to the host");
      release.mockRestore();
    });
  });
});
