import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import type { Decision } from "../../src/domain/decisions.ts";
import type { QueuedResume } from "../../src/domain/queued-resume.ts";
import { Scheduler, type SchedulerLimits } from "../../src/domain/scheduler.ts";
import { Checked, type Tampering } from "./model/checked.ts";
import { key, limits, play, steps } from "./model/steps.ts";

const SIGNAL_TTL_MS = 15_000;
/** Each takes seconds, and longer beside others. */
const TIMEOUT_MS = 120_000;

test.prop([limits, steps, fc.boolean()], { numRuns: 10_000 })(
  "everything settles when users are quiet and runs complete",
  (given, past, served) => {
    const checked = new Checked(given);
    play(checked, past);
    checked.open();
    checked.unpause();
    while (checked.users.running.size > 0) checked.userEnd(0);
    // Whoever still waits is served with a command, or was never heard of again.
    if (served) for (const one of checked.users.waiting.keys()) checked.served(one);
    for (let turns = 0; checked.queue.size + checked.running.size > 0; turns += 1) {
      // Each turn grants a permit, ends a run or goes on to the next moment that is due; more turns are a standstill.
      expect(turns).toBeLessThan(100);
      if (checked.isAsking) {
        checked.grant();
      } else if (checked.running.size > 0) {
        checked.runEnd(0, { kind: "completed", reason: "replied" });
      } else {
        const due = checked.nextWakeAtMs;
        expect(due).toBeGreaterThanOrEqual(checked.nowMs);
        checked.pass((due ?? checked.nowMs) - checked.nowMs);
      }
    }
    expect(checked.count.settled).toBe(checked.count.entered);
  },
  TIMEOUT_MS,
);

test.prop([limits, fc.uniqueArray(key, { minLength: 1 }), fc.constantFrom("served", "forgotten")], { numRuns: 500 })(
  "a command to any session costs no session its resume",
  (given, keys, how) => {
    const checked = new Checked(given);
    for (const one of keys) checked.enqueue(one);
    checked.open();
    checked.pass(given.quietMs);
    checked.grantAll();
    for (const one of keys) checked.wrote(one);
    while (checked.running.size > 0) checked.runEnd(0, { kind: "cancelled" });
    expect([...checked.queue.keys()].toSorted()).toEqual(keys.toSorted());
    expect([...checked.queue.values()].map(({ attempts }) => attempts)).toEqual(keys.map(() => 0));
    if (how === "served") for (const one of keys) checked.served(one);
    else checked.pass(SIGNAL_TTL_MS);
    checked.pass(given.quietMs);
    checked.grantAll();
    expect(checked.running.size).toBeGreaterThan(0);
    expect(checked.running.size + checked.queue.size).toBe(keys.length);
  },
  TIMEOUT_MS,
);

test.prop([limits, steps, steps], { numRuns: 1000 })(
  "nothing starts after a drain, and nothing is lost in it",
  (given, past, after) => {
    const checked = new Checked(given);
    play(checked, [{ do: "open" }, ...past]);
    checked.drain();
    play(checked, after);
    expect(checked.nextWakeAtMs).toBeUndefined();
    while (checked.running.size > 0) checked.runEnd(0, { kind: "cancelled" });
    expect(checked.count.settled + checked.queue.size).toBe(checked.count.entered);
  },
  TIMEOUT_MS,
);

test.prop([limits, fc.array(limits, { maxLength: 12 }), fc.uniqueArray(key), fc.infiniteStream(fc.nat(9))], {
  numRuns: 1000,
})(
  "changing the budget under load loses nothing and runs nothing twice",
  (given, changes, keys, picks) => {
    const checked = new Checked(given);
    for (const one of keys) checked.enqueue(one);
    checked.open();
    checked.pass(given.quietMs);
    checked.grantAll();
    const [started, done] = [new Set(checked.running.keys()), new Set<string>()];
    const note = () => {
      for (const one of checked.running.keys()) {
        expect(done.has(one)).toBe(false);
        started.add(one);
      }
    };
    for (const next of [...changes, given]) {
      const [before, most] = [checked.running.size, Math.max(checked.running.size, next.maxConcurrent)];
      checked.setLimits(next);
      checked.grantAll();
      expect(checked.running.size).toBeGreaterThanOrEqual(before);
      expect(checked.running.size).toBeLessThanOrEqual(most);
      note();
      const running = [...checked.running.keys()];
      const ending = running[(picks.next().value ?? 0) % Math.max(1, running.length)];
      if (ending === undefined) continue;
      done.add(ending);
      checked.runEnd(running.indexOf(ending), { kind: "completed", reason: "replied" });
      note();
    }
    expect([...done, ...checked.running.keys(), ...checked.queue.keys()].toSorted()).toEqual(keys.toSorted());
  },
  TIMEOUT_MS,
);

test.prop([limits, steps, steps], { numRuns: 500 })(
  "nothing starts while the lane is paused",
  (given, past, after) => {
    const checked = new Checked(given);
    play(checked, [{ do: "open" }, ...past]);
    checked.pause();
    // Every start asserts by itself that the lane is not paused.
    play(
      checked,
      after.filter((one) => one.do !== "unpause"),
    );
    const { size } = checked.running;
    checked.pass(1_000_000);
    expect(checked.running.size).toBe(size);
  },
  TIMEOUT_MS,
);

test.prop([limits, fc.uniqueArray(key, { minLength: 1 })], { numRuns: 1000 })(
  "the aged settle though users are never quiet",
  (given, keys) => {
    const checked = new Checked({ ...given, maxWaitMs: Math.min(given.maxWaitMs, 60_000) });
    checked.open();
    checked.userRun("x1");
    for (const one of keys) checked.enqueue(one);
    for (let turns = 0; checked.queue.size + checked.running.size > 0; turns += 1) {
      expect(turns).toBeLessThan(100);
      if (turns % 3 === 0) checked.wrote("x2");
      checked.grantAll();
      if (checked.running.size > 0) checked.runEnd(0, { kind: "completed", reason: "replied" });
      else checked.pass(60_000);
    }
    expect(checked.users.running.size).toBe(1);
  },
  TIMEOUT_MS,
);

/** Schedulers without one restraint each: the checks of the model must find them out. */
const UNRESTRAINED: Readonly<Record<string, (limits: SchedulerLimits) => SchedulerLimits>> = {
  "no budget": (given) => ({ ...given, maxConcurrent: 64 }),
  "no budget per agent": (given) => ({ ...given, maxPerAgent: undefined }),
  "no waiting for users to be quiet": (given) => ({ ...given, quietMs: 0 }),
  "everything aged": (given) => ({ ...given, maxPreemptions: 0 }),
  "attempts without end": (given) => ({ ...given, maxAttempts: 1000 }),
  "no permits": (given) => ({ ...given, needsPermit: false }),
  "no cool-down": (given) => ({ ...given, cooldown: { initialMs: 0, maxMs: 0 } }),
  "no longer a cool-down after the second refusal": (given) => ({
    ...given,
    cooldown: { ...given.cooldown, maxMs: given.cooldown.initialMs },
  }),
  "no limit of tokens": (given) => ({ ...given, maxTokensPerBoot: undefined }),
  "no limit of cost": (given) => ({ ...given, maxCostPerBoot: undefined }),
};

/** Takes every provider for one that has answered, so that nobody is a probe. */
class Rash extends Scheduler {
  override enqueue(resume: QueuedResume, nowMs: number): Decision[] {
    const { provider } = resume;
    const early = provider === undefined || this.#hasSeen.has(provider) ? [] : this.providerAnswered(provider, nowMs);
    if (provider !== undefined) this.#hasSeen.add(provider);
    return [...early, ...super.enqueue(resume, nowMs)];
  }
  readonly #hasSeen = new Set<string>();
}

/** Hears of refusals only when a run ends with one. */
class Deaf extends Scheduler {
  override providerRefused(): Decision[] {
    return [];
  }
}

function expectFoundOut(what: string, tampering: Tampering): void {
  test(
    `a scheduler with ${what} is found out`,
    () => {
      const found = fc.check(
        fc.property(limits, steps, (given, past) => play(new Checked(given, tampering), [{ do: "open" }, ...past])),
        { numRuns: 10_000, endOnFailure: true },
      );
      expect(found.failed).toBe(true);
    },
    TIMEOUT_MS,
  );
}

for (const [what, loosen] of Object.entries(UNRESTRAINED)) expectFoundOut(what, { loosen });
expectFoundOut("a clock that can be set", { clock: (wallMs) => wallMs });
expectFoundOut("no probe of a provider", { make: (given) => new Rash(given) });
expectFoundOut("no ear for a refusal", { make: (given) => new Deaf(given) });
