import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { hasPace, Pace, type PaceLimits } from "../../../src/lane/pace.ts";

const NONE: PaceLimits = { startIntervalMs: 0, startsPerMinute: 0 };
const EVERY_SECOND: PaceLimits = { startIntervalMs: 1000, startsPerMinute: 0 };
const TWO_A_MINUTE: PaceLimits = { startIntervalMs: 0, startsPerMinute: 2 };

function after(delayMs: number, callback: () => void): () => void {
  const handle = setTimeout(callback, delayMs);
  return () => clearTimeout(handle);
}

// Loaded when it is first needed, which no faked clock knows of.
beforeAll(async () => void (await import("bottleneck/light.js")));
beforeEach(() => void vi.useFakeTimers({ now: 1_000_000_000 }));
afterEach(() => void vi.useRealTimers());

/** Bottleneck takes several turns of the event loop for everything: so long is at once, by a clock that stands still. */
const MOMENT_MS = 25;

/** Asks; `isGranted()` says whether it has been granted by now. */
async function ask(pace: Pace) {
  let isGranted = false;
  const permit = pace.ask();
  void permit.then(() => (isGranted = true));
  await vi.advanceTimersByTimeAsync(MOMENT_MS);
  return { permit, isGranted: () => isGranted };
}

/** How long it takes until an ask is granted, to a moment; `Infinity` when it takes longer than two minutes. */
async function waitOf(pace: Pace): Promise<number> {
  const { isGranted } = await ask(pace);
  let waitedMs = 0;
  for (; !isGranted(); waitedMs += MOMENT_MS) {
    if (waitedMs > 120_000) return Infinity;
    await vi.advanceTimersByTimeAsync(MOMENT_MS);
  }
  return waitedMs;
}

async function expectWaits(pace: Pace, ...expectedMs: number[]): Promise<void> {
  for (const ms of expectedMs) {
    const waitedMs = await waitOf(pace);
    expect(waitedMs).toBeGreaterThanOrEqual(ms - 2 * MOMENT_MS);
    expect(waitedMs).toBeLessThanOrEqual(ms + MOMENT_MS);
  }
}

/** Closes it. */
async function closed(pace: Pace): Promise<void> {
  let isClosed = false;
  void pace.close().then(() => (isClosed = true));
  await vi.advanceTimersByTimeAsync(MOMENT_MS);
  // The gateway waits half a second for it.
  expect(isClosed).toBe(true);
}

describe("a pace", () => {
  it("is one when either limit is set", () => {
    expect([hasPace(NONE), hasPace(EVERY_SECOND), hasPace(TWO_A_MINUTE)]).toEqual([false, true, true]);
  });

  it("grants the first at once, the next when the interval is over", async () => {
    const pace = new Pace(EVERY_SECOND, after);
    await expectWaits(pace, 0, 1000);
    await vi.advanceTimersByTimeAsync(700);
    await expectWaits(pace, 300);
    await vi.advanceTimersByTimeAsync(5000);
    await expectWaits(pace, 0);
    await closed(pace);
  });

  it("grants so many a minute, as fast as they are asked for, and then none before the minute is over", async () => {
    const pace = new Pace(TWO_A_MINUTE, after);
    await expectWaits(pace, 0, 0);
    const third = await waitOf(pace);
    expect(third).toBeGreaterThan(59_000);
    expect(third).toBeLessThan(66_000);
    await expectWaits(pace, 0);
    await closed(pace);
  });

  it("goes by both", async () => {
    const pace = new Pace({ startIntervalMs: 500, startsPerMinute: 3 }, after);
    await expectWaits(pace, 0, 500, 500);
    expect(await waitOf(pace)).toBeGreaterThan(50_000);
    await closed(pace);
  });

  it("without a limit grants at once, and makes no limiter with a timer of its own", async () => {
    const pace = new Pace(NONE, after);
    await expectWaits(pace, 0, 0, 0, 0, 0);
    expect(vi.getTimerCount()).toBe(0);
    await closed(pace);
  });
});

describe("a start that was granted and not used", () => {
  it("is granted to the next who asks, at once and without counting", async () => {
    const pace = new Pace(EVERY_SECOND, after);
    const first = await ask(pace);
    (await first.permit).giveBack();
    await expectWaits(pace, 0, 1000);
    await closed(pace);
  });

  it("is not one that was used and has ended", async () => {
    const pace = new Pace(EVERY_SECOND, after);
    const first = await ask(pace);
    (await first.permit).end();
    await expectWaits(pace, 1000);
    await closed(pace);
  });
});

describe("what waits for the pace", () => {
  it("says so while an ask is open, and only then", async () => {
    const pace = new Pace(EVERY_SECOND, after);
    expect(pace.waitsFor).toBeUndefined();
    await waitOf(pace);
    const second = await ask(pace);
    expect(pace.waitsFor).toBe("pace");
    await vi.advanceTimersByTimeAsync(1000);
    expect([second.isGranted(), pace.waitsFor]).toEqual([true, undefined]);
    await closed(pace);
  });
});

describe("limits that are changed", () => {
  it("hold for an ask that is open", async () => {
    const pace = new Pace({ startIntervalMs: 3_600_000, startsPerMinute: 0 }, after);
    await waitOf(pace);
    const open = await ask(pace);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(open.isGranted()).toBe(false);
    pace.setLimits(EVERY_SECOND);
    await vi.advanceTimersByTimeAsync(1000);
    expect(open.isGranted()).toBe(true);
    expect(await waitOf(pace)).toBeLessThanOrEqual(1000);
    await closed(pace);
  });

  it("to none let an open ask go at once", async () => {
    const pace = new Pace(TWO_A_MINUTE, after);
    await waitOf(pace);
    await waitOf(pace);
    const open = await ask(pace);
    expect(open.isGranted()).toBe(false);
    pace.setLimits(NONE);
    await vi.advanceTimersByTimeAsync(MOMENT_MS);
    expect([open.isGranted(), pace.waitsFor]).toEqual([true, undefined]);
    await closed(pace);
  });

  it("from none hold for the next", async () => {
    const pace = new Pace(NONE, after);
    await waitOf(pace);
    pace.setLimits(EVERY_SECOND);
    await expectWaits(pace, 0, 1000);
    await closed(pace);
  });

  it("to what they are already change nothing: what was granted still counts", async () => {
    const pace = new Pace(EVERY_SECOND, after);
    await waitOf(pace);
    pace.setLimits({ ...EVERY_SECOND });
    await expectWaits(pace, 1000);
    await closed(pace);
  });

  it("often, while an ask is open, grant it once", async () => {
    const pace = new Pace(TWO_A_MINUTE, after);
    await waitOf(pace);
    await waitOf(pace);
    const open = await ask(pace);
    for (let startsPerMinute = 3; startsPerMinute < 9; startsPerMinute += 1) {
      pace.setLimits({ startIntervalMs: 0, startsPerMinute });
    }
    await vi.advanceTimersByTimeAsync(MOMENT_MS);
    expect(open.isGranted()).toBe(true);
    // Of the eight that the newest allows, one is used.
    await expectWaits(pace, 0, 0, 0, 0, 0, 0, 0);
    expect((await ask(pace)).isGranted()).toBe(false);
    await closed(pace);
  });
});

describe("a clock that is set back", () => {
  it.each([EVERY_SECOND, TWO_A_MINUTE])("keeps nobody waiting for longer than a minute: %j", async (limits) => {
    const pace = new Pace(limits, after);
    await waitOf(pace);
    await waitOf(pace);
    vi.setSystemTime(Date.now() - 3_600_000);
    expect(await waitOf(pace)).toBeLessThanOrEqual(61_000);
    await closed(pace);
  });
});

describe("a pace that is closed", () => {
  it.each([EVERY_SECOND, TWO_A_MINUTE, { startIntervalMs: 500, startsPerMinute: 1 }])(
    "leaves no timer, and an open ask open: %j",
    async (limits) => {
      const pace = new Pace(limits, after);
      await waitOf(pace);
      await waitOf(pace);
      const open = await ask(pace);
      await closed(pace);
      expect(vi.getTimerCount()).toBe(0);
      await vi.advanceTimersByTimeAsync(200_000);
      expect([open.isGranted(), vi.getTimerCount()]).toEqual([false, 0]);
    },
  );

  it("leaves no timer when it was changed before, or never asked", async () => {
    const changed = new Pace(TWO_A_MINUTE, after);
    await waitOf(changed);
    changed.setLimits(EVERY_SECOND);
    await waitOf(changed);
    await closed(changed);
    await closed(new Pace(EVERY_SECOND, after));
    expect(vi.getTimerCount()).toBe(0);
  });
});

// By the real clock, once: that it is Bottleneck which waits.
it("keeps its interval by the real clock", async () => {
  vi.useRealTimers();
  const pace = new Pace({ startIntervalMs: 30, startsPerMinute: 0 }, after);
  const fromMs = performance.now();
  for (let starts = 0; starts < 5; starts += 1) await pace.ask();
  await pace.close();
  // A loaded machine grants later, never sooner; the two clocks may differ by a millisecond or two.
  expect(performance.now() - fromMs).toBeGreaterThan(4 * 30 - 4);
});
