import { describe, expect, it } from "vitest";
import { offset } from "../../../src/page/timeline-axis.ts";
import { layOut } from "../../../src/page/timeline-geometry.ts";
import { summaryOf } from "../../../src/page/timeline-words.ts";
import { BOOT, run, timelineView } from "./page-view.ts";

const at = (seconds: number) => BOOT + seconds * 1000;
const drawn = (over: Parameters<typeof timelineView>[0], width = 1072) => layOut(timelineView(over), width, BOOT);

describe("layOut", () => {
  it("has a row for every slot, whether it was used or not", () => {
    expect(drawn({ slots: 3 }).slots.map(({ slot }) => slot)).toEqual([1, 2, 3]);
  });

  it("draws a run from its start to its end, one that runs up to now", () => {
    const [first, second] = drawn({
      runs: [run({ fromMs: at(10), toMs: at(20) }), run({ slot: 2, fromMs: at(90), toMs: null, result: null })],
    }).slots;
    expect(first?.bars).toMatchObject([{ x: 158, width: 100, kind: "completed", runs: 1 }]);
    expect(second?.bars).toMatchObject([{ x: 958, width: 100, kind: "running" }]);
  });

  it("lets a short run be seen, and none be drawn over another", () => {
    const runs = Array.from({ length: 3000 }, (_, index) =>
      run({
        fromMs: BOOT + index * 33,
        toMs: BOOT + index * 33 + (index % 100 === 0 ? 20 : 5),
        result: index % 3 === 0 ? "failed" : "completed",
      }),
    );
    const bars = drawn({ runs }).slots[0]?.bars ?? [];
    expect(bars.length).toBeLessThan(400);
    expect(bars.reduce((sum, bar) => sum + bar.runs, 0)).toBe(3000);
    expect(Math.min(...bars.map(({ width }) => width))).toBeGreaterThanOrEqual(3);
    const overlaps = bars.filter(({ x }, index) => index > 0 && x < bars[index - 1]!.x + bars[index - 1]!.width - 0.01);
    expect(overlaps).toEqual([]);
    expect(new Set(bars.map(({ kind }) => kind))).toContain("mixed");
  });

  it("leaves a long run its own colour, whatever short ones are beside it", () => {
    const part = (fromS: number, toS: number, result: "preempted" | "completed" | "failed" | "timed-out" | "refused") =>
      run({ fromMs: at(fromS), toMs: at(toS), result });
    const runs = [
      part(0, 0.05, "preempted"),
      part(0.05, 45, "completed"),
      part(45, 45.08, "failed"),
      part(45.08, 99.9, "timed-out"),
      part(99.9, 99.95, "refused"),
    ];
    const bars = drawn({ runs }).slots[0]?.bars ?? [];
    expect(bars.map(({ kind, runs: some }) => [kind, some])).toEqual(runs.map(({ result }) => [result, 1]));
    const long = bars.filter(({ width }) => width > 3);
    expect(long.map(({ x, width }) => Math.round(x + width))).toEqual([508, 1057]);
  });

  it("leaves out long rests, and says where it goes on", () => {
    const hour = 3600;
    const busy = [
      { fromMs: at(0), toMs: at(50) },
      { fromMs: at(10 * hour), toMs: at(10 * hour + 50) },
    ];
    const second = run({ fromMs: at(10 * hour), toMs: at(10 * hour + 50) });
    const { slots, breaks, ticks } = drawn({
      toMs: at(10 * hour + 50),
      busy,
      runs: [run({ fromMs: at(0), toMs: at(50) }), second],
    });
    expect(breaks).toEqual([{ x: 549, width: 18, leftOutMs: 10 * hour * 1000 - 50_000 }]);
    expect(slots[0]?.bars).toMatchObject([
      { x: 58, width: 491 },
      { x: 567, width: 491 },
    ]);
    expect(ticks.map(({ label }) => label)).toContain("+10 h");
  });

  it("draws short rests, and what there is when nothing was to be done", () => {
    const busy = [
      { fromMs: at(1), toMs: at(40) },
      { fromMs: at(70), toMs: at(100) },
    ];
    expect(drawn({ busy }).breaks).toEqual([]);
    expect(drawn({ busy: [], toMs: BOOT })).toMatchObject({ breaks: [], ticks: [{ label: "boot" }] });
  });

  it("marks what users preempted, and nothing else that was cancelled", () => {
    const cancelled = (cause: "own-user" | "other-user" | "operator" | "shutdown", seconds: number) =>
      run({ cancelled: { cause, atMs: at(seconds) }, fromMs: at(seconds - 1), toMs: at(seconds), result: "preempted" });
    const runs = [
      cancelled("own-user", 10),
      cancelled("operator", 30),
      cancelled("other-user", 50),
      cancelled("shutdown", 70),
    ];
    expect(drawn({ runs }).slots[0]?.marks).toEqual([
      { x: 158, count: 1 },
      { x: 558, count: 1 },
    ]);
  });

  it("counts marks that would lie upon each other", () => {
    const cancelled = { cause: "own-user", atMs: at(10) } as const;
    const runs = [run({ cancelled }), run({ cancelled: { ...cancelled, atMs: at(10.2) } })];
    expect(drawn({ runs }).slots[0]?.marks).toEqual([{ x: 158, count: 2 }]);
  });

  it("keeps what began before the picture inside of it", () => {
    const [row] = drawn({ runs: [run({ fromMs: at(-50), toMs: at(10) })] }).slots;
    expect(row?.bars).toMatchObject([{ x: 58, width: 100 }]);
  });

  it("shades where a lane starved; spans that touch are one", () => {
    const starved = {
      main: [{ fromMs: at(10), toMs: null }],
      "startup-resume": [
        { fromMs: at(10), toMs: at(20) },
        { fromMs: at(20), toMs: at(30) },
        { fromMs: at(50), toMs: at(60) },
      ],
    };
    const { main, starved: lane } = drawn({ starved });
    expect(main.starved).toEqual([{ x: 158, width: 900 }]);
    expect(lane).toEqual([
      { x: 158, width: 200 },
      { x: 558, width: 100 },
    ]);
  });

  it("puts round times on the axis, apart from each other", () => {
    for (const seconds of [1, 7, 90, 3600, 86_400, 90 * 86_400]) {
      const { ticks } = drawn({ toMs: at(seconds) });
      const gaps = ticks.slice(1).map(({ x }, index) => x - ticks[index]!.x);
      expect(Math.min(Infinity, ...gaps)).toBeGreaterThan(60);
      expect(ticks.length).toBeGreaterThan(0);
      expect(new Set(ticks.map(({ label }) => label)).size).toBe(ticks.length);
    }
  });

  it("is a picture even of no time at all", () => {
    expect(drawn({ toMs: BOOT, runs: [run({ toMs: BOOT })] }).slots[0]?.bars).toMatchObject([{ x: 58, width: 3 }]);
  });
});

describe("offset", () => {
  it("is relative to the boot", () => {
    expect([0, 30, 90, 3600, 90_061, -5].map((seconds) => offset(seconds * 1000))).toEqual([
      "boot",
      "+30 s",
      "+1 min 30 s",
      "+1 h",
      "+1 d 1 h",
      "\u{2212}5 s",
    ]);
  });
});

describe("summaryOf", () => {
  it("says what the picture shows", () => {
    const cancelled = { cause: "own-user", atMs: at(5) } as const;
    const runs = [run(), run({ result: "preempted", cancelled }), run({ result: null, toMs: null })];
    const starved = { main: [], "startup-resume": [{ fromMs: at(10), toMs: at(25) }] };
    expect(summaryOf(timelineView({ runs, starved }))).toBe(
      "Timeline of 1m 40s: 2 slots of the lane and main; 3 runs: 1 completed, 1 preempted: made room, 1 runs now; " +
        "users preempted 1 run; users waited for 0s; main starved for 0s, the resumes for 15s",
    );
  });
});
