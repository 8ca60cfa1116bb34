import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { reasonsOf } from "../../../src/domain/reasons.ts";
import type { Verdict } from "../../../src/domain/verdict.ts";
import type { HistoryEntry } from "../../../src/record/history.ts";
import { RecordStore } from "../../../src/record/record-store.ts";
import type { BootVerdict } from "../../../src/record/verdicts.ts";
import { makeTempDir, removeTempDir } from "../../support/temp.ts";
import { HOUR, NOW } from "../support/makers.ts";

let dir: string;
let store: RecordStore;

beforeEach(() => {
  dir = makeTempDir("memory");
  store = RecordStore.open(dir);
});

afterEach(() => {
  store.close();
  removeTempDir(dir);
});

function reopen(): void {
  store.close();
  store = RecordStore.open(dir);
}

describe("verdicts", () => {
  const said = (sessionKey: string, verdict: Verdict, agentId = "a"): BootVerdict => ({ agentId, sessionKey, verdict });
  const HELD: Verdict = { kind: "hold", reason: "idle-too-long", found: 7_200_001, limit: 7_200_000 };
  const inOrder = () => store.verdicts.all();

  it("come back in the order in which they were put", () => {
    const verdicts = ["c", "a", "d", "b"].map((key) => said(key, HELD));
    store.verdicts.replace(verdicts);
    reopen();
    expect(inOrder()).toEqual(verdicts);
  });

  it("come back with what a resume was thought to use, where the host had counted", () => {
    const verdicts = [{ ...said("a", HELD), estimatedTokens: 1234 }, said("b", HELD)];
    store.verdicts.replace(verdicts);
    reopen();
    expect(inOrder()).toEqual(verdicts);
  });

  it("come back with their evidence, whatever it is", () => {
    const verdicts = ([1, "two", true, null] as const).map((fact, index) =>
      said(`k${index}`, { kind: "leave", reason: "excluded", found: fact, limit: fact }),
    );
    store.verdicts.replace(verdicts);
    reopen();
    expect(inOrder()).toEqual(verdicts);
  });

  it("can have every reason", () => {
    const verdicts = (["admit", "hold", "retire", "leave"] as const).flatMap((kind) =>
      reasonsOf(kind).map((reason) =>
        said(`${kind} ${reason}`, { kind, reason, found: null, limit: null } as object as Verdict),
      ),
    );
    store.verdicts.replace(verdicts);
    expect(inOrder()).toEqual(verdicts);
  });

  it("are those of the newest boot only", () => {
    store.verdicts.replace([said("old", HELD)]);
    store.verdicts.replace([said("new", HELD)]);
    expect(inOrder()).toEqual([said("new", HELD)]);
    store.verdicts.replace([]);
    expect(inOrder()).toEqual([]);
  });

  it("of the same session are the last one's, of another agent's another's", () => {
    const later: Verdict = { kind: "leave", reason: "claim-failed", found: "changed", limit: "unchanged" };
    store.verdicts.replace([said("k", HELD), said("k", later), said("k", HELD, "b")]);
    expect(store.verdicts.all()).toEqual([said("k", later), said("k", HELD, "b")]);
  });

  it("that cannot be written leave the earlier ones", () => {
    store.verdicts.replace([said("k", HELD)]);
    const broken = said("broken", { ...HELD, found: 5n as unknown as number });
    expect(() => store.verdicts.replace([said("new", HELD), broken])).toThrow(/BigInt/);
    expect(inOrder()).toEqual([said("k", HELD)]);
  });
});

describe("the history", () => {
  const step = (atMs: number, detail: HistoryEntry["detail"] = {}): HistoryEntry => ({ atMs, what: "started", detail });

  const of = (entry: HistoryEntry, sessionKey = "k", agentId = "a") => ({ agentId, sessionKey, entry });
  const add = (...entries: HistoryEntry[]) => store.history.addAll(entries.map((entry) => of(entry)));

  it("is one session's, oldest first, with its details", () => {
    const steps = [step(1, { slot: 1, aged: false }), step(2, { error: "timeout" }), step(3)];
    store.history.addAll([of(step(4), "other"), ...steps.map((entry) => of(entry)), of(step(5), "k", "b")]);
    reopen();
    expect(store.history.of("a", "k")).toEqual(steps);
    expect(store.history.of("a", "unknown")).toEqual([]);
  });

  it("is in the order in which it happened, though a clock was set back", () => {
    add(step(5));
    add(step(3), step(4));
    expect(store.history.of("a", "k").map(({ atMs }) => atMs)).toEqual([5, 3, 4]);
  });

  it("is written in whole or not at all", () => {
    expect(() => add(step(1), step(0.5))).toThrow(/INTEGER/);
    expect(store.history.of("a", "k")).toEqual([]);
    add();
    add(step(2));
    expect(store.history.of("a", "k")).toHaveLength(1);
  });

  it("is the newest 200 steps", () => {
    add(...Array.from({ length: 205 }, (_, index) => step(index + 1)));
    const kept = store.history.of("a", "k");
    expect([kept.length, kept[0]?.atMs, kept.at(-1)?.atMs]).toEqual([200, 6, 205]);
  });

  it("is forgotten after 30 days, to the millisecond", () => {
    const month = 30 * 24 * HOUR;
    add(step(NOW - month - 1), step(NOW - month));
    store.history.prune(NOW);
    expect(store.history.of("a", "k").map(({ atMs }) => atMs)).toEqual([NOW - month]);
  });
});

describe("facts", () => {
  it("outlive a gateway", () => {
    store.facts.set("pausedSince", 5);
    store.facts.set("bootedAt", 6);
    reopen();
    store.facts.set("clock", { wallMs: 1, uptimeMs: 2, machine: "m" });
    store.facts.set("clockJumps", [{ atMs: 1, byMs: 2 }]);
    expect([store.facts.get("pausedSince"), store.facts.get("bootedAt")]).toEqual([5, 6]);
    expect(store.facts.get("clock")).toEqual({ wallMs: 1, uptimeMs: 2, machine: "m" });
    expect(store.facts.get("clockJumps")).toEqual([{ atMs: 1, byMs: 2 }]);
  });

  it("are unknown until they are set, and again when they are taken back", () => {
    expect(store.facts.get("pausedSince")).toBeUndefined();
    store.facts.set("pausedSince", 5);
    store.facts.set("pausedSince", 0);
    expect(store.facts.get("pausedSince")).toBe(0);
    store.facts.set("pausedSince", undefined);
    store.facts.set("pausedSince", undefined);
    expect(store.facts.get("pausedSince")).toBeUndefined();
  });
});

describe("rows that are not what was written", () => {
  const spoil = (sql: string) => {
    store.close();
    const raw = new DatabaseSync(join(dir, "resume-scheduler", "record.sqlite"));
    raw.exec(sql);
    raw.close();
    store = RecordStore.open(dir);
  };
  const verdict = { kind: "hold", reason: "too-old", found: 2, limit: 1 } as const;

  it.each(["not JSON", '"yesterday"', "null", "{}", "1e999"])("are no facts: %s", (value) => {
    store.facts.set("pausedSince", 5);
    store.facts.set("deaths", [5]);
    store.facts.set("clock", { wallMs: 1, uptimeMs: 2, machine: "m" });
    store.facts.set("clockJumps", [{ atMs: 1, byMs: 2 }]);
    spoil(`UPDATE facts SET value = '${value}'`);
    const names = ["pausedSince", "deaths", "clock", "clockJumps"] as const;
    expect(names.map((name) => store.facts.get(name))).toEqual([undefined, undefined, undefined, undefined]);
  });

  it.each(["verdict = 'banish'", "reason = 'toString'", "evidence = '{'"])("are no verdict: %s", (change) => {
    const other = { agentId: "a", sessionKey: "other", verdict };
    store.verdicts.replace([{ agentId: "a", sessionKey: "k", verdict }, other]);
    spoil(`UPDATE verdicts SET ${change} WHERE session_key = 'k'`);
    expect(store.verdicts.all()).toEqual([other]);
  });

  it("are a step without details", () => {
    store.history.addAll([
      { agentId: "a", sessionKey: "k", entry: { atMs: 1, what: "asked", detail: { action: "hold" } } },
    ]);
    spoil("UPDATE history SET detail = '{'");
    expect(store.history.of("a", "k")).toEqual([{ atMs: 1, what: "asked", detail: {} }]);
  });
});
