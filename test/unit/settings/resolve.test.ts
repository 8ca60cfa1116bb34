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
  "budget.startIntervalMs": "a whole number from 0 to 3600000 (default 250)",
  "budget.startsPerMinute": "a whole number from 0 to 100000 (default 30)",
  "budget.maxTokensPerBoot": "a whole number from 1 to 1000000000000",
  "budget.maxCostPerBoot": "a number above 0 to 1000000000",
  "budget.maxEventLoopDelayMs": "a whole number from 0 to 60000 (default 200)",
  "budget.maxMemoryMb": "a whole number from 64 to 16777216",
  "cooldown.initialMs": "a whole number from 100 to 86400000 (default 30000)",
  "cooldown.maxMs": "a whole number from 100 to 86400000 (default 900000)",
  "fleet.redisUrl":
    'a Redis address: "redis://[user:password@]host[:port][/database]", or "rediss://" for TLS; or a secret reference: { source, provider, id }',
  "fleet.maxConcurrent": "a whole number from 1 to 100000",
  "fleet.startsPerMinute": "a whole number from 1 to 1000000",
  "fleet.namespace": 'a string matching ^[A-Za-z0-9_-]{1,64}$ (default "openclaw-resumes")',
  "fleet.leaseMs": "a whole number from 6000 to 86400000",
  "fleet.fallbackConcurrent": "a whole number from 0 to 64 (default 1)",
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
  "gc.enabled": "true or false (default false)",
  "gc.heldDays": "a number above 0 to 365 (default 14)",
  "gc.errorDays": "a number above 0 to 365 (default 3)",
  "continuity.enabled": "true or false (default false)",
  "continuity.reasons": 'a list of 1 to 2 different entries, each one of "idle", "daily" (default ["idle"])',
  "continuity.maxMessages": "a whole number from 1 to 200 (default 20)",
  "continuity.maxChars": "a whole number from 200 to 100000 (default 8000)",
  "continuity.maxAgeHours": "a number above 0 to 8760 (default 168)",
};

function leavesOf(node: SchemaNode, path = ""): [path: string, leaf: SchemaNode][] {
  if (node.properties === undefined) return [[path, node]];
  return Object.entries(node.properties).flatMap(([key, child]) =>
    leavesOf(child, path === "" ? key : `${path}.${key}`),
  );
}

/** What a group that must be given whole has beside the setting under test. */
const FLEET = { redisUrl: "redis://localhost", maxConcurrent: 4 };

/** `"a.b"` and 1 make `{ a: { b: 1 } }`, with all that must stand beside it. */
function configOf(path: string, value: unknown): unknown {
  const [group = "", ...rest] = path.split(".");
  const inner = rest.reduceRight<unknown>((nested, key) => ({ [key]: nested }), value);
  return { [group]: group === "fleet" && rest.length > 0 ? { ...FLEET, ...(inner as object) } : inner };
}

/** Texts that each setting of free text must refuse, and those that it must take. */
const TEXTS: Readonly<Record<string, { readonly wrong: readonly string[]; readonly right: readonly string[] }>> = {
  "lane.name": {
    wrong: ["main", "cron", "cron-nested", "subagent", "nested", "", "Big", "1st", "a b", "a".repeat(41)],
    right: ["a", "my-lane-2", "mainly"],
  },
  "fleet.redisUrl": {
    wrong: [
      "",
      "localhost:6379",
      "http://host",
      "redis://",
      "redis:/host",
      " redis://host",
      `redis://${"a".repeat(2000)}`,
    ],
    right: ["redis://host", "rediss://user:word@host:6380/2", `redis://${"a".repeat(1992)}`],
  },
  "fleet.namespace": { wrong: ["", "a b", "a:b", "\u00e4", "a".repeat(65)], right: ["a", "A_b-9", "a".repeat(64)] },
};

/** What makes the ends of a range right that another setting narrows. */
const RANGES: Readonly<Record<string, { readonly right: readonly number[]; readonly beside: object }>> = {
  "cooldown.initialMs": { right: [100, 86_400_000], beside: { cooldown: { maxMs: 86_400_000 } } },
  "cooldown.maxMs": { right: [100, 86_400_000], beside: { cooldown: { initialMs: 100 } } },
  "fleet.leaseMs": { right: [6000, 86_400_000], beside: { fleet: FLEET, resume: { timeoutMs: 1000 } } },
};

function wrongValuesOf(path: string, leaf: SchemaNode): [shown: string, value: unknown][] {
  const common: [string, unknown][] = [
    ["null", null],
    ...(leaf.type === "boolean"
      ? [['"true"', "true"] satisfies [string, unknown]]
      : [["true", true] satisfies [string, unknown]]),
    ["{}", {}],
    ...(leaf.items === undefined ? [["[]", []] satisfies [string, unknown]] : []),
    ["NaN", Number.NaN],
    ["Infinity", Number.POSITIVE_INFINITY],
    ["-Infinity", Number.NEGATIVE_INFINITY],
  ];
  if (leaf.enum !== undefined) return [...common, ['"nonsense"', "nonsense"], ["0", 0], ['""', ""]];
  if (leaf.type === "boolean") return [...common, ["0", 0], ["1", 1], ["[]", []]];
  if (leaf.items?.enum !== undefined) {
    const [one = ""] = leaf.items.enum;
    const lists = [[], [one, one], [...leaf.items.enum, one]];
    return [
      ...common.filter(([shown]) => shown !== "[]"),
      ['"idle"', "idle"],
      ...lists.map((list): [string, unknown] => [JSON.stringify(list), list]),
    ];
  }
  if (leaf.items !== undefined) {
    const many: unknown[] = Array.from({ length: 1001 }, () => "a");
    return [...common, ['"a"', "a"], ["5", 5], [clipped(JSON.stringify(many)), many]];
  }
  if (leaf.type === "string") {
    const texts = TEXTS[path]?.wrong ?? [];
    return [...common, ["5", 5], ...texts.map((text): [string, unknown] => [clipped(JSON.stringify(text)), text])];
  }
  const tooSmall = leaf.exclusiveMinimum ?? (leaf.minimum ?? Number.NaN) - 1;
  const tooLarge = (leaf.maximum ?? Number.NaN) + 1;
  const numbers: [string, unknown][] = [tooSmall, tooLarge].map((value) => [String(value), value]);
  const half: [string, unknown][] = leaf.type === "integer" ? [["1000.5", 1000.5]] : [];
  return [...common, ...numbers, ...half, ['"5"', "5"]];
}

const clipped = (text: string): string => (text.length > 80 ? `${text.slice(0, 77)}...` : text);

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
    budget: {
      maxConcurrent: 2,
      maxPerAgent: undefined,
      maxPerBoot: 100,
      startIntervalMs: 250,
      startsPerMinute: 30,
      maxTokensPerBoot: undefined,
      maxCostPerBoot: undefined,
      maxEventLoopDelayMs: 200,
      maxMemoryMb: undefined,
    },
    cooldown: { initialMs: 30_000, maxMs: 900_000 },
    fleet: undefined,
    lane: { name: "startup-resume", quietMs: 2000 },
    resume: { timeoutMs: 60_000, retryDelayMs: 30_000, maxAttempts: 2, unsafeTail: "ask" },
    preemption: { scope: "lane", maxPreemptions: 3, maxWaitMs: 600_000 },
    notify: "off",
    gc: { enabled: false, heldMs: 1_209_600_000, errorMs: 259_200_000 },
    continuity: {
      enabled: false,
      reasons: ["idle"],
      maxMessages: 20,
      maxChars: 8000,
      maxAgeMs: 604_800_000,
    },
  };

  it.each([
    ["undefined", undefined],
    ["{}", {}],
    [
      "empty groups",
      {
        filter: { agents: {}, channels: {}, sessionKeys: {} },
        budget: {},
        cooldown: {},
        lane: {},
        resume: {},
        preemption: {},
        gc: {},
        continuity: {},
      },
    ],
    ["undefined leaves", { mode: undefined, budget: { maxConcurrent: undefined }, fleet: undefined }],
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
        budget: { ...DEFAULTS.budget, maxPerAgent: 3 },
      },
    });
  });
});

it("has a hand-written line for each setting of the schema", () => {
  expect(LEAVES.map(([path]) => path)).toEqual(Object.keys(ACCEPTED));
});

describe.each(LEAVES)("%s", (path, leaf) => {
  it.each(wrongValuesOf(path, leaf))("refuses %s and names itself, the value and what is accepted", (shown, value) => {
    // What may hold a password is not shown.
    const got = leaf.sensitive === true ? "something else" : shown;
    const expected = { path, message: `got ${got}; expected ${ACCEPTED[path]}` };
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
  const words = leaf.items?.enum;
  const right: readonly unknown[] = leaf.enum ??
    (leaf.type === "boolean" ? [true, false] : undefined) ??
    (words === undefined ? undefined : [[words[0]], words, words.toReversed()]) ??
    (leaf.items === undefined ? undefined : lists) ??
    TEXTS[path]?.right ??
    RANGES[path]?.right ?? [leaf.minimum ?? 0.001, leaf.maximum];
  it.each(right.map((value) => ({ value })))("accepts $value", ({ value }) => {
    expect(resolveSettings(merged(RANGES[path]?.beside ?? {}, configOf(path, value)))).toMatchObject({ ok: true });
  });
});

/** Groups of both; the second says what a setting is. */
function merged(beside: object, config: unknown): unknown {
  const groups = Object.entries(config as Record<string, object>).map(([group, values]) => [
    group,
    typeof values === "object" && !Array.isArray(values)
      ? { ...(beside as Record<string, object>)[group], ...values }
      : values,
  ]);
  return { ...beside, ...Object.fromEntries(groups) };
}

describe("unknown keys", () => {
  it("at the top are named with what is known there", () => {
    expect(resolveSettings({ budgets: { maxConcurrent: 1 } })).toEqual({
      ok: false,
      errors: [
        {
          path: "budgets",
          message:
            'unknown setting (value {"maxConcurrent":1}); known here: mode, filter, budget, cooldown, fleet, lane, resume, preemption, notify, gc, continuity',
        },
      ],
    });
  });

  it.each([
    ["filter", "idleHours, maxAgeHours, maxFailures, agents, channels, sessionKeys, excluded"],
    ["filter.agents", "include, exclude"],
    ["filter.channels", "include, exclude"],
    ["filter.sessionKeys", "include, exclude"],
    [
      "budget",
      "maxConcurrent, maxPerAgent, maxPerBoot, startIntervalMs, startsPerMinute, maxTokensPerBoot, maxCostPerBoot, maxEventLoopDelayMs, maxMemoryMb",
    ],
    ["cooldown", "initialMs, maxMs"],
    ["lane", "name, quietMs"],
    ["resume", "timeoutMs, retryDelayMs, maxAttempts, unsafeTail"],
    ["preemption", "scope, maxPreemptions, maxWaitMs"],
    ["gc", "enabled, heldDays, errorDays"],
    ["continuity", "enabled, reasons, maxMessages, maxChars, maxAgeHours"],
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
  const groups = ["filter", ...scopes, "budget", "cooldown", "lane", "resume", "preemption", "gc", "continuity"];

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

it("a wrong entry of a list is named by its place", () => {
  expect(resolveSettings({ continuity: { reasons: ["idle", "new"] } })).toEqual({
    ok: false,
    errors: [{ path: "continuity.reasons[1]", message: 'got "new"; expected one of "idle", "daily"' }],
  });
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

describe("what is right by itself and wrong beside something else", () => {
  const errorsOf = (config: unknown) => {
    const result = resolveSettings(config);
    return result.ok ? [] : result.errors;
  };

  it("is a longest cool-down that is shorter than the first", () => {
    expect(errorsOf({ cooldown: { initialMs: 5000, maxMs: 4999 } })).toEqual([
      { path: "cooldown.maxMs", message: "got 4999; expected at least cooldown.initialMs (5000)" },
    ]);
    expect(errorsOf({ cooldown: { initialMs: 900_001 } })).toMatchObject([{ path: "cooldown.maxMs" }]);
    expect(errorsOf({ cooldown: { initialMs: 5000, maxMs: 5000 } })).toEqual([]);
  });

  it("is a lease that ends while its resume may still run", () => {
    const withLease = (leaseMs: number) => ({ fleet: { ...FLEET, leaseMs }, resume: { timeoutMs: 20_000 } });
    const why = "a slot must not be free while its resume may still run (resume.timeoutMs is 20000)";
    expect(errorsOf(withLease(24_999))).toEqual([
      { path: "fleet.leaseMs", message: `got 24999; expected at least 25000: ${why}` },
    ]);
    expect(errorsOf(withLease(25_000))).toEqual([]);
  });

  it("is told for all of it at once, and not before everything is right by itself", () => {
    const both = { cooldown: { maxMs: 100 }, fleet: { ...FLEET, leaseMs: 6000 } };
    expect(errorsOf(both).map(({ path }) => path)).toEqual(["cooldown.maxMs", "fleet.leaseMs"]);
    expect(errorsOf({ ...both, mode: "on" }).map(({ path }) => path)).toEqual(["mode"]);
  });
});

describe("the fleet", () => {
  it("takes a variable of the environment that is not set: the link says so, and the gateway goes by its fallback", () => {
    expect(resolveSettings({ fleet: { ...FLEET, redisUrl: "${REDIS_URL}" } }).ok).toBe(true);
  });

  it("shows no address that was given as a name", () => {
    const result = resolveSettings({ fleet: { ...FLEET, "redis://:s3cret@host": 1 } });
    expect(JSON.stringify(result)).not.toContain("s3cret");
  });

  it("is none unless it is given, and then has its defaults and a lease by the time limit", () => {
    const result = resolveSettings({ fleet: FLEET, resume: { timeoutMs: 30_000 } });
    expect(result.ok && result.settings.fleet).toEqual({
      ...FLEET,
      namespace: "openclaw-resumes",
      startsPerMinute: undefined,
      leaseMs: 90_000,
      fallbackConcurrent: 1,
    });
  });

  it.each([
    ["redisUrl", { maxConcurrent: 4 }],
    ["maxConcurrent", { redisUrl: "redis://localhost" }],
  ])("without %s is told what is missing", (missing, fleet) => {
    const path = `fleet.${missing}`;
    const message = `is missing; expected ${ACCEPTED[path]}`;
    expect(resolveSettings({ fleet })).toEqual({ ok: false, errors: [{ path, message }] });
  });

  it.each([{ fleet: {} }, { fleet: null }, { fleet: [] }, { fleet: 5 }])("as in %j lacks both", ({ fleet }) => {
    const result = resolveSettings({ fleet });
    const wrong = JSON.stringify(fleet) === "{}" ? [] : ["fleet"];
    expect(result.ok ? [] : result.errors.map(({ path }) => path)).toEqual([
      ...wrong,
      "fleet.redisUrl",
      "fleet.maxConcurrent",
    ]);
  });

  it("can say where the host finds the address", () => {
    const redisUrl = { source: "env", provider: "default", id: "REDIS_URL" };
    const result = resolveSettings({ fleet: { ...FLEET, redisUrl } });
    expect(result.ok && result.settings.fleet?.redisUrl).toEqual(redisUrl);
  });

  it.each([
    { redisUrl: { source: "env", provider: "default" } },
    { redisUrl: { source: "env", provider: "default", id: "" } },
    { redisUrl: { source: "env", provider: "default", id: 5 } },
    { redisUrl: { source: "env", provider: "default", id: "A", more: 1 } },
  ])("refuses what says that in part: $redisUrl", ({ redisUrl }) => {
    const message = `got something else; expected ${ACCEPTED["fleet.redisUrl"]}`;
    const errors = [{ path: "fleet.redisUrl", message }];
    expect(resolveSettings({ fleet: { ...FLEET, redisUrl } })).toEqual({ ok: false, errors });
  });

  it.each([
    { redisUrl: "http://user:s3cret@host" },
    { redisUrl: "user:s3cret@host:6379" },
    { redisUrl: ["redis://:s3cret@host"] },
    { redisUrl: { url: "redis://:s3cret@host" } },
  ])("tells no password of an address that is wrong: $redisUrl", ({ redisUrl }) => {
    const result = resolveSettings({ fleet: { ...FLEET, redisUrl } });
    expect(result).toMatchObject({ ok: false, errors: [{ path: "fleet.redisUrl" }] });
    expect(JSON.stringify(result)).not.toContain("s3cret");
  });

  it("takes a secret reference in place of the address", () => {
    const redisUrl = { source: "env", provider: "default", id: "FLEET_REDIS_URL" };
    expect(resolveSettings({ fleet: { ...FLEET, redisUrl } })).toMatchObject({
      ok: true,
      settings: { fleet: { redisUrl } },
    });
  });

  it.each([
    {},
    { source: "env", id: "REDIS_URL" },
    { source: "env", provider: "default", id: "" },
    { source: "env", provider: "default", id: 5 },
    { source: "env", provider: "default", id: "REDIS_URL", url: "redis://:s3cret@host" },
  ])("takes no other object: %j", (redisUrl) => {
    const message = `got something else; expected ${ACCEPTED["fleet.redisUrl"]}`;
    expect(resolveSettings({ fleet: { ...FLEET, redisUrl } })).toEqual({
      ok: false,
      errors: [{ path: "fleet.redisUrl", message }],
    });
  });

  it.each([
    ["under another name", { fleet: { ...FLEET, redisURL: "redis://:s3cret@host" } }],
    ["at the top", { redisUrl: "redis://:s3cret@host" }],
    ["in place of the group", { fleet: "redis://:s3cret@host" }],
  ])("tells no password of an address that stands %s", (_name, config) => {
    const result = resolveSettings(config);
    expect(result.ok).toBe(false);
    expect(JSON.stringify(result)).not.toContain("s3cret");
  });
});
