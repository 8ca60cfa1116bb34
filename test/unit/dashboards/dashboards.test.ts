import { Command } from "commander";
import { describe, expect, it } from "vitest";
import type { Backend } from "../../../src/cli/backend.ts";
import { registerResumesCli } from "../../../src/cli/commands.ts";
import { METRICS } from "../../../src/observe/catalogue.ts";
import { alerts, dashboard, type GridPos, prometheusConfig, recorded, recordingRules, textOf } from "./files.ts";
import { labelsIn, metricsIn, strangersIn } from "./promql.ts";

const CORE_PANELS = ["row", "text", "stat", "timeseries", "table", "bargauge", "state-timeline"];
const SEVERITIES = ["critical", "warning", "info"];

const targets = dashboard.panels.flatMap(({ title, targets: queries = [] }) =>
  queries.map(({ expr, legendFormat }) => ({ title, expr, legendFormat })),
);

/** The commands of `openclaw resumes`. */
function commands(): string[] {
  const program = new Command("openclaw");
  registerResumesCli(program, {} as Backend);
  return program.commands.flatMap((command) => command.commands.map((one) => one.name()));
}

const commandsIn = (text: string): string[] =>
  [...text.matchAll(/openclaw resumes ([\w-]+)/g)].map(([, name = ""]) => name);

describe("what tells strangers", () => {
  it.each([
    ['sum(openclaw_resume_no_such{lane="main"})', "no metric openclaw_resume_no_such"],
    ["rate(node_cpu_seconds_total[5m])", "no metric node_cpu_seconds_total"],
    ["openclaw_resume_run_seconds > 0", "no metric openclaw_resume_run_seconds"],
    ["openclaw_resume_held_bucket > 0", "no metric openclaw_resume_held_bucket"],
    ["instance:openclaw_resume_held:sum > 0", "no metric instance:openclaw_resume_held:sum"],
    ['openclaw_resume_queue_depth{lane="mian"}', 'no openclaw_resume_queue_depth{lane="mian"}'],
    ['openclaw_resume_mode{mode=~"running|ruining"}', 'no openclaw_resume_mode{mode="ruining"}'],
    ['openclaw_resume_held{lane!="main"}', 'no openclaw_resume_held{lane="main"}'],
    ['openclaw_resume_preemption_seconds_bucket{le="0.6"}', 'no openclaw_resume_preemption_seconds_bucket{le="0.6"}'],
    ["sum by (lane, cause) (openclaw_resume_queue_depth)", "no label cause"],
    ["openclaw_resume_held and on (job, gateway) openclaw_resume_held", "no label gateway"],
  ])("finds the one in %s", (expression, stranger) => {
    expect(strangersIn(expression)).toEqual([stranger]);
  });

  it.each([
    'max by (job, instance) (openclaw_resume_lane_paused{job=~"$job",cause=~"operator|fuse"}) == 1',
    "histogram_quantile(0.95, sum by (le, outcome) (increase(openclaw_resume_run_seconds_bucket[$__range])))",
    'up{job="x"} == 0 or absent(up{job="x"})',
  ])("finds none in %s", (expression) => {
    expect(strangersIn(expression)).toEqual([]);
  });
});

describe("the dashboard", () => {
  it.each(targets)("asks for what the plugin has: $title, $expr", ({ expr, legendFormat }) => {
    expect(strangersIn(expr)).toEqual([]);
    const labels = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label);
    expect([...labelsIn(expr)]).toEqual(expect.arrayContaining(labels));
  });

  it("marks boots and chooses gateways by what the plugin has", () => {
    const marks = dashboard.annotations.list.map(({ expr }) => expr);
    const choices = dashboard.templating.list.flatMap(({ definition }) => definition ?? []);
    expect(choices).toHaveLength(2);
    expect([...marks, ...choices].flatMap((expression) => strangersIn(expression))).toEqual([]);
    expect(marks.flatMap((expression) => metricsIn(expression))).toEqual(["boot_timestamp_seconds"]);
  });

  it("shows every metric in a panel", () => {
    const shown = new Set(targets.flatMap(({ expr }) => metricsIn(expr)));
    expect(Object.keys(METRICS).filter((name) => !(shown as ReadonlySet<string>).has(name))).toEqual([]);
  });

  it("lets every query be narrowed to the chosen gateways", () => {
    expect(targets.filter(({ expr }) => !expr.includes('{job=~"$job",instance=~"$instance"'))).toEqual([]);
  });

  it("has no panel without a question and a query", () => {
    const silent = dashboard.panels.filter(
      ({ type, targets: queries = [], description = "" }) =>
        !["row", "text"].includes(type) && (queries.length === 0 || !description.includes("?")),
    );
    expect(silent.map(({ title }) => title)).toEqual([]);
  });

  it("names only commands that exist", () => {
    const named = commandsIn(JSON.stringify(dashboard));
    expect(named.length).toBeGreaterThan(5);
    expect(commands()).toEqual(expect.arrayContaining(named));
  });

  it("gives every panel an id of its own", () => {
    const ids = dashboard.panels.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("puts no panel over another or over the edge", () => {
    const overlap = (one: GridPos, other: GridPos) =>
      one.x < other.x + other.w && other.x < one.x + one.w && one.y < other.y + other.h && other.y < one.y + one.h;
    const overlapping = dashboard.panels.flatMap((one, index) =>
      dashboard.panels
        .slice(index + 1)
        .filter((other) => overlap(one.gridPos, other.gridPos))
        .map((other) => `${one.title} and ${other.title}`),
    );
    expect(overlapping).toEqual([]);
    expect(dashboard.panels.filter(({ gridPos: { x, w } }) => x + w > 24)).toEqual([]);
  });

  it("needs no plugin of Grafana's", () => {
    expect(CORE_PANELS).toEqual(expect.arrayContaining(dashboard.panels.map(({ type }) => type)));
  });

  it("comes with no data source of its own", () => {
    const sources = [...JSON.stringify(dashboard).matchAll(/"uid":"([^"]*)"/g)].map(([, uid]) => uid);
    expect(new Set(sources)).toEqual(new Set([dashboard.uid, "${datasource}"]));
    expect(dashboard).not.toHaveProperty("__inputs");
  });
});

describe("the rules", () => {
  it.each([...recordingRules, ...alerts])("ask for what the plugin has: $record$alert", ({ expr }) => {
    expect(strangersIn(expr, recorded)).toEqual([]);
  });

  it.each(recordingRules)("record nothing that no alert needs: $record", ({ record = "" }) => {
    expect(alerts.some(({ expr }) => expr.includes(record))).toBe(true);
  });

  it.each(alerts)("$alert says how bad it is, what happens to users and what to run first", (rule) => {
    const { alert, expr, labels, annotations: { summary = "", description = "" } = {} } = rule;
    expect(alert).toMatch(/^OpenClawResume[A-Z]/);
    expect(SEVERITIES).toContain(labels?.severity);
    expect(summary).toMatch(/^\S.*[^.]$/);
    expect(description).toMatch(/user|conversation/i);
    expect(description).toMatch(/First run `openclaw resumes (status|plan|unpause|doctor)`/);
    expect(commands()).toEqual(expect.arrayContaining(commandsIn(description)));
    const used = [...`${summary} ${description}`.matchAll(/\$labels\.(\w+)/g)].map(([, label]) => label);
    expect(used).toContain("instance");
    expect([...labelsIn(expr, recorded)]).toEqual(expect.arrayContaining(used));
  });

  it("each have a reason for their threshold", () => {
    const text = textOf("dashboards/alerts.yaml");
    expect([...text.matchAll(/- alert: \w+\n +# \S.+\n +expr: /g)]).toHaveLength(alerts.length);
  });
});

describe("the scrape example", () => {
  const [job] = prometheusConfig.scrape_configs;

  it("scrapes the route that the plugin registers", () => {
    expect(textOf("src/host/metrics-route.ts")).toContain(`path: "${job?.metrics_path}"`);
  });

  it("has the job that the alert for missing scrapes looks for", () => {
    const missing = alerts.find(({ alert }) => alert === "OpenClawResumeScrapeMissing")?.expr ?? "";
    expect([...missing.matchAll(/job="([^"]*)"/g)].map(([, name]) => name)).toEqual([job?.job_name, job?.job_name]);
  });

  it("loads both rule files", () => {
    expect(prometheusConfig.rule_files.map((file) => textOf(`dashboards/${file}`).length > 0)).toEqual([true, true]);
  });
});
