import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import { resolveSettings } from "../../src/settings/resolve.ts";

/** Every setting's limits, in the resolved form, written down a second time. */
const WITHIN = {
  filter: { idleMs: [0, 8760 * 3_600_000], maxAgeMs: [0, 87_600 * 3_600_000], maxFailures: [1, 100] },
  budget: {
    maxConcurrent: [1, 64],
    maxPerBoot: [0, 100_000],
    startIntervalMs: [0, 3_600_000],
    startsPerMinute: [0, 100_000],
    maxEventLoopDelayMs: [0, 60_000],
  },
  cooldown: { initialMs: [100, 86_400_000], maxMs: [100, 86_400_000] },
  lane: { quietMs: [0, 600_000] },
  resume: { timeoutMs: [1000, 3_600_000], retryDelayMs: [0, 3_600_000], maxAttempts: [1, 10] },
  preemption: { maxPreemptions: [0, 1000], maxWaitMs: [0, 86_400_000] },
  gc: { heldMs: [0, 365 * 24 * 3_600_000], errorMs: [0, 365 * 24 * 3_600_000] },
  continuity: { maxMessages: [1, 200], maxChars: [200, 100_000], maxAgeMs: [0, 8760 * 3_600_000] },
} as const;

/** Of those that may be missing. */
const WITHIN_IF_SET = {
  maxPerAgent: [1, 64],
  maxTokensPerBoot: [1, 1e12],
  maxCostPerBoot: [0, 1e9],
  maxMemoryMb: [64, 16_777_216],
} as const;

const WITHIN_FLEET = { maxConcurrent: [1, 100_000], fallbackConcurrent: [0, 64], leaseMs: [6000, 86_400_000] } as const;

type Limits = Readonly<Record<string, readonly [min: number, max: number]>>;

/** Names of the values that are no numbers within their limits. */
function outsideOf(limits: Limits, values: object): string[] {
  return Object.entries(limits).flatMap(([name, [min, max]]) => {
    const value = (values as Readonly<Record<string, unknown>>)[name];
    return typeof value === "number" && value >= min && value <= max ? [] : [name];
  });
}

function expectResolved(config: unknown): void {
  const result = resolveSettings(config);
  if (!result.ok) {
    expect(result.errors.length).toBeGreaterThan(0);
    for (const { message } of result.errors)
      expect(message).toMatch(/^(got .*; expected |is missing; |unknown setting )/s);
    return;
  }
  const { settings } = result;
  const outside = Object.entries(WITHIN).flatMap(([group, limits]) =>
    outsideOf(limits, settings[group as keyof typeof WITHIN]),
  );
  expect(outside).toEqual([]);
  const { budget, cooldown, fleet, resume } = settings;
  const set = Object.entries(WITHIN_IF_SET).filter(([name]) => budget[name as keyof typeof budget] !== undefined);
  expect(outsideOf(Object.fromEntries(set), budget)).toEqual([]);
  expect(cooldown.maxMs).toBeGreaterThanOrEqual(cooldown.initialMs);
  if (fleet !== undefined) {
    expect(outsideOf(WITHIN_FLEET, fleet)).toEqual([]);
    expect(fleet.leaseMs).toBeGreaterThan(resume.timeoutMs);
    expect(fleet.redisUrl).toMatch(/^rediss?:\/\//);
    expect(fleet.namespace).toMatch(/^[\w-]{1,64}$/);
  }
  expect(["active", "observe", "off"]).toContain(settings.mode);
  expect(["lane", "session"]).toContain(settings.preemption.scope);
  expect(["ask", "hold", "full"]).toContain(settings.resume.unsafeTail);
  expect(["leave", "hold"]).toContain(settings.filter.excluded);
  expect(["off", "held"]).toContain(settings.notify);
  expect([true, false]).toContain(settings.gc.enabled);
  const { enabled, reasons } = settings.continuity;
  expect([true, false]).toContain(enabled);
  expect([["idle"], ["daily"], ["idle", "daily"], ["daily", "idle"]]).toContainEqual(reasons);
  for (const scope of [settings.filter.agents, settings.filter.channels, settings.filter.sessionKeys]) {
    for (const globs of [scope.include ?? [], scope.exclude ?? []]) {
      expect(globs.length).toBeLessThanOrEqual(1000);
      for (const glob of globs) {
        expect([typeof glob, glob.length >= 1, glob.length <= 512]).toEqual(["string", true, true]);
        expect(glob.split("*").length - 1).toBeLessThanOrEqual(3);
        expect(glob.split("{").length - 1).toBeLessThanOrEqual(2);
      }
    }
  }
  expect(settings.lane.name).toMatch(/^[a-z][a-z0-9-]{0,39}$/);
}

test.prop([fc.jsonValue()], { numRuns: 2000 })("any JSON gives errors or settings within all limits", (config) => {
  expectResolved(config);
});

const leaf = fc.oneof(
  fc.integer({ min: -5, max: 100 }),
  fc.double({ min: -1, max: 100_000 }),
  fc.constantFrom<unknown>(null, undefined, "ask", "lane", "full", "my-lane", "active", 0, 1, 64, 65, 1000, "", true),
);
const group = (...names: string[]) =>
  fc.oneof(
    { weight: 8, arbitrary: fc.record(Object.fromEntries(names.map((name) => [name, leaf])), { requiredKeys: [] }) },
    { weight: 1, arbitrary: leaf },
  );

/** About as many stars and braces as a glob may have. */
const globLike = fc.string({ unit: fc.constantFrom("*", "{", "a", "}", ","), maxLength: 8 });
const scope = fc.oneof(
  leaf,
  fc.record(
    {
      include: fc.oneof(leaf, fc.array(fc.oneof(fc.string(), leaf))),
      exclude: fc.oneof(leaf, fc.array(fc.oneof(fc.string(), globLike))),
    },
    { requiredKeys: [] },
  ),
);

test.prop(
  [
    fc.record(
      {
        mode: leaf,
        filter: fc.oneof(
          group("idleHours", "maxAgeHours", "maxFailures", "agents", "excluded"),
          fc.record({ agents: scope, channels: scope, sessionKeys: scope }, { requiredKeys: [] }),
        ),
        notify: leaf,
        budget: group(
          "maxConcurrent",
          "maxPerAgent",
          "maxPerBoot",
          "startIntervalMs",
          "startsPerMinute",
          "maxTokensPerBoot",
          "maxCostPerBoot",
          "maxEventLoopDelayMs",
          "maxMemoryMb",
        ),
        cooldown: group("initialMs", "maxMs"),
        fleet: group("redisUrl", "maxConcurrent", "startsPerMinute", "namespace", "leaseMs", "fallbackConcurrent"),
        lane: group("name", "quietMs"),
        resume: group("timeoutMs", "retryDelayMs", "maxAttempts", "unsafeTail"),
        preemption: group("scope", "maxPreemptions", "maxWaitMs"),
        gc: group("enabled", "heldDays", "errorDays"),
        continuity: fc.oneof(
          group("enabled", "reasons", "maxMessages", "maxChars", "maxAgeHours"),
          fc.record({ reasons: fc.array(fc.oneof(fc.constantFrom("idle", "daily"), leaf), { maxLength: 3 }) }),
        ),
      },
      { requiredKeys: [] },
    ),
  ],
  { numRuns: 2000 },
)("any values under the known keys give errors or settings within all limits", (config) => {
  expectResolved(config);
});

/** One leaf in ten, so that most of it is right. */
const mostly = (right: fc.Arbitrary<unknown>) =>
  fc.oneof({ weight: 9, arbitrary: right }, { weight: 1, arbitrary: leaf });

test.prop(
  [
    fc.record(
      {
        fleet: fc.record(
          {
            redisUrl: mostly(fc.constantFrom("redis://host", "rediss://:word@host:1/2")),
            maxConcurrent: mostly(fc.integer({ min: 1, max: 9 })),
            startsPerMinute: mostly(fc.integer({ min: 1, max: 9 })),
            namespace: mostly(fc.constantFrom("a", "A_b-9")),
            leaseMs: mostly(fc.integer({ min: 1000, max: 100_000 })),
            fallbackConcurrent: mostly(fc.integer({ min: 0, max: 64 })),
          },
          { requiredKeys: ["redisUrl", "maxConcurrent"] },
        ),
        resume: fc.record({ timeoutMs: fc.integer({ min: 1000, max: 60_000 }) }),
        cooldown: fc.record({
          initialMs: fc.integer({ min: 100, max: 999 }),
          maxMs: fc.integer({ min: 100, max: 9999 }),
        }),
      },
      { requiredKeys: ["fleet"] },
    ),
  ],
  { numRuns: 2000 },
)("a fleet and what must agree with it give errors or settings within all limits", (config) => {
  expectResolved(config);
});
