/** Reads as much of PromQL as the dashboard and the rules use: names, matchers and groupings. */
import { fullName, METRICS, type MetricName } from "../../../src/observe/catalogue.ts";

type Series = Readonly<Record<string, string>>;

/** Where a recorded series comes from: its name, and the metrics that its expression is made of. */
export type Recorded = ReadonlyMap<string, readonly MetricName[]>;

/** What the scrape adds to every series. */
const SCRAPE_LABELS = ["job", "instance"];

interface Selector {
  readonly name: string;
  /** Each label with the values that it is compared with. */
  readonly matchers: readonly (readonly [label: string, values: readonly string[]])[];
}

/** Every series that an expression asks for. */
export function selectorsOf(expression: string): Selector[] {
  // Ours by their prefix, others by the braces or brackets behind them.
  const found = expression.matchAll(/((?:\w+:)?openclaw_resume_[\w:]*|[a-zA-Z_:][\w:]*(?=\s*[{[]))\s*(\{[^}]*\})?/g);
  return [...found].map(([, name = "", braces = ""]) => ({
    name,
    matchers: [...braces.matchAll(/(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"/g)].map(
      ([, label = "", operator = "", value = ""]) => [label, operator.endsWith("~") ? value.split("|") : [value]],
    ),
  }));
}

/** The catalogue's metrics that an expression is made of. */
export const metricsIn = (expression: string, recorded: Recorded = new Map()): MetricName[] =>
  selectorsOf(expression).flatMap(({ name }) => metricsNamed(name, recorded) ?? []);

/** What an expression compares or groups by and the catalogue does not have, in words. */
export function strangersIn(expression: string, recorded: Recorded = new Map()): string[] {
  const labels = labelsIn(expression, recorded);
  const groupings = [...expression.matchAll(/\b(?:by|on|without|ignoring) ?\(([^)]*)\)/g)].flatMap(([, list = ""]) =>
    list.split(",").map((label) => label.trim()),
  );
  return [
    ...selectorsOf(expression).flatMap((selector) => strangersOf(selector, recorded)),
    ...groupings.filter((label) => label !== "" && !labels.has(label)).map((label) => `no label ${label}`),
  ];
}

/** The labels that the result of an expression may have. */
export function labelsIn(expression: string, recorded: Recorded = new Map()): ReadonlySet<string> {
  const own = metricsIn(expression, recorded).flatMap((name) =>
    seriesOf(name).flatMap((labels) => Object.keys(labels)),
  );
  return new Set([...SCRAPE_LABELS, "le", ...own]);
}

/** Whether these are all the labels of a series that the plugin has. */
export function isSeries({ name, matchers }: Selector): boolean {
  const isOwn = ([label]: Selector["matchers"][number]) => label !== "le" && !SCRAPE_LABELS.includes(label);
  const own = new Map(matchers.filter(isOwn).map(([label, [value]]) => [label, value]));
  const series = (metricsNamed(name, new Map()) ?? []).flatMap(seriesOf);
  return series.some((labels) => {
    const pairs = Object.entries(labels);
    return pairs.length === own.size && pairs.every(([label, value]) => own.get(label) === value);
  });
}

function strangersOf({ name, matchers }: Selector, recorded: Recorded): string[] {
  const metrics = metricsNamed(name, recorded);
  if (metrics === undefined) return name === "up" ? [] : [`no metric ${name}`];
  return matchers.flatMap(([label, values]) => {
    if (SCRAPE_LABELS.includes(label)) return [];
    const known = label === "le" ? boundsOf(name, metrics) : metrics.flatMap(seriesOf).map((series) => series[label]);
    return values.filter((value) => !known.includes(value)).map((value) => `no ${name}{${label}="${value}"}`);
  });
}

/** The metrics behind a name as Prometheus knows it. */
function metricsNamed(name: string, recorded: Recorded): readonly MetricName[] | undefined {
  const metric = (Object.keys(METRICS) as MetricName[]).find((one) => {
    const suffixes = METRICS[one].type === "histogram" ? ["_bucket", "_sum", "_count"] : [""];
    return suffixes.some((suffix) => name === fullName(one) + suffix);
  });
  return metric === undefined ? recorded.get(name) : [metric];
}

const seriesOf = (name: MetricName): readonly Series[] => METRICS[name].series;

function boundsOf(name: string, metrics: readonly MetricName[]): string[] {
  if (!name.endsWith("_bucket")) return [];
  return metrics.flatMap((metric) => {
    const note = METRICS[metric];
    return "buckets" in note ? note.buckets.bounds.map(String) : [];
  });
}
