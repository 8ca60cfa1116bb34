import { afterEach, expect, it, vi } from "vitest";
import { timer } from "../../../src/host/active.ts";

afterEach(() => vi.useRealTimers());

it("a timer for longer than the engine can count does not fire at once", () => {
  vi.useFakeTimers();
  const fired = vi.fn();
  const cancel = timer(99_999_999_000, fired);
  vi.advanceTimersByTime(86_400_000);
  expect(fired).not.toHaveBeenCalled();
  cancel();
  expect(vi.getTimerCount()).toBe(0);
});
