import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { VirtualClock } from "../../../scripts/simulate/clock.ts";
import { FleetModel, PaceModel, type Permits } from "../../../scripts/simulate/permits.ts";
import { Pace, type PaceLimits } from "../../../src/lane/pace.ts";
import type { Permit } from "../../../src/lane/permits.ts";
import { timer } from "../../../src/host/active.ts";

const LONG_MS = 600_000;

/** When each of `asks` was granted, asked for one after the other with pauses in between. */
function grantsOfModel(limits: PaceLimits, pausesMs: readonly number[]): number[] {
  const clock = new VirtualClock();
  const pace = new PaceModel(limits, clock);
  const granted: number[] = [];
  const ask = () => {
    const pauseMs = pausesMs[granted.length];
    if (pauseMs === undefined) return;
    clock.after(pauseMs, () =>
      pace.ask(() => {
        granted.push(clock.nowMs);
        ask();
      }),
    );
  };
  ask();
  clock.run(() => false, LONG_MS);
  return granted;
}

async function grantsOfPlugin(limits: PaceLimits, pausesMs: readonly number[]): Promise<number[]> {
  vi.useFakeTimers({ now: 0 });
  const pace = new Pace(limits, timer);
  const granted: number[] = [];
  const asked = (async () => {
    for (const pauseMs of pausesMs) {
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
      await pace.ask();
      granted.push(Date.now());
    }
  })();
  await vi.advanceTimersByTimeAsync(LONG_MS);
  await asked;
  return granted;
}

describe("the pace", () => {
  // The first start loads it, for as long as that takes; the fake clock does not wait for it.
  beforeAll(() => import("bottleneck/light.js"));
  afterEach(() => {
    vi.useRealTimers();
  });

  const burst = Array.from({ length: 12 }, () => 0);
  const slow = [0, 900, 20_000, 20_000, 20_000, 0, 0, 0, 70_000, 0, 0, 0, 0];
  it.each([
    ["an interval", { startIntervalMs: 250, startsPerMinute: 0 }, burst],
    ["a minute", { startIntervalMs: 0, startsPerMinute: 3 }, burst],
    ["both", { startIntervalMs: 250, startsPerMinute: 5 }, burst],
    ["both, asked now and then", { startIntervalMs: 1000, startsPerMinute: 3 }, slow],
  ])("grants when Bottleneck does: %s", async (_, limits, pausesMs) => {
    const expected = await grantsOfPlugin(limits, pausesMs);
    expect(expected).toHaveLength(pausesMs.length);
    const granted = grantsOfModel(limits, pausesMs);
    // Bottleneck and timers of Node need some milliseconds for each.
    for (const [at, ms] of granted.entries()) expect(Math.abs(ms - expected[at]!), `grant ${at}`).toBeLessThan(300);
  });

  it("keeps a start that was given back for the next", () => {
    const clock = new VirtualClock();
    const pace = new PaceModel({ startIntervalMs: 5000, startsPerMinute: 0 }, clock);
    const granted: number[] = [];
    pace.ask((unused) => {
      unused.giveBack();
      pace.ask(() => {
        granted.push(clock.nowMs);
        pace.ask(() => granted.push(clock.nowMs));
      });
    });
    clock.run(() => false, LONG_MS);
    expect(granted).toEqual([0, 5000]);
  });
});

describe("the fleet", () => {
  /** Asks for some of its members; who was granted is written down. */
  function make(limits: { maxConcurrent: number; startsPerMinute?: number }, members: number) {
    const clock = new VirtualClock();
    const fleet = new FleetModel({ startsPerMinute: undefined, ...limits }, clock);
    const all: Permits[] = Array.from({ length: members }, () => fleet.join());
    const log: [number, number][] = [];
    const permits: Permit[] = [];
    const ask = (member: number) =>
      all[member]!.ask((permit) => {
        log.push([member, clock.nowMs]);
        permits.push(permit);
      });
    return { log, permits, ask, run: () => clock.run(() => false, LONG_MS) };
  }
  const members = (log: readonly (readonly [number, number])[]) => log.map(([member]) => member);

  it("gives a free slot to the one with the fewest running, then to the one that had none for longest", () => {
    const { log, permits, ask, run } = make({ maxConcurrent: 3 }, 3);
    for (const member of [0, 0, 1]) {
      ask(member);
      run();
    }
    // 0 runs two, 1 runs one; all ask for more.
    for (const member of [0, 1, 2]) ask(member);
    run();
    expect(members(log)).toEqual([0, 0, 1]);
    permits[0]!.end();
    run();
    expect(members(log)).toEqual([0, 0, 1, 2]);
    permits[1]!.end();
    run();
    // 0 runs nothing now.
    expect(members(log)).toEqual([0, 0, 1, 2, 0]);
    permits[3]!.end();
    run();
    expect(members(log)).toEqual([0, 0, 1, 2, 0, 1]);
  });

  it("lets nobody pass those that wait by asking again", () => {
    const { log, permits, ask, run } = make({ maxConcurrent: 1 }, 4);
    for (const member of [0, 2, 1, 3]) ask(member);
    run();
    permits[0]!.end();
    ask(0);
    for (const nth of [1, 2, 3]) {
      run();
      permits[nth]!.end();
    }
    run();
    expect(members(log)).toEqual([0, 1, 2, 3, 0]);
  });

  it("notes that a run of one that waits has ended", () => {
    const { log, permits, ask, run } = make({ maxConcurrent: 2 }, 2);
    for (const member of [1, 0]) {
      ask(member);
      run();
    }
    ask(0);
    ask(1);
    permits[1]!.end();
    run();
    // 0 had its last grant after 1, and yet runs fewer.
    expect(members(log)).toEqual([1, 0, 0]);
  });

  it("starts so many in each of its minutes; one that was given back may start yet", () => {
    const { log, permits, ask, run } = make({ maxConcurrent: 10, startsPerMinute: 2 }, 4);
    for (const member of [0, 1, 2, 3]) ask(member);
    run();
    expect(log).toEqual([
      [0, 0],
      [1, 0],
      [2, 60_000],
      [3, 60_000],
    ]);
    permits[3]!.giveBack();
    ask(0);
    run();
    expect(log.at(-1)).toEqual([0, 60_000]);
  });
});
