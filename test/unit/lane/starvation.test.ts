import { describe, expect, it } from "vitest";
import { EventBus } from "../../../src/domain/events.ts";
import type { RunEnd } from "../../../src/domain/decisions.ts";
import { StarvationMeter } from "../../../src/domain/starvation.ts";
import { type LaneLimits, ResumeLane } from "../../../src/lane/resume-lane.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { FakeLedger } from "../support/fake-ledger.ts";
import { FakeRunner } from "../support/fake-runner.ts";
import { LANE_LIMITS, queued } from "../support/makers.ts";

const CANCELLED: RunEnd = { kind: "cancelled" };
const REPLIED: RunEnd = { kind: "completed", reason: "replied" };
const FAILED: RunEnd = { kind: "failed", error: "x" };

/** A lane of two slots, quiet after 2 s, retries after 30 s; and the meter that listens to it. Both begin at 0. */
function makeLane(limits: Partial<LaneLimits> = {}) {
  const clock = new FakeClock();
  const events = new EventBus();
  const meter = new StarvationMeter(0);
  events.on("load", (load) => meter.observe(load, clock.nowMs()));
  const runner = new FakeRunner([]);
  const lane = new ResumeLane({
    limits: { ...LANE_LIMITS, ...limits },
    runner,
    ledger: new FakeLedger([]),
    events,
    clock,
  });
  /** `[main, startup-resume]` up to now, milliseconds. */
  const starved = () => [meter.totalMs("main", clock.nowMs()), meter.totalMs("startup-resume", clock.nowMs())];
  const end = async (key: string, how: RunEnd) => {
    runner.end(key, how);
    await clock.settle();
  };
  /** Both run from 2000 on. */
  const startTwo = async () => {
    lane.enqueue(queued("a1"));
    lane.enqueue(queued("a2"));
    lane.open();
    await clock.elapse(2000);
  };
  return { clock, runner, lane, starved, end, startTwo };
}

describe("starvation over a timeline", () => {
  it("of a restart that users interrupt", async () => {
    const { clock, lane, starved, end, startTwo } = makeLane();
    await startTwo();
    // 0 to 2000: two are ready, the gateway has to be quiet first.
    expect(starved()).toEqual([0, 2000]);
    await clock.elapse(3000);
    lane.userWrote("x");
    await clock.elapse(80);
    await end("a1", CANCELLED);
    await clock.elapse(40);
    await end("a2", CANCELLED);
    // 5000 to 5120: until the second has drained, too.
    expect(starved()).toEqual([120, 2000]);
    await clock.elapse(380);
    lane.userRunStarted("run", "x");
    await clock.elapse(500);
    lane.userRunEnded("run", true);
    await clock.elapse(2000);
    // 5120 to 8000: the user is served, then it has to be quiet.
    expect(starved()).toEqual([120, 4880]);
    await end("a1", REPLIED);
    await end("a2", REPLIED);
    await clock.elapse(10_000);
    expect(starved()).toEqual([120, 4880]);
  });

  it("of the user of the session that is being resumed", async () => {
    const { clock, lane, starved, end, startTwo } = makeLane({ preemptionScope: "session" });
    await startTwo();
    lane.userWrote("a1");
    await clock.elapse(150);
    await end("a1", CANCELLED);
    // The other one goes on: it is in nobody's way.
    await clock.elapse(5000);
    expect(starved()).toEqual([150, 2000]);
  });

  it("of users beside an aged resume, which may stay", async () => {
    const { clock, lane, starved, end, startTwo } = makeLane({ maxPreemptions: 0 });
    await startTwo();
    lane.userWrote("x");
    await clock.elapse(60);
    await end("a2", CANCELLED);
    await clock.elapse(4000);
    // 2000 to 2060: one of the two had to go.
    expect(starved()).toEqual([60, 0]);
  });

  it("of a resume whose user has just written, and of one that rests", async () => {
    const { clock, lane, starved, end } = makeLane();
    lane.enqueue(queued("a1"));
    lane.open();
    await clock.elapse(500);
    lane.userWrote("a1");
    await clock.elapse(1000);
    // 0 to 500 only: what its own user may continue is not ready.
    expect(starved()).toEqual([0, 500]);
    lane.userServed("a1", false);
    await clock.elapse(2000);
    // 1500 to 3500: a command gave it back.
    expect(starved()).toEqual([0, 2500]);
    await end("a1", FAILED);
    await clock.elapse(30_000);
    // It rests, then it runs.
    expect(starved()).toEqual([0, 2500]);
  });

  it("of a paused lane, until it goes on", async () => {
    const { clock, lane, starved, startTwo } = makeLane();
    lane.pause("operator");
    await startTwo();
    await clock.elapse(10_000);
    lane.unpause("operator");
    await clock.elapse(10_000);
    expect(starved()).toEqual([0, 12_000]);
  });

  it("of users behind the host's own recovery of their session, for as long as that hangs", async () => {
    const { clock, lane, starved } = makeLane();
    lane.open();
    lane.recoveryStarted("recovery", "a1");
    lane.userWrote("x");
    lane.userServed("x", false);
    await clock.elapse(1000);
    lane.userWrote("a1");
    await clock.elapse(70_000);
    expect(starved()).toEqual([70_000, 0]);
    // A message is taken in at once, and waits; a command is answered at once.
    lane.userServed("a1", true);
    await clock.elapse(10_000);
    expect(starved()).toEqual([80_000, 0]);
    lane.userServed("a1", false);
    await clock.elapse(10_000);
    lane.userWrote("a1");
    await clock.elapse(1000);
    expect(starved()).toEqual([81_000, 0]);
    lane.recoveryEnded("recovery");
    lane.userRunStarted("run", "a1");
    await clock.elapse(5000);
    expect(starved()).toEqual([81_000, 0]);
  });
});

it("a user whom only the host's own recovery holds up keeps the lane waiting no longer than a signal without a turn", async () => {
  const { clock, runner, lane } = makeLane();
  lane.recoveryStarted("recovery", "b1");
  lane.enqueue(queued("a1"));
  lane.open();
  lane.userWrote("b1");
  await clock.elapse(15_000 + 1999);
  expect(runner.open).toEqual([]);
  await clock.elapse(1);
  expect([runner.open, lane.users]).toEqual([["a1"], { waiting: 1, running: 0 }]);
});
