import { expect, it } from "vitest";
import { nextReload } from "../../../src/page/reloads.ts";

const NOW = 1_800_000_000_000;

it("loads anew at once, and then less and less often while that does not help", () => {
  const times: number[] = [];
  let fragment = "";
  for (let sinceMs = 0; sinceMs <= 200_000; sinceMs += 500) {
    const next = nextReload(fragment, NOW + sinceMs);
    if (next === null) continue;
    fragment = next;
    times.push(sinceMs);
  }
  expect(times).toEqual([0, 2_000, 7_000, 22_000, 82_000, 142_000]);
});

it("begins anew after a good while, and takes another fragment for none", () => {
  const first = nextReload("", NOW)!;
  const second = nextReload(first, NOW + 2_000)!;
  expect(nextReload(second, NOW + 70_000)).toBe(`#reloaded-${NOW + 70_000}-0`);
  expect(nextReload("#elsewhere", NOW)).toBe(`#reloaded-${NOW}-0`);
});

it("is not kept from it by a clock that was set back", () => {
  const first = nextReload("", NOW)!;
  expect(nextReload(first, NOW - 3_600_000)).not.toBeNull();
});
