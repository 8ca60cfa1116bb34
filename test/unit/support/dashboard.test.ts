/** Whether test/support/dashboard does what Grafana does, where a mistake would hide that a panel is empty. */
import { describe, expect, it } from "vitest";
import { configOf, type PanelData } from "../../support/dashboard/data.ts";
import { durationMs, rateIntervalMs, stepOf } from "../../support/dashboard/intervals.ts";
import type { Panel } from "../../support/dashboard/json.ts";
import { placePanels } from "../../support/dashboard/layout.ts";
import { tableOf } from "../../support/dashboard/table.ts";
import { formatValue } from "../../support/dashboard/units.ts";
import { expand } from "../../support/dashboard/variables.ts";

const gridPos = { x: 0, y: 0, w: 12, h: 8 };
const HOUR = { startMs: 0, endMs: 3_600_000 };

describe("an expression", () => {
  const moment = { ...HOUR, stepMs: 15_000, scrapeIntervalMs: 15_000 };
  const variables = new Map([["job", ".+"]]);

  it("gets the variables' values, the built-in ones too", () => {
    const text = 'rate(x{job=~"$job"}[$__rate_interval]) + ${job:regex} $__interval $__range $__range_s';
    expect(expand(text, variables, moment)).toBe('rate(x{job=~".+"}[60s]) + .+ 15s 3600s 3600');
  });

  it("may have the groups of a regular expression", () => {
    expect(expand('label_replace(x, "a", "$1", "b", "(.*)$")', variables, moment)).toContain('"$1", "b", "(.*)$"');
  });

  it("may not have a variable that the dashboard lacks", () => {
    expect(() => expand("x[$window]", variables, moment)).toThrow("no variable window");
  });
});

it("a query's step is about one pixel, rounded, and no shorter than a scrape", () => {
  expect(stepOf(HOUR, 500, 1_000)).toBe(5_000);
  expect(stepOf(HOUR, 500, 15_000)).toBe(15_000);
  expect(stepOf({ startMs: 0, endMs: 7 * 86_400_000 }, 600, 15_000)).toBe(900_000);
});

it("a rate's window holds four scrapes at least", () => {
  expect(rateIntervalMs(1_000, 15_000)).toBe(60_000);
  expect(rateIntervalMs(300_000, 15_000)).toBe(315_000);
});

it("durations are read as PromQL writes them", () => {
  expect([durationMs("500ms"), durationMs(">15s"), durationMs("1h30m")]).toEqual([500, 15_000, 5_400_000]);
  expect(() => durationMs("auto")).toThrow("no duration");
});

it.each([
  [0.0005, "s", "500 µs"],
  [0.25, "s", "250 ms"],
  [90, "s", "1.5 min"],
  [0.987, "percentunit", "98.7%"],
  [1_234, "short", "1.23 K"],
  [20, "suffix:/min", "20 /min"],
  [Number.NaN, "s", "NaN"],
])("%d in %s is %j", (value, unit, text) => {
  expect(formatValue(value, unit)).toBe(text);
});

it("an override changes the fields that it names, and no others", () => {
  const properties = [{ id: "custom.lineWidth", value: 3 }];
  const overrides = [{ matcher: { id: "byRegexp", options: String.raw`/^failed\b/` }, properties }];
  const panel: Panel = { type: "timeseries", gridPos, fieldConfig: { defaults: { unit: "s" }, overrides } };
  expect(configOf(panel, { name: "failed here", refId: "A" })).toEqual({ unit: "s", custom: { lineWidth: 3 } });
  expect(configOf(panel, { name: "unfailed", refId: "A" })).toEqual({ unit: "s" });
});

it("a table's columns are renamed, ordered and left out as the dashboard says", () => {
  const options = { indexByName: { reason: 0, Value: 1 }, renameByName: { Value: "Sessions" } };
  const panel: Panel = {
    type: "table",
    gridPos,
    transformations: [
      { id: "filterFieldsByName", options: { include: { names: ["reason", "Value"] } } },
      { id: "organize", options },
    ],
  };
  const series = { name: "", refId: "A", config: {}, labels: { reason: "idle", job: "j" }, points: [[0, 4]] as const };
  const data: PanelData = { panel, range: HOUR, stepMs: 15_000, fields: [series], exemplars: [], empty: [] };
  expect(tableOf(data)).toMatchObject({ columns: ["reason", "Sessions"], rows: [{ reason: "idle", Sessions: 4 }] });
});

it("what follows a collapsed row makes room for its panels", () => {
  const inside: Panel = { type: "stat", title: "inside", gridPos: { ...gridPos, y: 1 } };
  const { placed, heightPx } = placePanels(
    {
      title: "",
      panels: [
        { type: "row", title: "row", gridPos: { x: 0, y: 0, w: 24, h: 1 }, panels: [inside] },
        { type: "row", title: "next", gridPos: { x: 0, y: 1, w: 24, h: 1 } },
      ],
    },
    1_592,
  );
  expect(placed.map(({ panel, at }) => [panel.title, at.top])).toEqual([
    ["row", 0],
    ["inside", 38],
    ["next", 38 + 8 * 38],
  ]);
  expect(heightPx).toBe(10 * 38 - 8);
});
