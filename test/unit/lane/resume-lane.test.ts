import { describe, expect, it } from "vitest";
import type { RunEnd } from "../../../src/domain/decisions.ts";
import { makeLane } from "../support/lane-maker.ts";
import { LANE_LIMITS, queued } from "../support/makers.ts";

const CANCELLED: RunEnd = { kind: "cancelled" };
const REPLIED: RunEnd = { kind: "completed", reason: "replied" };

describe("the record", () => {
  it("is written ahead of the run, and settled after it", async () => {
    const { journal, clock, runner, start } = makeLane();
    await start("a1");
    expect(journal).toEqual(["started a1 run-1 attempt 1", "run a1 run-1"]);
    runner.end("a1", REPLIED);
    await clock.settle();
    expect(journal.slice(2)).toEqual(["settled a1 completed replied"]);
  });

  it("is written for the one that ended before the next one starts", async () => {
    const { journal, clock, runner, start } = makeLane();
    await start("a1", "a2");
    runner.end("a1", { kind: "failed", error: "x" });
    await clock.settle();
    expect(journal.slice(2)).toEqual([
      "requeued a1 attempts 1 preemptions 0",
      "started a2 run-2 attempt 1",
      "run a2 run-2",
    ]);
  });

  it("that cannot be written costs no attempt: the lane rests and tries again", async () => {
    const { journal, clock, runner, ledger, heard, start } = makeLane({ maxConcurrent: 2 });
    const ended = heard("ended");
    ledger.broken.add("started a1");
    await start("a1", "a2");
    expect(runner.open).toEqual(["a2"]);
    expect(ended).toMatchObject([{ sessionKey: "a1", result: "refused", error: "the record cannot be written" }]);
    await clock.elapse(60_000);
    expect(new Set(ended.map(({ result }) => result))).toEqual(new Set(["refused"]));
    ledger.broken.clear();
    await clock.elapse(5_000);
    expect(journal.filter((step) => step.startsWith("run "))).toEqual([
      "run a2 run-2",
      expect.stringMatching(/^run a1 /),
    ]);
  });

  it("that cannot be put back is reported, and the resume goes on", async () => {
    const { clock, runner, ledger, heard, start } = makeLane();
    const trouble = heard("trouble");
    ledger.broken.add("requeued a1");
    await start("a1");
    runner.end("a1", { kind: "failed", error: "x" });
    await clock.elapse(30_000);
    expect(trouble).toMatchObject([{ agentId: "a", sessionKey: "a1", what: "write the record" }]);
    expect(runner.open).toEqual(["a1"]);
  });

  it("that cannot be settled is reported, and the next one starts", async () => {
    const { clock, runner, ledger, heard, start } = makeLane();
    const trouble = heard("trouble");
    ledger.broken.add("settled a1");
    await start("a1", "a2");
    runner.end("a1", REPLIED);
    await clock.settle();
    expect(trouble).toHaveLength(1);
    expect(runner.open).toEqual(["a2"]);
  });
});

describe("a runner", () => {
  it("that throws has failed", async () => {
    const { runner, heard, start } = makeLane();
    const ended = heard("ended");
    runner.throws = new Error("no such agent");
    await start("a1");
    expect(ended).toMatchObject([{ sessionKey: "a1", result: "failed", error: "Error" }]);
  });

  it("that rejects has failed, and its slot is free", async () => {
    const { clock, runner, heard, start } = makeLane();
    const ended = heard("ended");
    await start("a1", "a2");
    runner.reject("a1", "not even an error");
    await clock.settle();
    expect(ended).toMatchObject([{ sessionKey: "a1", result: "failed", error: "not an error object" }]);
    expect(runner.open).toEqual(["a2"]);
  });

  it("that fails every attempt is held after the last one allowed", async () => {
    const { journal, clock, runner, start } = makeLane();
    runner.throws = new Error("x");
    await start("a1");
    await clock.elapse(100_000);
    expect(journal).toEqual([
      "started a1 run-1 attempt 1",
      "run a1 run-1",
      "requeued a1 attempts 1 preemptions 0",
      "started a1 run-2 attempt 2",
      "run a1 run-2",
      "settled a1 held attempts-exhausted",
    ]);
  });
});

describe("the time limit", () => {
  it("cancels at its end, not before", async () => {
    const { journal, clock, start } = makeLane();
    await start("a1");
    await clock.elapse(59_999);
    expect(journal).not.toContain("abort a1");
    await clock.elapse(1);
    expect(journal).toContain("abort a1");
  });

  it("frees the slot only when the run has drained", async () => {
    const { clock, runner, lane, heard, start } = makeLane();
    const ended = heard("ended");
    await start("a1", "a2");
    await clock.elapse(500_000);
    expect(runner.open).toEqual(["a1"]);
    expect(lane.slots).toEqual({ total: 1, used: 1 });
    runner.end("a1", CANCELLED);
    await clock.settle();
    expect(ended).toMatchObject([{ sessionKey: "a1", result: "timed-out", ranMs: 500_000 }]);
    expect(runner.open).toEqual(["a2"]);
    expect(runner.peak).toBe(1);
  });

  it("counts as an attempt", async () => {
    const { journal, clock, runner, start } = makeLane();
    runner.drainsAtOnce = true;
    await start("a1");
    await clock.elapse(60_000);
    expect(journal.at(-1)).toBe("requeued a1 attempts 1 preemptions 0");
  });

  it("takes nothing from a run that was done all the same", async () => {
    const { journal, clock, runner, start } = makeLane();
    await start("a1");
    await clock.elapse(60_000);
    runner.end("a1", REPLIED);
    await clock.settle();
    expect(journal.at(-1)).toBe("settled a1 completed replied");
  });

  it("that ends while a user's cancel drains makes no timeout of it", async () => {
    const { journal, clock, runner, lane, heard, start } = makeLane();
    const ended = heard("ended");
    await start("a1");
    await clock.elapse(59_900);
    lane.userWrote("x");
    await clock.elapse(200);
    runner.end("a1", CANCELLED);
    await clock.settle();
    expect(ended).toMatchObject([{ result: "preempted", cancelCause: "other-user", drainedMs: 200 }]);
    expect(journal.at(-1)).toBe("requeued a1 attempts 0 preemptions 1");
  });

  it("is over with the run", async () => {
    const { clock, runner, start } = makeLane();
    await start("a1");
    runner.end("a1", REPLIED);
    await clock.settle();
    expect(clock.pendingTimers).toBe(0);
  });
});

describe("users", () => {
  it("cancel what runs; it goes back, and on when they are quiet", async () => {
    const { journal, clock, runner, lane, start } = makeLane();
    runner.drainsAtOnce = true;
    await start("a1");
    lane.userWrote("x");
    lane.userRunStarted("user-run", "x");
    await clock.elapse(100);
    lane.userRunEnded("user-run", true);
    await clock.elapse(1999);
    expect(journal.slice(2)).toEqual(["abort a1", "requeued a1 attempts 0 preemptions 1"]);
    await clock.elapse(1);
    expect(runner.open).toEqual(["a1"]);
  });

  it("supersede the queued resume of their own session when their run starts", () => {
    const { journal, lane, heard } = makeLane();
    const load = heard("load");
    lane.enqueue(queued("a1"));
    lane.userWrote("a1");
    expect(journal).toEqual([]);
    expect(load.at(-1)).toMatchObject({ queued: 1, usersWaiting: 1 });
    lane.userRunStarted("user-run", "a1");
    expect(journal).toEqual(["settled a1 superseded user-continued"]);
    expect(load.at(-1)).toMatchObject({ queued: 0, usersRunning: 1 });
  });

  it("cancel the resume of their own session, and supersede it when their run starts", async () => {
    const { journal, clock, runner, lane, start } = makeLane();
    runner.drainsAtOnce = true;
    await start("a1");
    lane.userWrote("a1");
    await clock.settle();
    expect(journal.slice(2)).toEqual(["abort a1", "requeued a1 attempts 0 preemptions 1"]);
    lane.userRunStarted("user-run", "a1");
    expect(journal.slice(4)).toEqual(["settled a1 superseded user-continued"]);
    lane.userRunEnded("user-run", true);
    await clock.elapse(1_000_000);
    expect([runner.open, clock.pendingTimers]).toEqual([[], 0]);
  });

  it("who only send a command get their session resumed all the same", async () => {
    const { journal, clock, runner, lane, start } = makeLane();
    runner.drainsAtOnce = true;
    await start("a1");
    lane.userWrote("a1");
    await clock.elapse(100);
    lane.userServed("a1", false);
    await clock.elapse(1999);
    expect(runner.open).toEqual([]);
    await clock.elapse(1);
    expect(runner.open).toEqual(["a1"]);
    runner.end("a1", REPLIED);
    await clock.settle();
    expect(journal.slice(2)).toEqual([
      "abort a1",
      "requeued a1 attempts 0 preemptions 1",
      "started a1 run-2 attempt 1",
      "run a1 run-2",
      "settled a1 completed replied",
    ]);
  });

  it("who write and are never heard of again give the resume back by themselves", async () => {
    const { clock, runner, lane } = makeLane();
    lane.open();
    lane.userWrote("a1");
    lane.enqueue(queued("a1"));
    await clock.elapse(16_999);
    expect(runner.open).toEqual([]);
    await clock.elapse(1);
    expect(runner.open).toEqual(["a1"]);
  });

  it("never make two run in one slot, however long the cancelled one takes", async () => {
    const { clock, runner, lane, start } = makeLane();
    await start("a1", "a2");
    lane.userWrote("x");
    await clock.elapse(120_000);
    expect(runner.open).toEqual(["a1"]);
    runner.end("a1", CANCELLED);
    await clock.elapse(2000);
    expect([runner.open.length, runner.peak]).toEqual([1, 1]);
  });

  it("cancel a resume that is about to start before it calls the runner", async () => {
    const { journal, clock, events, runner, lane, start } = makeLane();
    await start("a1", "a2");
    // By then a2 has been decided upon and waits inside p-queue for the slot of a1.
    events.on("settled", () => queueMicrotask(() => lane.userWrote("x")));
    runner.end("a1", REPLIED);
    await clock.settle();
    expect(journal.slice(2)).toEqual(["settled a1 completed replied", "requeued a2 attempts 0 preemptions 1"]);
    expect(lane.slots.used).toBe(0);
  });

  it("that the start of a resume makes write cancel that one and the ones that start with it", async () => {
    const { journal, events, lane, start } = makeLane({ maxConcurrent: 2 });
    events.on("started", ({ sessionKey }) => {
      if (sessionKey === "a1") lane.userWrote("x");
    });
    await start("a1", "a2");
    const begun = journal.filter((step) => step.startsWith("run ")).map((step) => step.split(" ")[1]);
    const aborted = journal.filter((step) => step.startsWith("abort ")).map((step) => step.split(" ")[1]);
    expect(begun.filter((key) => !aborted.includes(key))).toEqual([]);
  });
});

describe("drain", () => {
  it("cancels all and resolves when all have drained", async () => {
    const { journal, clock, runner, lane, start } = makeLane({ maxConcurrent: 2 });
    await start("a1", "a2", "a3");
    let done = false;
    const drained = lane.drain().then(() => (done = true));
    await clock.settle();
    expect(journal.slice(-2)).toEqual(["abort a1", "abort a2"]);
    runner.end("a1", CANCELLED);
    await clock.settle();
    expect(done).toBe(false);
    runner.end("a2", CANCELLED);
    await drained;
    expect(journal.slice(-2)).toEqual(["requeued a1 attempts 0 preemptions 0", "requeued a2 attempts 0 preemptions 0"]);
    expect(runner.open).toEqual([]);
  });

  it("starts nothing afterwards and leaves no timer", async () => {
    const { clock, runner, lane, start } = makeLane();
    runner.drainsAtOnce = true;
    await start("a1", "a2");
    await lane.drain();
    lane.open();
    lane.enqueue(queued("a3"));
    await clock.elapse(1_000_000);
    expect(runner.open).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
  });

  it("of a lane that never opened resolves at once", async () => {
    const { lane, journal } = makeLane();
    lane.enqueue(queued("a1"));
    await lane.drain();
    expect(journal).toEqual([]);
  });
});

describe("events", () => {
  const SUBJECT = { agentId: "a", sessionKey: "a1" };

  it("tell of a resume from queue to settlement", async () => {
    const { clock, runner, heard, start } = makeLane();
    const [queuedEvents, startedEvents, ended, settled] = [
      heard("queued"),
      heard("started"),
      heard("ended"),
      heard("settled"),
    ];
    await start("a1");
    await clock.elapse(1500);
    runner.end("a1", REPLIED);
    await clock.settle();
    expect(queuedEvents).toEqual([{ ...SUBJECT, attempts: 0 }]);
    expect(startedEvents).toEqual([{ ...SUBJECT, slot: 1, attempt: 1, waitedMs: 2000, aged: false }]);
    expect(ended).toEqual([{ ...SUBJECT, slot: 1, result: "completed", ranMs: 1500 }]);
    expect(settled).toEqual([{ ...SUBJECT, outcome: "completed", reason: "replied", attempts: 1 }]);
  });

  it("tell the cause of a cancel and how long it drained", async () => {
    const { clock, runner, lane, heard, start } = makeLane();
    const [cancelled, ended, again] = [heard("cancelled"), heard("ended"), heard("queued")];
    await start("a1");
    await clock.elapse(500);
    lane.userWrote("x");
    await clock.elapse(120);
    runner.end("a1", CANCELLED);
    await clock.settle();
    expect(cancelled).toEqual([{ ...SUBJECT, slot: 1, cause: "other-user" }]);
    expect(ended).toEqual([
      { ...SUBJECT, slot: 1, result: "preempted", ranMs: 620, cancelCause: "other-user", drainedMs: 120 },
    ]);
    expect(again).toHaveLength(2);
  });

  it("call a run that its own user cancelled preempted, and its resume superseded by the user's run", async () => {
    const { clock, runner, lane, heard, start } = makeLane();
    const [ended, settled, again] = [heard("ended"), heard("settled"), heard("queued")];
    runner.drainsAtOnce = true;
    await start("a1");
    lane.userWrote("a1");
    await clock.settle();
    expect(ended).toMatchObject([{ result: "preempted", cancelCause: "own-user" }]);
    expect(settled).toEqual([]);
    expect(again).toHaveLength(2);
    lane.userRunStarted("user-run", "a1");
    expect(settled).toMatchObject([{ outcome: "superseded", reason: "user-continued" }]);
    expect([ended.length, again.length]).toEqual([1, 2]);
  });

  it("call a cancelled run preempted when its user's run has started meanwhile", async () => {
    const { clock, runner, lane, heard, start } = makeLane();
    const [ended, settled, again] = [heard("ended"), heard("settled"), heard("queued")];
    await start("a1");
    lane.userRunStarted("user-run", "a1");
    runner.end("a1", CANCELLED);
    await clock.settle();
    expect(ended).toMatchObject([{ result: "preempted", cancelCause: "own-user" }]);
    expect(settled).toMatchObject([{ outcome: "superseded", reason: "user-continued" }]);
    expect(again).toHaveLength(1);
  });

  it("call a run that was cancelled for shutdown preempted", async () => {
    const { runner, lane, heard, start } = makeLane();
    const ended = heard("ended");
    runner.drainsAtOnce = true;
    await start("a1");
    await lane.drain();
    expect(ended).toMatchObject([{ result: "preempted", cancelCause: "shutdown" }]);
  });

  it("tell why the host refused a run, which counts as preempted", async () => {
    const { clock, runner, heard, start } = makeLane();
    const ended = heard("ended");
    await start("a1");
    runner.end("a1", { kind: "refused" });
    await clock.settle();
    expect(ended).toMatchObject([{ result: "refused", error: "the host takes no new work" }]);
  });

  it("tell the final cause of a cancel that the own user took over, drained since the first", async () => {
    const { journal, clock, runner, lane, heard, start } = makeLane();
    const [cancelled, ended] = [heard("cancelled"), heard("ended")];
    await start("a1");
    await clock.elapse(500);
    lane.userWrote("x");
    await clock.elapse(100);
    lane.userWrote("a1");
    lane.userWrote("a1");
    await clock.elapse(20);
    runner.end("a1", CANCELLED);
    await clock.settle();
    expect(cancelled.map(({ cause }) => cause)).toEqual(["other-user", "own-user"]);
    expect(ended).toEqual([
      { ...SUBJECT, slot: 1, result: "preempted", ranMs: 620, cancelCause: "own-user", drainedMs: 120 },
    ]);
    expect(journal.slice(2)).toEqual(["abort a1", "requeued a1 attempts 0 preemptions 1"]);
  });

  it("tell the own user's cause of a cancel for shutdown that it took over", async () => {
    const { journal, clock, runner, lane, heard, start } = makeLane();
    const ended = heard("ended");
    await start("a1");
    const drained = lane.drain();
    await clock.elapse(50);
    lane.userWrote("a1");
    lane.userRunStarted("user-run", "a1");
    await clock.elapse(50);
    runner.end("a1", CANCELLED);
    await drained;
    expect(ended).toMatchObject([{ result: "preempted", cancelCause: "own-user", drainedMs: 100 }]);
    expect(journal.at(-1)).toBe("settled a1 superseded user-continued");
  });

  it("settle as superseded what the own user took over from another one", async () => {
    const { clock, runner, lane, heard, start } = makeLane();
    const [ended, settled] = [heard("ended"), heard("settled")];
    await start("a1");
    lane.userWrote("x");
    lane.userWrote("a1");
    lane.userRunStarted("user-run", "a1");
    runner.end("a1", CANCELLED);
    await clock.settle();
    expect(settled).toMatchObject([{ outcome: "superseded" }]);
    expect(ended).toMatchObject([{ result: "preempted", cancelCause: "own-user" }]);
  });

  it("tell the load after every change", async () => {
    const { clock, runner, lane, heard, start } = makeLane();
    const load = heard("load");
    await start("a1", "a2");
    expect(load.at(-1)).toMatchObject({ queued: 1, running: 1, usersWaiting: 0, usersRunning: 0 });
    lane.userWrote("x");
    expect(load.at(-1)).toMatchObject({ queued: 1, running: 1, usersWaiting: 1, usersRunning: 0 });
    runner.end("a1", CANCELLED);
    await clock.settle();
    lane.userRunStarted("user-run", "x");
    expect(load.at(-1)).toEqual({ queued: 2, ready: 2, running: 0, usersWaiting: 0, usersRunning: 1, inTheWay: 0 });
  });

  it("tell of users' turns: when one continues its session, and when one has been answered", () => {
    const { lane, heard } = makeLane();
    const [continued, answered] = [heard("userContinued"), heard("userAnswered")];
    lane.userRunStarted("first", "x");
    lane.userRunStarted("second", "y");
    lane.userRunEnded("first", true);
    lane.userRunEnded("second", false);
    lane.userRunEnded("of a cron job", true);
    expect(continued).toEqual([{ key: "x" }, { key: "y" }]);
    expect(answered).toHaveLength(1);
  });

  it("tell since when each lane's oldest has waited", async () => {
    const { clock, lane } = makeLane();
    expect([lane.oldestSinceMs("main"), lane.oldestSinceMs("startup-resume")]).toEqual([undefined, undefined]);
    lane.enqueue(queued("a1", { queuedAtMs: 7 }));
    await clock.elapse(500);
    lane.userWrote("x");
    expect([lane.oldestSinceMs("main"), lane.oldestSinceMs("startup-resume")]).toEqual([500, 7]);
  });

  it("do no harm when a listener throws", async () => {
    const { clock, events, runner, journal, start } = makeLane();
    for (const name of ["queued", "started", "ended", "settled", "load"] as const) {
      events.on(name, () => {
        throw new Error("broken metric");
      });
    }
    await start("a1");
    runner.end("a1", REPLIED);
    await clock.settle();
    expect(journal.at(-1)).toBe("settled a1 completed replied");
  });
});

describe("a pause", () => {
  it("starts nothing and lets what runs go on", async () => {
    const { clock, runner, lane, start } = makeLane();
    await start("a1", "a2", "a3");
    lane.pause("operator");
    runner.end("a1", REPLIED);
    await clock.elapse(1_000_000);
    expect([runner.open, lane.waitsFor(), [...lane.waitCauses()]]).toEqual([[], "operator", ["operator"]]);
    lane.unpause("operator");
    await clock.settle();
    expect([runner.open, lane.waitsFor(), [...lane.waitCauses()]]).toEqual([["a2"], undefined, []]);
  });

  it("is over only when all its causes are", async () => {
    const { clock, runner, lane, start } = makeLane();
    lane.pause("operator");
    lane.pause("mode");
    await start("a1");
    lane.unpause("operator");
    await clock.elapse(1000);
    expect(runner.open).toEqual([]);
    lane.unpause("mode");
    await clock.settle();
    expect(runner.open).toEqual(["a1"]);
  });

  it("twice for the same cause is over at once", async () => {
    const { clock, runner, lane, start } = makeLane();
    lane.pause("operator");
    lane.pause("operator");
    await start("a1");
    lane.unpause("operator");
    await clock.settle();
    expect(runner.open).toEqual(["a1"]);
  });

  it("leaves no timer that goes off for nothing", async () => {
    const { clock, lane, start } = makeLane();
    lane.pause("operator");
    await start("a1");
    await clock.elapse(1_000_000);
    expect(clock.pendingTimers).toBe(0);
    lane.unpause("operator");
    await clock.settle();
    expect(lane.placeOf("a1")).toBe("running");
  });
});

describe("new limits", () => {
  it("fill the new slots at once", async () => {
    const { clock, runner, lane, start } = makeLane();
    await start("a1", "a2", "a3");
    lane.setLimits({ ...LANE_LIMITS, maxConcurrent: 3 });
    await clock.settle();
    expect([runner.open, lane.slots]).toEqual([["a1", "a2", "a3"], { total: 3, used: 3 }]);
  });

  it("of fewer slots drain by attrition", async () => {
    const { clock, runner, lane, start, journal } = makeLane({ maxConcurrent: 3 });
    await start("a1", "a2", "a3", "a4", "a5");
    lane.setLimits({ ...LANE_LIMITS, maxConcurrent: 1 });
    await clock.settle();
    expect([runner.open, lane.slots]).toEqual([["a1", "a2", "a3"], { total: 1, used: 3 }]);
    for (const key of ["a1", "a2"]) {
      runner.end(key, REPLIED);
      await clock.settle();
    }
    expect(runner.open).toEqual(["a3"]);
    runner.end("a3", REPLIED);
    await clock.settle();
    expect([runner.open, lane.slots]).toEqual([["a4"], { total: 1, used: 1 }]);
    expect(journal.filter((step) => step.startsWith("abort"))).toEqual([]);
  });

  it("lose nobody who has been decided upon and waits for a slot to be free", async () => {
    const { clock, runner, lane, start, events } = makeLane({ maxConcurrent: 2 });
    await start("a1", "a2", "a3");
    events.on("settled", () => queueMicrotask(() => lane.setLimits({ ...LANE_LIMITS, maxConcurrent: 1 })));
    runner.end("a1", REPLIED);
    await clock.settle();
    expect([...runner.open, ...lane.queue().map(({ resume }) => resume.key)].length).toBeLessThanOrEqual(2);
    runner.end("a2", REPLIED);
    await clock.settle();
    expect(runner.open).toEqual(["a3"]);
    expect(runner.peak).toBeLessThanOrEqual(2);
  });

  it("of time hold for the next run, not for one that runs", async () => {
    const { clock, runner, lane, heard, start } = makeLane();
    const ended = heard("ended");
    await start("a1", "a2");
    lane.setLimits({ ...LANE_LIMITS, maxConcurrent: 1, timeoutMs: 5000 });
    await clock.elapse(59_999);
    expect(lane.running()).toMatchObject([{ resume: { key: "a1" }, timeoutMs: 60_000 }]);
    runner.end("a1", REPLIED);
    await clock.settle();
    expect(lane.running()).toMatchObject([{ resume: { key: "a2" }, timeoutMs: 5000 }]);
    runner.drainsAtOnce = true;
    await clock.elapse(5000);
    expect(ended.at(-1)).toMatchObject({ sessionKey: "a2", result: "timed-out", error: "took longer than 5000 ms" });
  });
});

describe("the operator's word on one session", () => {
  const DISCARD = { outcome: "discarded", reason: "by-operator" } as const;

  it("puts a request on record before it starts", async () => {
    const { journal, clock, lane, start } = makeLane();
    await start("a1", "a2", "a3");
    lane.request("a3");
    expect(journal.at(-1)).toBe("requeued a3 attempts 0 preemptions 0");
    expect(lane.queue().map(({ resume }) => resume.key)).toEqual(["a3", "a2"]);
    lane.setLimits({ ...LANE_LIMITS, maxConcurrent: 2 });
    await clock.settle();
    expect(lane.placeOf("a3")).toBe("running");
  });

  it("settles a queued one at once", async () => {
    const { journal, lane, heard, start } = makeLane();
    const settled = heard("settled");
    await start("a1", "a2");
    expect(await lane.settle("a2", DISCARD)).toEqual(DISCARD);
    expect(journal.at(-1)).toBe("settled a2 discarded by-operator");
    expect(settled).toMatchObject([{ sessionKey: "a2", outcome: "discarded", attempts: 0 }]);
    expect([lane.placeOf("a2"), lane.placeOf("a1")]).toEqual([undefined, "running"]);
  });

  it("cancels a running one, and resolves when its run has really ended and its slot is free", async () => {
    const { journal, clock, runner, lane, heard, start } = makeLane();
    const [cancelled, ended] = [heard("cancelled"), heard("ended")];
    await start("a1", "a2");
    let done = false;
    const settling = lane.settle("a1", DISCARD).finally(() => (done = true));
    await clock.elapse(300);
    expect([done, runner.open]).toEqual([false, ["a1"]]);
    runner.end("a1", CANCELLED);
    expect(await settling).toEqual(DISCARD);
    expect(cancelled).toMatchObject([{ sessionKey: "a1", cause: "operator" }]);
    expect(ended).toMatchObject([{ result: "preempted", cancelCause: "operator", drainedMs: 300 }]);
    expect(journal).toContain("settled a1 discarded by-operator");
    await clock.settle();
    expect(runner.open).toEqual(["a2"]);
  });

  it("is too late for a run that completes", async () => {
    const { journal, clock, runner, lane, start } = makeLane();
    await start("a1");
    const settling = lane.settle("a1", DISCARD);
    runner.end("a1", REPLIED);
    expect(await settling).toEqual({ outcome: "completed", reason: "replied" });
    await clock.settle();
    expect(journal.at(-1)).toBe("settled a1 completed replied");
  });

  it("is too late for a run whose user's own turn has started", async () => {
    const { journal, runner, lane, start } = makeLane();
    await start("a1");
    const settling = lane.settle("a1", DISCARD);
    lane.userRunStarted("user-run", "a1");
    runner.end("a1", CANCELLED);
    expect(await settling).toEqual({ outcome: "superseded", reason: "user-continued" });
    expect(journal.at(-1)).toBe("settled a1 superseded user-continued");
  });

  it("on one that the lane does not know changes nothing", async () => {
    const { journal, lane, start } = makeLane();
    await start("a1");
    const before = [...journal];
    lane.request("zz");
    lane.request("a1");
    expect(await lane.settle("zz", DISCARD)).toBeUndefined();
    expect(journal).toEqual(before);
  });
});

it("holds a resume at once whose error a repeat does not cure", async () => {
  const { journal, clock, runner, heard, start } = makeLane();
  const ended = heard("ended");
  await start("a1");
  runner.end("a1", { kind: "failed", error: "Error: billing", permanent: true });
  await clock.settle();
  expect(ended).toMatchObject([{ result: "failed", error: "Error: billing" }]);
  expect(journal.at(-1)).toBe("settled a1 held permanent-error");
});

describe("what can be seen of the lane", () => {
  it("is its queue in order with who has aged, its runs and its users", async () => {
    const { clock, lane } = makeLane();
    lane.enqueue(queued("a2", { activityAtMs: 1 }));
    lane.enqueue(queued("a3", { activityAtMs: 2 }));
    lane.enqueue(queued("a1", { activityAtMs: 9 }));
    lane.open();
    lane.userWrote("x");
    lane.userRunStarted("run", "y");
    expect(lane.queue().map(({ resume, aged }) => [resume.key, aged])).toEqual([
      ["a1", false],
      ["a3", false],
      ["a2", false],
    ]);
    expect([lane.running(), lane.users]).toEqual([[], { waiting: 1, running: 1 }]);
    await clock.elapse(600_000);
    expect(lane.running()).toMatchObject([{ resume: { key: "a1", slot: 1, aged: true } }]);
    expect(lane.queue().map(({ resume, aged }) => [resume.key, aged])).toEqual([
      ["a3", true],
      ["a2", true],
    ]);
    expect(["a1", "a2", "zz"].map((key) => lane.placeOf(key))).toEqual(["running", "queued", undefined]);
  });

  it("is what it waits for", async () => {
    const { clock, lane } = makeLane();
    lane.enqueue(queued("a1"));
    expect(lane.waitsFor()).toBe("gateway-starting");
    lane.open();
    expect(lane.waitsFor()).toBe("users");
    await clock.elapse(2000);
    expect(lane.placeOf("a1")).toBe("running");
    const drained = lane.drain();
    expect(lane.waitsFor()).toBe("gateway-stopping");
    void drained;
  });
});

describe("the mode", () => {
  it("tells what the lane does, each change once", async () => {
    const { clock, lane, runner, heard, start } = makeLane();
    const [modes, trouble] = [heard("mode"), heard("trouble")];
    expect(lane.mode).toBe("starting");
    await start("a1", "a2");
    lane.userWrote("x");
    runner.end("a1", CANCELLED);
    await clock.settle();
    lane.userServed("x", false);
    await clock.elapse(2000);
    const drained = lane.drain();
    runner.end("a1", CANCELLED);
    await drained;
    expect(modes.map(({ to }) => to)).toEqual([
      "waiting",
      "running",
      "yielding",
      "waiting",
      "running",
      "draining",
      "stopped",
    ]);
    expect(modes.map(({ from }) => from)).toEqual(["starting", ...modes.slice(0, -1).map(({ to }) => to)]);
    expect(trouble).toEqual([]);
  });

  it("is failed for good when the service could not start", async () => {
    const { lane, heard, start } = makeLane();
    const modes = heard("mode");
    lane.fail();
    lane.fail();
    await lane.drain();
    await start("a1");
    expect(modes).toEqual([{ from: "starting", to: "failed" }]);
  });
});
