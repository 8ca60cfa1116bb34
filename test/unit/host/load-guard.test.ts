import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { EventBus } from "../../../src/domain/events.ts";
import { LoadGuard, type LoadLimits } from "../../../src/host/load-guard.ts";
import { makeLane } from "../support/lane-maker.ts";
import { queued } from "../support/makers.ts";

const MIB = 1024 * 1024;
const NO_LOAD = {
  usersWaiting: 0,
  usersRunning: 0,
  inTheWay: 0,
  queued: 0,
  ready: 0,
  running: 0,
};

/** What measures the event loop now, and the longest block that each has seen, milliseconds. */
const monitors = vi.hoisted(() => new Map<object, number>());

vi.mock("node:perf_hooks", async (original) => ({
  ...(await original<object>()),
  monitorEventLoopDelay: ({ resolution }: { resolution: number }) => {
    const monitor = {
      // As Node has it: nanoseconds, the timer's own interval among them.
      get max() {
        return longest * 1e6;
      },
      enable: () => monitors.set(monitor, 0),
      disable: () => {
        longest = (monitors.get(monitor) ?? 0) + resolution;
        return monitors.delete(monitor);
      },
    };
    let longest = 0;
    return monitor;
  },
}));

let events: EventBus;
let memoryMb: number;
let limits: LoadLimits;
let pauses: string[];
let guard: LoadGuard;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  monitors.clear();
  events = new EventBus();
  memoryMb = 100;
  limits = { maxEventLoopDelayMs: 200, maxMemoryMb: 500 };
  pauses = [];
  const paused = new Set<string>();
  const lane = {
    pause: (cause: string) => (paused.has(cause) ? 0 : (paused.add(cause), pauses.push(`pause ${cause}`))),
    unpause: (cause: string) => (paused.delete(cause) ? pauses.push(`unpause ${cause}`) : 0),
  };
  guard = new LoadGuard({ lane, events, limits: () => limits, memoryBytes: () => memoryMb * MIB });
});
afterEach(() => {
  guard.stop();
  vi.useRealTimers();
});

const load = (count: number) => events.emit("load", { ...NO_LOAD, queued: count });
/** It looks twice a second; before it does, the event loop is held up for so long. */
const look = (blockMs = 0) => {
  for (const [monitor, longest] of monitors) monitors.set(monitor, Math.max(longest, blockMs));
  vi.advanceTimersByTime(500);
};

describe("the guard", () => {
  it("looks only while something is queued", () => {
    expect([vi.getTimerCount(), monitors.size]).toEqual([0, 0]);
    load(1);
    load(2);
    expect([vi.getTimerCount(), monitors.size]).toEqual([1, 2]);
    look();
    expect([vi.getTimerCount(), monitors.size]).toEqual([1, 2]);
    load(0);
    load(0);
    expect([vi.getTimerCount(), monitors.size]).toEqual([0, 0]);
    load(1);
    expect([vi.getTimerCount(), monitors.size]).toEqual([1, 2]);
  });

  it("looks no more once it was stopped, and hears nothing", () => {
    load(1);
    guard.stop();
    load(2);
    expect([vi.getTimerCount(), monitors.size, pauses]).toEqual([0, 0, []]);
  });
});

describe("an event loop that is held up", () => {
  it("for longer than the limit pauses the lane until it has been free for a whole look", () => {
    load(1);
    look(200);
    expect(pauses).toEqual([]);
    look(201);
    expect(pauses).toEqual(["pause event-loop"]);
    look(5000);
    look(0);
    expect(pauses).toEqual(["pause event-loop"]);
    look(0);
    expect(pauses).toEqual(["pause event-loop", "unpause event-loop"]);
  });

  it("is no matter without a limit, and goes by the limit that is in force at each look", () => {
    limits = { ...limits, maxEventLoopDelayMs: 0 };
    load(1);
    look(10_000);
    expect(pauses).toEqual([]);
    limits = { ...limits, maxEventLoopDelayMs: 1000 };
    look(1001);
    limits = { ...limits, maxEventLoopDelayMs: 0 };
    look(1001);
    expect(pauses).toEqual(["pause event-loop", "unpause event-loop"]);
  });

  it("pauses nothing any more when nothing is queued", () => {
    load(1);
    look(1000);
    load(0);
    expect(pauses).toEqual(["pause event-loop", "unpause event-loop"]);
  });
});

describe("memory", () => {
  it("above the limit pauses the lane at once, before anything starts", () => {
    memoryMb = 501;
    load(1);
    expect(pauses).toEqual(["pause memory"]);
    memoryMb = 500;
    look();
    expect(pauses).toEqual(["pause memory", "unpause memory"]);
  });

  it("is no matter without a limit", () => {
    limits = { ...limits, maxMemoryMb: undefined };
    memoryMb = 1e6;
    load(1);
    look();
    expect(pauses).toEqual([]);
  });

  it("and the event loop are two causes of their own", () => {
    load(1);
    memoryMb = 501;
    look(1000);
    look(0);
    look(0);
    memoryMb = 1;
    look(0);
    expect(pauses).toEqual(["pause event-loop", "pause memory", "unpause event-loop", "unpause memory"]);
  });
});

describe("on a real lane", () => {
  const guarded = () => {
    const made = makeLane();
    const own = new LoadGuard({ ...made, limits: () => limits, memoryBytes: () => memoryMb * MIB });
    return { ...made, own };
  };

  it("nothing starts until the gateway is free again, and then it does", async () => {
    const { lane, runner, own, start } = guarded();
    lane.enqueue(queued("a1"));
    look(1000);
    await start();
    expect([runner.open, lane.waitsFor()]).toEqual([[], "event-loop"]);
    look(0);
    look(0);
    expect(runner.open).toEqual(["a1"]);
    own.stop();
  });

  // A pause is itself a change of the load: the guard hears of it while it begins to look.
  it("one that is paused from the beginning is looked at once, and by nobody when nothing is queued", () => {
    const { lane, own } = guarded();
    memoryMb = 501;
    lane.enqueue(queued("a1"));
    expect([lane.waitCauses().has("memory"), vi.getTimerCount(), monitors.size]).toEqual([true, 1, 2]);
    own.stop();
    expect([vi.getTimerCount(), monitors.size]).toEqual([0, 0]);
  });
});
