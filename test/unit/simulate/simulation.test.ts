import { describe, expect, it } from "vitest";
import { options, plain, result } from "./worlds.ts";

/** Users, refusals and restarts one after the other, all at a time. */
const BUSY =
  "--gateways 12 --sessions 15 --stagger-seconds 3 --users-per-minute 1.5 --user-seconds 6 --resume-seconds 20 " +
  "--resume-spread 0.8 --fleet-concurrent 6 --fleet-starts-per-minute 40 --provider-concurrent 9 --provider-rpm 200";
const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8];

describe.each(SEEDS)("seed %i", (seed) => {
  const busy = options(`${BUSY} --seed ${seed}`);
  const [fleet, alone, unlimited] = [0, 1, 2].map((at) => result(busy, at));

  it("never runs more than the fleet may", () => {
    expect(fleet!.mostRunning).toBe(6);
    // A control: without the fleet there are more.
    expect(alone!.mostRunning).toBeGreaterThan(6);
    expect(unlimited!.mostRunning).toBeGreaterThan(alone!.mostRunning);
  });

  it("brings every session to an end", () => {
    for (const { resumed, held, unfinished, sessions } of [fleet!, alone!, unlimited!]) {
      const ended = [...held.values()].reduce((sum, count) => sum + count, resumed);
      expect({ ended, unfinished }).toEqual({ ended: sessions, unfinished: 0 });
    }
  });

  it("gives the same figures again", () => {
    expect(result(busy)).toEqual(fleet);
  });

  it("lets users come first: they preempt, and what they have cut off is resumed", () => {
    expect(fleet!.preemptions).toBeGreaterThan(0);
    expect(fleet!.users).toBeGreaterThan(0);
  });
});

it("gives other figures for another seed", () => {
  expect(result(options(`${BUSY} --seed 1`)).tookMs).not.toBe(result(options(`${BUSY} --seed 2`)).tookMs);
});

it("has resumes that take as long as was asked for, on average", () => {
  // One slot: all the time from the first start to the end is spent on resumes.
  const { tookMs } = plain("--gateways 1 --sessions 100 --resume-spread 0.5 --max-concurrent 1 --seed 7");
  const other = plain("--gateways 20 --sessions 100 --resume-spread 0.5 --fleet-concurrent 1 --seed 7");
  expect((tookMs - 2_000) / 100).toBeGreaterThan(8_500);
  expect((tookMs - 2_000) / 100).toBeLessThan(11_500);
  expect((other.tookMs - 2_000) / 2000).toBeGreaterThan(9_700);
  expect((other.tookMs - 2_000) / 2000).toBeLessThan(10_300);
});
