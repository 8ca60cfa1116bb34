import { describe, expect, it } from "vitest";
import { resolveSettings } from "../../../src/settings/resolve.ts";
import { MALFORMED_CONFIGS } from "../../support/malformed-configs.ts";

/** A value as an error shows it. */
const shown = (value: unknown): string => {
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
};

/** What stands at a path; a key may have a dot in it, and the path of a very long one is clipped. */
function valueAt(config: unknown, path: string): unknown {
  if (path === "") return config;
  const fields = config as Readonly<Record<string, unknown>>;
  const [only] = Object.keys(fields);
  if (path.endsWith("...") && only?.startsWith(path.slice(0, -3)) === true) return fields[only];
  const key = Object.keys(fields).find((one) => path === one || /^[.[]/.test(path.slice(one.length)));
  if (key === undefined || !path.startsWith(key)) throw new Error(`nothing at ${path}`);
  const rest = path.slice(key.length);
  const index = /^\[(\d+)\]$/.exec(rest)?.[1];
  if (index !== undefined) return (fields[key] as readonly unknown[])[Number(index)];
  if (rest === ".") return (fields[key] as Readonly<Record<string, unknown>>)[""];
  return rest === "" ? fields[key] : valueAt(fields[key], rest.slice(1));
}

it("are sixty or more, each of another kind and all of them JSON", () => {
  const kinds = MALFORMED_CONFIGS.map(({ what }) => what);
  expect(kinds.length).toBeGreaterThanOrEqual(60);
  expect(kinds).toEqual([...new Set(kinds)]);
  for (const { config } of MALFORMED_CONFIGS) expect(JSON.parse(JSON.stringify(config))).toEqual(config);
});

describe.each(MALFORMED_CONFIGS.map((one) => ({ ...one, name: one.what.slice(0, 60) })))(
  "$name",
  ({ config, path }) => {
    it("is told by its path, its value and what would be right, and by nothing else", () => {
      const before = JSON.stringify(config);
      const result = resolveSettings(config);
      expect(result.ok).toBe(false);
      const errors = result.ok ? [] : result.errors;
      expect(errors.map((error) => error.path)).toEqual([path]);
      const message = errors[0]?.message ?? "";
      const value = shown(valueAt(config, path));
      expect(message).toMatch(/^(got .+; expected \S|unknown setting \(value .+\); known here: \S)/);
      expect(message.includes(value)).toBe(true);
      expect(message.length).toBeLessThan(400);
      expect(JSON.stringify(config)).toBe(before);
    });

    it("changes no prototype", () => {
      resolveSettings(config);
      expect(Object.keys(Object.prototype)).toEqual([]);
      const fresh: Readonly<Record<string, unknown>> = {};
      expect([fresh["mode"], fresh["maxConcurrent"], fresh["polluted"], fresh["include"]]).toEqual([
        undefined,
        undefined,
        undefined,
        undefined,
      ]);
      const result = resolveSettings({});
      expect(result.ok && [result.settings.mode, result.settings.budget.maxConcurrent]).toEqual(["active", 2]);
    });
  },
);

it("are all told when they come together", () => {
  const merged = { mode: "on", filter: null, budget: { maxConcurrent: 0, x: 1 }, lane: { name: "main" }, notify: 1 };
  const result = resolveSettings(merged);
  expect(result.ok ? [] : result.errors.map(({ path }) => path).toSorted()).toEqual([
    "budget.maxConcurrent",
    "budget.x",
    "filter",
    "lane.name",
    "mode",
    "notify",
  ]);
});

// No JSON has these, but a config that a program makes may.
describe("what is no JSON", () => {
  it.each([
    ["a date", { mode: new Date(0) }],
    ["a function", { mode: () => "active" }],
    ["a symbol", { mode: Symbol("active") }],
    ["not a number", { filter: { idleHours: Number.NaN } }],
    ["a hole in a list", { filter: { agents: { include: ["a", undefined] } } }],
  ])("%s is refused", (_what, config) => {
    expect(resolveSettings(config).ok).toBe(false);
  });

  const cycle: Record<string, unknown> = {};
  cycle["self"] = cycle;
  it.each([
    ["a big number", { budget: { maxConcurrent: 3n } }],
    ["a cycle", { mode: cycle }],
  ])("%s is refused", (_what, config) => {
    expect(resolveSettings(config).ok).toBe(false);
  });
});
