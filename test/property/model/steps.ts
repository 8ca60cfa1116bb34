import { fc } from "@fast-check/vitest";
import type { RunEnd, Settlement } from "../../../src/domain/decisions.ts";
import type { SchedulerLimits } from "../../../src/domain/scheduler.ts";
import type { Usage } from "../../../src/domain/spend.ts";
import type { Checked } from "./checked.ts";

const HOUR = 3_600_000;

/** Half of them without the limit: it changes what the rest is about. */
const maybe = <Value>(values: fc.Arbitrary<Value>) => fc.option(values, { nil: undefined, freq: 2 });

export const limits: fc.Arbitrary<SchedulerLimits> = fc.record({
  maxConcurrent: fc.integer({ min: 1, max: 4 }),
  maxPerAgent: fc.option(fc.integer({ min: 1, max: 2 }), { nil: undefined }),
  quietMs: fc.constantFrom(0, 1, 2000),
  retryDelayMs: fc.constantFrom(0, 500, 30_000),
  maxAttempts: fc.integer({ min: 1, max: 3 }),
  preemptionScope: fc.constantFrom("lane", "session"),
  maxPreemptions: fc.integer({ min: 0, max: 3 }),
  maxWaitMs: fc.constantFrom(0, 3000, 60_000, 600_000),
  cooldown: fc.constantFrom({ initialMs: 1000, maxMs: 1500 }, { initialMs: 30_000, maxMs: 900_000 }),
  maxTokensPerBoot: maybe(fc.constantFrom(1, 250, 1000)),
  maxCostPerBoot: maybe(fc.constantFrom(0.5, 2)),
  needsPermit: fc.boolean(),
});

export const KEYS = ["a1", "a2", "a3", "b1", "b2", "c1"];
export const key = fc.constantFrom(...KEYS);
const userKey = fc.constantFrom(...KEYS, "x1", "x2");

const provider = fc.constantFrom("p", "q");
const named = fc.option(provider, { nil: undefined, freq: 2 });
const refusal = fc.record({
  provider,
  fault: fc.constantFrom("rate-limit", "overloaded", "billing", "authentication", "disabled"),
  retryAfterMs: fc.constantFrom(0, 0, 5000, 40_000),
});
/** Halves and quarters add up to what they are. */
const usage: fc.Arbitrary<Usage> = fc.record({
  tokens: fc.constantFrom(0, 1, 249, 800),
  costUsd: fc.constantFrom(0, 0.25, 1.5),
});
const end: fc.Arbitrary<RunEnd> = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.constantFrom<RunEnd>(
      { kind: "completed", reason: "replied" },
      { kind: "superseded" },
      { kind: "held", reason: "unsafe-tail" },
      { kind: "failed", error: "x" },
      { kind: "failed", error: "x", permanent: true },
      { kind: "timed-out", error: "x" },
      { kind: "undelivered", error: "x" },
      { kind: "refused" },
      { kind: "cancelled" },
    ),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(refusal, named)
      .map(([said, who]): RunEnd => ({ kind: "provider-fault", ...said, provider: who })),
  },
);
const runEnd: fc.Arbitrary<RunEnd> = fc
  .tuple(end, fc.option(usage, { nil: undefined, freq: 2 }))
  .map(([how, used]) => (used === undefined ? how : { ...how, usage: used }));
/** What the operator can make of a resume. */
const fate: fc.Arbitrary<Settlement> = fc.constantFrom<Settlement>(
  { outcome: "held", reason: "by-operator" },
  { outcome: "discarded", reason: "by-operator" },
  { outcome: "released", reason: "by-operator" },
);

const pick = fc.nat(9);
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant("enqueue" as const), key }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("wrote" as const), key: userKey }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("userRun" as const), key: userKey }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("userEnd" as const), pick }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("served" as const), key: userKey }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("runEnd" as const), pick, end: runEnd }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("pass" as const),
      ms: fc.constantFrom(0, 1, 400, 1999, 2000, 16_000, 70_000, HOUR),
    }),
  },
  { weight: 3, arbitrary: fc.constant({ do: "grant" as const }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("asked" as const), pick, provider: named }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("answered" as const), provider }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("refused" as const), pick: fc.option(pick, { nil: undefined }), refusal }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("setClock" as const), byMs: fc.constantFrom(-HOUR, HOUR) }) },
  { weight: 1, arbitrary: fc.constant({ do: "open" as const }) },
  { weight: 1, arbitrary: fc.constant({ do: "pause" as const }) },
  { weight: 1, arbitrary: fc.constant({ do: "unpause" as const }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("request" as const), key }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("settle" as const), key, fate }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("setLimits" as const), limits }) },
);
type Step = typeof step extends fc.Arbitrary<infer One> ? One : never;

export const steps = fc.array(step, { maxLength: 60, size: "max" });

export function play(checked: Checked, past: readonly Step[]): void {
  for (const one of past) {
    if (one.do === "enqueue") checked.enqueue(one.key);
    else if (one.do === "wrote") checked.wrote(one.key);
    else if (one.do === "userRun") checked.userRun(one.key);
    else if (one.do === "userEnd") checked.userEnd(one.pick);
    else if (one.do === "served") checked.served(one.key);
    else if (one.do === "runEnd") checked.runEnd(one.pick, one.end);
    else if (one.do === "pass") checked.pass(one.ms);
    else if (one.do === "grant") checked.grant();
    else if (one.do === "asked") checked.asked(one.pick, one.provider);
    else if (one.do === "answered") checked.answered(one.provider);
    else if (one.do === "refused") checked.refused(one.pick, one.refusal);
    else if (one.do === "setClock") checked.setClock(one.byMs);
    else if (one.do === "pause") checked.pause();
    else if (one.do === "unpause") checked.unpause();
    else if (one.do === "request") checked.request(one.key);
    else if (one.do === "settle") checked.settle(one.key, one.fate);
    else if (one.do === "setLimits") checked.setLimits(one.limits);
    else checked.open();
  }
}
