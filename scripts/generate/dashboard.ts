import { fullName, type MetricName } from "../../src/observe/catalogue.ts";
import { layOut } from "./dashboard/layout.ts";
import { DATASOURCE } from "./dashboard/panels.ts";
import { m } from "./dashboard/promql.ts";
import { budget } from "./dashboard/rows/budget.ts";
import { decisions } from "./dashboard/rows/decisions.ts";
import { faults } from "./dashboard/rows/faults.ts";
import { history } from "./dashboard/rows/history.ts";
import { lane } from "./dashboard/rows/lane.ts";
import { users } from "./dashboard/rows/users.ts";

/** On every gateway that has the plugin, whatever it does there. */
const EVERYWHERE: MetricName = "build_info";

/** `dashboards/resume-scheduler.json`, for Grafana 11 and newer: what to look at when a gateway has just restarted. */
export function dashboardJson(): string {
  const dashboard = {
    uid: "openclaw-resume-scheduler",
    title: "OpenClaw resume scheduler",
    description:
      "What becomes of the conversations that a gateway's restart interrupted, and whether they keep users waiting.",
    tags: ["openclaw"],
    version: 1,
    schemaVersion: 41,
    editable: true,
    graphTooltip: 1,
    refresh: "30s",
    time: { from: "now-1h", to: "now" },
    timezone: "browser",
    templating: {
      list: [
        { name: "datasource", label: "Data source", type: "datasource", query: "prometheus", refresh: 1 },
        choice("job", "Job", fullName(EVERYWHERE)),
        choice("instance", "Gateway", `${fullName(EVERYWHERE)}{job=~"$job"}`),
      ],
    },
    annotations: { list: [BOOTS] },
    links: [],
    panels: layOut([users, lane, decisions, faults, budget, history]),
  };
  return `${JSON.stringify(dashboard, null, 2)}\n`;
}

/** A mark at each boot. The value is its time: a gateway that is scraped later is marked when it booted all the same. */
const BOOTS = {
  name: "Boots",
  datasource: DATASOURCE,
  enable: true,
  iconColor: "orange",
  expr: `${m("boot_timestamp_seconds")} * 1000`,
  useValueForTime: true,
  titleFormat: "Gateway restarted",
  textFormat: "{{instance}}",
  tagKeys: "instance",
};

/** A variable of the dashboard: all, or some of the values of a label. */
function choice(name: "job" | "instance", label: string, series: string): object {
  const query = `label_values(${series}, ${name})`;
  return {
    name,
    label,
    type: "query",
    datasource: DATASOURCE,
    definition: query,
    query: { qryType: 1, query, refId: `${name}-values` },
    // Each time the shown time changes: a gateway that is gone is there in its own time.
    refresh: 2,
    sort: 1,
    multi: true,
    includeAll: true,
    // Not the list of values: it is empty until the first scrape, and would then match nothing.
    allValue: ".+",
    current: { text: ["All"], value: ["$__all"] },
  };
}
