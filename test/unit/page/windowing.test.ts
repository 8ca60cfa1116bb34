import { describe, expect, it } from "vitest";
import { rowAfter, rowsInView, scrollTo } from "../../../src/page/windowing.ts";

const place = (scrollTop: number) => ({ rowHeight: 50, scrollTop, height: 450 });

describe("rowsInView", () => {
  it("has every row in view, and few more, wherever it is scrolled to", () => {
    for (let scrollTop = 0; scrollTop <= 5000 * 50 - 450; scrollTop += 1237) {
      const { first, end } = rowsInView(5000, place(scrollTop));
      expect(first * 50).toBeLessThanOrEqual(scrollTop);
      expect(Math.min(5000, end) * 50).toBeGreaterThanOrEqual(Math.min(5000 * 50, scrollTop + 450));
      expect(end - first).toBeLessThan(30);
    }
  });

  it("has all rows of a short list", () => {
    expect(rowsInView(3, place(0))).toEqual({ first: 0, end: 3 });
    expect(rowsInView(0, place(0))).toEqual({ first: 0, end: 0 });
  });

  it("shows the end of a list that has become shorter", () => {
    const { end } = rowsInView(20, place(200_000));
    expect(end).toBe(20);
  });
});

describe("scrollTo", () => {
  it("moves no further than it has to", () => {
    expect(scrollTo(2, place(500))).toBe(100);
    expect(scrollTo(12, place(500))).toBe(500);
    expect(scrollTo(30, place(500))).toBe(30 * 50 + 50 - 450);
  });
});

describe("rowAfter", () => {
  it("stays in the list", () => {
    const to = (key: string, index: number) => rowAfter(key, index, 100, 8);
    expect([to("ArrowDown", -1), to("ArrowUp", 0), to("ArrowDown", 99)]).toEqual([0, 0, 99]);
    expect([to("PageDown", 95), to("PageUp", 3), to("Home", 50), to("End", 50)]).toEqual([99, 0, 0, 99]);
  });

  it("leaves other keys, and empty lists, alone", () => {
    expect([rowAfter("Tab", 1, 9, 8), rowAfter("constructor", 1, 9, 8), rowAfter("End", -1, 0, 8)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});
