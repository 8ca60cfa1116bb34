import { describe, expect, it } from "vitest";
import { stacked } from "../../../src/page/stacked.ts";

describe("stacked", () => {
  it("fills the bar, and lets be seen what occurred at all", () => {
    const parts = stacked(
      [
        ["admit", 9999],
        ["hold", 1],
        ["retire", 0],
        ["leave", 3],
      ] as const,
      400,
    );
    expect(parts.map(({ name }) => name)).toEqual(["admit", "hold", "leave"]);
    expect(parts.reduce((sum, { width }) => sum + width, 0)).toBeCloseTo(400);
    expect(Math.min(...parts.map(({ width }) => width))).toBeGreaterThanOrEqual(4);
  });

  it("is nothing without counts, or before it is known how wide it is", () => {
    expect(stacked([["admit", 0]], 400)).toEqual([]);
    expect(stacked([["admit", 5]], 0)).toEqual([]);
  });
});
