/** What a panel's queries find, and how each series is called and configured. */
import type { Labels, Prometheus, Series } from "../prometheus.ts";
import { durationMs, stepOf } from "./intervals.ts";
import type { FieldConfig, Override, Panel, PanelTarget } from "./json.ts";
import { expand, type Variables } from "./variables.ts";

export type TimeRange = { startMs: number; endMs: number };

export type QueryContext = { prometheus: Prometheus; variables: Variables; range: TimeRange };

/** One series as a panel sees it. */
export type Field = Series & { name: string; refId: string; config: FieldConfig };

export type ExemplarPoint = { atMs: number; value: number; labels: Labels };

/** A query that gave the panel nothing, and why. */
export type EmptyTarget = { refId: string; expression: string; why: string };

export type PanelData = {
  panel: Panel;
  range: TimeRange;
  stepMs: number;
  /** In the order of the queries; those that are hidden by an override are left out. */
  fields: Field[];
  exemplars: ExemplarPoint[];
  empty: EmptyTarget[];
};

type Found = { target: PanelTarget; series: Series[]; exemplars: ExemplarPoint[]; empty?: EmptyTarget };

/** Runs every query of the panel, as Grafana would for a panel of this width. */
export async function queryPanel(panel: Panel, context: QueryContext, widthPx: number): Promise<PanelData> {
  const stepMs = stepFor(panel, context, widthPx);
  const found: Found[] = [];
  for (const target of panel.targets ?? []) {
    if (target.hide !== true) found.push(await runTarget(target, context, stepMs));
  }
  const fields = found.flatMap(({ target, series }) => series.map((one) => toField(one, target, panel, series.length)));
  return {
    panel,
    range: context.range,
    stepMs,
    fields: fields.filter(({ config }) => config.custom?.hideFrom?.viz !== true),
    exemplars: found.flatMap(({ exemplars }) => exemplars),
    empty: found.flatMap(({ empty }) => empty ?? []),
  };
}

function stepFor(panel: Panel, { prometheus, range }: QueryContext, widthPx: number): number {
  const shortest = panel.interval === undefined ? prometheus.scrapeIntervalMs : durationMs(panel.interval);
  return stepOf(range, widthPx, shortest);
}

async function runTarget(target: PanelTarget, context: QueryContext, stepMs: number): Promise<Found> {
  const { prometheus, variables, range } = context;
  const step = target.interval === undefined ? stepMs : Math.max(stepMs, durationMs(target.interval));
  const moment = { ...range, stepMs: step, scrapeIntervalMs: prometheus.scrapeIntervalMs };
  const nothing = (why: string, expression = target.expr): Found => ({
    target,
    series: [],
    exemplars: [],
    empty: { refId: target.refId, expression, why },
  });
  try {
    const expression = expand(target.expr, variables, moment);
    const series = await (isInstant(target)
      ? prometheus.query(expression, range.endMs)
      : prometheus.queryRange(expression, aligned(range, step)));
    if (series.length === 0) return nothing("no series", expression);
    if (!series.some(hasNumber)) return nothing("nothing but NaN", expression);
    return { target, series, exemplars: target.exemplar === true ? await exemplarsOf(expression, context) : [] };
  } catch (error) {
    return nothing((error as Error).message);
  }
}

const isInstant = ({ instant, range }: PanelTarget) => instant === true && range !== true;
const hasNumber = ({ points }: Series) => points.some(([, value]) => !Number.isNaN(value));

function aligned({ startMs, endMs }: TimeRange, stepMs: number) {
  return { startMs: Math.floor(startMs / stepMs) * stepMs, endMs: Math.floor(endMs / stepMs) * stepMs, stepMs };
}

async function exemplarsOf(expression: string, { prometheus, range }: QueryContext): Promise<ExemplarPoint[]> {
  const found = await prometheus.queryExemplars(expression, range);
  return found.flatMap(({ exemplars }) =>
    exemplars.map(({ labels, value, timestamp }) => ({ atMs: timestamp * 1_000, value: Number(value), labels })),
  );
}

function toField(series: Series, target: PanelTarget, panel: Panel, siblings: number): Field {
  const name = legend(series.labels, target, siblings);
  const config = configOf(panel, { name, refId: target.refId });
  return { ...series, name: config.displayName ?? name, refId: target.refId, config };
}

function legend(labels: Labels, { legendFormat, expr }: PanelTarget, siblings: number): string {
  if (legendFormat !== undefined && legendFormat !== "" && legendFormat !== "__auto") {
    return legendFormat.replaceAll(/\{\{\s*(\w+)\s*\}\}/g, (_, label: string) => labels[label] ?? "");
  }
  const { __name__: metric = "", ...rest } = labels;
  const pairs = Object.entries(rest).map(([label, value]) => `${label}="${value}"`);
  if (pairs.length === 0 || siblings === 1) return metric === "" ? expr : metric;
  return `${metric}{${pairs.join(", ")}}`;
}

/** The panel's defaults with every override that fits. */
export function configOf({ fieldConfig }: Panel, field: { name: string; refId: string }): FieldConfig {
  const config: Record<string, unknown> = structuredClone(fieldConfig?.defaults ?? {});
  for (const override of fieldConfig?.overrides ?? []) {
    if (!fits(override, field)) continue;
    for (const { id, value } of override.properties) setAt(config, id.split("."), value);
  }
  return config;
}

function fits({ matcher: { id, options } }: Override, { name, refId }: { name: string; refId: string }): boolean {
  switch (id) {
    case "byName":
      return options === name;
    case "byRegexp":
      return new RegExp(String(options).replaceAll(/^\/|\/$/g, "")).test(name);
    case "byFrameRefID":
      return options === refId;
    case "byType":
      return options === "number";
    default:
      throw new Error(`override matcher ${id} is not understood here`);
  }
}

function setAt(target: Record<string, unknown>, [key, ...rest]: string[], value: unknown): void {
  if (rest.length === 0) target[key!] = value;
  else setAt((target[key!] ??= {}) as Record<string, unknown>, rest, value);
}
