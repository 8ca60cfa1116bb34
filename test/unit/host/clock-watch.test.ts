import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { ClockMark } from "../../../src/domain/clock-jumps.ts";
import { clockJumps, clockMark, watchClock } from "../../../src/host/clock-watch.ts";
import type { LaneFacts } from "../../../src/record/facts.ts";
import { HOUR, NOW } from "../support/makers.ts";

class FakeFacts {
  readonly kept = new Map<string, unknown>();
  get<Name extends keyof LaneFacts>(name: Name): LaneFacts[Name] | undefined {
    return this.kept.get(name) as LaneFacts[Name] | undefined;
  }
  set(name: string, value: unknown): void {
    this.kept.set(name, value);
  }
}

let facts: FakeFacts;
let now: ClockMark | undefined;
const failed = vi.fn<(error: unknown) => void>();
const watch = () => watchClock({ facts, read: () => now, failed });
/** Time goes by, and the clock is set by so much. */
const pass = (ms: number, setByMs = 0) => {
  if (now !== undefined) now = { ...now, wallMs: now.wallMs + ms + setByMs, uptimeMs: now.uptimeMs + ms };
};

beforeEach(() => {
  facts = new FakeFacts();
  now = { wallMs: NOW, uptimeMs: 0, machine: "one" };
  failed.mockClear();
  vi.useFakeTimers();
});
afterEach(() => vi.useRealTimers());

it("remembers how far the clock was set while no gateway ran", () => {
  watch()();
  pass(HOUR, 2 * HOUR);
  expect(clockJumps(facts, now)).toEqual([{ atMs: NOW + HOUR, byMs: 2 * HOUR }]);
  expect(facts.kept.get("clockJumps")).toBeUndefined();
  watch()();
  pass(HOUR);
  expect(clockJumps(facts, now)).toEqual([{ atMs: NOW + HOUR, byMs: 2 * HOUR }]);
});

it("sees a clock that is set while the gateway runs, and stops when it is told to", () => {
  const stop = watch();
  pass(60_000, -HOUR);
  vi.advanceTimersByTime(60_000);
  expect(facts.kept.get("clockJumps")).toEqual([{ atMs: NOW + 60_000, byMs: -HOUR }]);
  stop();
  expect(vi.getTimerCount()).toBe(0);
});

it("forgets what is more than a year past, and nothing before, however far the clock was set", () => {
  const year = 366 * 24 * HOUR;
  watch()();
  pass(0, 9 * year);
  watch()();
  const jump = { atMs: NOW, byMs: 9 * year };
  expect(facts.kept.get("clockJumps")).toEqual([jump]);
  pass(year - HOUR);
  watch()();
  expect(facts.kept.get("clockJumps")).toEqual([jump]);
  pass(HOUR);
  watch()();
  expect(facts.kept.get("clockJumps")).toEqual([]);
});

it("knows of no jump where the machine does not tell its starts apart", () => {
  now = undefined;
  watch()();
  expect(facts.kept.size).toBe(0);
  expect(clockJumps(facts, now)).toEqual([]);
});

it("says so when it cannot write, and goes on", () => {
  facts.set = () => {
    throw new Error("disk full");
  };
  const stop = watch();
  vi.advanceTimersByTime(60_000);
  stop();
  expect(failed).toHaveBeenCalledTimes(2);
});

it("reads this machine's clocks", () => {
  const mark = clockMark();
  expect(mark).toMatchObject({ wallMs: Date.now(), machine: expect.stringMatching(/^[0-9a-f-]{36}$/) });
  expect(mark?.uptimeMs).toBeGreaterThan(0);
});
