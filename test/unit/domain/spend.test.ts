import { describe, expect, it } from "vitest";
import { addUsage, NOTHING_USED, usedUp } from "../../../src/domain/spend.ts";

const NO_LIMITS = { maxTokensPerBoot: undefined, maxCostPerBoot: undefined };

describe("the spend of a boot", () => {
  it("is never used up without a limit", () => {
    expect(usedUp({ tokens: 1e15, costUsd: 1e9 }, NO_LIMITS)).toBeUndefined();
  });

  it.each([
    [{ tokens: 999, costUsd: 5 }, undefined],
    [{ tokens: 1000, costUsd: 5 }, "over-token-budget"],
    [{ tokens: 1001, costUsd: 5 }, "over-token-budget"],
  ])("with a limit of tokens is used up when it is reached: %j", (used, expected) => {
    expect(usedUp(used, { ...NO_LIMITS, maxTokensPerBoot: 1000 })).toBe(expected);
  });

  it.each([
    [{ tokens: 1e9, costUsd: 0.99 }, undefined],
    [{ tokens: 0, costUsd: 1 }, "over-cost-budget"],
  ])("with a limit of cost is used up when it is reached: %j", (used, expected) => {
    expect(usedUp(used, { ...NO_LIMITS, maxCostPerBoot: 1 })).toBe(expected);
  });

  it("is called by its tokens when both are used up", () => {
    expect(usedUp({ tokens: 5, costUsd: 5 }, { maxTokensPerBoot: 5, maxCostPerBoot: 5 })).toBe("over-token-budget");
  });

  it("adds up", () => {
    const sum = addUsage({ tokens: 1, costUsd: 0.5 }, { tokens: 2, costUsd: 0.25 });
    expect(addUsage(sum, NOTHING_USED)).toEqual({ tokens: 3, costUsd: 0.75 });
  });
});
