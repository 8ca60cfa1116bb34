import {
  fullName,
  type LabelsOf,
  type METRICS,
  type MetricName,
  type MetricsOf,
} from "../../../src/observe/catalogue.ts";
import type { Query } from "./panels.ts";

/** What a metric's labels are compared with: one value of the catalogue's, or several of which any will do. */
type Matchers<Name extends MetricName> = {
  readonly [Label in LabelOf<Name>]?: OneOrMore<ValueOf<LabelsOf<Name>, Label>>;
};
type OneOrMore<Value> = Value | readonly Value[];
type LabelOf<Name extends MetricName> = Name extends MetricName ? keyof LabelsOf<Name> & string : never;
type ValueOf<Labels, Label extends string> = Labels extends Readonly<Record<Label, infer Value>> ? Value : never;
type Histogram = MetricsOf<"histogram">;
type BoundOf<Name extends Histogram> = (typeof METRICS)[Name]["buckets"]["bounds"][number];

/** The gateways that were chosen at the top of the dashboard. */
const GATEWAYS = ['job=~"$job"', 'instance=~"$instance"'] as const;

/** The series of a gauge or counter. */
export const m = <Name extends MetricsOf<"gauge" | "counter">>(name: Name, matchers: Matchers<Name> = {}): string =>
  selector(fullName(name), matchers);

/** How many observations a histogram has had. */
export const count = (name: Histogram): string => selector(`${fullName(name)}_count`, {});

/** How many of them were at most `bound`; not for a whole number, which Prometheus 3 writes as 1.0 and older ones as 1. */
export const countWithin = <Name extends Histogram>(bound: BoundOf<Name>, name: Name): string =>
  selector(`${fullName(name)}_bucket`, { le: String(bound) });

/** What a counter grew by in the time that the dashboard shows; 0 before its second scrape. */
export const grownBy = (counter: string): string => orZero(`sum(increase(${counter}[$__range]))`);

/** Which share of what `whole` grew by is `part`; all of it, not NaN, when it did not grow. */
export const shareOf = (part: string, whole: string): string =>
  `sum(increase(${part}[$__range])) / (sum(increase(${whole}[$__range])) > 0) or vector(1)`;

/** What a counter grew by in the time that the dashboard shows, one series for each value of `label`. */
export const grownPer = (label: string, counter: string): string =>
  `sum by (${label}) (increase(${counter}[$__range]))`;

/** How fast a counter grows around each point of a graph, one series for each value of `label`. */
export const perMinute = (label: string, counter: string): string =>
  `60 * sum by (${label}) (rate(${counter}[$__rate_interval]))`;

/**
 * Quantiles, in rising order, of what was observed around each point of a graph; 0, not NaN, where nothing was. The last
 * one brings the exemplars: single observations, each with the `session_ref` by which the log knows the session.
 */
export const quantiles = <Name extends Histogram>(
  qs: readonly number[],
  name: Name,
  matchers: Matchers<Name> = {},
): Query[] =>
  qs.map((q) => ({
    expr: orZero(
      withoutNaN(`histogram_quantile(${q}, sum by (le) (rate(${buckets(name, matchers)}[$__rate_interval])))`),
    ),
    legend: `p${q * 100}`,
    exemplar: q === qs.at(-1),
  }));

/** A quantile over the time that the dashboard shows, one series for each value of `label` that had an observation. */
export const quantilePer = <Name extends Histogram>(label: LabelOf<Name>, q: number, name: Name) =>
  orNone(label, withoutNaN(`histogram_quantile(${q}, sum by (le, ${label}) (increase(${buckets(name)}[$__range])))`));

/** 0 where the expression, which has no labels, has no value. */
export const orZero = (expression: string): string => `${expression} or vector(0)`;

/** One series, called none, where the expression has none. */
export const orNone = (label: string, expression: string): string =>
  `${expression} or on () label_replace(vector(0), "${label}", "none", "", "")`;

const buckets = <Name extends Histogram>(name: Name, matchers: Matchers<Name> = {}) =>
  selector(`${fullName(name)}_bucket`, matchers);

/** A quantile over no observations is NaN, which no comparison lets through. */
const withoutNaN = (expression: string) => `(${expression} >= 0)`;

function selector(name: string, matchers: object): string {
  const own = Object.entries<OneOrMore<string>>({ ...matchers }).map(([label, value]) =>
    typeof value === "string" ? `${label}="${value}"` : `${label}=~"${value.join("|")}"`,
  );
  return `${name}{${[...GATEWAYS, ...own].join(",")}}`;
}
