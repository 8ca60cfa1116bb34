/** What a dashboard marks in its charts: for instance every boot. */
import type { QueryContext } from "./data.ts";
import type { Dashboard } from "./json.ts";
import { durationMs } from "./intervals.ts";
import { expand } from "./variables.ts";

export type Annotation = { atMs: number; title: string; colour: string };

/** Every enabled annotation query's marks within the range, in order of time. */
export async function queryAnnotations(dashboard: Dashboard, context: QueryContext): Promise<Annotation[]> {
  const found: Annotation[] = [];
  for (const query of dashboard.annotations?.list ?? []) {
    if (query.enable === false || query.expr === undefined) continue;
    const { prometheus, variables, range } = context;
    const stepMs = query.step === undefined ? prometheus.scrapeIntervalMs : durationMs(query.step);
    const moment = { ...range, stepMs, scrapeIntervalMs: prometheus.scrapeIntervalMs };
    const series = await prometheus.queryRange(expand(query.expr, variables, moment), { ...range, stepMs });
    const isTime = String(query.useValueForTime) === "true" || query.useValueForTime === "on";
    for (const { labels, points } of series) {
      const title = fill(query.titleFormat ?? query.name, labels);
      const times = isTime ? points.map(([, value]) => value) : beginnings(points, stepMs);
      for (const atMs of new Set(times)) {
        if (atMs >= range.startMs && atMs <= range.endMs)
          found.push({ atMs, title, colour: query.iconColor ?? "blue" });
      }
    }
  }
  return found.toSorted((one, other) => one.atMs - other.atMs);
}

/** Grafana draws one region for samples in a row. */
function beginnings(points: readonly (readonly [number, number])[], stepMs: number): number[] {
  const marked = points.filter(([, value]) => value > 0);
  return marked.flatMap(([atMs], index) => (atMs - (marked[index - 1]?.[0] ?? -Infinity) > stepMs * 1.5 ? [atMs] : []));
}

function fill(text: string, labels: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\{\{\s*(\w+)\s*\}\}/g, (_, label: string) => labels[label] ?? "");
}
