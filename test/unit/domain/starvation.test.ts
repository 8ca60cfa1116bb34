import { describe, expect, it } from "vitest";
import { StarvationMeter } from "../../../src/domain/starvation.ts";

const load = (usersWaiting: number, queued: number, running: number) => ({ usersWaiting, queued, running });

describe("lane main", () => {
  it("starves from the user's signal until the last resume has drained", () => {
    const meter = new StarvationMeter(0);
    meter.observe(load(0, 3, 2), 100);
    meter.observe(load(1, 3, 2), 500);
    meter.observe(load(1, 4, 1), 620);
    meter.observe(load(1, 5, 0), 700);
    expect(meter.totalMs("main", 5000)).toBe(200);
  });

  it("does not starve while users wait behind users", () => {
    const meter = new StarvationMeter(0);
    meter.observe(load(5, 3, 0), 0);
    expect(meter.totalMs("main", 9000)).toBe(0);
  });

  it("adds up separate times", () => {
    const meter = new StarvationMeter(0);
    meter.observe(load(1, 0, 1), 10);
    meter.observe(load(0, 0, 1), 40);
    meter.observe(load(2, 0, 1), 100);
    meter.observe(load(0, 0, 0), 105);
    expect(meter.totalMs("main", 1000)).toBe(35);
  });
});

describe("lane startup-resume", () => {
  it("starves from the first queued resume until one runs", () => {
    const meter = new StarvationMeter(0);
    meter.observe(load(0, 1, 0), 300);
    meter.observe(load(0, 8, 0), 400);
    meter.observe(load(0, 7, 1), 2300);
    meter.observe(load(0, 7, 0), 5000);
    expect(meter.totalMs("startup-resume", 5100)).toBe(2100);
  });

  it("does not starve with an empty queue or while one runs", () => {
    const meter = new StarvationMeter(0);
    meter.observe(load(3, 0, 0), 0);
    meter.observe(load(3, 9, 1), 1000);
    expect(meter.totalMs("startup-resume", 2000)).toBe(0);
  });

  it("is measured up to the moment of reading, and read twice counts once", () => {
    const meter = new StarvationMeter(1000);
    meter.observe(load(0, 1, 0), 1000);
    expect(meter.totalMs("startup-resume", 1500)).toBe(500);
    expect(meter.totalMs("startup-resume", 1500)).toBe(500);
    expect(meter.totalMs("startup-resume", 1750)).toBe(750);
  });
});

it("counts both lanes at once when both starve in turn", () => {
  const meter = new StarvationMeter(0);
  meter.observe(load(1, 2, 1), 0);
  meter.observe(load(1, 3, 0), 40);
  expect([meter.totalMs("main", 100), meter.totalMs("startup-resume", 100)]).toEqual([40, 60]);
});
