import { describe, expect, it } from "vitest";
import type { RunEnd } from "../../../src/domain/decisions.ts";
import type { LaneLimits } from "../../../src/lane/resume-lane.ts";
import { FakePermits } from "../support/fake-permits.ts";
import { makeLane } from "../support/lane-maker.ts";
import { LANE_LIMITS } from "../support/makers.ts";

const REPLIED: RunEnd = { kind: "completed", reason: "replied" };

/** A lane whose starts need permits. */
function pacedLane(limits: Partial<LaneLimits> = {}) {
  const permits = new FakePermits();
  const made = makeLane({ needsPermit: true, ...limits }, { permits });
  const grant = async () => {
    permits.grant();
    await made.clock.settle();
  };
  return { ...made, permits, grant };
}

describe("a permit", () => {
  it("is asked for when something could start, and nothing starts without it", async () => {
    const { permits, runner, start, grant } = pacedLane();
    await start("a1");
    expect([permits.journal, runner.open]).toEqual([["ask 1"], []]);
    await grant();
    expect(runner.open).toEqual(["a1"]);
  });

  it("is never asked for while nothing is queued, users are there, or the limits need none", async () => {
    const { permits, clock, lane, start } = pacedLane();
    await start();
    lane.userRunStarted("run", "x1");
    await clock.elapse(10_000);
    const free = pacedLane({ needsPermit: false });
    await free.start("a1");
    expect([permits.journal, free.permits.journal, free.runner.open]).toEqual([[], [], ["a1"]]);
  });

  it("has ended when the run has really ended, once; not when it was cancelled", async () => {
    const { permits, clock, lane, runner, start, grant } = pacedLane();
    await start("a1");
    await grant();
    lane.userWrote("x1");
    await clock.settle();
    expect(permits.journal).toEqual(["ask 1"]);
    runner.end("a1", { kind: "cancelled" });
    await clock.settle();
    expect(permits.journal).toEqual(["ask 1", "end 1"]);
  });

  it("has ended before the next is asked for: the slot of the fleet is free", async () => {
    const { permits, clock, runner, start, grant } = pacedLane();
    await start("a1", "a2");
    await grant();
    expect(permits.journal).toEqual(["ask 1"]);
    runner.end("a1", REPLIED);
    await clock.settle();
    expect(permits.journal).toEqual(["ask 1", "end 1", "ask 2"]);
    await grant();
    runner.end("a2", REPLIED);
    await clock.settle();
    expect(permits.journal).toEqual(["ask 1", "end 1", "ask 2", "end 2"]);
  });

  it.each<[how: string, end: (made: ReturnType<typeof pacedLane>) => Promise<unknown>]>([
    ["has thrown", async ({ runner, clock }) => (runner.reject("a1", new Error("x")), clock.settle())],
    ["has taken too long", async ({ runner, clock }) => ((runner.drainsAtOnce = true), clock.elapse(60_000))],
    ["was stopped with the gateway", async ({ runner, lane }) => ((runner.drainsAtOnce = true), lane.drain())],
  ])("has ended once when the run %s", async (_how, end) => {
    const made = pacedLane();
    await made.start("a1");
    await made.grant();
    await end(made);
    await made.clock.settle();
    expect(made.permits.journal.filter((step) => step.endsWith(" 1"))).toEqual(["ask 1", "end 1"]);
  });

  it("has ended too when there was no run: its record could not be written", async () => {
    const { permits, ledger, runner, start, grant } = pacedLane();
    ledger.broken.add("started a1");
    await start("a1");
    await grant();
    expect([permits.journal, runner.open]).toEqual([["ask 1", "end 1"], []]);
  });

  it("is given back when users have come meanwhile, and asked for anew when they are gone", async () => {
    const { permits, clock, lane, runner, start, grant } = pacedLane();
    await start("a1");
    lane.userRunStarted("run", "x1");
    await grant();
    expect([permits.journal, runner.open]).toEqual([["ask 1", "give back 1"], []]);
    lane.userRunEnded("run", true);
    await clock.elapse(2000);
    expect(permits.journal).toEqual(["ask 1", "give back 1", "ask 2"]);
    await grant();
    expect(runner.open).toEqual(["a1"]);
  });

  it("is given back when it comes after the gateway began to stop", async () => {
    const { permits, lane, start, grant } = pacedLane();
    await start("a1");
    await lane.drain();
    await grant();
    expect(permits.journal).toEqual(["ask 1", "give back 1"]);
  });

  it("is given back when the settings need none any more", async () => {
    const { permits, clock, lane, runner, start, grant } = pacedLane();
    await start("a1");
    lane.setLimits({ ...LANE_LIMITS, maxConcurrent: 1 });
    await clock.settle();
    expect(runner.open).toEqual(["a1"]);
    await grant();
    runner.end("a1", REPLIED);
    await clock.settle();
    expect(permits.journal).toEqual(["ask 1", "give back 1"]);
  });

  it("starts the one that is first when it comes", async () => {
    const { lane, runner, start, grant } = pacedLane();
    await start("a1", "b1");
    lane.request("b1");
    await grant();
    expect(runner.open).toEqual(["b1"]);
  });

  it("is asked for one at a time, however many slots are free", async () => {
    const { permits, runner, start, grant } = pacedLane({ maxConcurrent: 3 });
    await start("a1", "b1", "c1", "d1");
    for (let starts = 0; starts < 3; starts += 1) await grant();
    expect([permits.journal, runner.open]).toEqual([
      ["ask 1", "ask 2", "ask 3"],
      ["a1", "b1", "c1"],
    ]);
    expect(permits.waitsFor).toBeUndefined();
  });
});

describe("what the lane waits for", () => {
  it("is what its permit waits for, while one is asked for", async () => {
    const { lane, start, grant } = pacedLane();
    await start("a1", "b1");
    expect([lane.waitsFor(), [...lane.waitCauses()]]).toEqual(["fleet", ["fleet"]]);
    await grant();
    expect([lane.waitsFor(), [...lane.waitCauses()]]).toEqual([undefined, []]);
  });
});
