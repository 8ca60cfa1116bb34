import { describe, expect, it } from "vitest";
import { faultOf, isPermanent, type ProviderFault } from "../../../src/domain/provider-fault.ts";
import { Providers } from "../../../src/domain/providers.ts";

const LIMITS = { initialMs: 1000, maxMs: 5000 };

/** Providers that have been refused by `stub` with these faults, each as soon as it might be asked again; and when that was. */
function refusedWith(...faults: ProviderFault[]): { readonly providers: Providers; readonly nowMs: number } {
  const providers = new Providers(LIMITS);
  let nowMs = 0;
  for (const fault of faults) {
    nowMs = providers.nextChangeAtMs(nowMs) ?? nowMs;
    providers.refused("stub", fault, 0, nowMs);
  }
  return { providers, nowMs };
}

describe("a provider of which nothing is known", () => {
  const providers = new Providers(LIMITS);

  it("is not left alone, has not answered and is not given up", () => {
    const seen = [providers.isCooling("stub", 0), providers.answers("stub"), providers.isGivenUp("stub")];
    expect(seen).toEqual([false, false, false]);
    expect([providers.cooldowns(0), providers.nextChangeAtMs(0)]).toEqual([[], undefined]);
  });
});

describe("a refusal", () => {
  it("has the provider left alone, to the millisecond", () => {
    const { providers } = refusedWith("rate-limit");
    expect([providers.isCooling("stub", 999), providers.isCooling("stub", 1000)]).toEqual([true, false]);
    expect(providers.cooldowns(999)).toEqual([{ provider: "stub", fault: "rate-limit", untilMs: 1000, refusals: 1 }]);
    expect(providers.cooldowns(1000)).toEqual([]);
  });

  it("concerns no other provider", () => {
    const { providers } = refusedWith("rate-limit");
    providers.answered("other");
    expect([providers.isCooling("other", 0), providers.answers("other")]).toEqual([false, true]);
    expect(providers.answers("stub")).toBe(false);
  });

  it("doubles the time with each in a row, up to the longest", () => {
    const { providers, nowMs } = refusedWith("overloaded", "overloaded", "overloaded", "overloaded", "overloaded");
    // 1000 + 2000 + 4000 + 5000, and 5000 more.
    expect(nowMs).toBe(12_000);
    expect(providers.cooldowns(nowMs)).toMatchObject([{ untilMs: 17_000, refusals: 5 }]);
  });

  it("never stops at a number that is too large", () => {
    const { providers, nowMs } = refusedWith(...Array.from({ length: 1100 }, () => "overloaded" as const));
    expect(providers.cooldowns(nowMs)).toMatchObject([{ untilMs: nowMs + 5000, refusals: 1100 }]);
  });

  it("while it is left alone is of the same step: ten at once count as one", () => {
    const { providers } = refusedWith("rate-limit");
    for (let atMs = 0; atMs < 1000; atMs += 100) providers.refused("stub", "rate-limit", 0, atMs);
    expect(providers.cooldowns(999)).toMatchObject([{ untilMs: 1000, refusals: 1 }]);
    providers.refused("stub", "rate-limit", 0, 1000);
    expect(providers.cooldowns(1000)).toMatchObject([{ untilMs: 3000, refusals: 2 }]);
  });

  it("that asks for more time than the step gets it, even beyond the longest", () => {
    const providers = new Providers(LIMITS);
    providers.refused("stub", "rate-limit", 60_000, 0);
    expect(providers.nextChangeAtMs(0)).toBe(60_000);
  });

  it("that asks for less changes nothing", () => {
    const providers = new Providers(LIMITS);
    providers.refused("stub", "rate-limit", 999, 0);
    expect(providers.nextChangeAtMs(0)).toBe(1000);
  });

  it("that asks for more time while it is left alone gets that, and one that asks for less does not", () => {
    const { providers } = refusedWith("rate-limit");
    providers.refused("stub", "rate-limit", 3000, 500);
    providers.refused("stub", "rate-limit", 100, 600);
    expect(providers.cooldowns(600)).toMatchObject([{ untilMs: 3500, refusals: 1 }]);
  });

  it("goes by the limits that are in force when it comes", () => {
    const { providers } = refusedWith("rate-limit");
    providers.setLimits({ initialMs: 100, maxMs: 300 });
    expect(providers.nextChangeAtMs(0)).toBe(1000);
    providers.refused("stub", "rate-limit", 0, 1000);
    expect(providers.nextChangeAtMs(1000)).toBe(1200);
  });
});

describe("an answer", () => {
  it("ends the time at once, and the next refusal begins anew", () => {
    const { providers, nowMs } = refusedWith("rate-limit", "rate-limit", "rate-limit");
    expect(providers.answered("stub")).toBe(true);
    expect([providers.isCooling("stub", nowMs), providers.answers("stub")]).toEqual([false, true]);
    providers.refused("stub", "rate-limit", 0, nowMs);
    expect(providers.cooldowns(nowMs)).toMatchObject([{ untilMs: nowMs + 1000, refusals: 1 }]);
  });

  it("is news once, and again after a refusal", () => {
    const providers = new Providers(LIMITS);
    expect([providers.answered("stub"), providers.answered("stub")]).toEqual([true, false]);
    providers.refused("stub", "overloaded", 0, 0);
    expect(providers.answers("stub")).toBe(false);
    expect(providers.answered("stub")).toBe(true);
  });
});

describe("a provider is given up", () => {
  it.each<[expected: boolean, faults: ProviderFault[]]>([
    [false, ["billing"]],
    [true, ["billing", "billing"]],
    [true, ["billing", "authentication"]],
    [true, ["authentication", "billing", "authentication"]],
    [false, ["billing", "rate-limit", "billing"]],
    [false, ["rate-limit", "overloaded", "rate-limit", "overloaded"]],
    // The host asks nobody while it keeps the key out of use: that is no second opinion, and no better one.
    [false, ["billing", "disabled"]],
    [false, ["disabled", "disabled", "disabled"]],
    [true, ["billing", "disabled", "billing"]],
    [false, ["billing", "billing", "rate-limit"]],
  ])("%s after %j", (expected, faults) => {
    expect(refusedWith(...faults).providers.isGivenUp("stub")).toBe(expected);
  });

  it("not by two at once: they are of the same step", () => {
    const { providers } = refusedWith("billing");
    providers.refused("stub", "billing", 0, 999);
    expect(providers.isGivenUp("stub")).toBe(false);
  });

  it("until it answers somebody all the same", () => {
    const { providers, nowMs } = refusedWith("billing", "billing");
    providers.answered("stub");
    expect(providers.isGivenUp("stub")).toBe(false);
    providers.refused("stub", "billing", 0, nowMs);
    expect(providers.isGivenUp("stub")).toBe(false);
  });
});

it("the next change is the first end of several", () => {
  const providers = new Providers(LIMITS);
  providers.refused("late", "overloaded", 4000, 0);
  providers.refused("soon", "overloaded", 0, 500);
  expect([0, 1499, 1500, 3999, 4000].map((nowMs) => providers.nextChangeAtMs(nowMs))).toEqual([
    1500,
    1500,
    4000,
    4000,
    undefined,
  ]);
});

describe("the host's reasons", () => {
  it.each([
    ["rate_limit", "rate-limit", false],
    ["overloaded", "overloaded", false],
    ["billing", "billing", true],
    ["auth", "authentication", true],
    ["auth_permanent", "authentication", true],
  ] as const)("%s is %s", (reason, fault, permanent) => {
    expect([faultOf(reason), isPermanent(fault)]).toEqual([fault, permanent]);
  });

  it.each(["timeout", "server_error", "model_not_found", "toString", "", 5, null, undefined, {}])(
    "%j is no fault of a provider's",
    (reason) => {
      expect(faultOf(reason)).toBeUndefined();
    },
  );

  it("know none that goes on for ever for a key that the host keeps out of use", () => {
    expect(isPermanent("disabled")).toBe(false);
  });
});

it("asks for a day at most, however long a provider wants to be left alone", () => {
  const providers = new Providers(LIMITS);
  providers.refused("stub", "rate-limit", 1e15, 0);
  providers.refused("stub", "rate-limit", 1e15, 1000);
  expect(providers.nextChangeAtMs(0)).toBe(86_401_000);
});

it("is disabled by the host for what it refused before", () => {
  const { providers, nowMs } = refusedWith("billing", "disabled");
  expect(providers.cooldowns(nowMs)).toMatchObject([{ fault: "billing" }]);
});
