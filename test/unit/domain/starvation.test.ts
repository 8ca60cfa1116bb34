import { describe, expect, it } from "vitest";
import { type LaneLoad, NO_LOAD, StarvationMeter } from "../../../src/domain/starvation.ts";

const load = (over: Partial<LaneLoad>): LaneLoad => ({ ...NO_LOAD, ...over });

/** What the meter says after a timeline: each load holds from its time on. */
function meterOf(timeline: readonly (readonly [atMs: number, load: Partial<LaneLoad>])[]): StarvationMeter {
  const meter = new StarvationMeter(0);
  for (const [atMs, over] of timeline) meter.observe(load(over), atMs);
  return meter;
}

describe("lane main", () => {
  it("starves while resumes are in a user's way, however many", () => {
    const meter = meterOf([
      [100, { running: 2 }],
      [500, { usersWaiting: 1, running: 2, inTheWay: 2 }],
      [620, { usersWaiting: 1, running: 1, inTheWay: 1 }],
      [700, { usersWaiting: 1 }],
    ]);
    expect(meter.totalMs("main", 5000)).toBe(200);
  });

  it("does not starve while users wait for other users or for the model", () => {
    const meter = meterOf([[0, { usersWaiting: 5, usersRunning: 2, queued: 3, ready: 3 }]]);
    expect(meter.totalMs("main", 9000)).toBe(0);
  });

  it("does not starve beside a resume that may stay", () => {
    const meter = meterOf([[0, { usersWaiting: 1, running: 1 }]]);
    expect(meter.totalMs("main", 9000)).toBe(0);
  });

  it("starves while the host's own recovery is in a user's way, though no resume of ours runs", () => {
    const meter = meterOf([[10, { usersWaiting: 1, inTheWay: 1 }]]);
    expect(meter.totalMs("main", 60_010)).toBe(60_000);
  });

  it("adds up separate times", () => {
    const meter = meterOf([
      [10, { inTheWay: 1 }],
      [40, {}],
      [100, { inTheWay: 2 }],
      [105, {}],
    ]);
    expect(meter.totalMs("main", 1000)).toBe(35);
  });
});

describe("lane startup-resume", () => {
  it("starves from the first resume that is ready until one runs", () => {
    const meter = meterOf([
      [300, { queued: 1, ready: 1 }],
      [400, { queued: 8, ready: 8 }],
      [2300, { queued: 7, ready: 7, running: 1 }],
      [5000, { queued: 7, ready: 7 }],
    ]);
    expect(meter.totalMs("startup-resume", 5100)).toBe(2100);
  });

  it("does not starve with an empty queue or while one runs", () => {
    const meter = meterOf([
      [0, { usersWaiting: 3 }],
      [1000, { usersWaiting: 3, queued: 9, ready: 9, running: 1 }],
    ]);
    expect(meter.totalMs("startup-resume", 2000)).toBe(0);
  });

  it("does not starve while all that is queued rests or waits for its own user", () => {
    const meter = meterOf([[0, { queued: 4, ready: 0 }]]);
    expect(meter.totalMs("startup-resume", 2000)).toBe(0);
  });

  it("is measured up to the moment of reading, and read twice counts once", () => {
    const meter = meterOf([[1000, { queued: 1, ready: 1 }]]);
    expect(meter.totalMs("startup-resume", 1500)).toBe(500);
    expect(meter.totalMs("startup-resume", 1500)).toBe(500);
    expect(meter.totalMs("startup-resume", 1750)).toBe(750);
  });
});

it("counts both lanes at once when both starve in turn", () => {
  const meter = meterOf([
    [0, { queued: 2, ready: 2, running: 1, inTheWay: 1 }],
    [40, { queued: 3, ready: 3 }],
  ]);
  expect([meter.totalMs("main", 100), meter.totalMs("startup-resume", 100)]).toEqual([40, 60]);
});

it("never runs backwards", () => {
  const meter = meterOf([[100, { inTheWay: 1 }]]);
  expect([meter.totalMs("main", 150), meter.totalMs("main", 120), meter.totalMs("main", 130)]).toEqual([50, 50, 60]);
});
