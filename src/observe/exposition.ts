import Negotiator from "negotiator";
import { type Metric, Registry, type RegistryContentType } from "prom-client";

const FORMATS = [Registry.PROMETHEUS_CONTENT_TYPE, Registry.OPENMETRICS_CONTENT_TYPE] as const;

/** Metrics that can be written in either format; prom-client allows exemplars in this kind of registry only. */
export type MetricsRegistry = Registry<typeof Registry.OPENMETRICS_CONTENT_TYPE>;

export interface Exposition {
  readonly contentType: string;
  readonly body: string;
}

/**
 * Everything in the format that the scraper prefers (its `Accept` header). Who asks for neither gets the Prometheus text
 * format, as Prometheus expects it; only OpenMetrics carries the exemplars.
 */
export async function expose(registry: MetricsRegistry, accept?: string): Promise<Exposition> {
  const wanted = new Negotiator({ headers: { accept: accept?.replaceAll(OTHER_PARAMETER, "") } });
  const chosen = wanted.mediaType(FORMATS.map(withoutCharset));
  const contentType = FORMATS.find((format) => withoutCharset(format) === chosen) ?? FORMATS[0];
  return { contentType, body: await lend(registry, contentType).metrics() };
}

/** What a scraper adds beyond the version (Prometheus 3: `escaping`) is no reason to refuse it the format. */
const OTHER_PARAMETER = /;\s*(?!q=|version=)[\w-]+=[^;,]*/gi;

/** A scraper takes any charset. */
const withoutCharset = (contentType: string): string => contentType.replace(/; charset=.*$/, "");

/**
 * The same metrics for one format. prom-client renames a counter for good when it writes it as OpenMetrics, so each metric
 * is lent out behind an object of its own.
 */
function lend(registry: MetricsRegistry, contentType: RegistryContentType): Registry<RegistryContentType> {
  const lent = new Registry<RegistryContentType>();
  lent.setContentType(contentType);
  for (const metric of registry.getMetricsAsArray()) {
    lent.registerMetric(Object.create(metric, { name: { value: metric.name, writable: true } }) as Metric);
  }
  return lent;
}

/** A registry for both formats. */
export function metricsRegistry(): MetricsRegistry {
  const registry: MetricsRegistry = new Registry();
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  return registry;
}
