import { describe, expect, it } from "vitest";
import type { Refusal, RunEnd } from "../../../src/domain/decisions.ts";
import type { ProviderFault } from "../../../src/domain/provider-fault.ts";
import type { QueuedResume } from "../../../src/domain/queued-resume.ts";
import { Scheduler, type SchedulerLimits } from "../../../src/domain/scheduler.ts";
import { LIMITS, queued, said } from "../support/makers.ts";

const FOUR: SchedulerLimits = { ...LIMITS, maxConcurrent: 4, quietMs: 0 };

/** A queued resume of the provider `p`, or of another. */
const of = (key: string, provider = "p", over: Partial<QueuedResume> = {}) => queued(key, { provider, ...over });

/** An open scheduler with these queued from 0 on: four may run at once, and users are quiet. */
function opened(limits: Partial<SchedulerLimits>, ...resumes: QueuedResume[]): Scheduler {
  const scheduler = new Scheduler({ ...FOUR, ...limits });
  for (const resume of resumes) scheduler.enqueue(resume, 0);
  scheduler.open(0);
  return scheduler;
}

const refusal = (over: Partial<Refusal> = {}): Refusal => ({
  provider: "p",
  fault: "rate-limit",
  retryAfterMs: 0,
  ...over,
});
const refusedEnd = (over: Partial<Refusal> = {}): RunEnd => ({ kind: "provider-fault", ...refusal(over) });
const runs = (scheduler: Scheduler, ...keys: string[]) =>
  keys.filter((key) => scheduler.find(key)?.place === "running");

describe("a provider that has not answered yet", () => {
  const three = () => opened({}, of("a1"), of("b1"), of("c1"));

  it("is asked by one resume first, and by all when that has been answered", () => {
    const scheduler = three();
    expect(runs(scheduler, "a1", "b1", "c1")).toEqual(["a1"]);
    scheduler.providerAsked("a1", "p", 100);
    expect(said(scheduler.providerAnswered("p", 200))).toEqual(["start b1 slot 2", "start c1 slot 3"]);
  });

  it("is waited for from the newest request on, which the host tells before it names the provider", () => {
    const scheduler = three();
    scheduler.providerAsked("a1", undefined, 100);
    scheduler.providerAsked("a1", "p", 1900);
    expect(scheduler.nextWakeAtMs()).toBe(2100);
    scheduler.providerAsked("a1", undefined, 2000);
    expect(said(scheduler.tick(3999))).toEqual([]);
    expect(said(scheduler.tick(4000))).toEqual(["start b1 slot 2"]);
  });

  it("is asked by the next two seconds after a request that it has not refused, to the millisecond", () => {
    const scheduler = three();
    scheduler.providerAsked("a1", "p", 100);
    expect([scheduler.waitsFor(100), scheduler.nextWakeAtMs()]).toEqual(["probe", 2100]);
    expect(said(scheduler.tick(2099))).toEqual([]);
    expect(said(scheduler.tick(2100))).toEqual(["start b1 slot 2"]);
    scheduler.providerAsked("b1", "p", 2200);
    expect(said(scheduler.tick(4199))).toEqual([]);
    expect(said(scheduler.tick(4200))).toEqual(["start c1 slot 3"]);
  });

  it("is asked by the next ten seconds after a start whose request is never seen", () => {
    const scheduler = three();
    expect(scheduler.nextWakeAtMs()).toBe(10_000);
    expect(said(scheduler.tick(9999))).toEqual([]);
    expect(said(scheduler.tick(10_000))).toEqual(["start b1 slot 2"]);
  });

  it("is asked by the next when the first has ended without a request", () => {
    const scheduler = three();
    expect(said(scheduler.runEnded("a1", { kind: "superseded" }, 50))).toEqual([
      "settle a1 superseded user-continued",
      "start b1 slot 1",
    ]);
  });

  it("may have answered a user meanwhile: then nobody waits", () => {
    const scheduler = opened({});
    scheduler.providerAnswered("p", 0);
    scheduler.enqueue(of("a1"), 10);
    expect(said(scheduler.enqueue(of("b1"), 10))).toEqual(["start b1 slot 2"]);
  });

  it("keeps resumes of another waiting no longer than their own", () => {
    const scheduler = opened({}, of("a1"), of("b1"), of("c1", "q"), of("d1", "q"));
    expect(runs(scheduler, "a1", "b1", "c1", "d1")).toEqual(["a1", "c1"]);
    expect(said(scheduler.providerAnswered("q", 100))).toEqual(["start d1 slot 3"]);
  });

  it("keeps nobody waiting whose provider is not known before", () => {
    const scheduler = opened({}, of("a1"), queued("b1"), queued("c1"));
    expect(runs(scheduler, "a1", "b1", "c1")).toEqual(["a1", "b1", "c1"]);
  });

  it("counts as asked by a run of which that was not known before", () => {
    const scheduler = opened({}, queued("a1"));
    scheduler.providerAsked("a1", "p", 100);
    expect(said(scheduler.enqueue(of("b1"), 200))).toEqual([]);
    expect(scheduler.waitsFor(200)).toBe("probe");
    expect(said(scheduler.tick(2100))).toEqual(["start b1 slot 2"]);
  });

  it("is probed anew after it has refused, however often it answered before", () => {
    const scheduler = opened({}, of("a1"), of("b1"), of("c1"));
    scheduler.providerAnswered("p", 10);
    expect(scheduler.running).toBe(3);
    scheduler.runEnded("a1", refusedEnd(), 100);
    scheduler.runEnded("b1", refusedEnd(), 100);
    scheduler.runEnded("c1", refusedEnd(), 100);
    expect(said(scheduler.tick(30_100))).toEqual(["start a1 slot 1"]);
    expect(scheduler.waitsFor(30_100)).toBe("probe");
  });
});

describe("a run that its provider has refused", () => {
  it("goes back to the queue and costs no attempt, however often", () => {
    const scheduler = opened({ maxAttempts: 1 }, of("a1"));
    let nowMs = 0;
    for (let refusals = 1; refusals <= 20; refusals += 1) {
      const [back, ...rest] = scheduler.runEnded("a1", refusedEnd(), nowMs);
      expect(back).toMatchObject({ do: "requeue", cause: "provider-fault", resume: { attempts: 0, refusals } });
      expect(rest).toEqual([]);
      nowMs = scheduler.nextWakeAtMs() ?? NaN;
      // It may be the ageing that is due.
      while (said(scheduler.tick(nowMs)).length === 0) nowMs = scheduler.nextWakeAtMs() ?? NaN;
    }
  });

  it("was counted as refused when that was seen: its end is no second refusal", () => {
    const scheduler = opened({}, of("a1"));
    scheduler.providerAsked("a1", "p", 0);
    scheduler.providerRefused(refusal(), "a1", 100);
    scheduler.runEnded("a1", refusedEnd(), 40_000);
    expect(scheduler.cooldowns(40_000)).toEqual([]);
    expect(runs(scheduler, "a1")).toEqual(["a1"]);
  });

  it("is of the provider that it was expected to ask where the host names none", () => {
    const scheduler = opened({}, of("a1"));
    scheduler.runEnded("a1", { kind: "provider-fault", fault: "overloaded", retryAfterMs: 0 }, 100);
    expect(scheduler.cooldowns(100)).toMatchObject([{ provider: "p", fault: "overloaded", untilMs: 30_100 }]);
  });

  it("keeps its place by when it first waited, so that it ages", () => {
    const scheduler = opened({}, of("a1"));
    const [back] = scheduler.runEnded("a1", refusedEnd(), 5000);
    expect(back).toMatchObject({ resume: { queuedAtMs: 0, enqueuedAtMs: 5000, notBeforeMs: 0 } });
  });

  it("is preempted rather when it was cancelled for a user, and settled as its operator wants", () => {
    const scheduler = opened({}, of("a1"), of("b1", "q"));
    scheduler.userWrote("x1", 100);
    expect(said(scheduler.runEnded("a1", refusedEnd(), 200))).toEqual(["requeue a1 preempted"]);
    scheduler.settle("b1", { outcome: "discarded", reason: "by-operator" });
    expect(said(scheduler.runEnded("b1", refusedEnd({ provider: "q" }), 300))).toEqual([
      "settle b1 discarded by-operator",
    ]);
    // The provider has refused all the same.
    expect(scheduler.cooldowns(300)).toHaveLength(2);
  });

  // Without a provider there is no cool-down to wait for: it must rest by itself, or it is asked again in the same moment.
  it("rests before it starts again, where nobody knows whom it has asked", () => {
    const scheduler = opened({}, queued("a1"));
    const end: RunEnd = { kind: "provider-fault", fault: "disabled", retryAfterMs: 30_000 };
    expect(said(scheduler.runEnded("a1", end, 100))).toEqual(["requeue a1 provider-fault"]);
    expect(said(scheduler.tick(30_099))).toEqual([]);
  });
});

describe("a provider that refuses", () => {
  it("gets nothing until its time is over, then one", () => {
    const scheduler = opened({}, of("a1"), of("b1"), of("c1"));
    scheduler.runEnded("a1", refusedEnd(), 1000);
    expect([scheduler.waitsFor(1000), scheduler.nextWakeAtMs()]).toEqual(["cooldown", 31_000]);
    expect(said(scheduler.tick(30_999))).toEqual([]);
    expect(scheduler.running).toBe(0);
    // Agents take turns, and the first has had its own.
    expect(said(scheduler.tick(31_000))).toEqual(["start b1 slot 1"]);
  });

  it("gets nothing when it is a user whom it refuses", () => {
    const scheduler = opened({});
    expect(said(scheduler.providerRefused(refusal({ retryAfterMs: 60_000 }), undefined, 0))).toEqual([]);
    expect(said(scheduler.enqueue(of("a1"), 0))).toEqual([]);
    expect([scheduler.waitsFor(0), scheduler.nextWakeAtMs()]).toEqual(["cooldown", 60_000]);
  });

  it("gets the next when its time is over, however long the one that it has refused goes on", () => {
    const scheduler = opened({ cooldown: { initialMs: 1000, maxMs: 1000 } }, of("a1"), of("b1"));
    scheduler.providerAsked("a1", undefined, 0);
    scheduler.providerRefused(refusal(), "a1", 100);
    expect(scheduler.nextWakeAtMs()).toBe(1100);
    expect(said(scheduler.tick(1100))).toEqual(["start b1 slot 2"]);
  });

  it("gets the next at once when it answers somebody all the same", () => {
    const scheduler = opened({}, of("a1"), of("b1"));
    scheduler.runEnded("a1", refusedEnd(), 1000);
    expect(said(scheduler.providerAnswered("p", 2000))).toEqual(["start b1 slot 1", "start a1 slot 2"]);
    expect(scheduler.cooldowns(2000)).toEqual([]);
  });

  it("keeps nobody of another provider waiting", () => {
    const scheduler = opened({ maxConcurrent: 1 }, of("a1"), of("b1"), of("c1", "q"));
    expect(said(scheduler.runEnded("a1", refusedEnd(), 1000))).toEqual([
      "requeue a1 provider-fault",
      "start c1 slot 1",
    ]);
    expect([scheduler.waitsFor(1000), scheduler.isCooling(1000)]).toEqual([undefined, true]);
  });

  it("keeps no other resume of the same agent waiting that asks another", () => {
    const scheduler = opened({ maxConcurrent: 1 }, of("a1"), of("a2"), of("a3", "q"));
    expect(said(scheduler.runEnded("a1", refusedEnd(), 1000))).toEqual([
      "requeue a1 provider-fault",
      "start a3 slot 1",
    ]);
  });

  it("goes on with what runs there: that may have been accepted", () => {
    const scheduler = opened({}, of("a1"), of("b1"));
    scheduler.providerAnswered("p", 0);
    expect(said(scheduler.runEnded("a1", refusedEnd(), 1000))).toEqual(["requeue a1 provider-fault"]);
    expect(runs(scheduler, "b1")).toEqual(["b1"]);
  });

  it("refuses what the operator asks for as it does the rest", () => {
    const scheduler = opened({}, of("a1"));
    scheduler.runEnded("a1", refusedEnd(), 1000);
    expect(said(scheduler.request("a1", 2000))).toEqual(["requeue a1 requested"]);
    expect(said(scheduler.tick(31_000))).toEqual(["start a1 slot 1"]);
  });

  it("stops nothing that has aged beside users, of another provider", () => {
    const scheduler = opened({}, of("a1", "p", { preemptions: 3 }), of("b1", "q", { preemptions: 3 }));
    scheduler.userRunStarted("run", "x1", 0);
    scheduler.providerRefused(refusal(), undefined, 0);
    for (const key of ["a1", "b1"]) scheduler.runEnded(key, { kind: "refused" }, 0);
    expect(said(scheduler.tick(5000))).toEqual(["start b1 slot 1"]);
  });

  it("goes by new limits with its next refusal", () => {
    const scheduler = opened({}, of("a1"));
    scheduler.runEnded("a1", refusedEnd(), 0);
    scheduler.setLimits({ ...FOUR, cooldown: { initialMs: 100, maxMs: 100 } }, 10);
    expect(said(scheduler.tick(30_000))).toEqual(["start a1 slot 1"]);
    scheduler.runEnded("a1", refusedEnd(), 31_000);
    expect(scheduler.nextWakeAtMs()).toBe(31_100);
  });

  it("is not waited for when nothing of it is queued", () => {
    const scheduler = opened({}, of("a1"));
    scheduler.providerRefused(refusal({ provider: "q" }), undefined, 0);
    scheduler.settle("a1", { outcome: "held", reason: "by-operator" });
    scheduler.runEnded("a1", { kind: "cancelled" }, 10);
    expect([scheduler.waitsFor(10), scheduler.nextWakeAtMs(), scheduler.isCooling(10)]).toEqual([
      undefined,
      undefined,
      false,
    ]);
  });
});

describe("a run that asks another provider than it was expected to", () => {
  it("leaves the one that it was expected to ask to the next", () => {
    const scheduler = opened({}, of("a1"), of("b1"));
    scheduler.providerAsked("a1", "q", 100);
    scheduler.tick(100);
    expect(runs(scheduler, "b1")).toEqual(["b1"]);
  });

  // Nothing else may happen for as long as a run takes.
  it("leaves it at once: nothing else wakes the queue", () => {
    const scheduler = opened({}, of("a1"), of("b1"));
    scheduler.providerAnswered("q", 50);
    scheduler.providerAsked("a1", "q", 100);
    expect(runs(scheduler, "b1")).toEqual(["b1"]);
  });

  it("is refused by that one", () => {
    const scheduler = opened({}, of("a1"));
    scheduler.providerAsked("a1", "q", 100);
    scheduler.runEnded("a1", { kind: "provider-fault", fault: "overloaded", retryAfterMs: 0 }, 200);
    expect(scheduler.cooldowns(200)).toMatchObject([{ provider: "q" }]);
  });

  it("after the first has refused it has the first cool down", () => {
    const scheduler = opened({}, of("a1"), of("b1"));
    scheduler.providerAsked("a1", "p", 100);
    scheduler.providerRefused(refusal(), "a1", 200);
    scheduler.providerAsked("a1", "q", 300);
    expect(scheduler.waitsFor(300)).toBe("cooldown");
  });

  // What it asks next is a request like any other.
  it("after a refusal is a probe of the next one, and counted as one that may have used something", () => {
    const scheduler = opened({}, of("a1", "p", { estimate: { tokens: 500, costUsd: 0 } }), of("b1", "q"));
    scheduler.runEnded("b1", { kind: "superseded" }, 50);
    scheduler.providerAsked("a1", "p", 100);
    scheduler.providerRefused(refusal(), "a1", 200);
    scheduler.providerAsked("a1", undefined, 300);
    scheduler.providerAsked("a1", "q", 310);
    expect(said(scheduler.enqueue(of("c1", "q"), 400))).toEqual([]);
    scheduler.runEnded("a1", { kind: "timed-out", error: "x" }, 500);
    expect(scheduler.spent.tokens).toBe(500);
  });
});

describe("a provider that will not answer before somebody does something about it", () => {
  /** Two resumes of `p` have been refused so, one after the other. */
  function refusedTwice(fault: ProviderFault, ...others: QueuedResume[]) {
    const scheduler = opened({}, of("a1"), of("b1"), ...others);
    expect(said(scheduler.runEnded("a1", refusedEnd({ fault }), 1000))).toEqual(["requeue a1 provider-fault"]);
    scheduler.tick(31_000);
    return { scheduler, decisions: said(scheduler.runEnded("b1", refusedEnd({ fault }), 32_000)) };
  }

  it.each(["billing", "authentication"] as const)("by two faults of %s in a row has all of it held", (fault) => {
    const { scheduler, decisions } = refusedTwice(fault, of("c1", "q"));
    expect(decisions).toEqual(["settle b1 held permanent-error", "settle a1 held permanent-error"]);
    expect(runs(scheduler, "c1")).toEqual(["c1"]);
    expect([scheduler.queued, scheduler.running]).toEqual([0, 1]);
  });

  it.each(["rate-limit", "overloaded", "disabled"] as const)("is none that refuses for %s, however often", (fault) => {
    expect(refusedTwice(fault).decisions).toEqual(["requeue b1 provider-fault"]);
  });

  it("has what is queued later held too, but for what the operator asks for: that is tried once", () => {
    const { scheduler } = refusedTwice("billing");
    expect(said(scheduler.enqueue(of("c1"), 33_000))).toEqual(["settle c1 held permanent-error"]);
    expect(said(scheduler.enqueue(queued("d1"), 33_000))).toEqual(["start d1 slot 1"]);
    expect(said(scheduler.enqueue(of("e1", "p", { requestedAtMs: 33_000 }), 33_000))).toEqual([]);
    // It doubles: 60 s from the second refusal.
    expect(scheduler.nextWakeAtMs()).toBe(92_000);
    expect(said(scheduler.tick(92_000))).toEqual(["start e1 slot 2"]);
    expect(said(scheduler.runEnded("e1", refusedEnd({ fault: "billing" }), 93_000))).toEqual([
      "settle e1 held permanent-error",
    ]);
  });

  it("leaves queued what the operator has asked for", () => {
    const scheduler = opened({}, of("a1"), of("b1"));
    scheduler.request("b1", 500);
    scheduler.runEnded("a1", refusedEnd({ fault: "billing" }), 1000);
    const decisions = scheduler.providerRefused(refusal({ fault: "billing" }), undefined, 31_000);
    expect(said(decisions)).toEqual(["settle a1 held permanent-error"]);
    expect(scheduler.queue().map(({ key }) => key)).toEqual(["b1"]);
  });

  it("has a resume held whose user has just written, too", () => {
    const scheduler = opened({}, of("a1"), of("b1"));
    scheduler.runEnded("a1", refusedEnd({ fault: "billing" }), 1000);
    scheduler.userWrote("b1", 30_900);
    const decisions = scheduler.providerRefused(refusal({ fault: "billing" }), undefined, 31_000);
    expect(said(decisions)).toEqual(["settle a1 held permanent-error", "settle b1 held permanent-error"]);
  });

  it("has one held that still ran, when that goes back to the queue", () => {
    const scheduler = opened({}, of("a1"), of("b1"));
    scheduler.providerAnswered("p", 0);
    scheduler.runEnded("a1", refusedEnd({ fault: "billing" }), 1000);
    scheduler.providerRefused(refusal({ fault: "billing" }), undefined, 31_000);
    expect(said(scheduler.runEnded("b1", { kind: "failed", error: "x" }, 32_000))).toEqual([
      "settle b1 held permanent-error",
    ]);
  });

  it("is asked again once it has answered somebody", () => {
    const { scheduler } = refusedTwice("billing");
    scheduler.providerAnswered("p", 33_000);
    expect(said(scheduler.enqueue(of("c1"), 34_000))).toEqual(["start c1 slot 1"]);
  });
});

describe("a session whose model was changed since it was queued", () => {
  it("waits for the provider that has really refused it", () => {
    const scheduler = opened({}, of("a1"));
    scheduler.providerAsked("a1", undefined, 100);
    scheduler.providerAsked("a1", "q", 110);
    expect(said(scheduler.runEnded("a1", refusedEnd({ provider: "q" }), 200))).toEqual(["requeue a1 provider-fault"]);
    expect(said(scheduler.tick(30_199))).toEqual([]);
    expect(said(scheduler.tick(30_200))).toEqual(["start a1 slot 1"]);
  });
});

describe("a run that is refused after it has been answered", () => {
  const answeredThenRefused = (limits = {}) => {
    const scheduler = opened(limits, of("a1", "p", { estimate: { tokens: 100, costUsd: 0 } }));
    scheduler.providerAsked("a1", "p", 100);
    scheduler.answerBegan("a1");
    scheduler.providerRefused(refusal(), "a1", 200);
    return { scheduler, decisions: scheduler.runEnded("a1", refusedEnd(), 300) };
  };

  it("costs an attempt: its tools may have run", () => {
    expect(said(answeredThenRefused().decisions)).toEqual(["requeue a1 retry"]);
    expect(said(answeredThenRefused({ maxAttempts: 1 }).decisions)).toEqual(["settle a1 held attempts-exhausted"]);
  });

  it("is paid for", () => {
    expect(answeredThenRefused().scheduler.spent.tokens).toBe(100);
  });
});
