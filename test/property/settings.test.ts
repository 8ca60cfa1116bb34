import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import { resolveSettings } from "../../src/settings/resolve.ts";

/** Every setting's limits, in the resolved form, written down a second time. */
const WITHIN = {
  filter: { idleMs: [0, 8760 * 3_600_000], maxAgeMs: [0, 87_600 * 3_600_000], maxFailures: [1, 100] },
  budget: { maxConcurrent: [1, 64], maxPerBoot: [0, 100_000] },
  lane: { quietMs: [0, 600_000] },
  resume: { timeoutMs: [1000, 3_600_000], retryDelayMs: [0, 3_600_000], maxAttempts: [1, 10] },
  preemption: { maxPreemptions: [0, 1000], maxWaitMs: [0, 86_400_000] },
} as const;

function expectResolved(config: unknown): void {
  const result = resolveSettings(config);
  if (!result.ok) {
    expect(result.errors.length).toBeGreaterThan(0);
    for (const { message } of result.errors) expect(message).toMatch(/^(got .*; expected |unknown setting )/s);
    return;
  }
  const { settings } = result;
  const outside = Object.entries(WITHIN).flatMap(([group, limits]) =>
    Object.entries(limits).filter(([name, [min, max]]) => {
      const value = (settings[group as keyof typeof WITHIN] as Readonly<Record<string, unknown>>)[name];
      return typeof value !== "number" || Number.isNaN(value) || value < min || value > max;
    }),
  );
  expect(outside).toEqual([]);
  const { maxPerAgent } = settings.budget;
  expect(maxPerAgent === undefined || (maxPerAgent >= 1 && maxPerAgent <= 64)).toBe(true);
  expect(["active", "observe", "off"]).toContain(settings.mode);
  expect(["lane", "session"]).toContain(settings.preemption.scope);
  expect(["ask", "hold", "full"]).toContain(settings.resume.unsafeTail);
  expect(["leave", "hold"]).toContain(settings.filter.excluded);
  expect(["off", "held"]).toContain(settings.notify);
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
        budget: group("maxConcurrent", "maxPerAgent", "maxPerBoot"),
        lane: group("name", "quietMs"),
        resume: group("timeoutMs", "retryDelayMs", "maxAttempts", "unsafeTail"),
        preemption: group("scope", "maxPreemptions", "maxWaitMs"),
      },
      { requiredKeys: [] },
    ),
  ],
  { numRuns: 2000 },
)("any values under the known keys give errors or settings within all limits", (config) => {
  expectResolved(config);
});
