import { beforeEach, describe, expect, it } from "vitest";
import { EventBus } from "../../../src/domain/events.ts";
import { NO_LOAD } from "../../../src/domain/starvation.ts";
import { Spans } from "../../../src/observe/spans.ts";
import { MOST_REMEMBERED, Timeline } from "../../../src/observe/timeline.ts";

let nowMs: number;
let events: EventBus;
let timeline: Timeline;

beforeEach(() => {
  nowMs = 1_000;
  events = new EventBus();
  timeline = new Timeline(events, () => nowMs);
});

const CHAT = { agentId: "a", sessionKey: "agent:a:chat" };

function start(slot: number): void {
  events.emit("started", { ...CHAT, slot, attempt: 1, waitedMs: 0, aged: false });
}

function end(slot: number): void {
  events.emit("ended", { ...CHAT, slot, result: "completed", ranMs: 1 });
}

describe("runs", () => {
  it("are remembered with their slot, times and result, in the order in which they began", () => {
    start(1);
    nowMs = 2_000;
    start(2);
    nowMs = 3_000;
    end(2);
    expect(timeline.runs).toEqual([
      { ...CHAT, slot: 1, fromMs: 1_000, toMs: null, result: null, cancelled: null },
      { ...CHAT, slot: 2, fromMs: 2_000, toMs: 3_000, result: "completed", cancelled: null },
    ]);
    expect(timeline.slots).toBe(2);
  });

  it("tell why and when they were cancelled", () => {
    start(1);
    nowMs = 1_500;
    events.emit("cancelled", { ...CHAT, slot: 1, cause: "other-user" });
    nowMs = 1_600;
    events.emit("ended", { ...CHAT, slot: 1, result: "preempted", ranMs: 600 });
    const cancelled = { cause: "other-user", atMs: 1_500 };
    expect(timeline.runs).toMatchObject([{ toMs: 1_600, result: "preempted", cancelled }]);
  });

  it("are forgotten when there are too many, the oldest first, and that is told", () => {
    expect([timeline.runsSinceMs, timeline.isCut]).toEqual([1_000, false]);
    for (let run = 0; run < MOST_REMEMBERED + 3; run++) {
      start(1);
      nowMs += 10;
      end(1);
    }
    expect(timeline.runs).toHaveLength(MOST_REMEMBERED);
    expect([timeline.runsSinceMs, timeline.isCut]).toEqual([1_030, true]);
    expect(timeline.runs[0]?.fromMs).toBe(1_030);
  });

  it("that nobody has seen begin do not end", () => {
    end(3);
    events.emit("cancelled", { ...CHAT, slot: 3, cause: "operator" });
    expect(timeline.runs).toEqual([]);
  });
});

describe("the lanes", () => {
  it("are remembered while users wait and are served, and while they starve", () => {
    events.emit("load", { ...NO_LOAD, usersWaiting: 1, inTheWay: 1, running: 1 });
    nowMs = 1_200;
    events.emit("load", { ...NO_LOAD, usersRunning: 1, ready: 1, queued: 1 });
    nowMs = 1_900;
    events.emit("load", { ...NO_LOAD, running: 1 });
    expect(timeline.users).toEqual({
      waiting: [{ fromMs: 1_000, toMs: 1_200 }],
      running: [{ fromMs: 1_200, toMs: 1_900 }],
    });
    expect(timeline.starved).toEqual({
      main: [{ fromMs: 1_000, toMs: 1_200 }],
      "startup-resume": [{ fromMs: 1_200, toMs: 1_900 }],
    });
  });
});

it("ends when the lane has nothing to do, whatever users do then, and goes on when it has", () => {
  expect(timeline.busy).toEqual([]);
  events.emit("load", { ...NO_LOAD, queued: 1, usersRunning: 1 });
  expect(timeline.busy).toEqual([{ fromMs: 1_000, toMs: null }]);
  nowMs = 2_000;
  events.emit("load", { ...NO_LOAD, usersRunning: 1 });
  nowMs = 3_000;
  events.emit("load", { ...NO_LOAD, usersRunning: 2, usersWaiting: 1 });
  expect(timeline.busy).toEqual([{ fromMs: 1_000, toMs: 2_000 }]);
  expect(timeline.users).toEqual({ running: [{ fromMs: 1_000, toMs: 2_000 }], waiting: [] });
  nowMs = 9_000;
  events.emit("load", { ...NO_LOAD, running: 1, usersRunning: 1 });
  expect(timeline.busy.at(-1)).toEqual({ fromMs: 9_000, toMs: null });
  expect(timeline.users.running.at(-1)).toEqual({ fromMs: 9_000, toMs: null });
});

it("users who come and go push no run out of it", () => {
  start(1);
  for (let turn = 0; turn <= MOST_REMEMBERED; turn++) {
    events.emit("load", { ...NO_LOAD, running: 1, usersRunning: 1 });
    nowMs += 1;
    events.emit("load", { ...NO_LOAD, running: 1 });
    nowMs += 1;
  }
  const { runsSinceMs, isCut, users } = timeline;
  expect([runsSinceMs, isCut, users.running.length]).toEqual([1_000, true, MOST_REMEMBERED]);
});

describe("spans", () => {
  it("go on until they end, however often that is said", () => {
    const spans = new Spans(10);
    spans.set(false, 1);
    spans.set(true, 2);
    spans.set(true, 3);
    expect(spans.all()).toEqual([{ fromMs: 2, toMs: null }]);
    spans.set(false, 4);
    spans.set(false, 5);
    expect(spans.all()).toEqual([{ fromMs: 2, toMs: 4 }]);
  });

  it("are the newest ones", () => {
    const spans = new Spans(2);
    for (const fromMs of [10, 20, 30]) {
      spans.set(true, fromMs);
      spans.set(false, fromMs + 1);
    }
    expect(spans.all().map(({ fromMs }) => fromMs)).toEqual([20, 30]);
    expect(spans.forgotSome).toBe(true);
  });
});
