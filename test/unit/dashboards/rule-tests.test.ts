import { describe, expect, it } from "vitest";
import { alerts, recordingRules, recorded, type RuleTest, ruleTests } from "./files.ts";
import { isSeries, selectorsOf, strangersIn } from "./promql.ts";

const allSeries = ruleTests.flatMap(({ input_series: inputs }) => inputs.map(({ series }) => series));

/** Whether an alert fires in this case and has resolved at a later time of it. */
function firesAndResolves({ alert_rule_test: looks = [] }: RuleTest, alert: string): boolean {
  const own = looks.filter(({ alertname }) => alertname === alert);
  const secondsOf = (firing: boolean) =>
    own.filter(({ exp_alerts: found = [] }) => found.length > 0 === firing).map((look) => seconds(look.eval_time));
  return secondsOf(true).some((fired) => secondsOf(false).some((silent) => silent > fired));
}

function seconds(duration: string): number {
  const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };
  const parts = [...duration.matchAll(/(\d+)([smh])/g)];
  return parts.reduce((sum, [, amount, unit = ""]) => sum + Number(amount) * (units[unit] ?? Number.NaN), 0);
}

describe("what tells that an alert fires and resolves", () => {
  const look = (evalTime: string, firing: boolean) => ({
    eval_time: evalTime,
    alertname: "A",
    exp_alerts: firing ? [{}] : [],
  });
  it.each([
    ["fires and resolves later", [look("1m", true), look("1m30s", false)], true],
    ["only fires", [look("1m", true)], false],
    ["is silent before it fires", [look("90s", true), look("1m", false)], false],
    ["never fires", [look("1m", false)], false],
  ])("%s", (_case, looks, answer) => {
    expect(firesAndResolves({ input_series: [], alert_rule_test: looks }, "A")).toBe(answer);
    expect(firesAndResolves({ input_series: [], alert_rule_test: looks }, "B")).toBe(false);
  });
});

describe("the tests of the rules", () => {
  it.each(alerts)("see $alert fire and resolve", ({ alert = "" }) => {
    expect(ruleTests.some((one) => firesAndResolves(one, alert))).toBe(true);
  });

  it.each(recordingRules)("check a value of $record", ({ record = "" }) => {
    const checks = ruleTests.flatMap(({ promql_expr_test: expressions = [] }) => expressions);
    const found = checks.filter(({ expr, exp_samples: samples = [] }) => expr.includes(record) && samples.length > 0);
    expect(found.length).toBeGreaterThan(0);
  });

  it("name only alerts that there are", () => {
    const named = ruleTests.flatMap(({ alert_rule_test: looks = [] }) => looks.map(({ alertname }) => alertname));
    expect(alerts.map(({ alert }) => alert)).toEqual(expect.arrayContaining(named));
  });

  it.each([...new Set(allSeries)])("feed a series that the plugin has: %s", (series) => {
    const selectors = selectorsOf(series);
    expect(selectors).toHaveLength(1);
    expect(selectors.filter((selector) => selector.name !== "up" && !isSeries(selector))).toEqual([]);
    expect(strangersIn(series)).toEqual([]);
  });

  it("ask for what is recorded or what the plugin has", () => {
    const expressions = ruleTests.flatMap(({ promql_expr_test: checks = [] }) => checks.map(({ expr }) => expr));
    expect(expressions.length).toBeGreaterThanOrEqual(recordingRules.length);
    expect(expressions.flatMap((expression) => strangersIn(expression, recorded))).toEqual([]);
  });
});
