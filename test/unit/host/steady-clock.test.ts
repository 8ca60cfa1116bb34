import { expect, it } from "vitest";
import { steadyClock } from "../../../src/host/steady-clock.ts";

const HOUR = 3_600_000;

it("begins with the wall clock and goes on with the monotonic one, whatever becomes of the wall clock", () => {
  let [wall, monotonic] = [1_790_000_000_000, 5_000.25];
  const nowMs = steadyClock(
    () => wall,
    () => monotonic,
  );
  expect(nowMs()).toBe(1_790_000_000_000);
  [wall, monotonic] = [wall - HOUR, monotonic + 7];
  expect(nowMs()).toBe(1_790_000_000_007);
  [wall, monotonic] = [wall + 2 * HOUR, monotonic + 0.5];
  expect(nowMs()).toBe(1_790_000_000_007);
});

it("is whole milliseconds, near the wall clock's", () => {
  const now = steadyClock()();
  expect(Number.isInteger(now)).toBe(true);
  expect(Math.abs(now - Date.now())).toBeLessThan(1_000);
});
