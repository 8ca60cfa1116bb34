import { Counter } from "prom-client";
import { expect, it } from "vitest";
import { expose, metricsRegistry } from "../../../src/observe/exposition.ts";

const TEXT = "text/plain; version=0.0.4; charset=utf-8";
const OPEN = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/** What Prometheus 2.42 and 3 send. */
const PROMETHEUS_2 =
  "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
const PROMETHEUS_3 =
  "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1";

it.each([
  ["nothing", undefined, TEXT],
  ["anything", "*/*", TEXT],
  ["a page", "text/html", TEXT],
  ["no sense", ";;;=,", TEXT],
  ["plain text", "text/plain", TEXT],
  ["OpenMetrics", "application/openmetrics-text", OPEN],
  ["OpenMetrics of this version", "application/openmetrics-text; version=1.0.0", OPEN],
  ["OpenMetrics of another version only", "application/openmetrics-text; version=2.0.0", TEXT],
  ["OpenMetrics rather than text", "text/plain;q=0.5, application/openmetrics-text", OPEN],
  ["text rather than OpenMetrics", "application/openmetrics-text;q=0.5, text/plain", TEXT],
  ["OpenMetrics never", "application/openmetrics-text;q=0, */*", TEXT],
  ["what Prometheus 2 wants", PROMETHEUS_2, OPEN],
  ["what Prometheus 3 wants", PROMETHEUS_3, OPEN],
])("who asks for %s gets it", async (_name, accept, contentType) => {
  const registry = metricsRegistry();
  new Counter({ name: "things_total", help: "Things.", registers: [registry] }).inc(3);
  const answer = await expose(registry, accept);
  expect(answer.contentType).toBe(contentType);
  expect(answer.body).toContain("things_total 3\n");
  expect(answer.body.endsWith("# EOF\n")).toBe(contentType === OPEN);
});
