import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { NO_LOAD } from "../../../src/domain/starvation.ts";
import { MOST_REMEMBERED } from "../../../src/observe/timeline.ts";
import { describeEvidence } from "../../../src/domain/verdict.ts";
import type { BootVerdict } from "../../../src/record/verdicts.ts";
import { makeTempDir, removeTempDir } from "../../support/temp.ts";
import { FakeOffice, keyOf, settingsOf } from "../support/fake-office.ts";
import { HOUR, LANE_LIMITS, NOW } from "../support/makers.ts";

let dir: string;
let office: FakeOffice;

beforeEach(() => {
  dir = makeTempDir("page");
  office = new FakeOffice(dir, { maxConcurrent: 1 });
});

afterEach(() => {
  office.close();
  removeTempDir(dir);
});

const tooLong = { kind: "hold", reason: "idle-too-long", found: 2 * HOUR, limit: HOUR } as const;

function said(...verdicts: (Pick<BootVerdict, "verdict" | "name"> & { readonly chat: string })[]): void {
  const all = verdicts.map(({ chat, ...rest }) => ({ agentId: "a", sessionKey: keyOf(chat), ...rest }));
  office.over = { ...office.over, boot: { id: "boot", atMs: NOW - 500, verdicts: all } };
}

describe("the page", () => {
  it("tells what the status tells, with numbers in the place of lists", () => {
    office.queue("one");
    office.queue("two");
    office.hold("three");
    const { queue, held, running, ...status } = office.desk.status();
    const page = office.desk.page();
    expect(page).toMatchObject(status);
    expect(page.counts).toEqual({ queued: queue.length, running: running.length, held: held.length });
    expect(page).not.toHaveProperty("queue");
    expect(page).not.toHaveProperty("held");
  });

  it("shows this boot with a row for each slot", async () => {
    said({ chat: "one", verdict: { kind: "admit", reason: "interrupted", found: 1, limit: 2 }, name: "Ada" });
    office.queue("one");
    await office.open();
    const { timeline, running } = office.desk.page();
    expect(timeline).toMatchObject({
      startedAtMs: NOW,
      fromMs: NOW,
      toMs: office.clock.nowMs(),
      slots: 2,
      isCut: false,
    });
    expect(timeline.runs).toMatchObject([{ slot: 1, sessionKey: keyOf("one"), name: "Ada", toMs: null }]);
    expect(running).toMatchObject([{ slot: 1, name: "Ada" }]);
  });

  it("is right by the wall clock after that was set, as the status is", async () => {
    office.queue("one");
    office.queue("two");
    await office.open();
    const jumpMs = 3 * HOUR;
    office.over = { nowMs: () => office.clock.nowMs() + jumpMs };
    const atMs = office.clock.nowMs() + jumpMs;
    const { timeline } = office.desk.page();
    expect(timeline).toMatchObject({ startedAtMs: NOW + jumpMs, fromMs: NOW + jumpMs, toMs: atMs });
    expect(timeline.runs).toMatchObject([{ fromMs: atMs }]);
    expect(office.desk.pageLists().queue).toMatchObject([{ queuedAtMs: NOW + jumpMs }]);
  });

  it("ends when the last session has been dealt with", async () => {
    office.queue("one");
    await office.clock.elapse(HOUR);
    expect(office.desk.page().timeline.toMs).toBe(office.clock.nowMs());
    await office.desk.actions.one("hold", keyOf("one"));
    const endedAtMs = office.clock.nowMs();
    await office.clock.elapse(HOUR);
    expect(office.desk.page().timeline).toMatchObject({ fromMs: NOW, toMs: endedAtMs });
  });

  it("leaves out what ended before the runs that are remembered", async () => {
    office.events.emit("load", { ...NO_LOAD, queued: 1, usersRunning: 1 });
    await office.clock.elapse(10);
    office.events.emit("load", { ...NO_LOAD, queued: 1 });
    for (let run = 0; run <= MOST_REMEMBERED; run++) {
      office.events.emit("started", { agentId: "a", sessionKey: "k", slot: 1, attempt: 1, waitedMs: 0, aged: false });
      if (run === 0) await office.clock.elapse(10);
      office.events.emit("ended", { agentId: "a", sessionKey: "k", slot: 1, result: "completed", ranMs: 1 });
    }
    const { timeline } = office.desk.page();
    expect([timeline.fromMs, timeline.users.running, timeline.isCut]).toEqual([NOW + 20, [], true]);
  });

  it("reads the record once, however often it is looked at", () => {
    office.hold("one");
    const each = vi.spyOn(office.records, "each");
    office.desk.page();
    office.desk.pageLists();
    office.desk.status();
    expect(each).toHaveBeenCalledTimes(1);
    office.hold("two");
    expect([office.desk.page().counts.held, office.desk.status().held.length]).toEqual([2, 2]);
    expect(each).toHaveBeenCalledTimes(1);
  });

  it("tells what the record says while there is no lane: what is left to nobody, and the pause", () => {
    expect(office.desk.page()).toMatchObject({ takesCommands: true, stranded: 0 });
    office.claim("one");
    office.hold("two");
    office.records.facts.set("pausedSince", 5);
    office.over = { active: undefined, lane: undefined, state: "off" };
    expect(office.desk.page()).toMatchObject({
      takesCommands: false,
      stranded: 1,
      lane: { pausedSinceMs: 5, fusedUntilMs: null },
      counts: { queued: 0, running: 0, held: 1 },
    });
  });

  it("has the users and slots of a lane that only observes", () => {
    office.over = { active: undefined, state: "observe" };
    expect(office.desk.page()).toMatchObject({ budget: { slots: 1, used: 0 }, users: { waiting: 0, running: 0 } });
  });

  it("counts the verdicts by their reasons", () => {
    said({ chat: "one", verdict: tooLong }, { chat: "two", verdict: { ...tooLong, found: 3 * HOUR } });
    expect(office.desk.page().verdicts).toEqual([
      { verdict: "hold", reason: "idle-too-long", meaning: expect.any(String), sessions: 2 },
    ]);
  });

  it("lists the settings in force, and none while they are wrong", () => {
    office.over = { settings: settingsOf({ lane: { quietMs: 5 } }), settingsConfig: { lane: { quietMs: 5 } } };
    const differing = office.desk.page().settings.filter(({ differs }) => differs);
    expect(differing.map(({ path }) => path)).toEqual(["lane.quietMs"]);
    office.over = { settings: undefined };
    expect(office.desk.page().settings).toEqual([]);
  });

  it("has nothing to show where nothing was claimed", () => {
    office.over = { active: undefined, state: "off" };
    expect(office.desk.page()).toMatchObject({ state: "off", counts: { queued: 0, running: 0, held: 0 } });
    expect(office.desk.pageLists()).toMatchObject({ queue: [] });
  });
});

describe("its lists", () => {
  it("have another revision whenever a session has moved", () => {
    const first = office.desk.page().listsRevision;
    expect(office.desk.pageLists().revision).toBe(first);
    office.queue("one");
    expect(office.desk.page().listsRevision).not.toBe(first);
  });

  it("have another revision when somebody stands elsewhere, and the same one when only time has passed", async () => {
    office.queue("one");
    office.queue("two");
    const revision = () => office.desk.page().listsRevision;
    const before = revision();
    await office.clock.elapse(1_000);
    expect(revision()).toBe(before);
    // It ages by itself, without an event of its own.
    await office.clock.elapse(LANE_LIMITS.maxWaitMs);
    expect(revision()).not.toBe(before);
    expect(office.desk.pageLists().revision).toBe(revision());
  });

  it("say why each queued session stands where it stands", async () => {
    said({ chat: "one", verdict: { kind: "admit", reason: "interrupted", found: 1, limit: 2 }, name: "Ada" });
    office.queue("one");
    await office.clock.elapse(700);
    expect(office.desk.pageLists().queue).toMatchObject([
      {
        position: 1,
        sessionKey: keyOf("one"),
        name: "Ada",
        queuedAtMs: NOW,
        restsUntilMs: null,
        order: { by: "turn", direct: expect.any(Boolean) },
      },
    ]);
  });

  it("say that the operator has asked", async () => {
    office.hold("one");
    await office.desk.actions.one("resume", keyOf("one"));
    expect(office.desk.pageLists().queue).toMatchObject([{ requested: true, order: { by: "requested" } }]);
  });

  it("group what is held by its reason, with rule, value and threshold, the largest group first", () => {
    said({ chat: "one", verdict: tooLong, name: "Ada" }, { chat: "two", verdict: { ...tooLong, found: 3 * HOUR } });
    office.hold("three", { reason: "delivery-failed" });
    office.hold("one", { claimedAtMs: NOW - 2 });
    office.hold("two", { claimedAtMs: NOW - 1 });
    const { held } = office.desk.pageLists();
    expect(held).toMatchObject([
      {
        reason: "idle-too-long",
        rule: expect.stringContaining("idleHours"),
        unit: "ms",
        remedy: expect.stringContaining("openclaw resumes resume"),
        sessions: [
          { sessionKey: keyOf("two"), name: null, found: 3 * HOUR, limit: HOUR },
          { sessionKey: keyOf("one"), name: "Ada", found: 2 * HOUR, limit: HOUR },
        ],
      },
      { reason: "delivery-failed", rule: null, unit: null, remedy: null, sessions: [{ found: null, limit: null }] },
    ]);
  });

  it("keep what was found when it was held, also when that was before this boot", () => {
    said({ chat: "one", verdict: { kind: "hold", reason: "held-earlier", found: "idle-too-long", limit: "..." } });
    const heldBecause = describeEvidence(tooLong);
    office.hold("one", { heldBecause });
    office.hold("two", { reason: "attempts-exhausted", heldBecause: "attempts: 3" });
    const sessions = office.desk.pageLists().held.flatMap((group) => group.sessions);
    expect(sessions).toMatchObject([
      { sessionKey: keyOf("one"), found: tooLong.found, limit: tooLong.limit },
      { sessionKey: keyOf("two"), found: "attempts: 3", limit: null },
    ]);
  });
});
