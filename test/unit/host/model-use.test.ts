import type { OpenClawConfig } from "openclaw/plugin-sdk/plugin-entry";
import { describe, expect, it } from "vitest";
import { estimateOf, hasPrices, modelOf, usageOf } from "../../../src/host/model-use.ts";

type Meta = Parameters<typeof usageOf>[1];
type Cost = { input?: number; output?: number; cacheRead?: number; cacheWrite?: number };

/** A host's configuration whose model `stub/m` has this price, in US dollars per million tokens. */
const priced = (cost?: Cost) =>
  ({
    agents: { list: [{ id: "a" }], defaults: { model: { primary: "stub/m" } } },
    models: { providers: { stub: { models: [{ id: "other" }, { id: "m", cost }] }, empty: {} } },
  }) as unknown as OpenClawConfig;
const PRICED = priced({ input: 2, output: 10, cacheRead: 0.5, cacheWrite: 4 });

const meta = (usage: object | undefined, over: object = {}) =>
  ({ agentMeta: { sessionId: "s", provider: "stub", model: "m", usage, ...over } }) as unknown as Meta;

describe("what a run has used", () => {
  it("is its total, and each part at its own price", () => {
    const usage = { input: 1_000_000, output: 100_000, cacheRead: 2_000_000, cacheWrite: 500_000, total: 3_600_000 };
    expect(usageOf(PRICED, meta(usage))).toEqual({ tokens: 3_600_000, costUsd: 2 + 1 + 1 + 2 });
  });

  it("is the sum of its parts where the host gives no total", () => {
    expect(usageOf(PRICED, meta({ input: 3, cacheRead: 4 }))?.tokens).toBe(7);
    expect(usageOf(PRICED, meta({}))).toEqual({ tokens: 0, costUsd: 0 });
  });

  it("costs nothing where no price is known, and what is missing in a price is free", () => {
    const usage = { input: 1_000_000, output: 1_000_000 };
    expect(usageOf(priced(), meta(usage))).toEqual({ tokens: 2_000_000, costUsd: 0 });
    expect(usageOf(PRICED, meta(usage, { model: "other" }))?.costUsd).toBe(0);
    expect(usageOf(PRICED, meta(usage, { provider: "empty" }))?.costUsd).toBe(0);
    expect(usageOf({}, meta(usage))?.costUsd).toBe(0);
    expect(usageOf(priced({ output: 10 }), meta(usage))?.costUsd).toBe(10);
  });

  it("is not known where the host does not tell", () => {
    expect(usageOf(PRICED, meta(undefined))).toBeUndefined();
    expect(usageOf(PRICED, {} as Meta)).toBeUndefined();
  });
});

describe("what a run is thought to use", () => {
  it("is its conversation, once, as input", () => {
    expect(estimateOf(PRICED, { provider: "stub", model: "m" }, 500_000)).toEqual({ tokens: 500_000, costUsd: 1 });
  });

  it("is nothing where the host has not counted, and costs nothing where no model or price is known", () => {
    expect(estimateOf(PRICED, { provider: "stub", model: "m" }, undefined)).toEqual({ tokens: 0, costUsd: 0 });
    expect(estimateOf(PRICED, undefined, 500)).toEqual({ tokens: 500, costUsd: 0 });
    expect(estimateOf(PRICED, { provider: "stub", model: "new" }, 500)).toEqual({ tokens: 500, costUsd: 0 });
  });
});

describe("the model of a session's next run", () => {
  it("is the agent's own, unless the session has another", () => {
    const entry = { sessionId: "s", updatedAt: 1 };
    expect(modelOf(PRICED, entry, "a")).toMatchObject({ provider: "stub", model: "m" });
    const chosen = { ...entry, providerOverride: "else", modelOverride: "big" };
    expect(modelOf(PRICED, chosen, "a")).toMatchObject({ provider: "else", model: "big" });
  });
});

it("says whether any cost is ever counted", () => {
  expect(hasPrices(PRICED)).toBe(true);
  expect(hasPrices(priced())).toBe(false);
  expect(hasPrices(priced({ input: 0 }))).toBe(false);
  expect(hasPrices({})).toBe(false);
});
