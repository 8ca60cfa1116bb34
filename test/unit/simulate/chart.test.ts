import { describe, expect, it } from "vitest";
import { type ChartLine, drawChart } from "../../../scripts/simulate/chart.ts";
import { scaleOf, timeScale } from "../../../scripts/simulate/scale.ts";
import { elementsOf } from "./xml.ts";

const LINES: ChartLine[] = [
  { name: "one & all", atOnce: [0, 5, 10, 10, 4, 0], share: [0, 0, 0.25, 0.5, 0.75, 1] },
  { name: "<none>", atOnce: [0, 400, 0], share: [0, 0.5, 1] },
  { name: 'the "third"', atOnce: [2, 2], share: [0, 0.1] },
];
const TITLE = 'A & B <c> "d"';
const draw = (lines: readonly ChartLine[] = LINES, capacity: number | undefined = 250) =>
  drawChart({ title: TITLE, subtitles: ["5 > 4"], capacity, lines });

describe("the chart", () => {
  const elements = elementsOf(draw());
  const texts = elements.filter(({ name }) => name === "text").map(({ text }) => text);
  const curves = elements.filter(({ name }) => name === "polyline");

  it("is XML, whatever names have in them", () => {
    expect(elements[0]).toMatchObject({ name: "svg", attributes: { xmlns: "http://www.w3.org/2000/svg" } });
    expect(texts).toContain("A &amp; B &lt;c&gt; &quot;d&quot;");
    expect(texts).toEqual(
      expect.arrayContaining(["one &amp; all", "&lt;none&gt;", "the &quot;third&quot;", "5 &gt; 4"]),
    );
    // A control: the checker sees what is wrong.
    for (const [wrong, why] of [
      ["<a><b></a></b>", "closes nothing"],
      ["<a>&</a>", "not escaped"],
      ["<a x=1/>", "no XML"],
      ["<a/><b/>", "two roots"],
      ["<a", "no XML"],
      ["<a>", "not closed"],
    ] as const) {
      expect(() => elementsOf(wrong)).toThrow(why);
    }
  });

  it("has one line for each scenario in both plots, each told apart by more than its colour", () => {
    expect(curves.map(({ attributes }) => attributes["class"])).toEqual([
      "line s0",
      "line s1",
      "line s2",
      "line s0",
      "line s1",
      "line s2",
    ]);
    const style = elements.find(({ name }) => name === "style")?.text ?? "";
    expect(style).toMatch(/\.s1 \{[^}]*stroke-dasharray/);
    expect(style).toMatch(/\.s2 \{[^}]*stroke-dasharray/);
    expect(style).toContain("prefers-color-scheme: dark");
  });

  it("names its axes and their units, and what the provider takes", () => {
    expect(texts).toEqual(
      expect.arrayContaining([
        "Requests of resumes at the provider at once",
        "Sessions resumed",
        "100 %",
        "Time since the first restart (seconds)",
        "the provider takes 250",
      ]),
    );
    const outside = elementsOf(draw(LINES, 5000)).map(({ text }) => text);
    expect(outside).not.toContain("the provider takes 5,000");
  });

  it("keeps every point inside", () => {
    for (const { attributes } of curves) {
      for (const point of attributes["points"]!.split(" ")) {
        const [x, y] = point.split(",").map(Number);
        expect(x).toBeGreaterThanOrEqual(90);
        expect(x).toBeLessThanOrEqual(936);
        expect(y).toBeGreaterThanOrEqual(150);
        expect(y).toBeLessThanOrEqual(625);
      }
    }
  });

  it("stays small however long it takes, and shows each peak", () => {
    const atOnce = Array.from({ length: 100_000 }, (_, second) => (second === 54_321 ? 99 : 50));
    const svg = draw([{ name: "long", atOnce, share: atOnce.map((_, second) => second / 100_000) }], undefined);
    expect(svg.length).toBeLessThan(20_000);
    const [load] = elementsOf(svg).filter(({ name }) => name === "polyline");
    const heights = new Set(load!.attributes["points"]!.split(" ").map((point) => point.split(",")[1]));
    expect(heights.size).toBe(2);
  });

  it("is drawn of nothing too", () => {
    expect(() => elementsOf(draw([{ name: "nothing", atOnce: [], share: [] }], undefined))).not.toThrow();
  });
});

describe("an axis", () => {
  const place = { top: 0, bottom: 100 };

  it("is even while the peaks are near each other", () => {
    const scale = scaleOf([40, 100], place);
    expect(scale.ticks).toEqual([0, 20, 40, 60, 80, 100]);
    expect([0, 50, 100].map((value) => scale.at(value))).toEqual([100, 50, 0]);
  });

  it("goes by tens when they are far apart", () => {
    const scale = scaleOf([3, 9000], place);
    expect(scale.ticks).toEqual([0, 1, 10, 100, 1000, 10_000]);
    expect(scale.at(0)).toBe(100);
    expect(scale.at(10_000)).toBe(0);
    expect(scale.at(99) - scale.at(9999)).toBeCloseTo(50, 0);
  });

  it("of time is in seconds, minutes or hours", () => {
    expect([100, 7200, 100_000].map((seconds) => timeScale(seconds, 0, 100).unit)).toEqual([
      "seconds",
      "minutes",
      "hours",
    ]);
    const scale = timeScale(7200, 0, 100);
    expect(scale.ticks.map(({ at, label }) => [scale.at(at), label]).slice(0, 3)).toEqual([
      [0, "0"],
      [expect.closeTo(16.67, 1), "20"],
      [expect.closeTo(33.33, 1), "40"],
    ]);
  });
});
