import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { EventBus, type ResumeEvents } from "../../../src/domain/events.ts";
import { writeHistory } from "../../../src/record/history-writer.ts";
import { RecordStore } from "../../../src/record/record-store.ts";
import { makeTempDir, removeTempDir } from "../../support/temp.ts";

const SUBJECT = { agentId: "a", sessionKey: "k" };
const ADMIT = { kind: "admit", reason: "interrupted", found: 1, limit: 2 } as const;

let dir: string;
let records: RecordStore;
let events: EventBus;
let nowMs: number;
let writer: { readonly stop: () => void };

beforeEach(() => {
  dir = makeTempDir("history-writer");
  records = RecordStore.open(dir);
  events = new EventBus();
  nowMs = 100;
  writer = writeHistory(events, records.history, () => nowMs);
});

afterEach(() => {
  writer.stop();
  records.close();
  removeTempDir(dir);
});

const written = (sessionKey = "k") => records.history.of("a", sessionKey);

/** Each kind of step, and what of it is kept. */
const STEPS: { readonly [Name in keyof ResumeEvents]?: Omit<ResumeEvents[Name], "agentId" | "sessionKey"> } = {
  started: { slot: 1, attempt: 2, waitedMs: 3, aged: false },
  cancelled: { slot: 1, cause: "own-user" },
  ended: { slot: 1, result: "preempted", ranMs: 5, cancelCause: "own-user", drainedMs: 1 },
  settled: { outcome: "held", reason: "by-operator", attempts: 1 },
  asked: { action: "hold" },
  notified: { reason: "too-old" },
};

describe("the history", () => {
  it.each(Object.entries(STEPS))("has what was %s, with its details", async (what, detail) => {
    events.emit(what as "started", { ...SUBJECT, ...detail } as ResumeEvents["started"]);
    await nextTurn();
    expect(written()).toEqual([{ atMs: 100, what, detail }]);
  });

  it("has the verdict on a session that is ours", async () => {
    const held = { ...ADMIT, kind: "hold", reason: "too-old" } as const;
    events.emit("judged", { ...SUBJECT, verdict: ADMIT });
    events.emit("judged", { ...SUBJECT, verdict: held });
    await nextTurn();
    expect(written().map(({ what, detail }) => [what, detail])).toEqual([
      ["judged", ADMIT],
      ["judged", held],
    ]);
  });

  it.each([
    { kind: "hold", reason: "held-earlier" },
    { kind: "leave", reason: "cron" },
    { kind: "retire", reason: "user-continued" },
  ] as const)("has no verdict that is old or makes a session nobody's of ours: %j", async (verdict) => {
    events.emit("judged", { ...SUBJECT, verdict: { ...verdict, found: 1, limit: 2 } });
    await nextTurn();
    expect(written()).toEqual([]);
  });

  it("has nothing of what is about no session", async () => {
    const heard: unknown[] = [];
    events.on("trouble", (event) => heard.push(event));
    events.emit("asked", { action: "pause" });
    events.emit("booted", { mode: "active", claimed: 1, isBoot: true, tookMs: { discover: 1, admit: 1, claim: 1 } });
    events.emit("queued", { ...SUBJECT, attempts: 0 });
    await nextTurn();
    expect([written(), heard]).toEqual([[], []]);
  });

  it("is written after the step, in the order of the steps, each with its own time", async () => {
    events.emit("started", { ...SUBJECT, slot: 1, attempt: 1, waitedMs: 0, aged: false });
    nowMs = 101;
    events.emit("cancelled", { ...SUBJECT, sessionKey: "other", slot: 1, cause: "other-user" });
    events.emit("cancelled", { ...SUBJECT, slot: 1, cause: "other-user" });
    expect(written()).toEqual([]);
    await nextTurn();
    expect(written().map(({ what, atMs }) => [what, atMs])).toEqual([
      ["started", 100],
      ["cancelled", 101],
    ]);
    expect(written("other")).toHaveLength(1);
  });

  it("is written to the last step when it stops, and no further", async () => {
    events.emit("asked", { ...SUBJECT, action: "hold" });
    writer.stop();
    expect(written()).toHaveLength(1);
    events.emit("asked", { ...SUBJECT, action: "discard" });
    await nextTurn();
    writer.stop();
    expect(written()).toHaveLength(1);
  });

  it("that cannot be written is told, and is written again when it can be", async () => {
    const heard: ResumeEvents["trouble"][] = [];
    events.on("trouble", (event) => heard.push(event));
    writer.stop();
    let isFull = true;
    const addAll: typeof records.history.addAll = (steps) => {
      if (isFull) throw new Error("disk full");
      records.history.addAll(steps);
    };
    writer = writeHistory(events, { addAll }, () => nowMs);
    events.emit("asked", { ...SUBJECT, action: "hold" });
    await nextTurn();
    expect(heard).toEqual([{ what: "write the history", error: new Error("disk full") }]);
    isFull = false;
    events.emit("asked", { ...SUBJECT, action: "discard" });
    await nextTurn();
    expect(written().map(({ detail }) => detail["action"])).toEqual(["discard"]);
  });
});
