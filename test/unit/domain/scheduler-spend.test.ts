import { describe, expect, it } from "vitest";
import type { RunEnd } from "../../../src/domain/decisions.ts";
import type { QueuedResume } from "../../../src/domain/queued-resume.ts";
import { Providers } from "../../../src/domain/providers.ts";
import { Scheduler, type SchedulerLimits } from "../../../src/domain/scheduler.ts";
import type { Usage } from "../../../src/domain/spend.ts";
import { LIMITS, queued, said } from "../support/makers.ts";

const THOUSAND: SchedulerLimits = { ...LIMITS, quietMs: 0, maxConcurrent: 2, maxTokensPerBoot: 1000 };
const CANCELLED: RunEnd = { kind: "cancelled" };

const tokens = (count: number): Usage => ({ tokens: count, costUsd: 0 });
const replied = (usage?: Usage): RunEnd => ({ kind: "completed", reason: "replied", ...(usage ? { usage } : {}) });
/** A resume that will use 100 tokens, by what is known before. */
const of = (key: string, over: Partial<QueuedResume> = {}) => queued(key, { estimate: tokens(100), ...over });

/** An open scheduler with these queued from 0 on. */
function opened(limits: Partial<SchedulerLimits>, ...resumes: QueuedResume[]): Scheduler {
  const scheduler = new Scheduler({ ...THOUSAND, ...limits });
  for (const resume of resumes) scheduler.enqueue(resume, 0);
  scheduler.open(0);
  return scheduler;
}

describe("when what a boot may use is used up", () => {
  it("everything queued is held, and nothing more starts", () => {
    const scheduler = opened({}, of("a1"), of("b1"), of("c1"), of("d1", { notBeforeMs: 9000 }));
    expect(said(scheduler.runEnded("a1", replied(tokens(999)), 10))).toEqual([
      "settle a1 completed replied",
      "start c1 slot 1",
    ]);
    expect(scheduler.usedUp).toBeUndefined();
    expect(said(scheduler.runEnded("b1", replied(tokens(1)), 20))).toEqual([
      "settle b1 completed replied",
      "settle d1 held over-token-budget",
    ]);
    expect([scheduler.usedUp, scheduler.spent]).toEqual(["over-token-budget", tokens(1000)]);
  });

  it("by cost it is held for that", () => {
    const scheduler = opened({ maxTokensPerBoot: undefined, maxCostPerBoot: 0.5 }, of("a1"), of("b1"), of("c1"));
    expect(said(scheduler.runEnded("a1", replied({ tokens: 9e9, costUsd: 0.5 }), 10))).toEqual([
      "settle a1 completed replied",
      "settle c1 held over-cost-budget",
    ]);
  });

  it("what runs goes on, and is held when it would go back to the queue", () => {
    const scheduler = opened({}, of("a1"), of("b1"));
    scheduler.runEnded("a1", replied(tokens(1000)), 10);
    expect(scheduler.running).toBe(1);
    expect(said(scheduler.runEnded("b1", { kind: "failed", error: "x" }, 20))).toEqual([
      "settle b1 held over-token-budget",
    ]);
    const preempted = opened({}, of("a1"), of("b1"));
    preempted.runEnded("a1", replied(tokens(1000)), 10);
    preempted.userWrote("x1", 15);
    expect(said(preempted.runEnded("b1", CANCELLED, 20))).toEqual(["settle b1 held over-token-budget"]);
  });

  it("a resume is held that comes later, and one whose user has just written", () => {
    const scheduler = opened({}, of("a1"), of("b1"), of("c1"));
    scheduler.userWrote("c1", 5);
    expect(said(scheduler.runEnded("a1", replied(tokens(1000)), 10))).toEqual([
      "settle a1 completed replied",
      "settle c1 held over-token-budget",
    ]);
    expect(scheduler.queued).toBe(0);
    expect(said(scheduler.enqueue(of("d1"), 20))).toEqual(["settle d1 held over-token-budget"]);
  });

  it("what the operator asks for is run all the same, also again", () => {
    const scheduler = opened({ maxConcurrent: 1 }, of("a1"), of("b1"), of("c1"));
    scheduler.request("c1", 5);
    expect(said(scheduler.runEnded("a1", replied(tokens(5000)), 10))).toEqual([
      "settle a1 completed replied",
      "settle b1 held over-token-budget",
      "start c1 slot 1",
    ]);
    expect(said(scheduler.runEnded("c1", { kind: "failed", error: "x" }, 20))).toEqual(["requeue c1 retry"]);
    expect(said(scheduler.enqueue(of("d1", { requestedAtMs: 30 }), 30))).toEqual(["start d1 slot 1"]);
  });

  it("nobody waits any more: what is held is not queued", () => {
    const scheduler = opened({}, of("a1"), of("b1"));
    scheduler.runEnded("a1", replied(tokens(1000)), 10);
    expect([scheduler.queued, scheduler.waitsFor(10), scheduler.nextWakeAtMs()]).toEqual([0, undefined, undefined]);
  });

  // To hold it is to drop its reply, which is on record and paid for.
  it("a reply that could not be delivered is tried again: that uses nothing", () => {
    const scheduler = opened({}, of("a1"));
    const undelivered: RunEnd = { kind: "undelivered", error: "x", usage: tokens(1000) };
    expect(said(scheduler.runEnded("a1", undelivered, 10))).toEqual(["requeue a1 retry"]);
  });

  it("what has only to be delivered is not held, and starts whatever its provider does", () => {
    const scheduler = opened({}, of("a1"), queued("b1", { isAnswered: true, notBeforeMs: 9000 }));
    expect(said(scheduler.runEnded("a1", replied(tokens(1000)), 10))).toEqual(["settle a1 completed replied"]);
    expect(said(scheduler.enqueue(queued("c1", { isAnswered: true }), 20))).toEqual(["start c1 slot 1"]);
    expect(said(scheduler.tick(9000))).toEqual(["start b1 slot 2"]);
  });

  // Cut short for a user it goes back as preempted; its reply is on record all the same.
  it("a reply whose delivery failed while a user came is tried again too", () => {
    const scheduler = opened({}, of("a1"));
    scheduler.userWrote("x1", 5);
    const undelivered: RunEnd = { kind: "undelivered", error: "x", usage: tokens(1000) };
    expect(said(scheduler.runEnded("a1", undelivered, 10))).toEqual(["requeue a1 preempted"]);
  });

  // The next boot has a budget of its own: a restart must not hold what it would have resumed.
  it("by runs that a stop has cut off, nothing is held for it: it waits for the next boot", () => {
    const scheduler = opened({}, of("a1", { estimate: tokens(1000) }), of("b1"), of("c1"));
    for (const key of ["a1", "b1"]) scheduler.providerAsked(key, "p", 5);
    scheduler.drain();
    expect(said(scheduler.runEnded("a1", CANCELLED, 10))).toEqual(["requeue a1 shutdown"]);
    expect(said(scheduler.runEnded("b1", CANCELLED, 10))).toEqual(["requeue b1 shutdown"]);
    expect(scheduler.queued).toBe(3);
  });
});

describe("a run has used", () => {
  const spentBy = (end: RunEnd, before: (scheduler: Scheduler) => unknown = () => undefined): number => {
    const scheduler = opened({ maxTokensPerBoot: undefined }, of("a1", { provider: "p" }));
    before(scheduler);
    scheduler.runEnded("a1", end, 100);
    return scheduler.spent.tokens;
  };
  const asked = (scheduler: Scheduler) => scheduler.providerAsked("a1", "p", 10);

  it.each<[what: string, expected: number, end: RunEnd, before?: (scheduler: Scheduler) => unknown]>([
    ["what the host says", 7, replied(tokens(7)), asked],
    ["what the host says although it failed", 7, { kind: "failed", error: "x", usage: tokens(7) }, asked],
    ["what was estimated, when it was cut off after its request", 100, CANCELLED, asked],
    ["what was estimated, when its time was over", 100, { kind: "timed-out", error: "x" }, asked],
    ["what was estimated, when the host does not say", 100, replied(), asked],
    ["nothing, when it was cut off before its request", 0, CANCELLED],
    ["nothing, when there was no turn", 0, { kind: "superseded" }],
    [
      "nothing, when the provider has refused it",
      0,
      { kind: "provider-fault", fault: "overloaded", retryAfterMs: 0 },
      (scheduler) => {
        asked(scheduler);
        scheduler.providerRefused({ provider: "p", fault: "overloaded", retryAfterMs: 0 }, "a1", 20);
      },
    ],
  ])("%s", (_what, expected, end, before) => {
    expect(spentBy(end, before)).toBe(expected);
  });

  it("nothing, when only its end says that the provider has refused it", () => {
    expect(spentBy({ kind: "provider-fault", fault: "overloaded", retryAfterMs: 0 }, asked)).toBe(0);
  });

  it("its estimate once, however often it is cut off after one request each", () => {
    const scheduler = opened({ maxTokensPerBoot: undefined, quietMs: 10 }, of("a1", { provider: "p" }));
    for (let round = 1; round <= 3; round += 1) {
      const nowMs = round * 1000;
      scheduler.tick(nowMs);
      scheduler.providerAsked("a1", "p", nowMs);
      scheduler.userRunStarted(`run-${round}`, "x1", nowMs + 1);
      scheduler.runEnded("a1", CANCELLED, nowMs + 2);
      scheduler.userRunEnded(`run-${round}`, nowMs + 3);
      expect(scheduler.spent.tokens).toBe(round * 100);
    }
  });
});

describe("a boot", () => {
  it("goes on with what it has used before its lane was made", () => {
    const scheduler = new Scheduler(THOUSAND, { spent: tokens(1000), providers: new Providers(THOUSAND.cooldown) });
    expect(scheduler.usedUp).toBe("over-token-budget");
    expect(said(scheduler.enqueue(of("a1"), 0))).toEqual(["settle a1 held over-token-budget"]);
  });

  it("holds at once what a smaller limit leaves no room for, and takes the rest with a larger one", () => {
    const scheduler = opened({ maxTokensPerBoot: undefined, maxConcurrent: 1 }, of("a1"), of("b1"), of("c1"));
    scheduler.runEnded("a1", replied(tokens(500)), 10);
    expect(said(scheduler.setLimits({ ...THOUSAND, maxTokensPerBoot: 500 }, 20))).toEqual([
      "settle c1 held over-token-budget",
    ]);
    expect(said(scheduler.setLimits({ ...THOUSAND, maxTokensPerBoot: 501 }, 30))).toEqual([]);
    expect(said(scheduler.enqueue(of("d1"), 40))).toEqual(["start d1 slot 2"]);
  });
});
