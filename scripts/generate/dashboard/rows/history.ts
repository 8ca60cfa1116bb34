import type { Row } from "../layout.ts";
import { barGauge, graph, stat, table, timeline } from "../panels.ts";
import { grownPer, m, orZero } from "../promql.ts";

/** Whether this restart was like the ones before it; best with a longer time at the top right. */
export const history: Row = {
  title: "6. History across boots",
  panels: [
    stat({
      title: "Restarts",
      description: "How often was a gateway that is watched restarted in the time shown? Many: see the gateway's log.",
      size: [4, 8],
      steps: ["blue", [3, "orange"], [6, "red"]],
      queries: [{ expr: orZero(`sum(changes(${m("boot_timestamp_seconds")}[$__range]))`), legend: "restarts" }],
    }),
    timeline({
      title: "Plugin over time",
      description: "Was the plugin at work after each restart? `openclaw resumes doctor` says why not.",
      size: [10, 8],
      colour: "blue",
      bad: ["failed", "misconfigured"],
      queries: [{ expr: m("state"), legend: "{{state}} {{instance}}" }],
    }),
    graph({
      title: "Verdicts of each boot",
      description: "Did this restart interrupt more conversations than others, or hold more of them?",
      size: [10, 8],
      draws: "steps",
      queries: [{ expr: `sum by (verdict) (${m("sessions")})`, legend: "{{verdict}}" }],
    }),
    barGauge({
      title: "Outcomes in the time shown",
      description: "What became of interrupted conversations, over all boots? Each counts once.",
      size: [8, 8],
      colour: "green",
      queries: [{ expr: grownPer("outcome", m("outcomes_total")), legend: "{{outcome}}" }],
    }),
    graph({
      title: "Held sessions",
      description:
        "Does the pile of held sessions grow from boot to boot? `openclaw resumes status` says for which reasons; one that comes again and again asks for another setting.",
      size: [8, 8],
      draws: "steps",
      queries: [{ expr: m("held"), legend: "{{instance}}" }],
    }),
    graph({
      title: "What each boot cost",
      description: "Does the plugin hold up the gateway's start for longer than it did? By step.",
      size: [8, 8],
      draws: "stacks",
      unit: "s",
      queries: [{ expr: `max by (phase) (${m("boot_seconds")})`, legend: "{{phase}}" }],
    }),
    graph({
      title: "First user served, after each boot",
      description: "Was the first user of each boot served sooner or later than before? 0 until there was one.",
      size: [12, 8],
      draws: "steps",
      unit: "s",
      queries: [{ expr: m("first_user_reply_seconds"), legend: "{{instance}}" }],
    }),
    table({
      title: "Versions",
      description: "Which versions of the plugin and of OpenClaw run where? Name them when you report a fault.",
      size: [12, 8],
      columns: { instance: "Gateway", version: "Plugin", host: "OpenClaw" },
      sortBy: "Gateway",
      queries: [{ expr: m("build_info"), legend: "{{instance}}" }],
    }),
  ],
};
