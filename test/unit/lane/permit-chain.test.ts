import { beforeEach, describe, expect, it } from "vitest";
import { PermitChain } from "../../../src/lane/permit-chain.ts";
import { FakePermits } from "../support/fake-permits.ts";

let first: FakePermits;
let second: FakePermits;
let chain: PermitChain;

beforeEach(() => {
  first = new FakePermits();
  second = new FakePermits();
  chain = new PermitChain([first, second]);
});

const settle = () => new Promise((resolve) => void setImmediate(resolve));

async function granted() {
  const permit = chain.ask();
  first.grant();
  await settle();
  second.grant();
  return permit;
}

describe("a start that needs several permits", () => {
  it("has each asked for when the one before it was granted", async () => {
    let isGranted = false;
    void chain.ask().then(() => (isGranted = true));
    expect([first.journal, second.journal]).toEqual([["ask 1"], []]);
    first.grant();
    await settle();
    expect([second.journal, isGranted]).toEqual([["ask 1"], false]);
    second.grant();
    await settle();
    expect(isGranted).toBe(true);
  });

  it("ends all of them", async () => {
    (await granted()).end();
    expect([first.journal, second.journal]).toEqual([
      ["ask 1", "end 1"],
      ["ask 1", "end 1"],
    ]);
  });

  it("gives all of them back when it is not used", async () => {
    (await granted()).giveBack();
    expect([first.journal, second.journal]).toEqual([
      ["ask 1", "give back 1"],
      ["ask 1", "give back 1"],
    ]);
  });

  it("waits for the one that is asked now", async () => {
    expect(chain.waitsFor).toBeUndefined();
    const permit = chain.ask();
    expect(chain.waitsFor).toBe("fleet");
    first.grant();
    await settle();
    expect([first.waitsFor, chain.waitsFor]).toEqual([undefined, "fleet"]);
    second.grant();
    await permit;
    expect(chain.waitsFor).toBeUndefined();
  });

  it("closes all of them, also while one is asked", async () => {
    void chain.ask();
    await chain.close();
    expect([first.journal, second.journal]).toEqual([["ask 1", "close"], ["close"]]);
  });
});

it("is granted at once when it needs none", async () => {
  const permit = await new PermitChain([]).ask();
  expect(() => (permit.end(), permit.giveBack())).not.toThrow();
});
