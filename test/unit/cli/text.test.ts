import { describe, expect, it } from "vitest";
import { clean, cleaned, counts, duration, fact, shorten, time, toJson, widthOf } from "../../../src/cli/text.ts";

const HOSTILE = "a\u{1b}[31mb\u{202e}c\u{9b}2Jd\u{200b}e\u{d800}f\r\ng\u{2028}h\u{7}\u{0}";

describe("clean", () => {
  it("takes out whatever could move the cursor, turn the text around or hide", () => {
    expect(clean(HOSTILE)).toBe("a\u{fffd}[31mb\u{fffd}c\u{fffd}2Jd\u{fffd}e\u{fffd}f g h\u{fffd}\u{fffd}");
  });

  it("leaves other languages and pictures alone", () => {
    expect(clean("agent:main:größe:日本語:🦞")).toBe("agent:main:größe:日本語:🦞");
  });

  it("reaches every text of a view, names too", () => {
    const view = { a: ["\u{1b}x", { "k\u{202e}": "v\u{7}", n: 1, none: null, yes: true }] };
    expect(cleaned(view)).toEqual({ a: ["\u{fffd}x", { "k\u{fffd}": "v\u{fffd}", n: 1, none: null, yes: true }] });
  });
});

describe("toJson", () => {
  it("says the same as the value, in characters that do nothing", () => {
    const view = { key: HOSTILE, tag: "\u{e0041}" };
    expect(JSON.parse(toJson(view))).toEqual(view);
    expect(JSON.parse(toJson(view, 2))).toEqual(view);
    expect(toJson(view)).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
  });
});

describe("shorten", () => {
  it("keeps both ends", () => {
    expect(shorten("0123456789", 10)).toBe("0123456789");
    expect(shorten("0123456789", 9)).toBe("0123\u{2026}6789");
    expect(shorten("0123456789", 4)).toBe("01\u{2026}9");
  });

  it("never cuts a character into halves", () => {
    const short = shorten("🦞".repeat(50), 11);
    expect([widthOf(short), short.isWellFormed()]).toEqual([11, true]);
  });
});

describe("duration", () => {
  it.each([
    [0, "0s"],
    [1, "1ms"],
    [999, "999ms"],
    [1000, "1s"],
    [61_000, "1m 1s"],
    [7_500_000, "2h 5m"],
    [7_200_000, "2h"],
    [90_000_000, "1d 1h"],
    [864_000_000, "10d"],
    [-5000, "-5s"],
    [Infinity, "Infinityms"],
  ])("%d is %s", (ms, text) => expect(duration(ms)).toBe(text));
});

describe("time", () => {
  it("is local, and says by how much", () => {
    const text = time(Date.UTC(2026, 1, 3, 14, 5, 6));
    expect(text).toMatch(/^2026-02-0\dT\d\d:\d\d:06[+-]\d\d:\d\d$/);
    expect(Date.parse(text)).toBe(Date.UTC(2026, 1, 3, 14, 5, 6));
  });

  it.each([NaN, Infinity, 8.64e15 + 1])("passes on what is no time: %d", (ms) => expect(time(ms)).toBe(String(ms)));
});

describe("fact", () => {
  it("reads the number by its unit", () => {
    expect(fact(7_500_000, "ms")).toBe("2h 5m");
    expect(fact(0, "time")).toMatch(/^(1970-01-01|1969-12-31)T/);
    expect([fact(3, null), fact("deep", "ms"), fact(false, null), fact(null, "ms")]).toEqual([
      "3",
      "deep",
      "false",
      "-",
    ]);
  });
});

describe("counts", () => {
  it("leaves out what did not occur", () => {
    expect(counts({ admit: 2, hold: 0, leave: 1 })).toBe("admit 2, leave 1");
    expect(counts({ admit: 0 })).toBe("none");
  });
});
