import { describe, expect, it } from "vitest";
import type { Refusal, RunEnd } from "../../../src/domain/decisions.ts";
import { Providers } from "../../../src/domain/providers.ts";
import type { LaneLimits } from "../../../src/lane/resume-lane.ts";
import { makeLane } from "../support/lane-maker.ts";
import { LANE_LIMITS, queued } from "../support/makers.ts";

const REPLIED: RunEnd = { kind: "completed", reason: "replied" };
const REFUSAL: Refusal = { provider: "p", fault: "rate-limit", retryAfterMs: 0 };

/** A lane whose first resume of the provider `p` has asked it. */
async function asking(limits: Partial<LaneLimits> = {}, ...others: string[]) {
  const made = makeLane(limits);
  for (const key of ["a1", ...others]) made.lane.enqueue(queued(key, { provider: "p" }));
  await made.start();
  made.lane.providerAsked("run-1", "p");
  return made;
}

describe("a resume that its provider refuses", () => {
  it("is cut off when the host is about to ask again, and goes back to the queue as no attempt", async () => {
    const { journal, clock, lane, runner, heard } = await asking();
    const ended = heard("ended");
    lane.providerRefused("run-1", { ...REFUSAL, retryAfterMs: 998 }, true);
    expect(journal.at(-1)).toBe("abort a1");
    expect(lane.running()).toHaveLength(1);
    runner.end("a1", { kind: "cancelled" });
    await clock.settle();
    expect(journal.at(-1)).toBe("requeued a1 attempts 0 preemptions 0");
    expect(ended).toMatchObject([{ result: "provider-fault", error: "p refuses: rate-limit" }]);
    expect(lane.mode).toBe("waiting");
  });

  it("is cut off once, and yields to nobody: the lane goes on running until it has drained", async () => {
    const { journal, lane, heard } = await asking();
    const cancelled = heard("cancelled");
    lane.providerRefused("run-1", REFUSAL, true);
    lane.providerRefused("run-1", REFUSAL, true);
    expect(journal.filter((step) => step === "abort a1")).toHaveLength(1);
    expect([cancelled, lane.mode]).toEqual([[], "running"]);
  });

  it("goes on when the host tries something else", async () => {
    const { journal, clock, lane, runner } = await asking();
    lane.providerRefused("run-1", REFUSAL, false);
    expect(journal.at(-1)).toBe("run a1 run-1");
    runner.end("a1", REPLIED);
    await clock.settle();
    expect(journal.at(-1)).toBe("settled a1 completed replied");
  });

  it("that was done all the same has completed", async () => {
    const { journal, clock, lane, runner } = await asking();
    lane.providerRefused("run-1", REFUSAL, true);
    runner.end("a1", REPLIED);
    await clock.settle();
    expect(journal.at(-1)).toBe("settled a1 completed replied");
  });

  it("and then fails for that has not failed", async () => {
    const { clock, lane, runner, heard } = await asking();
    const ended = heard("ended");
    lane.providerRefused("run-1", REFUSAL, true);
    runner.end("a1", { kind: "failed", error: "x" });
    await clock.settle();
    expect(ended).toMatchObject([{ result: "provider-fault" }]);
  });

  it("and for whom a user comes is preempted", async () => {
    const { clock, lane, runner, heard } = await asking();
    const ended = heard("ended");
    lane.providerRefused("run-1", REFUSAL, true);
    lane.userWrote("x1");
    runner.end("a1", { kind: "cancelled" });
    await clock.settle();
    expect(ended).toMatchObject([{ result: "preempted", cancelCause: "other-user" }]);
  });

  it("has ended so when only its end says it", async () => {
    const { clock, lane, runner, heard } = await asking();
    const ended = heard("ended");
    runner.end("a1", { kind: "provider-fault", fault: "disabled", retryAfterMs: 40_000 });
    await clock.settle();
    expect(ended).toMatchObject([{ result: "provider-fault", error: "p refuses: disabled" }]);
    expect(lane.cooldowns()).toEqual([
      { provider: "p", fault: "disabled", refusals: 1, untilMs: 42_000, forMs: 40_000 },
    ]);
  });

  it("starts again when its provider has cooled down, without any other event", async () => {
    const { journal, clock, lane, runner } = await asking();
    runner.drainsAtOnce = true;
    lane.providerRefused("run-1", REFUSAL, true);
    await clock.elapse(29_999);
    expect(runner.open).toEqual([]);
    await clock.elapse(1);
    expect([runner.open, journal.at(-1)]).toEqual([["a1"], "run a1 run-2"]);
  });
});

describe("a refusal", () => {
  it("of a user's run cuts nobody off, and keeps what is queued for that provider", async () => {
    const { journal, lane, runner, start } = makeLane();
    lane.providerRefused("a user's run", REFUSAL, true);
    lane.enqueue(queued("a1", { provider: "p" }));
    await start("b1");
    expect([journal.at(-1), runner.open]).toEqual(["run b1 run-1", ["b1"]]);
    expect([...lane.waitCauses()]).toEqual(["cooldown"]);
  });

  it("is told once for each step of a cool-down, and when it is made longer", async () => {
    const { clock, lane, heard } = await asking({}, "b1");
    const cooldown = heard("cooldown");
    const told = { provider: "p", fault: "rate-limit" } as const;
    lane.providerRefused("run-1", REFUSAL, false);
    lane.providerRefused("another", REFUSAL, false);
    await clock.elapse(1000);
    lane.userServed("x1", false);
    expect(cooldown).toEqual([{ ...told, refusals: 1, forMs: 30_000 }]);
    lane.providerRefused("another", { ...REFUSAL, retryAfterMs: 50_000 }, false);
    expect(cooldown.slice(1)).toEqual([{ ...told, refusals: 1, forMs: 50_000 }]);
    await clock.elapse(60_000);
    lane.providerRefused("another", REFUSAL, false);
    expect(cooldown.slice(2)).toEqual([{ ...told, refusals: 2, forMs: 60_000 }]);
  });

  it("and the answer after it are seen in what the lane waits for", async () => {
    const { clock, lane, runner } = await asking({ maxConcurrent: 2 }, "b1");
    const waits = () => [lane.waitsFor(), [...lane.waitCauses()]];
    expect(waits()).toEqual(["probe", ["probe"]]);
    lane.providerRefused("run-1", REFUSAL, false);
    expect(waits()).toEqual(["cooldown", ["cooldown"]]);
    lane.providerAnswered("another", "p", false);
    await clock.settle();
    expect([waits(), runner.open]).toEqual([
      [undefined, []],
      ["a1", "b1"],
    ]);
  });

  it("is asked of a run of the lane's own by its id alone", async () => {
    const { lane } = await asking({ maxConcurrent: 2 });
    expect([lane.providerOf("run-1"), lane.providerOf("another")]).toEqual(["p", undefined]);
  });

  it("is said beside what the others wait for", async () => {
    const { lane } = await asking({ maxConcurrent: 2 }, "b1");
    lane.providerRefused("run-1", REFUSAL, false);
    lane.pause("memory");
    lane.userWrote("x1");
    expect(lane.waitsFor()).toBe("memory");
    expect([...lane.waitCauses()].toSorted()).toEqual(["cooldown", "memory"]);
  });
});

describe("a probe", () => {
  it("lets the next start by itself when two seconds are over", async () => {
    const { clock, runner } = await asking({ maxConcurrent: 2 }, "b1");
    await clock.elapse(1999);
    expect(runner.open).toEqual(["a1"]);
    await clock.elapse(1);
    expect(runner.open).toEqual(["a1", "b1"]);
  });

  it("is not ended by a run that the lane does not know", async () => {
    const { clock, lane, runner } = await asking({ maxConcurrent: 2 }, "b1");
    await clock.elapse(1000);
    lane.providerAsked("a user's run", "p");
    await clock.elapse(1000);
    expect(runner.open).toEqual(["a1", "b1"]);
  });
});

describe("the spend", () => {
  const LIMIT = { maxTokensPerBoot: 1000 };
  const used = (tokens: number): RunEnd => ({ ...REPLIED, usage: { tokens, costUsd: 0.5 } });

  it("that is used up is told once, before nothing but the operator's wish is run", async () => {
    const { journal, clock, lane, runner, heard, start } = makeLane({ ...LIMIT, maxConcurrent: 2 });
    const usedUp = heard("usedUp");
    await start("a1", "b1", "c1");
    runner.end("a1", used(1000));
    await clock.settle();
    expect(usedUp).toEqual([{ reason: "over-token-budget", tokens: 1000, costUsd: 0.5 }]);
    expect(journal.at(-1)).toBe("settled c1 held over-token-budget");
    runner.end("b1", used(1));
    lane.enqueue(queued("d1", { requestedAtMs: clock.nowMs() }));
    await clock.settle();
    expect([usedUp.length, runner.open, lane.spent]).toEqual([1, ["d1"], { tokens: 1001, costUsd: 1 }]);
    expect([...lane.waitCauses()]).toEqual(["spend"]);
  });

  it("is told again when a larger limit is used up too", async () => {
    const { clock, lane, runner, heard, start } = makeLane(LIMIT);
    const usedUp = heard("usedUp");
    await start("a1");
    runner.end("a1", used(1000));
    await clock.settle();
    lane.setLimits({ ...LANE_LIMITS, maxConcurrent: 1, maxTokensPerBoot: 1500 });
    expect([...lane.waitCauses()]).toEqual([]);
    lane.enqueue(queued("b1"));
    await clock.settle();
    runner.end("b1", used(500));
    await clock.settle();
    expect(usedUp).toHaveLength(2);
  });

  it("of a boot goes on in a lane that replaces another", async () => {
    const { journal, lane, start } = makeLane(LIMIT, {
      memory: { spent: { tokens: 1000, costUsd: 0 }, providers: new Providers(LANE_LIMITS.cooldown) },
    });
    await start("a1");
    expect([journal, lane.spent.tokens]).toEqual([["settled a1 held over-token-budget"], 1000]);
  });

  it("counts a run that was cut off after its request with what was estimated", async () => {
    const { clock, lane, runner, start } = makeLane();
    lane.enqueue(queued("a1", { provider: "p", estimate: { tokens: 70, costUsd: 0.1 } }));
    await start();
    runner.drainsAtOnce = true;
    lane.providerAsked("run-1", "p");
    await clock.elapse(60_000);
    expect(lane.spent).toEqual({ tokens: 70, costUsd: 0.1 });
  });
});
