import { describe, expect, it } from "vitest";
import { resolveSettings } from "../../../src/settings/resolve.ts";
import { settingsSchema } from "../../../src/settings/schema.generated.ts";
import type { SchemaNode } from "../../../src/settings/validate.ts";

const GLOB = "a glob of 1 to 512 characters with at most 3 stars and 2 braces";
const GLOBS = `a list of at most 1000 entries, each ${GLOB}`;

/** What each setting accepts, in an operator's words. A new setting needs a line here. */
const ACCEPTED: Readonly<Record<string, string>> = {
  mode: 'one of "active", "observe", "off" (default "active")',
  "filter.idleHours": "a number above 0 to 8760 (default 1)",
  "filter.maxAgeHours": "a number above 0 to 87600 (default 120)",
  "filter.maxFailures": "a whole number from 1 to 100 (default 2)",
  "filter.agents.include": GLOBS,
  "filter.agents.exclude": GLOBS,
  "filter.channels.include": GLOBS,
  "filter.channels.exclude": GLOBS,
  "filter.sessionKeys.include": GLOBS,
  "filter.sessionKeys.exclude": GLOBS,
  "filter.excluded": 'one of "leave", "hold" (default "leave")',
  "budget.maxConcurrent": "a whole number from 1 to 64 (default 2)",
  "budget.maxPerAgent": "a whole number from 1 to 64",
  "budget.maxPerBoot": "a whole number from 0 to 100000 (default 100)",
  "lane.name":
    'a string matching ^(?!(main|cron|cron-nested|subagent|nested)$)[a-z][a-z0-9-]{0,39}$ (default "startup-resume")',
  "lane.quietMs": "a whole number from 0 to 600000 (default 2000)",
  "resume.timeoutMs": "a whole number from 1000 to 3600000 (default 60000)",
  "resume.retryDelayMs": "a whole number from 0 to 3600000 (default 30000)",
  "resume.maxAttempts": "a whole number from 1 to 10 (default 2)",
  "resume.unsafeTail": 'one of "ask", "hold", "full" (default "ask")',
  "preemption.scope": 'one of "lane", "session" (default "lane")',
  "preemption.maxPreemptions": "a whole number from 0 to 1000 (default 3)",
  "preemption.maxWaitMs": "a whole number from 0 to 86400000 (default 600000)",
  notify: 'one of "off", "held" (default "off")',
};

function leavesOf(node: SchemaNode, path = ""): [path: string, leaf: SchemaNode][] {
  if (node.properties === undefined) return [[path, node]];
  return Object.entries(node.properties).flatMap(([key, child]) =>
    leavesOf(child, path === "" ? key : `${path}.${key}`),
  );
}

/** `"a.b"` and 1 make `{ a: { b: 1 } }`. */
const configOf = (path: string, value: unknown): unknown =>
  path.split(".").reduceRight<unknown>((inner, key) => ({ [key]: inner }), value);

function wrongValuesOf(leaf: SchemaNode): [shown: string, value: unknown][] {
  const common: [string, unknown][] = [
    ["null", null],
    ["true", true],
    ["{}", {}],
    ...(leaf.items === undefined ? [["[]", []] satisfies [string, unknown]] : []),
    ["NaN", Number.NaN],
    ["Infinity", Number.POSITIVE_INFINITY],
    ["-Infinity", Number.NEGATIVE_INFINITY],
  ];
  if (leaf.enum !== undefined) return [...common, ['"nonsense"', "nonsense"], ["0", 0], ['""', ""]];
  if (leaf.items !== undefined) {
    const many: unknown[] = Array.from({ length: 1001 }, () => "a");
    return [...common, ['"a"', "a"], ["5", 5], [`${JSON.stringify(many).slice(0, 77)}...`, many]];
  }
  if (leaf.type === "string") {
    const names = ["main", "cron", "cron-nested", "subagent", "nested", "", "Big", "1st", "a b", "a".repeat(41)];
    return [...common, ["5", 5], ...names.map((name): [string, unknown] => [JSON.stringify(name), name])];
  }
  const tooSmall = leaf.exclusiveMinimum ?? (leaf.minimum ?? Number.NaN) - 1;
  const tooLarge = (leaf.maximum ?? Number.NaN) + 1;
  const numbers: [string, unknown][] = [tooSmall, tooLarge].map((value) => [String(value), value]);
  const half: [string, unknown][] = leaf.type === "integer" ? [["1000.5", 1000.5]] : [];
  return [...common, ...numbers, ...half, ['"5"', "5"]];
}

const LEAVES = leavesOf(settingsSchema);

describe("defaults", () => {
  const ALL = { include: undefined, exclude: undefined };
  const FILTER = {
    idleMs: 3_600_000,
    maxAgeMs: 432_000_000,
    maxFailures: 2,
    agents: ALL,
    channels: ALL,
    sessionKeys: ALL,
    excluded: "leave",
  };
  const DEFAULTS = {
    mode: "active",
    filter: FILTER,
    budget: { maxConcurrent: 2, maxPerAgent: undefined, maxPerBoot: 100 },
    lane: { name: "startup-resume", quietMs: 2000 },
    resume: { timeoutMs: 60_000, retryDelayMs: 30_000, maxAttempts: 2, unsafeTail: "ask" },
    preemption: { scope: "lane", maxPreemptions: 3, maxWaitMs: 600_000 },
    notify: "off",
  };

  it.each([
    ["undefined", undefined],
    ["{}", {}],
    [
      "empty groups",
      { filter: { agents: {}, channels: {}, sessionKeys: {} }, budget: {}, lane: {}, resume: {}, preemption: {} },
    ],
    ["undefined leaves", { mode: undefined, budget: { maxConcurrent: undefined } }],
  ])("come from %s", (_name, config) => {
    expect(resolveSettings(config)).toEqual({ ok: true, settings: DEFAULTS });
  });

  it("are kept for what is not set", () => {
    const result = resolveSettings({ filter: { idleHours: 0.5 }, budget: { maxPerAgent: 3 }, mode: "observe" });
    expect(result).toEqual({
      ok: true,
      settings: {
        ...DEFAULTS,
        mode: "observe",
        filter: { ...FILTER, idleMs: 1_800_000 },
        budget: { maxConcurrent: 2, maxPerAgent: 3, maxPerBoot: 100 },
      },
    });
  });
});

it("has a hand-written line for each setting of the schema", () => {
  expect(LEAVES.map(([path]) => path)).toEqual(Object.keys(ACCEPTED));
});

describe.each(LEAVES)("%s", (path, leaf) => {
  it.each(wrongValuesOf(leaf))("refuses %s and names itself, the value and what is accepted", (shown, value) => {
    const expected = { path, message: `got ${shown}; expected ${ACCEPTED[path]}` };
    expect(resolveSettings(configOf(path, value))).toEqual({ ok: false, errors: [expected] });
  });

  const lists = [
    [],
    ["*"],
    ["*a*b*"],
    ["{a,b}:{c,d}"],
    ["*:{a,b*}:{c,*}"],
    ["a", "b"],
    ["a".repeat(512)],
    Array.from({ length: 1000 }, (_, index) => `k${index}`),
  ];
  const right: unknown[] | readonly string[] =
    leaf.enum ??
    (leaf.items === undefined ? undefined : lists) ??
    (leaf.type === "string" ? ["a", "my-lane-2", "mainly"] : [leaf.minimum ?? 0.001, leaf.maximum]);
  it.each(right.map((value) => ({ value })))("accepts $value", ({ value }) => {
    expect(resolveSettings(configOf(path, value)).ok).toBe(true);
  });
});

describe("unknown keys", () => {
  it("at the top are named with what is known there", () => {
    expect(resolveSettings({ budgets: { maxConcurrent: 1 } })).toEqual({
      ok: false,
      errors: [
        {
          path: "budgets",
          message:
            'unknown setting (value {"maxConcurrent":1}); known here: mode, filter, budget, lane, resume, preemption, notify',
        },
      ],
    });
  });

  it.each([
    ["filter", "idleHours, maxAgeHours, maxFailures, agents, channels, sessionKeys, excluded"],
    ["filter.agents", "include, exclude"],
    ["filter.channels", "include, exclude"],
    ["filter.sessionKeys", "include, exclude"],
    ["budget", "maxConcurrent, maxPerAgent, maxPerBoot"],
    ["lane", "name, quietMs"],
    ["resume", "timeoutMs, retryDelayMs, maxAttempts, unsafeTail"],
    ["preemption", "scope, maxPreemptions, maxWaitMs"],
  ])("in %s are named with what is known there", (group, known) => {
    expect(resolveSettings(configOf(group, { maxConcurent: 1 }))).toEqual({
      ok: false,
      errors: [{ path: `${group}.maxConcurent`, message: `unknown setting (value 1); known here: ${known}` }],
    });
  });

  it.each(["toString", "constructor", "__proto__"])("that an object has by nature are unknown too: %s", (key) => {
    const config: unknown = JSON.parse(`{"${key}": 1}`);
    expect(resolveSettings(config)).toMatchObject({ ok: false, errors: [{ path: key }] });
  });
});

describe("something that is not an object", () => {
  const scopes = ["filter.agents", "filter.channels", "filter.sessionKeys"];
  const groups = ["filter", ...scopes, "budget", "lane", "resume", "preemption"];

  it.each([
    ['"active"', "active"],
    ["[]", []],
    ["5", 5],
    ["true", true],
    ["null", null],
  ])("%s as the whole config is refused", (shown, config) => {
    expect(resolveSettings(config)).toEqual({
      ok: false,
      errors: [{ path: "", message: `got ${shown}; expected an object` }],
    });
  });

  it.each(groups)("as %s is refused", (group) => {
    const wrong = { null: null, "[1]": [1], '"x"': "x", "0": 0 };
    for (const [shown, value] of Object.entries(wrong)) {
      expect(resolveSettings(configOf(group, value))).toEqual({
        ok: false,
        errors: [{ path: group, message: `got ${shown}; expected an object` }],
      });
    }
  });
});

it("reports everything that is wrong at once", () => {
  const result = resolveSettings({
    mode: "on",
    filter: { idleHours: -1, maxAge: 3 },
    budget: null,
    resume: { timeoutMs: "60s", maxAttempts: 0 },
    extra: 1,
  });
  expect(result.ok ? [] : result.errors.map(({ path }) => path).toSorted()).toEqual([
    "budget",
    "extra",
    "filter.idleHours",
    "filter.maxAge",
    "mode",
    "resume.maxAttempts",
    "resume.timeoutMs",
  ]);
});

it("shortens a long value", () => {
  const result = resolveSettings({ mode: "x".repeat(500) });
  expect(result.ok ? "" : result.errors[0]?.message).toBe(
    `got "${"x".repeat(76)}...; expected one of "active", "observe", "off" (default "active")`,
  );
});

describe("a list of globs", () => {
  const include = (...globs: unknown[]) => resolveSettings({ filter: { agents: { include: globs } } });

  it("is kept as it is, in its order", () => {
    const result = resolveSettings({ filter: { channels: { include: ["b", "a"], exclude: [] } } });
    expect(result.ok && result.settings.filter.channels).toEqual({ include: ["b", "a"], exclude: [] });
  });

  it.each([
    ["5", 5],
    ["null", null],
    ["null", undefined],
    ['""', ""],
    ['["a"]', ["a"]],
    [`"${"a".repeat(76)}...`, "a".repeat(513)],
    ['"*a*b*c*"', "*a*b*c*"],
    ['"****"', "****"],
    ['"{a}{b}{c}"', "{a}{b}{c}"],
    ['"{{{"', "{{{"],
  ])("refuses the entry %s and names its place", (shown, entry) => {
    expect(include("a", entry)).toEqual({
      ok: false,
      errors: [{ path: "filter.agents.include[1]", message: `got ${shown}; expected ${GLOB}` }],
    });
  });

  it("reports every wrong entry", () => {
    const result = include(1, "a", "");
    expect(result.ok ? [] : result.errors.map(({ path }) => path)).toEqual([
      "filter.agents.include[0]",
      "filter.agents.include[2]",
    ]);
  });

  it("is a copy: what becomes of the config later changes nothing", () => {
    const globs = ["a"];
    const result = resolveSettings({ filter: { agents: { include: globs } } });
    globs.push("b");
    expect(result.ok && result.settings.filter.agents.include).toEqual(["a"]);
  });
});
