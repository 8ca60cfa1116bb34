import { fullName, METRICS, type MetricName } from "../../src/observe/catalogue.ts";
import { LANES, STARVES } from "../../src/domain/starvation.ts";

const NAMES = Object.keys(METRICS) as MetricName[];

/** `docs/metrics.md`: every metric with the question that it answers, from the one list in the code. */
export function metricsPage(): string {
  return [
    "<!-- Generated from src/observe/catalogue.ts by `npm run generate`; do not edit. -->",
    "",
    "# Metrics",
    "",
    "`GET /plugins/resume-scheduler/metrics` on the gateway, with a token that has the scope `operator.read`",
    "(`Authorization: Bearer ...`), answers in the Prometheus text format, or as OpenMetrics to who asks for it (`Accept`).",
    "[dashboards/prometheus.yml](../dashboards/prometheus.yml) is a scrape example,",
    "[dashboards/resume-scheduler.json](../dashboards/resume-scheduler.json) a Grafana dashboard of all of it.",
    "",
    `These are all the series there will ever be, ${seriesCount()} with the buckets of the histograms: they are there with zero`,
    "from the start of the plugin, however many sessions there are, and no label has a value that is not listed here. They",
    "begin anew with each start of the gateway, and when the plugin is replaced in it.",
    "",
    "| metric | type | labels | unit | meaning | it answers |",
    "| --- | --- | --- | --- | --- | --- |",
    ...NAMES.map((name) => {
      const { type, unit, meaning, question } = METRICS[name];
      return `| \`${fullName(name)}\` | ${type} | ${labelsOf(name)} | ${unit} | ${cell(meaning)} | ${question} |`;
    }),
    "",
    "## Starvation",
    "",
    "A lane starves while it has waiting work and something else is served in its place, or nothing at all:",
    "",
    ...LANES.map((lane) => `- \`${lane}\`: ${STARVES[lane]}.`),
    "",
    "Users who wait for other users, for the model or for a slot of the host's do not starve. Neither does a resume that",
    'rests before a retry, or whose own user has just written. With `mode: "observe"` the plugin resumes nothing, and `main`',
    "then tells how long the host's own recoveries keep the users of their conversations waiting.",
    "",
    "## Labels",
    "",
    "| label | values |",
    "| --- | --- |",
    ...labelValues().map(([label, values]) => `| ${label} | ${values} |`),
    "",
    "## Buckets",
    "",
    "| histogram | upper bounds, seconds | why these |",
    "| --- | --- | --- |",
    ...NAMES.flatMap((name) => {
      const metric = METRICS[name];
      if (!("buckets" in metric)) return [];
      const { bounds, why } = metric.buckets;
      return `| \`${fullName(name)}\` | ${bounds.join(", ")} | ${why} |`;
    }),
    "",
    "Who asks for OpenMetrics gets exemplars with them: `session_ref` is what stands for the session in the log,",
    "and `openclaw resumes show <session_ref>` shows it.",
    "",
  ].join("\n");
}

function labelsOf(name: MetricName): string {
  const labels = Object.keys(METRICS[name].series[0] ?? {});
  return labels.length === 0 ? "-" : labels.map((label) => `\`${label}\``).join(", ");
}

/** Each label with its values; one that means different things in different metrics says in which. */
function labelValues(): [label: string, values: string][] {
  const uses = NAMES.filter((name) => name !== "build_info").flatMap((name) =>
    Object.keys(METRICS[name].series[0] ?? {}).map((label) => ({ name, label, values: valuesOf(name, label) })),
  );
  return [...Map.groupBy(uses, ({ label }) => label)].flatMap(([label, of]) => {
    const meanings = [...Map.groupBy(of, ({ values }) => values)];
    return meanings.map(([values, users]): [string, string] => {
      const where = users.map(({ name }) => `\`${fullName(name)}\``).join(", ");
      return [meanings.length === 1 ? `\`${label}\`` : `\`${label}\` of ${where}`, values];
    });
  });
}

function valuesOf(name: MetricName, label: string): string {
  if (label === "reason") return "see [verdicts](verdicts.md)";
  const values = METRICS[name].series.map((labels) => (labels as Readonly<Record<string, string>>)[label]);
  return [...new Set(values)].map((value) => `\`${value}\``).join(", ");
}

/** How many series a scrape has, whatever happens. */
export function seriesCount(): number {
  return NAMES.reduce((sum, name) => {
    const metric = METRICS[name];
    // Each bucket, +Inf, the sum and the count.
    const each = "buckets" in metric ? metric.buckets.bounds.length + 3 : 1;
    return sum + metric.series.length * each;
  }, 0);
}

const cell = (text: string): string => text.replaceAll("|", "\\|");
