import { describe, expect, it } from "vitest";
import { plain, resumedAt } from "./worlds.ts";

/**
 * Constants of the plugin and of the simulation: users are quiet after 2 s, a provider begins to answer after 1 s and
 * refuses after 0.3 s, a run drains in 0.05 s. Until a provider has answered the first request there is no second.
 */
describe("one gateway of which everything is known", () => {
  it("fills its two slots, the second one when the provider has answered the first request", () => {
    const result = plain();
    // Starts at 2, 3, 12 and 13.
    expect(resumedAt(result)).toEqual([12, 13, 22, 23]);
    expect(result.recoveredMs).toEqual({ first: 12_000, median: 13_000, most: 23_000, last: 23_000 });
    expect(result.tookMs).toBe(23_000);
    expect(result.atOnce).toEqual({ peak: 2, mean: 40 / 23 });
    expect(result.perMinute).toEqual({ peak: 4, mean: 4 / (23 / 60) });
    expect(result).toMatchObject({ resumed: 4, unfinished: 0, preemptions: 0, refused: { resume: 0, user: 0 } });
  });

  it("asks for one thing after the other: requests follow each other, and overlap with those of the other slot only", () => {
    const result = plain("--sessions 2 --requests-per-resume 5");
    expect(resumedAt(result)).toEqual([12, 13]);
    expect(result.perMinute.peak).toBe(10);
    expect(result.atOnce.peak).toBe(2);
  });

  it("keeps the interval between two starts", () => {
    // Granted at 2, then every 4 s while there is a slot.
    expect(resumedAt(plain("--start-interval-ms 4000 --max-concurrent 4"))).toEqual([12, 16, 20, 24]);
  });

  it("starts two each minute, counted from when it first asked", () => {
    const result = plain("--sessions 6 --starts-per-minute 2 --max-concurrent 10");
    // 2 and 3; 62 and 62; 122 and 122.
    expect(resumedAt(result)).toEqual([12, 13, 72, 72, 132, 132]);
  });

  it("lets a provider that takes one request at a time cool down for 30 s", () => {
    const result = plain("--sessions 2 --provider-concurrent 1");
    // The second starts at 3 and is refused at 3.3; its cool-down ends at 33.3.
    expect(result.recoveredMs).toMatchObject({ first: 12_000, last: 43_300 });
    expect(result.refused).toEqual({ resume: 1, user: 0 });
  });

  it("counts the requests of the last minute as the provider does", () => {
    // The second is refused at 3.3 and at 33.6; the third step of the cool-down, 60 s, ends at 93.6.
    const result = plain("--sessions 2 --provider-rpm 1");
    expect(result.refused.resume).toBe(2);
    expect(result.recoveredMs?.last).toBe(103_600);
  });

  it("holds what takes longer than the time limit twice", () => {
    const result = plain("--sessions 1 --resume-seconds 100");
    // 2 to 62.05, rest of 30 s, 92.05 to 152.1.
    expect(result.tookMs).toBe(152_100);
    expect(result.held).toEqual(new Map([["attempts-exhausted", 1]]));
    expect(result).toMatchObject({ resumed: 0, recoveredMs: undefined });
  });

  it("holds what is over the limit of one boot", () => {
    const result = plain("--sessions 130");
    expect(result.held).toEqual(new Map([["over-boot-limit", 30]]));
    expect(result.resumed).toBe(100);
  });

  it("without limits starts everything at once, and the host repeats what is refused", () => {
    const result = plain("--sessions 40", 1);
    expect(resumedAt(result)).toEqual(Array.from({ length: 40 }, () => 12));
    expect(result.atOnce.peak).toBe(40);
    const refused = plain("--sessions 40 --provider-concurrent 5", 1);
    expect(refused.atOnce.peak).toBe(40);
    // At least those 35, once more each.
    expect(refused.refused.resume).toBeGreaterThan(70);
  });
});

describe("two gateways and one slot of the fleet", () => {
  const fleet = "--gateways 2 --sessions 2 --fleet-concurrent 1";

  it("take turns", () => {
    const result = plain(fleet);
    expect(resumedAt(result)).toEqual([12, 22, 32, 42]);
    expect(result.recoveredMs).toEqual({ first: 12_000, median: 22_000, most: 42_000, last: 42_000 });
    expect(result.atOnce).toEqual({ peak: 1, mean: 40 / 42 });
  });

  it("count from their own restart what a session waits", () => {
    // The second gateway is ready at 100: its sessions are resumed at 112 and 122.
    const result = plain(`${fleet} --stagger-seconds 100`);
    expect(resumedAt(result)).toEqual([12, 22, 112, 122]);
    expect(result.recoveredMs).toMatchObject({ first: 12_000, last: 22_000 });
    expect(result.tookMs).toBe(122_000);
  });

  it("start no more in a minute than all may", () => {
    const result = plain("--gateways 2 --sessions 2 --fleet-concurrent 9 --fleet-starts-per-minute 1");
    // Minutes of the fleet begin at the first restart.
    expect(resumedAt(result)).toEqual([12, 70, 130, 190]);
  });
});
