import { describe, expect, it } from "vitest";
import type { QueuedResume } from "../../../src/domain/queued-resume.ts";
import type { RunEnd } from "../../../src/domain/decisions.ts";
import { Scheduler, type SchedulerLimits } from "../../../src/domain/scheduler.ts";
import { LIMITS, queued, said } from "../support/makers.ts";

const CANCELLED: RunEnd = { kind: "cancelled" };
const REPLIED: RunEnd = { kind: "completed", reason: "replied" };
const FAILED: RunEnd = { kind: "failed", error: "the model said no" };
const AGED = { preemptions: 3 };

/** A scheduler that was opened at 0 with these resumes queued; users are quiet from 2000 on. */
function opened(limits: Partial<SchedulerLimits>, ...resumes: QueuedResume[]): Scheduler {
  const scheduler = new Scheduler({ ...LIMITS, ...limits });
  for (const resume of resumes) scheduler.enqueue(resume, 0);
  scheduler.open(0);
  return scheduler;
}

/** The same at 2000, with as many running as may. */
function started(limits: Partial<SchedulerLimits>, ...resumes: QueuedResume[]): Scheduler {
  const scheduler = opened(limits, ...resumes);
  scheduler.tick(2000);
  return scheduler;
}

describe("starting", () => {
  it("waits for the gateway", () => {
    const scheduler = new Scheduler(LIMITS);
    expect(scheduler.enqueue(queued("a1"), 0)).toEqual([]);
    expect(scheduler.tick(100_000)).toEqual([]);
    expect(scheduler.nextWakeAtMs()).toBeUndefined();
  });

  it("waits for users to have been quiet since the gateway was ready", () => {
    const scheduler = opened({}, queued("a1"));
    expect(said(scheduler.tick(1999))).toEqual([]);
    expect(said(scheduler.tick(2000))).toEqual(["start a1 slot 1"]);
  });

  it("comes at once with a quiet time of 0", () => {
    const scheduler = new Scheduler({ ...LIMITS, quietMs: 0 });
    scheduler.enqueue(queued("a1"), 0);
    expect(said(scheduler.open(0))).toEqual(["start a1 slot 1"]);
  });

  it("fills the slots, each with its number, and no more", () => {
    expect(said(opened({}, queued("a1"), queued("a2"), queued("a3")).tick(2000))).toEqual([
      "start a1 slot 1",
      "start a2 slot 2",
    ]);
  });

  it("gives the lowest free slot to the next", () => {
    const scheduler = started({}, queued("a1"), queued("a2"), queued("a3"));
    expect(said(scheduler.runEnded("a1", REPLIED, 3000))).toEqual(["settle a1 completed replied", "start a3 slot 1"]);
  });

  it("counts the attempt that begins", () => {
    expect(opened({}, queued("a1", { attempts: 1 })).tick(2000)).toMatchObject([
      { do: "start", resume: { key: "a1", attempts: 2, startedAtMs: 2000, aged: false } },
    ]);
  });

  it("goes by the agents' own limit", () => {
    const resumes = ["a1", "a2", "b1", "b2"].map((key) => queued(key));
    const scheduler = started({ maxConcurrent: 4, maxPerAgent: 1 }, ...resumes);
    expect([scheduler.running, scheduler.queued]).toEqual([2, 2]);
    expect(said(scheduler.runEnded("b1", REPLIED, 3000))).toEqual(["settle b1 completed replied", "start b2 slot 2"]);
  });

  it("passes over a resume that runs already", () => {
    const scheduler = started({}, queued("a1"));
    expect(scheduler.enqueue(queued("a1"), 2500)).toEqual([]);
    expect([scheduler.running, scheduler.queued]).toEqual([1, 0]);
  });
});

describe("a user message to a queued session", () => {
  it("settles nothing yet; the resume still counts as queued", () => {
    const scheduler = opened({}, queued("a1"), queued("a2"));
    expect(scheduler.userWrote("a1", 500)).toEqual([]);
    expect(scheduler.queued).toBe(2);
  });

  it("supersedes its resume as soon as the user's run starts", () => {
    const scheduler = opened({}, queued("a1"), queued("a2"));
    scheduler.userWrote("a1", 500);
    expect(said(scheduler.userRunStarted("run", "a1", 600))).toEqual(["settle a1 superseded user-continued"]);
    expect(scheduler.queued).toBe(1);
  });

  it("supersedes it before the gateway is ready too", () => {
    const scheduler = new Scheduler(LIMITS);
    scheduler.enqueue(queued("a1"), 0);
    expect(scheduler.userWrote("a1", 1)).toEqual([]);
    expect(said(scheduler.userRunStarted("run", "a1", 2))).toEqual(["settle a1 superseded user-continued"]);
  });

  it("supersedes it while it rests before a retry", () => {
    const scheduler = started({}, queued("a1"));
    scheduler.runEnded("a1", FAILED, 3000);
    expect(scheduler.userWrote("a1", 3500)).toEqual([]);
    expect(said(scheduler.userRunStarted("run", "a1", 3600))).toEqual(["settle a1 superseded user-continued"]);
  });

  it("supersedes it once, and it never comes back", () => {
    const scheduler = opened({}, queued("a1"));
    scheduler.userWrote("a1", 500);
    scheduler.userRunStarted("run", "a1", 600);
    expect(scheduler.userRunStarted("next run", "a1", 700)).toEqual([]);
    scheduler.userRunEnded("run", 800);
    scheduler.userRunEnded("next run", 800);
    expect(scheduler.tick(1_000_000)).toEqual([]);
    expect([scheduler.running, scheduler.queued]).toEqual([0, 0]);
  });

  it("is not decided by the run of another user", () => {
    const scheduler = opened({}, queued("a1"));
    scheduler.userWrote("a1", 500);
    expect(scheduler.userRunStarted("run", "x", 600)).toEqual([]);
    expect(scheduler.queued).toBe(1);
  });

  it("supersedes it when all that is seen is the user's run", () => {
    expect(said(opened({}, queued("a1")).userRunStarted("run", "a1", 500))).toEqual([
      "settle a1 superseded user-continued",
    ]);
  });

  it("cancels what runs elsewhere as well", () => {
    const scheduler = started({ maxConcurrent: 1 }, queued("a1"), queued("a2"));
    expect(said(scheduler.userWrote("a2", 2500))).toEqual(["cancel a1 other-user"]);
    expect(said(scheduler.userRunStarted("run", "a2", 2600))).toEqual(["settle a2 superseded user-continued"]);
  });

  it("cancels what runs elsewhere when all that is seen is the user's run", () => {
    const scheduler = started({ maxConcurrent: 1 }, queued("a1"), queued("a2"));
    expect(said(scheduler.userRunStarted("run", "a2", 2500))).toEqual([
      "settle a2 superseded user-continued",
      "cancel a1 other-user",
    ]);
  });
});

describe("a host that refuses a run", () => {
  it("costs it nothing, and nothing starts for a while", () => {
    const scheduler = started({ maxConcurrent: 1 }, queued("a1"), queued("a2"));
    expect(said(scheduler.runEnded("a1", { kind: "refused" }, 3000))).toEqual(["requeue a1 shutdown"]);
    expect(said(scheduler.tick(7999))).toEqual([]);
    expect(scheduler.nextWakeAtMs()).toBe(8000);
    expect(scheduler.tick(8000)).toMatchObject([{ do: "start", resume: { key: "a1", attempts: 1, preemptions: 0 } }]);
  });
});

describe("a contested resume", () => {
  it("is given back when its signal has run out, though another user writes first", () => {
    const scheduler = new Scheduler(LIMITS);
    scheduler.enqueue(queued("a1", AGED), 0);
    scheduler.userWrote("a1", 0);
    scheduler.open(0);
    scheduler.userWrote("x", 15_000);
    expect(said(scheduler.userRunStarted("run", "x", 15_100))).toEqual([]);
    expect(said(scheduler.tick(15_101))).toEqual(["start a1 slot 1"]);
  });

  it("still counts for how long the oldest has waited", () => {
    const scheduler = opened({}, queued("a1"));
    scheduler.userWrote("a1", 500);
    expect(scheduler.oldestQueuedSinceMs()).toBe(queued("a1").queuedAtMs);
  });

  it("does not even queue when its user's turn runs already", () => {
    const scheduler = new Scheduler(LIMITS);
    scheduler.userRunStarted("run", "a1", 0);
    expect(said(scheduler.enqueue(queued("a1", AGED), 1))).toEqual(["settle a1 superseded user-continued"]);
    expect(said(scheduler.open(2))).toEqual([]);
  });

  /** Its user has written at 2500, just before the gateway was ready; `others` are queued beside it. */
  function contested(resume: QueuedResume, ...others: QueuedResume[]): Scheduler {
    const scheduler = new Scheduler(LIMITS);
    for (const one of [resume, ...others]) scheduler.enqueue(one, 0);
    scheduler.userWrote(resume.key, 2500);
    scheduler.open(2500);
    return scheduler;
  }

  it("does not start, not even an aged one; others do", () => {
    const scheduler = new Scheduler(LIMITS);
    for (const one of [queued("a1", AGED), queued("b1", AGED)]) scheduler.enqueue(one, 0);
    scheduler.userWrote("a1", 2500);
    expect(said(scheduler.open(2500))).toEqual(["start b1 slot 1"]);
    expect(said(scheduler.runEnded("b1", REPLIED, 2600))).toEqual(["settle b1 completed replied"]);
    expect(scheduler.tick(17_499)).toEqual([]);
    expect([scheduler.running, scheduler.queued]).toEqual([0, 1]);
  });

  it("does not start when it ages while its user waits", () => {
    const scheduler = new Scheduler({ ...LIMITS, maxWaitMs: 5000 });
    scheduler.enqueue(queued("a1"), 0);
    scheduler.open(0);
    scheduler.userWrote("a1", 1000);
    expect(scheduler.tick(15_999)).toEqual([]);
    expect(said(scheduler.tick(16_000))).toEqual(["start a1 slot 1"]);
  });

  it("goes back to the queue when the message got no run: a command", () => {
    const scheduler = contested(queued("a1"));
    expect(scheduler.userServed("a1", 2600)).toEqual([]);
    expect(scheduler.queued).toBe(1);
    expect(scheduler.tick(4599)).toEqual([]);
    expect(said(scheduler.tick(4600))).toEqual(["start a1 slot 1"]);
  });

  it("goes back to the queue when the signal is forgotten", () => {
    const scheduler = contested(queued("a1"));
    expect(scheduler.nextWakeAtMs()).toBe(17_500);
    expect(scheduler.tick(17_500)).toEqual([]);
    expect(scheduler.nextWakeAtMs()).toBe(19_500);
    expect(scheduler.tick(19_499)).toEqual([]);
    expect(said(scheduler.tick(19_500))).toEqual(["start a1 slot 1"]);
  });

  it("starts at once when it has aged and is given back", () => {
    const scheduler = contested(queued("a1", AGED));
    expect(said(scheduler.userServed("a1", 2600))).toEqual(["start a1 slot 1"]);
  });

  it("is not given back by what another user gets", () => {
    const scheduler = contested(queued("a1", AGED));
    scheduler.userWrote("x", 2550);
    expect(scheduler.userServed("x", 2600)).toEqual([]);
    expect([scheduler.running, scheduler.queued]).toEqual([0, 1]);
  });

  it("costs the resume nothing", () => {
    const before = queued("a1", { attempts: 1, preemptions: 1, queuedAtMs: 10, enqueuedAtMs: 20 });
    const scheduler = contested(before);
    scheduler.userServed("a1", 2600);
    expect(scheduler.oldestQueuedSinceMs()).toBe(10);
    expect(scheduler.tick(4600)).toMatchObject([
      { do: "start", resume: { ...before, attempts: 2, startedAtMs: 4600, aged: false } },
    ]);
  });

  it("goes on resting before its retry when it is given back", () => {
    const scheduler = started({}, queued("a1"));
    scheduler.runEnded("a1", FAILED, 3000);
    scheduler.userWrote("a1", 3500);
    scheduler.userServed("a1", 3600);
    expect(scheduler.nextWakeAtMs()).toBe(5600);
    expect(scheduler.tick(5600)).toEqual([]);
    expect(scheduler.tick(32_999)).toEqual([]);
    expect(said(scheduler.tick(33_000))).toEqual(["start a1 slot 1"]);
  });

  it("is contested again by the next message, and superseded by its run", () => {
    const scheduler = contested(queued("a1"));
    scheduler.userServed("a1", 2600);
    expect(scheduler.userWrote("a1", 2700)).toEqual([]);
    expect(scheduler.tick(10_000)).toEqual([]);
    expect(said(scheduler.userRunStarted("run", "a1", 10_100))).toEqual(["settle a1 superseded user-continued"]);
  });

  it("is superseded by a run that starts after it was given back too", () => {
    const scheduler = contested(queued("a1"));
    scheduler.tick(17_500);
    expect(said(scheduler.userRunStarted("run", "a1", 18_000))).toEqual(["settle a1 superseded user-continued"]);
  });

  it("leaves its place to the others: they start when users are quiet but for nobody", () => {
    const scheduler = contested(queued("a1"), queued("b1"));
    expect(said(scheduler.userRunStarted("run", "a1", 2600))).toEqual(["settle a1 superseded user-continued"]);
    scheduler.userRunEnded("run", 3000);
    expect(said(scheduler.tick(5000))).toEqual(["start b1 slot 1"]);
  });

  it("is one that is enqueued while its user waits", () => {
    const scheduler = new Scheduler(LIMITS);
    scheduler.open(0);
    scheduler.userWrote("a1", 100);
    expect(scheduler.enqueue(queued("a1", AGED), 200)).toEqual([]);
    expect([scheduler.running, scheduler.queued]).toEqual([0, 1]);
    expect(said(scheduler.userRunStarted("run", "a1", 300))).toEqual(["settle a1 superseded user-continued"]);
  });

  it("is not one that is enqueued when its user's signal has been forgotten", () => {
    const scheduler = new Scheduler(LIMITS);
    scheduler.open(0);
    scheduler.userWrote("a1", 100);
    expect(said(scheduler.enqueue(queued("a1", AGED), 15_100))).toEqual(["start a1 slot 1"]);
  });

  it("is one and the same when it is enqueued again", () => {
    const scheduler = contested(queued("a1"));
    expect(scheduler.enqueue(queued("a1"), 2600)).toEqual([]);
    expect(scheduler.queued).toBe(1);
    scheduler.userServed("a1", 2700);
    expect(scheduler.queued).toBe(1);
  });

  it("of before the gateway was ready is given back in time", () => {
    const scheduler = new Scheduler(LIMITS);
    scheduler.enqueue(queued("a1"), 0);
    scheduler.userWrote("a1", 1);
    scheduler.open(20_000);
    expect(said(scheduler.tick(22_000))).toEqual(["start a1 slot 1"]);
  });
});

describe("a user message to a session whose resume runs", () => {
  it("cancels the run; its slot is taken until the run has ended", () => {
    const scheduler = started({ maxConcurrent: 1 }, queued("a1"), queued("a2"));
    expect(said(scheduler.userWrote("a1", 2500))).toEqual(["cancel a1 own-user"]);
    expect(scheduler.running).toBe(1);
  });

  it("supersedes the resume when the run has ended after the user's has started, and it never comes back", () => {
    const scheduler = started({}, queued("a1"));
    scheduler.userWrote("a1", 2500);
    expect(scheduler.userRunStarted("run", "a1", 2550)).toEqual([]);
    expect(said(scheduler.runEnded("a1", CANCELLED, 2600))).toEqual(["settle a1 superseded user-continued"]);
    scheduler.userRunEnded("run", 3000);
    expect(said(scheduler.tick(1_000_000))).toEqual([]);
    expect([scheduler.running, scheduler.queued]).toEqual([0, 0]);
  });

  it("supersedes the resume when the user's run starts after the cancelled one has ended", () => {
    const scheduler = started({}, queued("a1"));
    scheduler.userWrote("a1", 2500);
    expect(said(scheduler.runEnded("a1", CANCELLED, 2600))).toEqual(["requeue a1 preempted"]);
    expect([scheduler.running, scheduler.queued]).toEqual([0, 1]);
    expect(said(scheduler.userRunStarted("run", "a1", 2700))).toEqual(["settle a1 superseded user-continued"]);
    scheduler.userRunEnded("run", 3000);
    expect(said(scheduler.tick(1_000_000))).toEqual([]);
    expect([scheduler.running, scheduler.queued]).toEqual([0, 0]);
  });

  it("supersedes it though the user's run has ended before the cancelled one", () => {
    const scheduler = started({}, queued("a1"));
    scheduler.userWrote("a1", 2500);
    scheduler.userRunStarted("run", "a1", 2550);
    scheduler.userRunEnded("run", 2560);
    expect(said(scheduler.runEnded("a1", CANCELLED, 2600))).toEqual(["settle a1 superseded user-continued"]);
  });

  it.each([FAILED, { kind: "held", reason: "unsafe-tail" }] as const)(
    "supersedes a resume whose run was %j instead",
    (end) => {
      const scheduler = started({}, queued("a1"));
      scheduler.userWrote("a1", 2500);
      scheduler.userRunStarted("run", "a1", 2550);
      expect(said(scheduler.runEnded("a1", end, 2600))).toEqual(["settle a1 superseded user-continued"]);
    },
  );

  it("puts back, at no cost to its attempts, what is cancelled before the user's run starts", () => {
    const scheduler = started({}, queued("a1", { attempts: 1, preemptions: 1 }));
    scheduler.userWrote("a1", 2500);
    expect(scheduler.runEnded("a1", CANCELLED, 2600)).toMatchObject([
      { do: "requeue", cause: "preempted", resume: { key: "a1", attempts: 1, preemptions: 2, enqueuedAtMs: 2600 } },
    ]);
    expect(scheduler.queued).toBe(1);
  });

  it("puts it back so when its run failed instead", () => {
    const scheduler = started({}, queued("a1"));
    scheduler.userWrote("a1", 2500);
    expect(scheduler.runEnded("a1", FAILED, 2600)).toMatchObject([
      { do: "requeue", cause: "preempted", resume: { attempts: 0, preemptions: 1, notBeforeMs: 0 } },
    ]);
  });

  it("contests what was put back while the user still waits, even when it has aged by that", () => {
    const scheduler = started({}, queued("a1", { preemptions: 2 }));
    scheduler.userWrote("a1", 2500);
    expect(said(scheduler.runEnded("a1", CANCELLED, 2600))).toEqual(["requeue a1 preempted"]);
    expect(scheduler.tick(17_499)).toEqual([]);
    expect(said(scheduler.tick(17_500))).toEqual(["start a1 slot 1"]);
  });

  it("that was a command lets it start again when users have been quiet: served after the cancelled run", () => {
    const scheduler = started({}, queued("a1"));
    scheduler.userWrote("a1", 2500);
    scheduler.runEnded("a1", CANCELLED, 2600);
    expect(scheduler.userServed("a1", 2700)).toEqual([]);
    expect(scheduler.tick(4699)).toEqual([]);
    expect(said(scheduler.tick(4700))).toEqual(["start a1 slot 1"]);
  });

  it("that was a command lets it start again when users have been quiet: served before the cancelled run", () => {
    const scheduler = started({}, queued("a1"));
    scheduler.userWrote("a1", 2500);
    expect(scheduler.userServed("a1", 2550)).toEqual([]);
    expect(said(scheduler.runEnded("a1", CANCELLED, 2600))).toEqual(["requeue a1 preempted"]);
    expect(scheduler.tick(4549)).toEqual([]);
    expect(said(scheduler.tick(4550))).toEqual(["start a1 slot 1"]);
  });

  it.each([
    ["before", false],
    ["after", true],
  ])("takes nothing back from a run that was done already, %s the user's run starts", (_name, userRuns) => {
    const scheduler = started({}, queued("a1"));
    scheduler.userWrote("a1", 2500);
    if (userRuns) scheduler.userRunStarted("run", "a1", 2550);
    expect(said(scheduler.runEnded("a1", REPLIED, 2600))).toEqual(["settle a1 completed replied"]);
  });

  it("cancels once, however often the user writes", () => {
    const scheduler = started({}, queued("a1"));
    scheduler.userWrote("a1", 2500);
    expect(scheduler.userWrote("a1", 2501)).toEqual([]);
    expect(scheduler.userRunStarted("run", "a1", 2502)).toEqual([]);
  });

  it("outranks a cancel for another user", () => {
    const scheduler = started({}, queued("a1"));
    expect(said(scheduler.userWrote("x", 2500))).toEqual(["cancel a1 other-user"]);
    expect(said(scheduler.userWrote("a1", 2550))).toEqual(["cancel a1 own-user"]);
    scheduler.userRunStarted("run", "a1", 2570);
    expect(said(scheduler.runEnded("a1", CANCELLED, 2600))).toEqual(["settle a1 superseded user-continued"]);
  });

  it("outranks it once, however often and by whatever signal the user is seen", () => {
    const scheduler = started({}, queued("a1"));
    scheduler.userWrote("x", 2500);
    scheduler.userWrote("a1", 2550);
    expect(scheduler.userWrote("a1", 2551)).toEqual([]);
    expect(scheduler.userRunStarted("run", "a1", 2552)).toEqual([]);
    expect(scheduler.drain()).toEqual([]);
  });

  it("outranks it when all that is seen is the user's run", () => {
    const scheduler = started({}, queued("a1"), queued("a2"));
    scheduler.userWrote("x", 2500);
    expect(said(scheduler.userRunStarted("run", "a1", 2550))).toEqual(["cancel a1 own-user"]);
    expect(said(scheduler.runEnded("a2", CANCELLED, 2600))).toEqual(["requeue a2 preempted"]);
    expect(said(scheduler.runEnded("a1", CANCELLED, 2600))).toEqual(["settle a1 superseded user-continued"]);
  });

  it("is not outranked by another user", () => {
    const scheduler = started({}, queued("a1"));
    scheduler.userWrote("a1", 2500);
    expect(scheduler.userWrote("x", 2550)).toEqual([]);
    expect(scheduler.userRunStarted("other run", "x", 2560)).toEqual([]);
    expect(scheduler.userRunStarted("run", "a1", 2570)).toEqual([]);
    expect(said(scheduler.runEnded("a1", CANCELLED, 2600))).toEqual(["settle a1 superseded user-continued"]);
  });

  it("cancels an aged resume too", () => {
    expect(said(started({}, queued("a1", AGED)).userWrote("a1", 2500))).toEqual(["cancel a1 own-user"]);
  });
});

describe("a user message to any other session", () => {
  it("cancels everything that runs", () => {
    expect(said(started({}, queued("a1"), queued("a2")).userWrote("x", 2500))).toEqual([
      "cancel a1 other-user",
      "cancel a2 other-user",
    ]);
  });

  it("puts the cancelled one back at no cost to its attempts", () => {
    const scheduler = started({}, queued("a1", { attempts: 1, preemptions: 1 }));
    scheduler.userWrote("x", 2500);
    expect(scheduler.runEnded("a1", CANCELLED, 2600)).toMatchObject([
      { do: "requeue", cause: "preempted", resume: { key: "a1", attempts: 1, preemptions: 2, enqueuedAtMs: 2600 } },
    ]);
    expect(scheduler.queued).toBe(1);
  });

  it("keeps the time since which it waits", () => {
    const scheduler = started({}, queued("a1", { queuedAtMs: 0 }));
    scheduler.userWrote("x", 2500);
    scheduler.runEnded("a1", CANCELLED, 2600);
    expect(scheduler.oldestQueuedSinceMs()).toBe(0);
  });

  it("starts nothing in a slot that gets free while the user waits or runs", () => {
    const scheduler = started({}, queued("a1"), queued("a2"), queued("a3"));
    scheduler.userWrote("x", 2500);
    expect(said(scheduler.runEnded("a1", CANCELLED, 2600))).toEqual(["requeue a1 preempted"]);
    scheduler.userRunStarted("run", "x", 2700);
    expect(said(scheduler.runEnded("a2", CANCELLED, 2800))).toEqual(["requeue a2 preempted"]);
    expect(scheduler.tick(60_000)).toEqual([]);
  });

  it("lets resumes start again when users have been quiet", () => {
    const scheduler = started({ maxConcurrent: 1 }, queued("a1"));
    scheduler.userWrote("x", 2500);
    scheduler.runEnded("a1", CANCELLED, 2600);
    scheduler.userRunStarted("run", "x", 2700);
    expect(scheduler.userRunEnded("run", 5000)).toEqual([]);
    expect(scheduler.tick(6999)).toEqual([]);
    expect(said(scheduler.tick(7000))).toEqual(["start a1 slot 1"]);
  });

  it("lets resumes start again when no run followed it", () => {
    const scheduler = opened({}, queued("a1"));
    scheduler.userWrote("x", 1000);
    expect(scheduler.tick(16_000)).toEqual([]);
    expect(scheduler.tick(17_999)).toEqual([]);
    expect(said(scheduler.tick(18_000))).toEqual(["start a1 slot 1"]);
  });

  it("cancels again when the user's run starts: something may have aged and started meanwhile", () => {
    const scheduler = started({}, queued("a1"));
    expect(said(scheduler.userRunStarted("run", "x", 2500))).toEqual(["cancel a1 other-user"]);
  });
});

describe('scope "session"', () => {
  const scope = { preemptionScope: "session" } as const;

  it("lets what runs go on when another user writes", () => {
    const scheduler = started(scope, queued("a1"), queued("a2"), queued("a3"));
    expect(scheduler.userWrote("x", 2500)).toEqual([]);
    expect(scheduler.userRunStarted("run", "x", 2600)).toEqual([]);
    expect(said(scheduler.runEnded("a1", REPLIED, 2700))).toEqual(["settle a1 completed replied"]);
  });

  it("cancels and supersedes for the session's own user", () => {
    const scheduler = started(scope, queued("a1"), queued("a2"), queued("a3"));
    expect(said(scheduler.userWrote("a1", 2500))).toEqual(["cancel a1 own-user"]);
    expect(scheduler.userWrote("a3", 2500)).toEqual([]);
    expect(said(scheduler.userRunStarted("run", "a3", 2600))).toEqual(["settle a3 superseded user-continued"]);
    scheduler.userRunStarted("other run", "a1", 2600);
    expect(said(scheduler.runEnded("a1", CANCELLED, 2700))).toEqual(["settle a1 superseded user-continued"]);
  });
});

describe("an aged resume", () => {
  /** A user waits at 0; these resumes were queued and the gateway is ready from then on. */
  function besideUser(...resumes: QueuedResume[]) {
    const scheduler = new Scheduler(LIMITS);
    scheduler.userWrote("x", 0);
    for (const resume of resumes) scheduler.enqueue(resume, 0);
    return { scheduler, decisions: scheduler.open(0) };
  }

  it("starts beside a user who waits, one at a time", () => {
    const { scheduler, decisions } = besideUser(queued("a1", AGED), queued("a2", AGED), queued("a3"));
    expect(said(decisions)).toEqual(["start a1 slot 1"]);
    expect(scheduler.tick(502)).toEqual([]);
    expect(said(scheduler.runEnded("a1", REPLIED, 600))).toEqual(["settle a1 completed replied", "start a2 slot 1"]);
    expect(said(scheduler.runEnded("a2", REPLIED, 700))).toEqual(["settle a2 completed replied"]);
  });

  it("says that it has aged", () => {
    expect(besideUser(queued("a1", AGED)).decisions).toMatchObject([{ do: "start", resume: { aged: true } }]);
  });

  it("does not wait for users to be quiet; the others do", () => {
    const scheduler = new Scheduler(LIMITS);
    for (const resume of [queued("a1", AGED), queued("b1", AGED), queued("c1")]) scheduler.enqueue(resume, 0);
    expect(said(scheduler.open(0))).toEqual(["start a1 slot 1"]);
    expect(scheduler.tick(1999)).toEqual([]);
    expect(said(scheduler.tick(2000))).toEqual(["start b1 slot 2"]);
  });

  it("is not cancelled for other users", () => {
    const scheduler = started({}, queued("a1", AGED));
    expect(scheduler.userWrote("x", 2500)).toEqual([]);
    expect(scheduler.userRunStarted("run", "x", 2600)).toEqual([]);
  });

  it("is spared alone: another aged one and fresh ones make room", () => {
    const scheduler = started({ maxConcurrent: 3 }, queued("a1", AGED), queued("b1", AGED), queued("c1"));
    expect(said(scheduler.userWrote("x", 2500))).toEqual(["cancel b1 other-user", "cancel c1 other-user"]);
    expect(scheduler.userRunStarted("run", "x", 2600)).toEqual([]);
  });

  it("starts beside users only when what was cancelled has drained", () => {
    const scheduler = started({ maxConcurrent: 1 }, queued("a1", { preemptions: 2 }));
    scheduler.userWrote("x", 2500);
    expect(said(scheduler.runEnded("a1", CANCELLED, 2600))).toEqual(["requeue a1 preempted", "start a1 slot 1"]);
  });

  it("has aged by waiting, beside a user who runs on and on", () => {
    const scheduler = opened({}, queued("a1"));
    scheduler.userRunStarted("run", "x", 500);
    expect(scheduler.tick(599_999)).toEqual([]);
    expect(said(scheduler.tick(600_000))).toEqual(["start a1 slot 1"]);
  });
});

describe("a run that ends", () => {
  it.each(["replied", "nothing-to-say", "already-answered", "no-route"] as const)(
    "completed with %s settles so",
    (reason) => {
      const scheduler = started({}, queued("a1"));
      expect(scheduler.runEnded("a1", { kind: "completed", reason }, 3000)).toMatchObject([
        { do: "settle", resume: { key: "a1", attempts: 1 }, settlement: { outcome: "completed", reason } },
      ]);
    },
  );

  it("superseded settles so", () => {
    expect(said(started({}, queued("a1")).runEnded("a1", { kind: "superseded" }, 3000))).toEqual([
      "settle a1 superseded user-continued",
    ]);
  });

  it("held settles so", () => {
    expect(said(started({}, queued("a1")).runEnded("a1", { kind: "held", reason: "unsafe-tail" }, 3000))).toEqual([
      "settle a1 held unsafe-tail",
    ]);
  });

  it.each(["failed", "timed-out", "undelivered"] as const)("%s goes back after the retry delay", (kind) => {
    const scheduler = started({}, queued("a1"));
    expect(scheduler.runEnded("a1", { kind, error: "x" }, 3000)).toMatchObject([
      { do: "requeue", cause: "retry", resume: { key: "a1", attempts: 1, preemptions: 0, notBeforeMs: 33_000 } },
    ]);
    expect(scheduler.tick(32_999)).toEqual([]);
    expect(scheduler.tick(33_000)).toMatchObject([{ do: "start", resume: { key: "a1", attempts: 2 } }]);
  });

  it.each([
    ["failed", "attempts-exhausted"],
    ["timed-out", "attempts-exhausted"],
    ["undelivered", "delivery-failed"],
  ] as const)("%s on the last attempt is held as %s", (kind, reason) => {
    const scheduler = started({}, queued("a1", { attempts: 1 }));
    expect(scheduler.runEnded("a1", { kind, error: "x" }, 3000)).toMatchObject([
      { do: "settle", resume: { attempts: 2 }, settlement: { outcome: "held", reason } },
    ]);
  });

  it("lets others start while it rests", () => {
    const scheduler = started({ maxConcurrent: 1 }, queued("a1"), queued("a2"));
    expect(said(scheduler.runEnded("a1", FAILED, 3000))).toEqual(["requeue a1 retry", "start a2 slot 1"]);
  });

  it("of which nobody knows changes nothing", () => {
    expect(started({}, queued("a1")).runEnded("zz", REPLIED, 3000)).toEqual([]);
  });
});

describe("draining", () => {
  it("cancels what runs and starts nothing more", () => {
    const scheduler = started({}, queued("a1"), queued("a2"), queued("a3"));
    expect(said(scheduler.drain())).toEqual(["cancel a1 shutdown", "cancel a2 shutdown"]);
    expect(said(scheduler.runEnded("a1", CANCELLED, 3000))).toEqual(["requeue a1 shutdown"]);
    expect(scheduler.open(4000)).toEqual([]);
    expect(scheduler.tick(1_000_000)).toEqual([]);
    expect(scheduler.enqueue(queued("a4"), 1_000_000)).toEqual([]);
    expect(scheduler.nextWakeAtMs()).toBeUndefined();
  });

  it("hands the attempt back, at no cost to preemptions", () => {
    const scheduler = started({}, queued("a1", { attempts: 1, preemptions: 1 }));
    scheduler.drain();
    expect(scheduler.runEnded("a1", FAILED, 3000)).toMatchObject([
      { do: "requeue", cause: "shutdown", resume: { attempts: 1, preemptions: 1 } },
    ]);
  });

  it("cancels aged ones too", () => {
    expect(said(started({}, queued("a1", AGED)).drain())).toEqual(["cancel a1 shutdown"]);
  });

  it("keeps what was done in time", () => {
    const scheduler = started({}, queued("a1"));
    scheduler.drain();
    expect(said(scheduler.runEnded("a1", REPLIED, 3000))).toEqual(["settle a1 completed replied"]);
  });

  it("still lets a user continue a session", () => {
    const scheduler = started({ maxConcurrent: 1 }, queued("a1"), queued("a2"));
    scheduler.drain();
    expect(scheduler.userWrote("a2", 3000)).toEqual([]);
    expect(said(scheduler.userRunStarted("run", "a2", 3010))).toEqual(["settle a2 superseded user-continued"]);
    expect(said(scheduler.userWrote("a1", 3020))).toEqual(["cancel a1 own-user"]);
    expect(scheduler.userWrote("a1", 3050)).toEqual([]);
    expect(scheduler.userRunStarted("other run", "a1", 3060)).toEqual([]);
    expect(said(scheduler.runEnded("a1", CANCELLED, 3100))).toEqual(["settle a1 superseded user-continued"]);
  });

  it("keeps a session whose user wrote and got no run yet", () => {
    const scheduler = started({ maxConcurrent: 1 }, queued("a1"), queued("a2"));
    scheduler.drain();
    scheduler.userWrote("a2", 3000);
    scheduler.userWrote("a1", 3000);
    expect(said(scheduler.runEnded("a1", CANCELLED, 3100))).toEqual(["requeue a1 preempted"]);
    expect(scheduler.userServed("a1", 3200)).toEqual([]);
    expect(scheduler.tick(1_000_000)).toEqual([]);
    expect([scheduler.running, scheduler.queued]).toEqual([0, 2]);
    expect(scheduler.nextWakeAtMs()).toBeUndefined();
  });

  it("changes nothing about what is cancelled for a user", () => {
    const scheduler = started({}, queued("a1"));
    scheduler.userWrote("x", 2500);
    expect(scheduler.drain()).toEqual([]);
    expect(said(scheduler.runEnded("a1", CANCELLED, 2600))).toEqual(["requeue a1 preempted"]);
  });

  it("twice cancels once", () => {
    const scheduler = started({}, queued("a1"));
    scheduler.drain();
    expect(scheduler.drain()).toEqual([]);
  });
});

describe("nextWakeAtMs", () => {
  it("is when users will have been quiet", () => {
    expect(opened({}, queued("a1")).nextWakeAtMs()).toBe(2000);
  });

  it("is unknown when nothing is queued and no user waits", () => {
    expect(opened({}).nextWakeAtMs()).toBeUndefined();
  });

  it("is when a signal will be forgotten, even with nothing queued", () => {
    const scheduler = opened({});
    scheduler.userWrote("x", 100);
    expect(scheduler.nextWakeAtMs()).toBe(15_100);
  });

  it("moves on to the quiet time when the signal was forgotten", () => {
    const scheduler = opened({}, queued("a1"));
    scheduler.userWrote("x", 100);
    scheduler.tick(15_100);
    expect(scheduler.nextWakeAtMs()).toBe(17_100);
  });

  it("is when the first will have aged while a user runs", () => {
    const scheduler = opened({}, queued("a1"));
    scheduler.userRunStarted("run", "x", 100);
    expect(scheduler.nextWakeAtMs()).toBe(600_000);
  });

  it("is when a retry has rested", () => {
    const scheduler = started({}, queued("a1"));
    scheduler.runEnded("a1", FAILED, 3000);
    expect(scheduler.nextWakeAtMs()).toBe(33_000);
  });
});

it("tells of users who wait and run", () => {
  const scheduler = opened({});
  scheduler.userWrote("x", 100);
  scheduler.userWrote("y", 200);
  scheduler.userRunStarted("run", "x", 300);
  const { users } = scheduler;
  expect([users.waitingCount, users.runningCount, users.oldestWaitingSinceMs()]).toEqual([1, 1, 200]);
});

describe("a paused lane", () => {
  it("starts nothing, whatever time passes and whoever enqueues", () => {
    const scheduler = new Scheduler(LIMITS);
    for (const one of [queued("a1"), queued("a2", AGED)]) scheduler.enqueue(one, 0);
    scheduler.pause();
    scheduler.open(0);
    expect(scheduler.waitsFor(2000)).toBe("paused");
    expect([scheduler.tick(2000), scheduler.enqueue(queued("a3"), 3000), scheduler.tick(1_000_000)]).toEqual([
      [],
      [],
      [],
    ]);
    expect([scheduler.running, scheduler.queued]).toEqual([0, 3]);
  });

  it("lets what runs go on, and starts nothing in its place", () => {
    const scheduler = started({ maxConcurrent: 1 }, queued("a1"), queued("a2"));
    scheduler.pause();
    expect(said(scheduler.runEnded("a1", REPLIED, 3000))).toEqual(["settle a1 completed replied"]);
    expect(scheduler.tick(100_000)).toEqual([]);
  });

  it("goes on at once when it is unpaused", () => {
    const scheduler = opened({}, queued("a1"));
    scheduler.pause();
    scheduler.tick(5000);
    expect(said(scheduler.unpause(6000))).toEqual(["start a1 slot 1"]);
  });

  it("still waits for users after it is unpaused", () => {
    const scheduler = opened({}, queued("a1"));
    scheduler.pause();
    expect(scheduler.unpause(1000)).toEqual([]);
    expect(said(scheduler.tick(2000))).toEqual(["start a1 slot 1"]);
  });

  it("that was paused before the gateway was ready starts nothing when it is", () => {
    const scheduler = new Scheduler({ ...LIMITS, quietMs: 0 });
    scheduler.enqueue(queued("a1"), 0);
    scheduler.pause();
    expect(scheduler.open(0)).toEqual([]);
    expect(said(scheduler.unpause(1))).toEqual(["start a1 slot 1"]);
  });

  it("still gives way to users: cancels, supersedes", () => {
    const scheduler = started({ maxConcurrent: 1 }, queued("a1"), queued("a2"));
    scheduler.pause();
    expect(said(scheduler.userWrote("a1", 2500))).toEqual(["cancel a1 own-user"]);
    expect(said(scheduler.userRunStarted("run", "a2", 2600))).toEqual(["settle a2 superseded user-continued"]);
  });

  it("asks for no wake-up that changes nothing, over and over", () => {
    const scheduler = opened({}, queued("a1"));
    scheduler.pause();
    for (let due = scheduler.nextWakeAtMs(), wakes = 0; due !== undefined; due = scheduler.nextWakeAtMs()) {
      expect(scheduler.tick(due)).toEqual([]);
      expect((wakes += 1)).toBeLessThan(5);
    }
  });
});

describe("what the operator asks for", () => {
  it("starts next, before what is newer and what has aged", () => {
    const running = queued("c1", { activityAtMs: 99 });
    const waiting = [queued("b1", AGED), queued("a1", { activityAtMs: 9 }), queued("a2")];
    const scheduler = started({ maxConcurrent: 1 }, running);
    for (const one of waiting) scheduler.enqueue(one, 2100);
    expect(said(scheduler.request("a2", 2200))).toEqual(["requeue a2 requested"]);
    expect(said(scheduler.runEnded("c1", REPLIED, 2500))).toEqual(["settle c1 completed replied", "start a2 slot 1"]);
  });

  it("has a fresh attempt count and no delay, and waits no shorter for it", () => {
    const scheduler = started({}, queued("a1", { preemptions: 2, queuedAtMs: 0 }));
    scheduler.runEnded("a1", FAILED, 3000);
    const fresh = { attempts: 0, preemptions: 0, requestedAtMs: 4000, notBeforeMs: 4000, enqueuedAtMs: 4000 };
    expect(scheduler.request("a1", 4000)).toMatchObject([
      { do: "requeue", cause: "requested", resume: { key: "a1", ...fresh, queuedAtMs: 0 } },
      { do: "start", resume: { key: "a1", attempts: 1, requestedAtMs: 4000 } },
    ]);
  });

  it("still comes after users", () => {
    const scheduler = opened({}, queued("a1"));
    scheduler.userRunStarted("run", "x", 500);
    expect(said(scheduler.request("a1", 1000))).toEqual(["requeue a1 requested"]);
    expect(scheduler.tick(100_000)).toEqual([]);
    expect(scheduler.userRunEnded("run", 200_000)).toEqual([]);
    expect(said(scheduler.tick(202_000))).toEqual(["start a1 slot 1"]);
  });

  it("is still contested by its own user", () => {
    const scheduler = opened({}, queued("a1"), queued("a2"));
    scheduler.userWrote("a1", 500);
    expect(said(scheduler.request("a1", 600))).toEqual(["requeue a1 requested"]);
    expect(scheduler.queued).toBe(2);
    expect(said(scheduler.userRunStarted("run", "a1", 700))).toEqual(["settle a1 superseded user-continued"]);
  });

  it("keeps its request when its message turns out to be a command", () => {
    const scheduler = opened({ maxConcurrent: 1 }, queued("a1"), queued("a2", { activityAtMs: 9 }));
    scheduler.userWrote("a1", 500);
    scheduler.request("a1", 600);
    scheduler.userServed("a1", 700);
    expect(said(scheduler.tick(2700))).toEqual(["start a1 slot 1"]);
  });

  it("is put back as asked for when it is preempted", () => {
    const scheduler = opened({ maxConcurrent: 1 }, queued("a1"), queued("a2", { activityAtMs: 9 }));
    scheduler.request("a1", 500);
    scheduler.tick(2000);
    scheduler.userWrote("x", 2500);
    expect(scheduler.runEnded("a1", CANCELLED, 2600)).toMatchObject([
      { do: "requeue", resume: { requestedAtMs: 500 } },
    ]);
    scheduler.userServed("x", 2700);
    expect(said(scheduler.tick(4700))).toEqual(["start a1 slot 1"]);
  });

  it("changes nothing when it runs already or is unknown", () => {
    const scheduler = started({}, queued("a1"));
    expect([scheduler.request("a1", 2500), scheduler.request("zz", 2500)]).toEqual([[], []]);
  });

  it("waits for the lane to be unpaused", () => {
    const scheduler = started({ maxConcurrent: 1 }, queued("a1"), queued("a2"));
    scheduler.pause();
    expect(said(scheduler.request("a2", 2500))).toEqual(["requeue a2 requested"]);
    scheduler.runEnded("a1", REPLIED, 2600);
    expect(said(scheduler.unpause(2700))).toEqual(["start a2 slot 1"]);
  });
});

describe("what the operator settles", () => {
  const HOLD = { outcome: "held", reason: "by-operator" } as const;
  const DISCARD = { outcome: "discarded", reason: "by-operator" } as const;

  it.each([
    ["queued", () => opened({}, queued("a1"))],
    [
      "resting",
      () => {
        const scheduler = started({}, queued("a1"));
        scheduler.runEnded("a1", FAILED, 3000);
        return scheduler;
      },
    ],
    [
      "contested",
      () => {
        const scheduler = opened({}, queued("a1"));
        scheduler.userWrote("a1", 100);
        return scheduler;
      },
    ],
  ])("is over at once while it is %s", (_name, make) => {
    const scheduler = make();
    expect(said(scheduler.settle("a1", DISCARD))).toEqual(["settle a1 discarded by-operator"]);
    expect([scheduler.queued, scheduler.running, scheduler.find("a1")]).toEqual([0, 0, undefined]);
    expect(scheduler.settle("a1", DISCARD)).toEqual([]);
    expect(scheduler.tick(1_000_000)).toEqual([]);
    expect(scheduler.userRunStarted("run", "a1", 1_000_001)).toEqual([]);
  });

  it("is cancelled while it runs, and over when the run has ended, at no cost to its attempts", () => {
    const scheduler = started({ maxConcurrent: 1 }, queued("a1"), queued("a2"));
    expect(said(scheduler.settle("a1", HOLD))).toEqual(["cancel a1 operator"]);
    expect([scheduler.running, scheduler.queued]).toEqual([1, 1]);
    expect(scheduler.runEnded("a1", CANCELLED, 3000)).toMatchObject([
      { do: "settle", resume: { key: "a1", attempts: 0 }, settlement: HOLD },
      { do: "start", resume: { key: "a2" } },
    ]);
  });

  it.each([FAILED, { kind: "refused" }, { kind: "held", reason: "unsafe-tail" }, { kind: "timed-out", error: "x" }])(
    "is what the operator said though its run ended as %j",
    (end) => {
      const scheduler = started({}, queued("a1"));
      scheduler.settle("a1", HOLD);
      expect(said(scheduler.runEnded("a1", end as RunEnd, 3000))).toEqual(["settle a1 held by-operator"]);
    },
  );

  it("has completed when its run still completes", () => {
    const scheduler = started({}, queued("a1"));
    scheduler.settle("a1", DISCARD);
    expect(said(scheduler.runEnded("a1", REPLIED, 3000))).toEqual(["settle a1 completed replied"]);
  });

  it("is superseded when its user's own run has started", () => {
    const scheduler = started({}, queued("a1"));
    scheduler.settle("a1", HOLD);
    expect(said(scheduler.userRunStarted("run", "a1", 2500))).toEqual(["cancel a1 own-user"]);
    expect(said(scheduler.runEnded("a1", CANCELLED, 3000))).toEqual(["settle a1 superseded user-continued"]);
  });

  it("is over though it was being cancelled for another user, or for the shutdown", () => {
    const preempted = started({}, queued("a1"));
    preempted.userWrote("x", 2500);
    expect(preempted.settle("a1", DISCARD)).toEqual([]);
    expect(said(preempted.runEnded("a1", CANCELLED, 2600))).toEqual(["settle a1 discarded by-operator"]);
    const stopping = started({}, queued("a1"));
    stopping.drain();
    expect(stopping.settle("a1", HOLD)).toEqual([]);
    expect(said(stopping.runEnded("a1", CANCELLED, 2600))).toEqual(["settle a1 held by-operator"]);
  });

  it("is what the operator said last", () => {
    const scheduler = started({}, queued("a1"));
    scheduler.settle("a1", HOLD);
    expect(scheduler.settle("a1", DISCARD)).toEqual([]);
    expect(said(scheduler.runEnded("a1", CANCELLED, 3000))).toEqual(["settle a1 discarded by-operator"]);
  });

  it("is nothing that it does not know", () => {
    expect(opened({}, queued("a1")).settle("zz", HOLD)).toEqual([]);
  });
});

describe("new limits", () => {
  const limited = (over: Partial<SchedulerLimits>): SchedulerLimits => ({ ...LIMITS, ...over });

  it("fill more slots at once", () => {
    const scheduler = started({ maxConcurrent: 1 }, queued("a1"), queued("a2"), queued("a3"));
    expect(said(scheduler.setLimits(limited({ maxConcurrent: 3 }), 2500))).toEqual([
      "start a2 slot 2",
      "start a3 slot 3",
    ]);
  });

  it("of fewer slots cancel nothing: what runs goes on until it has ended", () => {
    const scheduler = started(
      { maxConcurrent: 3 },
      queued("a1"),
      queued("a2"),
      queued("a3"),
      queued("a4"),
      queued("a5"),
    );
    expect(scheduler.setLimits(limited({ maxConcurrent: 1 }), 2500)).toEqual([]);
    expect(scheduler.running).toBe(3);
    expect(said(scheduler.runEnded("a1", REPLIED, 2600))).toEqual(["settle a1 completed replied"]);
    expect(said(scheduler.runEnded("a2", REPLIED, 2700))).toEqual(["settle a2 completed replied"]);
    expect(said(scheduler.runEnded("a3", REPLIED, 2800))).toEqual(["settle a3 completed replied", "start a4 slot 1"]);
    expect([scheduler.running, scheduler.queued]).toEqual([1, 1]);
  });

  it("down and up again start nothing twice", () => {
    const scheduler = started({}, queued("a1"), queued("a2"), queued("a3"));
    scheduler.setLimits(limited({ maxConcurrent: 1 }), 2500);
    expect(scheduler.setLimits(limited({ maxConcurrent: 2 }), 2600)).toEqual([]);
    expect(said(scheduler.setLimits(limited({ maxConcurrent: 3 }), 2700))).toEqual(["start a3 slot 3"]);
  });

  it("of agents hold back from then on", () => {
    const scheduler = started({ maxConcurrent: 3 }, queued("a1"), queued("a2"), queued("a3"), queued("a4"));
    scheduler.setLimits(limited({ maxConcurrent: 3, maxPerAgent: 2 }), 2500);
    expect(said(scheduler.runEnded("a1", REPLIED, 2600))).toEqual(["settle a1 completed replied"]);
    expect(said(scheduler.runEnded("a2", REPLIED, 2700))).toEqual(["settle a2 completed replied", "start a4 slot 1"]);
  });

  it("of quiet count from the users' last turn", () => {
    const scheduler = opened({}, queued("a1"));
    expect(scheduler.setLimits(limited({ quietMs: 5000 }), 1000)).toEqual([]);
    expect(scheduler.nextWakeAtMs()).toBe(5000);
    expect(said(scheduler.setLimits(limited({ quietMs: 1000 }), 1500))).toEqual(["start a1 slot 1"]);
  });

  it("of attempts and delays hold for the next end of a run", () => {
    const scheduler = started({}, queued("a1"), queued("b1"));
    scheduler.setLimits(limited({ maxAttempts: 1 }), 2500);
    expect(said(scheduler.runEnded("a1", FAILED, 2600))).toEqual(["settle a1 held attempts-exhausted"]);
    scheduler.setLimits(limited({ maxAttempts: 2, retryDelayMs: 7 }), 2700);
    expect(scheduler.runEnded("b1", FAILED, 3000)).toMatchObject([{ do: "requeue", resume: { notBeforeMs: 3007 } }]);
  });

  it("of the scope hold for the next message", () => {
    const scheduler = started({}, queued("a1"));
    scheduler.setLimits(limited({ preemptionScope: "session" }), 2500);
    expect(scheduler.userWrote("x", 2600)).toEqual([]);
    scheduler.setLimits(limited({}), 2700);
    expect(said(scheduler.userWrote("y", 2800))).toEqual(["cancel a1 other-user"]);
  });

  it("of ageing make queued ones aged at once", () => {
    const scheduler = opened({}, queued("a1"));
    scheduler.userRunStarted("run", "x", 500);
    expect(said(scheduler.setLimits(limited({ maxWaitMs: 800 }), 1000))).toEqual(["start a1 slot 1"]);
  });

  it("start nothing while the gateway is not ready, or the lane is paused", () => {
    const closed = new Scheduler(limited({ maxConcurrent: 1 }));
    closed.enqueue(queued("a1"), 0);
    expect(closed.setLimits(limited({ quietMs: 0 }), 9000)).toEqual([]);
    const paused = started({ maxConcurrent: 1 }, queued("a1"), queued("a2"));
    paused.pause();
    expect(paused.setLimits(limited({}), 9000)).toEqual([]);
  });

  it("leave a contested resume contested", () => {
    const scheduler = opened({}, queued("a1"));
    scheduler.userWrote("a1", 500);
    expect(scheduler.setLimits(limited({ quietMs: 0, maxWaitMs: 0 }), 1000)).toEqual([]);
    expect(scheduler.queued).toBe(1);
  });
});

describe("an error that a repeat does not cure", () => {
  const HOPELESS: RunEnd = { kind: "failed", error: "Error: billing", permanent: true };

  it("is held at once, with its attempt", () => {
    expect(started({}, queued("a1")).runEnded("a1", HOPELESS, 3000)).toMatchObject([
      { do: "settle", resume: { attempts: 1 }, settlement: { outcome: "held", reason: "permanent-error" } },
    ]);
  });

  it("is the reason on the last attempt too", () => {
    expect(said(started({}, queued("a1", { attempts: 1 })).runEnded("a1", HOPELESS, 3000))).toEqual([
      "settle a1 held permanent-error",
    ]);
  });

  it("that a cancel brought about is none", () => {
    const scheduler = started({}, queued("a1"));
    scheduler.userWrote("x", 2500);
    expect(said(scheduler.runEnded("a1", HOPELESS, 2600))).toEqual(["requeue a1 preempted"]);
  });

  it("that says it may pass is tried again", () => {
    expect(
      said(started({}, queued("a1")).runEnded("a1", { kind: "failed", error: "x", permanent: false }, 3000)),
    ).toEqual(["requeue a1 retry"]);
  });
});

describe("what the queue waits for", () => {
  it("is the gateway, before and after", () => {
    const scheduler = new Scheduler(LIMITS);
    scheduler.enqueue(queued("a1"), 0);
    expect(scheduler.waitsFor(0)).toBe("gateway-starting");
    scheduler.pause();
    expect(scheduler.waitsFor(0)).toBe("gateway-starting");
    scheduler.open(0);
    scheduler.drain();
    expect(scheduler.waitsFor(0)).toBe("gateway-stopping");
  });

  it("is the operator", () => {
    const scheduler = opened({}, queued("a1"));
    scheduler.pause();
    expect(scheduler.waitsFor(0)).toBe("paused");
    scheduler.unpause(0);
    expect(scheduler.waitsFor(0)).toBe("users");
  });

  it("is the host, for as long as it has refused", () => {
    const scheduler = started({}, queued("a1"));
    scheduler.runEnded("a1", { kind: "refused" }, 3000);
    expect([scheduler.waitsFor(7999), scheduler.waitsFor(8000)]).toEqual(["host-refused", undefined]);
  });

  it("is users who write, run or have just gone", () => {
    const scheduler = opened({}, queued("a1"));
    expect([scheduler.waitsFor(1999), scheduler.waitsFor(2000)]).toEqual(["users", undefined]);
    scheduler.userWrote("x", 1000);
    expect(scheduler.waitsFor(5000)).toBe("users");
    scheduler.userRunStarted("run", "x", 5000);
    expect(scheduler.waitsFor(50_000)).toBe("users");
  });

  it("is the delay before a retry when there is nothing else", () => {
    const scheduler = started({ maxConcurrent: 1 }, queued("a1"), queued("a2"));
    scheduler.runEnded("a1", FAILED, 3000);
    expect(scheduler.waitsFor(3000)).toBe("resting");
    scheduler.tick(33_000);
    expect(scheduler.waitsFor(33_000)).toBeUndefined();
  });

  it("is no such delay when nothing is queued", () => {
    const scheduler = started({ maxConcurrent: 1 }, queued("a1"));
    expect([scheduler.queued, scheduler.waitsFor(3000)]).toEqual([0, undefined]);
  });
});

describe("the quiet time", () => {
  const idleAt = (scheduler: Scheduler, ...times: number[]) => times.map((nowMs) => scheduler.isIdle(nowMs));

  it("begins when users have been quiet since the gateway was ready, and ends with it", () => {
    expect(idleAt(new Scheduler(LIMITS), 9000)).toEqual([false]);
    const scheduler = opened({});
    expect(idleAt(scheduler, 1999, 2000)).toEqual([false, true]);
    scheduler.drain();
    expect(idleAt(scheduler, 9000)).toEqual([false]);
  });

  it("is not while anything is queued or runs", () => {
    const scheduler = started({ maxConcurrent: 1 }, queued("a1"), queued("a2"));
    scheduler.runEnded("a1", REPLIED, 3000);
    expect([idleAt(scheduler, 3000), scheduler.running]).toEqual([[false], 1]);
    scheduler.runEnded("a2", REPLIED, 4000);
    expect(idleAt(scheduler, 4000)).toEqual([true]);
    scheduler.enqueue(queued("a3", { notBeforeMs: 90_000 }), 4000);
    expect(idleAt(scheduler, 9000)).toEqual([false]);
  });

  it("is not while a user is served, or waits for the host's own recovery", () => {
    const scheduler = opened({});
    scheduler.userWrote("a1", 5000);
    expect(idleAt(scheduler, 9000)).toEqual([false]);
    scheduler.userRunStarted("run-1", "a1", 9000);
    scheduler.userRunEnded("run-1", 10_000);
    expect(idleAt(scheduler, 11_999, 12_000)).toEqual([false, true]);
    scheduler.userWrote("a2", 20_000);
    scheduler.recoveryStarted("run-2", "a2");
    scheduler.userServed("a2", 20_000, true);
    expect(idleAt(scheduler, 30_000)).toEqual([false]);
  });

  it("is not while the lane is paused", () => {
    const scheduler = opened({});
    scheduler.pause();
    expect(idleAt(scheduler, 9000)).toEqual([false]);
    scheduler.unpause(9000);
    expect(idleAt(scheduler, 9000)).toEqual([true]);
  });
});

describe("the queue", () => {
  const keysOf = (scheduler: Scheduler) => scheduler.queue().map(({ key }) => key);

  it("is in the order in which they would start, contested ones last", () => {
    const scheduler = new Scheduler(LIMITS);
    const newer = [queued("a2", { activityAtMs: 5 }), queued("a3", { activityAtMs: 9 })];
    for (const one of [queued("a1"), ...newer, queued("a4", AGED)]) scheduler.enqueue(one, 0);
    scheduler.userWrote("a4", 100);
    scheduler.request("a1", 200);
    expect(keysOf(scheduler)).toEqual(["a1", "a3", "a2", "a4"]);
  });

  it("tells who has aged", () => {
    const scheduler = new Scheduler(LIMITS);
    for (const one of [queued("a1"), queued("a2", AGED)]) scheduler.enqueue(one, 0);
    expect(scheduler.queue().map((resume) => scheduler.isAged(resume, 100))).toEqual([true, false]);
    expect(scheduler.queue().map((resume) => scheduler.isAged(resume, 600_000))).toEqual([true, true]);
  });

  it("finds a session wherever it is", () => {
    const scheduler = started({ maxConcurrent: 1 }, queued("a1"), queued("a2"), queued("a3"));
    scheduler.userWrote("a3", 2100);
    expect(["a1", "a2", "a3", "zz"].map((key) => scheduler.find(key)?.place)).toEqual([
      "running",
      "queued",
      "queued",
      undefined,
    ]);
    expect(scheduler.find("a3")?.resume).toEqual(queued("a3"));
  });
});
