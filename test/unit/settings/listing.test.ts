import { expect, it } from "vitest";
import { listSettings } from "../../../src/settings/listing.ts";

const listed = (config: unknown) => new Map(listSettings(config).map((one) => [one.path, one]));

it("lists every setting with its default, under its own name", () => {
  const settings = listed({});
  expect(settings.get("filter.idleHours")).toEqual({
    path: "filter.idleHours",
    value: "1",
    byDefault: "1",
    differs: false,
  });
  expect([...settings.values()].filter(({ differs }) => differs)).toEqual([]);
});

it("says which differ from it", () => {
  const settings = listed({ budget: { maxConcurrent: 4 }, filter: { agents: { include: ["a*"] } } });
  const differing = [...settings.values()].filter(({ differs }) => differs);
  expect(differing.map(({ path, value, byDefault }) => [path, value, byDefault])).toEqual([
    ["filter.agents.include", '["a*"]', "not set"],
    ["budget.maxConcurrent", "4", "2"],
  ]);
});

it("shows no secret, wherever it stands", () => {
  const redisUrl = "redis://:hunter2@redis.example";
  for (const secret of [redisUrl, { source: "env", provider: "default", id: "HUNTER2_URL" }]) {
    const fleet = { redisUrl: secret, namespace: "n", maxConcurrent: 4 };
    expect(JSON.stringify(listSettings({ fleet }))).not.toMatch(/hunter2/i);
    expect(listed({ fleet }).get("fleet.redisUrl")).toMatchObject({ value: "not shown", differs: true });
  }
});
