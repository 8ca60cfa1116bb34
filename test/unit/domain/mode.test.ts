import { describe, expect, it } from "vitest";
import { changeMode, SCHEDULER_MODES } from "../../../src/domain/mode.ts";

describe("the mode", () => {
  it.each(SCHEDULER_MODES)("%s may stay", (mode) => {
    expect(changeMode(mode, mode)).toBe(mode);
  });

  it("goes from start to stop through work, yielding and draining", () => {
    const way = ["starting", "waiting", "running", "yielding", "running", "draining", "stopped"] as const;
    expect(way.slice(1).map((to, index) => changeMode(way[index]!, to))).toEqual(way.slice(1));
  });

  it.each([
    ["stopped", "running"],
    ["stopped", "waiting"],
    ["draining", "running"],
    ["draining", "waiting"],
    ["running", "stopped"],
    ["running", "starting"],
    ["failed", "starting"],
  ] as const)("does not go from %s to %s", (from, to) => {
    expect(() => changeMode(from, to)).toThrow(`the scheduler went from ${from} to ${to}`);
  });

  it.each(SCHEDULER_MODES.filter((mode) => mode !== "failed"))("%s can fail", (mode) => {
    expect(changeMode(mode, "failed")).toBe("failed");
  });
});
