import { expect, it } from "vitest";
import { elapsedMs, jumpBetween, recentJumps } from "../../../src/domain/clock-jumps.ts";
import { HOUR, NOW } from "../support/makers.ts";

const mark = (wallMs: number, uptimeMs: number, machine = "one") => ({ wallMs, uptimeMs, machine });

it.each<readonly [string, ReturnType<typeof mark>, ReturnType<typeof mark>, number | undefined]>([
  ["ran on", mark(NOW, 0), mark(NOW + HOUR, HOUR), undefined],
  ["was kept right", mark(NOW, 0), mark(NOW + HOUR + 20_000, HOUR), undefined],
  ["was set forward", mark(NOW, 0), mark(NOW + 2 * HOUR, HOUR), HOUR],
  ["was set back", mark(NOW, 0), mark(NOW, HOUR), -HOUR],
  ["of a machine that was started anew", mark(NOW, HOUR), mark(NOW + 9 * HOUR, 0, "two"), undefined],
  ["of another machine", mark(NOW, 0), mark(NOW + 9 * HOUR, HOUR, "two"), undefined],
  ["that makes no sense", mark(NOW, HOUR), mark(NOW + 9 * HOUR, 0), undefined],
])("a clock that %s", (_name, before, after, byMs) => {
  expect(jumpBetween(before, after)).toEqual(
    byMs === undefined ? undefined : { atMs: before.wallMs + after.uptimeMs - before.uptimeMs, byMs },
  );
});

it.each([
  ["no jump", [], HOUR],
  ["set forward since", [{ atMs: NOW - HOUR / 2, byMs: HOUR / 2 }], HOUR / 2],
  ["set back by a little since", [{ atMs: NOW - HOUR / 2, byMs: -HOUR / 4 }], 1.25 * HOUR],
  ["shown a second time since, the later is meant", [{ atMs: NOW - HOUR / 2, byMs: -HOUR }], HOUR],
  ["set forward before", [{ atMs: NOW - 2 * HOUR, byMs: HOUR }], HOUR],
  [
    "set forward and back",
    [
      { atMs: NOW - HOUR / 2, byMs: HOUR },
      { atMs: NOW + 0.75 * HOUR, byMs: -HOUR },
    ],
    HOUR,
  ],
])("an hour ago by the clock, %s", (_name, jumps, elapsed) => {
  expect(elapsedMs(NOW - HOUR, NOW, jumps)).toBe(elapsed);
});

it("what is still to come was before the clock was set back", () => {
  expect(elapsedMs(NOW + HOUR / 2, NOW, [{ atMs: NOW + 0.75 * HOUR, byMs: -HOUR }])).toBe(HOUR / 2);
});

it.each([
  ["an hour ago", [{ atMs: NOW - HOUR, byMs: 0 }], [1]],
  ["by years, just now", [{ atMs: NOW - 90_000 * HOUR, byMs: 90_000 * HOUR }], [1]],
  ["three hours ago", [{ atMs: NOW - 3 * HOUR, byMs: 0 }], []],
  [
    "by years and back again, both within the hour",
    [
      { atMs: NOW - HOUR, byMs: 90_000 * HOUR },
      { atMs: NOW + 90_000 * HOUR - HOUR / 2, byMs: -90_000 * HOUR },
    ],
    [1, 2],
  ],
  [
    "three hours ago and just now",
    [
      { atMs: NOW - 3 * HOUR - 90_000 * HOUR, byMs: 0 },
      { atMs: NOW - 90_000 * HOUR, byMs: 90_000 * HOUR },
    ],
    [2],
  ],
])("of clocks that were set %s, those of the last two hours are recent", (_name, jumps, kept) => {
  expect(recentJumps(jumps, NOW, 2 * HOUR)).toEqual(kept.map((place) => jumps[place - 1]));
});
