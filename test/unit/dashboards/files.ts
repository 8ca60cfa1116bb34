import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { metricsIn, type Recorded } from "./promql.ts";

export interface GridPos {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: GridPos;
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}

export interface Dashboard {
  readonly uid: string;
  readonly panels: readonly Panel[];
  readonly annotations: { readonly list: readonly { readonly expr: string }[] };
  readonly templating: { readonly list: readonly { readonly definition?: string }[] };
}

export interface Rule {
  readonly record?: string;
  readonly alert?: string;
  readonly expr: string;
  readonly labels?: { readonly severity?: string };
  readonly annotations?: { readonly summary?: string; readonly description?: string };
}

export interface RuleTest {
  readonly input_series: readonly { readonly series: string }[];
  readonly alert_rule_test?: readonly {
    readonly eval_time: string;
    readonly alertname: string;
    readonly exp_alerts?: readonly unknown[];
  }[];
  readonly promql_expr_test?: readonly { readonly expr: string; readonly exp_samples?: readonly unknown[] }[];
}

export interface PrometheusConfig {
  readonly rule_files: readonly string[];
  readonly scrape_configs: readonly { readonly job_name: string; readonly metrics_path: string }[];
}

/** The text of a file of the repository. */
export const textOf = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8");

export const dashboard = JSON.parse(textOf("dashboards/resume-scheduler.json")) as Dashboard;
export const recordingRules = rulesOf("dashboards/recording.yaml");
export const alerts = rulesOf("dashboards/alerts.yaml");
export const ruleTests = (parse(textOf("dashboards/rules.test.yaml")) as { tests: readonly RuleTest[] }).tests;
export const prometheusConfig = parse(textOf("dashboards/prometheus.yml")) as PrometheusConfig;

/** What the recording rules add to the plugin's own metrics. */
export const recorded: Recorded = new Map(recordingRules.map(({ record = "", expr }) => [record, metricsIn(expr)]));

function rulesOf(path: string): Rule[] {
  const { groups } = parse(textOf(path)) as { groups: readonly { readonly rules: readonly Rule[] }[] };
  return groups.flatMap(({ rules }) => rules);
}
