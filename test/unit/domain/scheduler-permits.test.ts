import { describe, expect, it } from "vitest";
import type { RunEnd } from "../../../src/domain/decisions.ts";
import type { QueuedResume } from "../../../src/domain/queued-resume.ts";
import { Scheduler, type SchedulerLimits } from "../../../src/domain/scheduler.ts";
import { LIMITS, queued, said } from "../support/makers.ts";

const REPLIED: RunEnd = { kind: "completed", reason: "replied" };
const PACED: SchedulerLimits = { ...LIMITS, needsPermit: true };

/** A scheduler whose starts need permits, opened at 0 with these queued; users are quiet from 2000 on. */
function opened(...resumes: QueuedResume[]): Scheduler {
  const scheduler = new Scheduler(PACED);
  for (const resume of resumes) scheduler.enqueue(resume, 0);
  scheduler.open(0);
  return scheduler;
}

/** The same at 2000, when it has asked. */
function asking(...resumes: QueuedResume[]): Scheduler {
  const scheduler = opened(...resumes);
  expect(said(scheduler.tick(2000))).toEqual(["ask"]);
  return scheduler;
}

describe("a permit", () => {
  it("is asked for when something could start, not before", () => {
    const scheduler = opened(queued("a1"));
    expect(said(scheduler.tick(1999))).toEqual([]);
    expect(said(scheduler.tick(2000))).toEqual(["ask"]);
    expect([scheduler.running, scheduler.queued]).toEqual([0, 1]);
  });

  it("is asked for once, however much happens until it is granted", () => {
    const scheduler = asking(queued("a1"));
    expect(said([...scheduler.tick(2500), ...scheduler.enqueue(queued("b1"), 2600), ...scheduler.tick(9000)])).toEqual(
      [],
    );
  });

  it("is good for one start; the next is asked for at once while a slot is free", () => {
    const scheduler = asking(queued("a1"), queued("b1"), queued("c1"));
    expect(said(scheduler.permitGranted(3000))).toEqual(["start a1 slot 1", "ask"]);
    expect(said(scheduler.permitGranted(4000))).toEqual(["start b1 slot 2"]);
    expect(said(scheduler.runEnded("a1", REPLIED, 5000))).toEqual(["settle a1 completed replied", "ask"]);
    expect(said(scheduler.permitGranted(6000))).toEqual(["start c1 slot 1"]);
    expect(said(scheduler.runEnded("b1", REPLIED, 7000))).toEqual(["settle b1 completed replied"]);
  });

  it("is for whom the queue puts first when it is granted, not when it was asked for", () => {
    const scheduler = asking(queued("a1"));
    scheduler.enqueue(queued("b1"), 2100);
    scheduler.request("b1", 2200);
    expect(said(scheduler.permitGranted(3000))).toEqual(["start b1 slot 1", "ask"]);
  });

  it.each<[what: string, happens: (scheduler: Scheduler) => unknown]>([
    ["a user has come", (scheduler) => scheduler.userRunStarted("run", "x1", 2500)],
    ["the lane was paused", (scheduler) => scheduler.pause()],
    ["the gateway stops", (scheduler) => scheduler.drain()],
    ["nothing is queued any more", (scheduler) => scheduler.settle("a1", { outcome: "held", reason: "by-operator" })],
    ["its own user has written", (scheduler) => scheduler.userWrote("a1", 2500)],
  ])("is given back when %s", (_what, happens) => {
    const scheduler = asking(queued("a1"));
    happens(scheduler);
    expect(said(scheduler.permitGranted(2600))).toEqual(["give-back"]);
  });

  it("that was given back is asked for anew when something can start again", () => {
    const scheduler = asking(queued("a1"));
    scheduler.userRunStarted("run", "x1", 2500);
    scheduler.permitGranted(2600);
    scheduler.userRunEnded("run", 3000);
    expect(said(scheduler.tick(4999))).toEqual([]);
    expect(said(scheduler.tick(5000))).toEqual(["ask"]);
  });

  it("is not asked for while all slots are taken, or while all that is queued rests", () => {
    const scheduler = asking(queued("a1"), queued("a2"), queued("a3"));
    scheduler.permitGranted(2000);
    scheduler.permitGranted(2000);
    expect(said(scheduler.tick(3000))).toEqual([]);
    const resting = opened(queued("a1", { notBeforeMs: 9000 }));
    expect(said(resting.tick(8999))).toEqual([]);
    expect(said(resting.tick(9000))).toEqual(["ask"]);
  });

  it("is needed by an aged one beside users too", () => {
    const scheduler = opened(queued("a1", { preemptions: 3 }));
    scheduler.userRunStarted("run", "x1", 100);
    expect(said(scheduler.permitGranted(200))).toEqual(["start a1 slot 1"]);
  });
});

describe("what waits for a permit", () => {
  it("says so, from when it is asked for to when it is granted", () => {
    const scheduler = opened(queued("a1"), queued("b1"), queued("c1"));
    expect(scheduler.waitsFor(1999)).toBe("users");
    scheduler.tick(2000);
    expect(scheduler.waitsFor(2000)).toBe("permit");
    scheduler.permitGranted(3000);
    expect(scheduler.waitsFor(3000)).toBe("permit");
    scheduler.permitGranted(4000);
    // For a slot.
    expect(scheduler.waitsFor(4000)).toBeUndefined();
  });

  it("waits for users rather, once they have come", () => {
    const scheduler = asking(queued("a1"));
    scheduler.userWrote("x1", 2500);
    expect(scheduler.waitsFor(2500)).toBe("users");
  });

  it("needs no waking: the grant does that", () => {
    // Nothing but ageing, at 600 s.
    expect(asking(queued("a1")).nextWakeAtMs()).toBe(600_000);
  });
});

describe("new limits", () => {
  it("without permits start what waits for one at once, and the one that comes is given back", () => {
    const scheduler = asking(queued("a1"), queued("b1"), queued("c1"));
    expect(said(scheduler.setLimits(LIMITS, 2500))).toEqual(["start a1 slot 1", "start b1 slot 2"]);
    expect(said(scheduler.permitGranted(3000))).toEqual(["give-back"]);
  });

  it("with permits again do not ask twice", () => {
    const scheduler = asking(queued("a1"), queued("b1"), queued("c1"));
    scheduler.setLimits({ ...LIMITS, maxConcurrent: 1 }, 2500);
    expect(said(scheduler.setLimits(PACED, 2600))).toEqual([]);
    expect(said(scheduler.permitGranted(3000))).toEqual(["start b1 slot 2"]);
  });
});
