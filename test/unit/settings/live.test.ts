import { describe, expect, it } from "vitest";
import { LiveSettings } from "../../../src/settings/live.ts";
import { resolveSettings } from "../../../src/settings/resolve.ts";

const settingsOf = (config: unknown) => {
  const result = resolveSettings(config);
  return result.ok ? result.settings : undefined;
};
const WRONG = { budget: { maxConcurrent: 0 } };
const pathsOf = (live: LiveSettings) => live.errors.map(({ path }) => path);

describe("settings that may be edited", () => {
  it.each([undefined, {}, { mode: "observe", budget: { maxConcurrent: 3 } }])("begin with %j", (config) => {
    const live = new LiveSettings(config);
    expect([live.current, live.errors]).toEqual([settingsOf(config), []]);
  });

  it("begin without any when they are wrong, and are there when they are right", () => {
    const live = new LiveSettings(WRONG);
    expect([live.current, pathsOf(live), live.changed]).toEqual([undefined, ["budget.maxConcurrent"], []]);
    expect(live.change({ mode: "observe" })).toBe(true);
    expect([live.current?.mode, live.errors]).toEqual(["observe", []]);
  });

  it("begin without any when they are null", () => {
    const live = new LiveSettings(null);
    expect([live.current, live.errors]).toEqual([undefined, [{ path: "", message: "got null; expected an object" }]]);
  });

  it("stay as they are when the new ones are wrong; all that is wrong is told", () => {
    const live = new LiveSettings({ mode: "observe" });
    expect(live.change({ mode: "on", x: 1, notify: "held" })).toBe(true);
    expect([live.current, pathsOf(live).toSorted(), live.changed]).toEqual([
      settingsOf({ mode: "observe" }),
      ["mode", "x"],
      [],
    ]);
  });

  it("lose their errors when they are put right, though nothing has changed by that", () => {
    const live = new LiveSettings({ mode: "observe" });
    live.change(WRONG);
    expect(live.change({ mode: "observe" })).toBe(true);
    expect([live.errors, live.changed]).toEqual([[], []]);
  });

  it.each([
    [{ mode: "off" }, { mode: "off" }],
    [undefined, undefined],
    [WRONG, { budget: { maxConcurrent: 0 } }],
  ])("are no news when they are the same: %j", (before, now) => {
    expect(new LiveSettings(before).change(now)).toBe(false);
  });

  it.each([
    ["one", { budget: { maxConcurrent: 3 } }, ["budget.maxConcurrent"]],
    [
      "several",
      { mode: "off", lane: { quietMs: 0 }, budget: { maxPerAgent: 1 } },
      ["mode", "budget.maxPerAgent", "lane.quietMs"],
    ],
    ["a list", { filter: { agents: { include: ["a"] } } }, ["filter.agents.include"]],
    ["none: the defaults, written out", { mode: "active", notify: "off" }, []],
    ["none: a group that is empty", { filter: { agents: {} }, budget: {} }, []],
    [
      "one, of a configuration that the host has filled with defaults",
      { budget: { maxConcurrent: 3, maxPerBoot: 100 }, notify: "off", lane: { name: "startup-resume" } },
      ["budget.maxConcurrent"],
    ],
  ])("say what has changed: %s", (_name, config, changed) => {
    const live = new LiveSettings({});
    expect([live.change(config), live.changed]).toEqual([true, changed]);
    expect(live.current).toEqual(settingsOf(config));
  });

  it("say what has changed since the last right ones", () => {
    const live = new LiveSettings({ budget: { maxPerAgent: 3 }, filter: { agents: { exclude: ["a", "b"] } } });
    live.change(WRONG);
    live.change({ filter: { agents: { exclude: ["a"] } } });
    expect(live.changed).toEqual(["filter.agents.exclude", "budget.maxPerAgent"]);
    expect(live.current?.budget.maxPerAgent).toBeUndefined();
  });

  // The operator knows the settings by the names of the configuration.
  it("say what has changed by its name in the configuration", () => {
    const live = new LiveSettings({});
    live.change({ filter: { idleHours: 2 } });
    expect(live.changed).toEqual(["filter.idleHours"]);
    live.change(undefined);
    expect(live.changed).toEqual(["filter.idleHours"]);
  });

  it("say what has changed since defaults that were written out", () => {
    const live = new LiveSettings({});
    live.change({ mode: "active" });
    live.change({ mode: "observe" });
    expect(live.changed).toEqual(["mode"]);
    live.change({ mode: "observe", notify: "off" });
    expect([live.changed, live.lastRight]).toEqual([[], { config: { mode: "observe", notify: "off" } }]);
  });
});

describe("the configuration that was last right", () => {
  it.each([undefined, {}, { mode: "observe" }])("is that which was begun with: %j", (config) => {
    expect(new LiveSettings(config).lastRight).toEqual({ config });
  });

  it("is none until there is one", () => {
    const live = new LiveSettings(WRONG);
    expect(live.lastRight).toBeUndefined();
    live.change({ mode: "off" });
    expect(live.lastRight).toEqual({ config: { mode: "off" } });
  });

  it("stays while a newer one is wrong", () => {
    const live = new LiveSettings({ mode: "observe" });
    live.change(WRONG);
    expect(live.lastRight).toEqual({ config: { mode: "observe" } });
    live.change({ mode: "off" });
    expect(live.lastRight).toEqual({ config: { mode: "off" } });
  });

  it("of an earlier start is in force when the new one is wrong, which is told", () => {
    const live = new LiveSettings(WRONG, { config: { mode: "observe" } });
    expect([live.current, pathsOf(live), live.changed]).toEqual([
      settingsOf({ mode: "observe" }),
      ["budget.maxConcurrent"],
      [],
    ]);
    expect(live.lastRight).toEqual({ config: { mode: "observe" } });
    expect(live.change(WRONG)).toBe(false);
    expect(live.change({ mode: "observe" })).toBe(true);
    expect([live.errors, live.changed]).toEqual([[], []]);
  });

  it("of an earlier start gives way to the new one when that is right", () => {
    const live = new LiveSettings({ mode: "off" }, { config: { mode: "observe" } });
    expect([live.current, live.errors, live.changed]).toEqual([settingsOf({ mode: "off" }), [], ["mode"]]);
    expect(live.lastRight).toEqual({ config: { mode: "off" } });
  });

  it("of an earlier start that was without any settings counts too", () => {
    const live = new LiveSettings(WRONG, { config: undefined });
    expect([live.current, live.lastRight]).toEqual([settingsOf({}), { config: undefined }]);
  });
});
