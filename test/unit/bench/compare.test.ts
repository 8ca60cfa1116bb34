import { describe, expect, it } from "vitest";
import { median } from "../../../scripts/measure/row.ts";
import { compare, growthOf, inUnits } from "../../../scripts/bench/compare.ts";

describe("median", () => {
  it("is the one in the middle, whatever the order", () => {
    expect(median([30, 1, 2])).toBe(2);
  });

  it("is between the two in the middle of an even number", () => {
    expect(median([4, 1, 30, 2])).toBe(3);
  });
});

describe("growthOf", () => {
  const grown = (costOf: (size: number) => number) =>
    growthOf([10, 100, 1_000].map((size) => ({ size, cost: costOf(size) })));

  it("is 1 for a cost that grows with the size, whatever one costs", () => {
    expect(grown((size) => 7 * size)).toBeCloseTo(1);
  });

  it("is the exponent of a power", () => {
    expect(grown((size) => 3 * size ** 1.5)).toBeCloseTo(1.5);
  });

  it("is 0 for a cost that does not grow", () => {
    expect(grown(() => 5)).toBeCloseTo(0);
  });
});

describe("compare", () => {
  it("runs each as often, in turn, the other way round every second time", async () => {
    const ran: string[] = [];
    const subject = (name: string) => ({
      before: () => void ran.push(`before ${name}`),
      run: () => ran.push(name),
      after: () => void ran.push(`after ${name}`),
    });
    await compare({ a: subject("a"), b: subject("b") }, { warmUps: 1, runs: 1 });
    const once = (name: string) => [`before ${name}`, name, `after ${name}`];
    expect(ran).toEqual([...once("b"), ...once("a"), ...once("a"), ...once("b")]);
  });

  it("waits for a run to end", async () => {
    const { waits } = await compare(
      { waits: { run: () => new Promise((resolve) => setTimeout(resolve, 20)) } },
      { runs: 1 },
    );
    expect(waits).toBeGreaterThan(15e6);
  });
});

it("writes times in the unit that people read best", () => {
  expect([740.4, 2_600, 31_000_000].map(inUnits)).toEqual(["740 ns", "2.6 µs", "31.0 ms"]);
});
