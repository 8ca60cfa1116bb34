import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { OUTCOMES } from "../../../src/domain/reasons.ts";
import { ATTEMPT_RESULTS } from "../../../src/domain/decisions.ts";
import type { BootVerdict } from "../../../src/record/verdicts.ts";
import { makeTempDir, removeTempDir } from "../../support/temp.ts";
import { FakeOffice, keyOf, settingsOf } from "../support/fake-office.ts";
import { NOW, queued } from "../support/makers.ts";

let dir: string;
let office: FakeOffice;

beforeEach(() => {
  dir = makeTempDir("status");
  office = new FakeOffice(dir);
});

afterEach(() => {
  office.close();
  removeTempDir(dir);
});

const said = (name: string, verdict: BootVerdict["verdict"]): BootVerdict => ({
  agentId: "a",
  sessionKey: keyOf(name),
  verdict,
});
const NONE = Object.fromEntries(Object.keys(OUTCOMES).map((outcome) => [outcome, 0]));
const NO_ATTEMPTS = Object.fromEntries(ATTEMPT_RESULTS.map((result) => [result, 0]));

describe("the status", () => {
  it("of a lane without work is all zeros and nulls", () => {
    expect(office.desk.status()).toEqual({
      version: "1.0.0",
      state: "active",
      atMs: NOW,
      bootedAtMs: null,
      lane: { name: "startup-resume", mode: "starting", pausedSinceMs: null, fusedUntilMs: null, waitingFor: null },
      budget: { slots: 2, used: 0, perAgent: null },
      spend: { tokens: 0, maxTokens: null, costUsd: 0, maxCostUsd: null },
      cooldowns: [],
      fleet: null,
      users: { waiting: 0, running: 0 },
      queue: [],
      running: [],
      held: [],
      totals: { verdicts: { admit: 0, hold: 0, retire: 0, leave: 0 }, attempts: NO_ATTEMPTS, outcomes: NONE },
      settingsErrors: [],
    });
  });

  it("of a plugin that has claimed nothing has no lane, and tells what is wrong", () => {
    const settingsErrors = [{ path: "mode", message: "got 1" }];
    office.over = { active: undefined, lane: undefined, state: "misconfigured", settings: undefined, settingsErrors };
    expect(office.desk.status()).toMatchObject({
      state: "misconfigured",
      lane: { name: "", mode: null, pausedSinceMs: null, waitingFor: null },
      budget: { slots: 0, used: 0, perAgent: null },
      spend: { tokens: 0, maxTokens: null, costUsd: 0, maxCostUsd: null },
      cooldowns: [],
      fleet: null,
      queue: [],
      running: [],
      held: [],
      settingsErrors,
    });
  });

  it("has the queue in its order, each with its age, its reason and its rest", async () => {
    office.over = {
      boot: {
        id: "boot-1",
        atMs: NOW - 5000,
        verdicts: [said("first", { kind: "admit", reason: "interrupted", found: 1, limit: 2 })],
      },
    };
    office.queue("first");
    office.queue("tired", { preemptions: 3, reason: "claimed-earlier" });
    office.hold("asked");
    await office.clock.elapse(1500);
    await office.desk.actions.one("resume", keyOf("asked"));
    const item = { agentId: "a", attempts: 0, preemptions: 0, restsMs: 0, requested: false, aged: false };
    expect(office.desk.status().queue).toEqual([
      { ...item, sessionKey: keyOf("asked"), position: 1, waitedMs: 0, reason: "requested", requested: true },
      {
        ...item,
        sessionKey: keyOf("tired"),
        position: 2,
        waitedMs: 1500,
        reason: "claimed-earlier",
        preemptions: 3,
        aged: true,
      },
      { ...item, sessionKey: keyOf("first"), position: 3, waitedMs: 1500, reason: "interrupted" },
    ]);
  });

  it("tells how long a retry still rests", async () => {
    office.queue("chat");
    await office.open();
    office.runner.end(keyOf("chat"), { kind: "failed", error: "x" });
    await office.clock.elapse(1000);
    expect(office.desk.status()).toMatchObject({
      queue: [{ attempts: 1, restsMs: 29_000, waitedMs: 3000 }],
      lane: { waitingFor: "resting" },
      totals: { attempts: { ...NO_ATTEMPTS, failed: 1 }, outcomes: NONE },
    });
  });

  it("has what runs by its slot, with its attempt and its limit", async () => {
    for (const name of ["one", "two", "three"]) office.queue(name, { attempts: name === "one" ? 1 : 0 });
    await office.open();
    office.runner.end(keyOf("one"), { kind: "completed", reason: "replied" });
    await office.clock.elapse(500);
    const { running, budget, totals } = office.desk.status();
    const item = { agentId: "a", attempt: 1, timeoutMs: 60_000, aged: false, elapsedMs: 500 };
    expect(running).toEqual([
      { ...item, sessionKey: keyOf("two"), slot: 1 },
      { ...item, sessionKey: keyOf("three"), slot: 2 },
    ]);
    expect([budget.used, totals.outcomes.completed]).toEqual([2, 1]);
  });

  it("has what is held, with why and since when, and nothing else", () => {
    office.hold("held", { reason: "too-old", claimedAtMs: 5 });
    office.claim("claimed");
    office.claim("released", { phase: "released", outcome: "released" });
    expect(office.desk.status().held).toEqual([
      { agentId: "a", sessionKey: keyOf("held"), reason: "too-old", claimedAtMs: 5 },
    ]);
  });

  it("counts what this boot has said", () => {
    const verdicts = [
      said("a", { kind: "admit", reason: "interrupted", found: 1, limit: 2 }),
      said("b", { kind: "hold", reason: "too-old", found: 3, limit: 2 }),
      said("c", { kind: "hold", reason: "failing", found: 3, limit: 2 }),
    ];
    office.over = { boot: { id: "boot-1", atMs: NOW - 5, verdicts } };
    expect(office.desk.status()).toMatchObject({
      bootedAtMs: NOW - 5,
      totals: { verdicts: { admit: 1, hold: 2, retire: 0, leave: 0 } },
    });
  });

  it("has what resumes have used, and what they may use", async () => {
    office.over = { settings: settingsOf({ budget: { maxTokensPerBoot: 5000, maxCostPerBoot: 0.5 } }) };
    office.queue("chat");
    await office.open();
    const usage = { tokens: 1200, costUsd: 0.25 };
    office.runner.end(keyOf("chat"), { kind: "completed", reason: "replied", usage });
    await office.clock.settle();
    expect(office.desk.status().spend).toEqual({ tokens: 1200, maxTokens: 5000, costUsd: 0.25, maxCostUsd: 0.5 });
  });

  it("has each provider that refuses, with why, until when by the wall clock, and how often", async () => {
    office.lane.enqueue(queued(keyOf("chat"), { provider: "stub" }));
    await office.open();
    office.lane.providerRefused("run-1", { provider: "stub", fault: "rate-limit", retryAfterMs: 0 }, false);
    office.lane.providerRefused("a user's", { provider: "other", fault: "billing", retryAfterMs: 40_000 }, false);
    await office.clock.elapse(500);
    const nowMs = NOW + 2500;
    expect(office.desk.status().cooldowns).toEqual([
      { provider: "stub", fault: "rate-limit", untilMs: nowMs + 29_500, refusals: 1 },
      { provider: "other", fault: "billing", untilMs: nowMs + 39_500, refusals: 1 },
    ]);
    await office.clock.elapse(29_500);
    expect(office.desk.status().cooldowns).toMatchObject([{ provider: "other" }]);
  });

  it("has what the fleet says of itself", () => {
    const shared = { namespace: "n", state: "shared", reason: null, maxConcurrent: 4, fallbackConcurrent: 1 } as const;
    const { lane, records, fuse } = office;
    office.over = { active: { lane, records, fuse, permits: { fleet: shared } } };
    expect(office.desk.status().fleet).toEqual(shared);
  });

  it("has the users and the budget of each agent", () => {
    office.over = { settings: settingsOf({ budget: { maxPerAgent: 1 }, lane: { name: "late" } }) };
    office.lane.userWrote(keyOf("x"));
    office.lane.userRunStarted("run", keyOf("y"));
    expect(office.desk.status()).toMatchObject({
      users: { waiting: 1, running: 1 },
      budget: { perAgent: 1 },
      lane: { name: "late" },
    });
  });
});

describe("what the queue waits for", () => {
  const waitsFor = () => office.desk.status().lane.waitingFor;

  it.each([
    ["gateway-starting", () => undefined],
    ["users", () => office.lane.open()],
    ["gateway-stopping", () => void office.lane.drain()],
    ["operator", () => (office.lane.open(), office.desk.actions.pause())],
    ["mode", () => (office.lane.open(), office.lane.pause("mode"))],
    ["fuse", () => (office.lane.open(), office.lane.pause("mode"), office.lane.pause("fuse"))],
    ["operator", () => (office.lane.open(), office.lane.pause("mode"), office.desk.actions.pause())],
    ["memory", () => (office.lane.open(), office.lane.pause("event-loop"), office.lane.pause("memory"))],
    ["event-loop", () => (office.lane.open(), office.lane.pause("event-loop"))],
    ["mode", () => (office.lane.open(), office.lane.pause("memory"), office.lane.pause("mode"))],
  ])("is %s", (cause, step) => {
    office.queue("chat");
    step();
    expect(waitsFor()).toBe(cause);
  });

  it("is nothing when nothing is queued, whatever is in the way", () => {
    office.desk.actions.pause();
    expect([waitsFor(), office.desk.status().lane.pausedSinceMs]).toEqual([null, NOW]);
  });

  it("is nothing but a slot when all slots are taken", async () => {
    for (const name of ["one", "two", "three"]) office.queue(name);
    await office.open();
    expect([waitsFor(), office.desk.status().queue.length]).toEqual([null, 1]);
  });

  it("is the host, for a while after it has refused", async () => {
    office.queue("chat");
    await office.open();
    office.runner.end(keyOf("chat"), { kind: "refused" });
    await office.clock.settle();
    expect(waitsFor()).toBe("host-refused");
  });
});

describe("what the queue waits for of its provider", () => {
  const REFUSAL = { provider: "stub", fault: "overloaded", retryAfterMs: 0 } as const;

  it("is the first answer, then nothing; or the end of its cool-down", async () => {
    for (const name of ["one", "two"]) office.lane.enqueue(queued(keyOf(name), { provider: "stub" }));
    await office.open();
    const waits = () => office.desk.status().lane.waitingFor;
    expect([waits(), office.runner.open]).toEqual(["probe", [keyOf("one")]]);
    office.lane.providerRefused("run-1", REFUSAL, false);
    expect(waits()).toBe("cooldown");
    office.lane.providerAnswered("another", "stub", false);
    expect([waits(), office.desk.status().queue, office.desk.status().cooldowns]).toEqual([null, [], []]);
  });
});

describe("the totals", () => {
  it("count each outcome once and each attempt", async () => {
    for (const name of ["one", "two"]) office.queue(name);
    office.hold("three");
    await office.open();
    office.runner.end(keyOf("one"), { kind: "timed-out", error: "x" });
    office.runner.end(keyOf("two"), { kind: "undelivered", error: "x" });
    await office.clock.settle();
    await office.desk.actions.one("discard", keyOf("three"));
    await office.desk.actions.one("hold", keyOf("two"));
    await office.desk.actions.one("release", keyOf("one"));
    const { attempts, outcomes } = office.desk.status().totals;
    expect(attempts).toEqual({ ...NO_ATTEMPTS, undelivered: 1, "timed-out": 1 });
    expect(outcomes).toEqual({ ...NONE, held: 1, discarded: 1, released: 1 });
  });
});
