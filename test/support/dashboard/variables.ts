/** A dashboard's variables: their values, and expressions with them filled in as Grafana would. */
import type { Prometheus } from "../prometheus.ts";
import { durationText, rateIntervalMs } from "./intervals.ts";
import type { Dashboard, TemplateVariable } from "./json.ts";

export type Variables = ReadonlyMap<string, string>;
export type Moment = { startMs: number; endMs: number; stepMs: number; scrapeIntervalMs: number };

/** `$name`, `${name}`, `${name:format}`; not `$1`, which is a group of a regular expression. */
const REFERENCE = /\$(?:\{(\w+)(?::\w+)?\}|([A-Za-z_]\w*))/g;

/** Asks Prometheus for those that are queries; one that finds nothing is an error. */
export async function resolveVariables(dashboard: Dashboard, prometheus: Prometheus): Promise<Variables> {
  const values = new Map<string, string>();
  for (const variable of dashboard.templating?.list ?? []) {
    values.set(variable.name, await valueOf(variable, prometheus, values));
  }
  return values;
}

/** An expression or a text for one query; an unknown variable is an error. */
export function expand(text: string, variables: Variables, moment: Moment): string {
  const builtIn = builtIns(moment);
  return text.replaceAll(REFERENCE, (_, inBraces: string | undefined, bare: string | undefined) => {
    const name = inBraces ?? bare!;
    const value = builtIn[name] ?? variables.get(name);
    if (value === undefined) throw new Error(`no variable ${name}, in ${text}`);
    return value;
  });
}

function builtIns({ startMs, endMs, stepMs, scrapeIntervalMs }: Moment): Record<string, string> {
  const rangeMs = endMs - startMs;
  return {
    __interval: durationText(stepMs),
    __interval_ms: String(stepMs),
    __rate_interval: durationText(rateIntervalMs(stepMs, scrapeIntervalMs)),
    __range: `${Math.round(rangeMs / 1_000)}s`,
    __range_s: String(Math.round(rangeMs / 1_000)),
    __range_ms: String(rangeMs),
    __from: String(startMs),
    __to: String(endMs),
  };
}

async function valueOf(variable: TemplateVariable, prometheus: Prometheus, known: Variables): Promise<string> {
  if (variable.type === "datasource") return "prometheus";
  if (variable.type === "query") {
    const found = await queried(variable, prometheus, known);
    if (found.length === 0) throw new Error(`variable ${variable.name} has no values`);
    if (!variable.includeAll) return found[0]!;
    // Several values stand in a regular expression: `=~"$name"`.
    return variable.allValue ?? `(${found.map(quoted).join("|")})`;
  }
  const current = variable.current?.value;
  const value = Array.isArray(current) ? current[0] : current;
  if (value === undefined) throw new Error(`variable ${variable.name} has no value`);
  return value;
}

async function queried(variable: TemplateVariable, prometheus: Prometheus, known: Variables): Promise<string[]> {
  const query = typeof variable.query === "string" ? variable.query : (variable.query?.query ?? "");
  const nowMs = Date.now();
  const moment = { startMs: nowMs - 60_000, endMs: nowMs, stepMs: 1_000, scrapeIntervalMs: 1_000 };
  const [, match, label] = /^label_values\((?:(.+),)?\s*(\w+)\s*\)$/.exec(expand(query, known, moment)) ?? [];
  if (label === undefined) throw new Error(`variable ${variable.name}: ${query} is not understood here`);
  return prometheus.labelValues(label, match);
}

/** For a regular expression inside a PromQL string. */
function quoted(value: string): string {
  return value.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\\$&`);
}
