import { afterEach, describe, expect, it, vi } from "vitest";
import { atOnce, betweenTurns, gathered, inSlices, SLICE_MS, Slices, type Steps } from "../../../src/host/slices.ts";

afterEach(() => void vi.restoreAllMocks());

/** The longest slice of work that somebody waits for. */
const TURN_MS = 6;

/** Time passes only when work is done. */
function workingClock() {
  let nowMs = 0;
  vi.spyOn(performance, "now").mockImplementation(() => nowMs);
  return { work: (tookMs: number) => void (nowMs += tookMs) };
}

/** In which order steps and the turns of others come; the others end with the work. */
async function orderOf(run: (step: (name: string) => void) => Promise<unknown>): Promise<string[]> {
  const order: string[] = [];
  let isOver = false;
  const turn = () => {
    order.push("others");
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  await run((name) => order.push(name));
  isOver = true;
  return order;
}

describe("steps", () => {
  it("are done at once, or with turns of others in between: the result is the same", async () => {
    const { work } = workingClock();
    function* steps(step: (name: string) => void): Steps<string> {
      for (const name of ["a", "b", "c"]) {
        work(TURN_MS);
        step(name);
        yield;
      }
      return "done";
    }
    expect(atOnce(steps(() => undefined))).toBe("done");
    const order = await orderOf(async (step) => expect(await betweenTurns(steps(step))).toBe("done"));
    expect(order).toEqual(["a", "others", "b", "others", "c", "others"]);
  });

  it("go on within a slice", async () => {
    workingClock();
    function* steps(): Steps<void> {
      for (let count = 0; count < 1_000; count += 1) yield;
    }
    expect(await orderOf(() => betweenTurns(steps()))).toEqual([]);
  });

  it("that fail, fail the work", async () => {
    function* steps(): Steps<void> {
      yield;
      throw new Error("broken");
    }
    await expect(betweenTurns(steps())).rejects.toThrow("broken");
    expect(() => atOnce(steps())).toThrow("broken");
  });
});

it("items are gathered between the turns of others, each asked for right before", async () => {
  const { work } = workingClock();
  const order = await orderOf(async (step) => {
    function* items() {
      for (const item of [1, 2]) {
        work(TURN_MS);
        step(`item ${item}`);
        yield item;
      }
    }
    expect(await gathered(items())).toEqual([1, 2]);
  });
  expect(order).toEqual(["item 1", "others", "item 2", "others"]);
});

it("who can wait rests between two slices", async () => {
  const { work } = workingClock();
  const order = await orderOf((step) =>
    inSlices(["a", "b"], (name) => {
      work(SLICE_MS);
      step(name);
    }),
  );
  expect(order.filter((name) => name !== "others")).toEqual(["a", "b"]);
  // A rest is several turns long.
  expect(order.slice(order.indexOf("a"), order.indexOf("b")).length).toBeGreaterThan(2);
});

it("a slice begins anew when others have had their turn", async () => {
  const { work } = workingClock();
  const slices = new Slices();
  expect(slices.isOver).toBe(false);
  work(TURN_MS);
  expect(slices.isOver).toBe(true);
  await slices.between();
  expect(slices.isOver).toBe(false);
});

it("where others' turns are long, a slice is as much longer: the work has its share and ends", async () => {
  const { work } = workingClock();
  const sliceOf = async (slices: Slices, othersMs: number): Promise<number> => {
    work(TURN_MS);
    setImmediate(() => work(othersMs));
    await slices.between();
    let ms = 0;
    for (; !slices.isOver; ms += 1) work(1);
    return ms;
  };
  const claims = new Slices({ firstMs: TURN_MS, atMostMs: 100 });
  expect(await sliceOf(claims, 20)).toBe(40);
  // What is left of its share is kept, and one slice is never longer than this.
  expect(await sliceOf(claims, 400)).toBe(100);
  expect(await sliceOf(claims, 0)).toBe(100);
  expect(await sliceOf(new Slices(), 20)).toBe(6);
});

it("the first slice can be longer than those that follow", async () => {
  const { work } = workingClock();
  const slices = new Slices({ firstMs: 300, atMostMs: 100 });
  const order = await orderOf(async (step) => {
    for (let claim = 0; claim < 32; claim += 1) {
      work(10);
      step(".");
      await slices.between();
    }
  });
  expect(order.join("")).toBe(`${".".repeat(30)}others.others.others`);
});

it("where others have nothing to do, a slice stays short", async () => {
  const { work } = workingClock();
  const slices = new Slices();
  for (let turn = 0; turn < 5; turn += 1) {
    work(TURN_MS);
    await slices.between();
    work(1);
    expect(slices.isOver).toBe(true);
  }
});
