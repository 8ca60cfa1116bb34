import { expect, it } from "vitest";
import { barText, type Figure, missOf, valueText } from "../../../scripts/bench/figure.ts";

const figure = (value: number, bar: Figure["bar"]): Figure => ({ what: "it", value, unit: "x", bar, from: "" });

it("misses nothing up to a bar, or from it on", () => {
  const met = [
    figure(2, { atMost: 2 }),
    figure(1, { atMost: 2 }),
    figure(95, { atLeast: 95 }),
    figure(96, { atLeast: 95 }),
  ];
  expect(met.map(missOf)).toEqual([0, 0, 0, 0]);
});

it("misses a bar by what is beyond it", () => {
  expect([figure(2.5, { atMost: 2 }), figure(90, { atLeast: 95 })].map(missOf)).toEqual([0.5, 5]);
});

it("is missed by what is no number", () => {
  const nothing = [figure(Number.NaN, { atMost: 2 }), figure(Number.NaN, { atLeast: 2 })];
  expect(nothing.map(missOf)).toEqual([Infinity, Infinity]);
});

it("is written with its unit", () => {
  expect(valueText(1.234, "x")).toBe("1.23x");
  expect([valueText(1.234, "ms"), valueText(31.4, "ms")]).toEqual(["1.23 ms", "31 ms"]);
  expect([valueText(418.6, "bytes"), valueText(97.25, "%"), valueText(0, "turns")]).toEqual([
    "419 bytes",
    "97.3 %",
    "0 turns",
  ]);
  expect([valueText(0.061, "exponent"), valueText(3, "count")]).toEqual(["0.06", "3"]);
});

it("says its bar in words", () => {
  expect(barText(figure(0, { atMost: 1.5 }))).toBe("at most 1.50x");
  expect(barText({ bar: { atLeast: 95 }, unit: "%" })).toBe("at least 95.0 %");
});
