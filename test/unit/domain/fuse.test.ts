import { expect, it } from "vitest";
import { fuse, FUSE_MS } from "../../../src/domain/fuse.ts";

const NOW = 100 * FUSE_MS;

it.each([
  ["no death", [], false],
  ["two deaths", [NOW - 1000, NOW], false],
  ["three deaths within the time", [NOW - FUSE_MS + 1, NOW - 1000, NOW], true],
  ["three deaths of which one is longer ago", [NOW - FUSE_MS, NOW - 1000, NOW], false],
  ["three deaths of which one is in the future, after the clock was set back", [NOW + 1, NOW - 1000, NOW], false],
] as const)("%s", (_, deaths, blown) => {
  expect(fuse(deaths, NOW).blown).toBe(blown);
});

it("keeps only the deaths that count", () => {
  expect(fuse([NOW - FUSE_MS, NOW + 1, NOW - 7], NOW).counted).toEqual([NOW - 7]);
});
