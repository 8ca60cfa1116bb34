import type { Row } from "../layout.ts";
import { barGauge, stat, table } from "../panels.ts";
import { m, orNone } from "../promql.ts";

/** What became of the sessions that the restart interrupted. */
export const decisions: Row = {
  title: "3. What did this boot decide, and why?",
  panels: [
    stat({
      title: "Last boot",
      description: "When did a gateway last judge its interrupted sessions? If it restarted later, the plugin did not.",
      size: [6, 4],
      unit: "dateTimeFromNow",
      steps: ["blue"],
      texts: { 0: { text: "has not judged" } },
      queries: [{ expr: `max(${m("boot_timestamp_seconds")}) * 1000`, legend: "judged" }],
    }),
    stat({
      title: "Verdicts",
      description:
        "What did the boot decide? admit: resumed; hold: waits for you or its user; leave: the host's or another owner's; retire: needs nothing any more.",
      size: [12, 4],
      steps: ["blue"],
      shows: "both",
      queries: [{ expr: `sum by (verdict) (${m("sessions")})`, legend: "{{verdict}}" }],
    }),
    stat({
      title: "Held now",
      description:
        "How many conversations wait for their user or for you, from this boot and earlier ones? `openclaw resumes status` lists them, `resume <key>` or `resume --all-held` runs them, `discard <key>` ends them.",
      size: [6, 4],
      steps: ["green", [1, "yellow"], [20, "orange"]],
      queries: [{ expr: `sum(${m("held")})`, legend: "held" }],
    }),
    table({
      title: "Reasons",
      description:
        "Why was each interrupted session judged as it was? `openclaw resumes plan` has the same for each session, with the value and the limit; docs/verdicts.md says what you can do about each reason.",
      size: [12, 9],
      columns: { verdict: "Verdict", reason: "Reason", Value: "Sessions" },
      sortBy: "Sessions",
      queries: [
        { expr: orNone("reason", `sum by (verdict, reason) (${m("sessions")}) > 0`), legend: "{{verdict}} {{reason}}" },
      ],
    }),
    barGauge({
      title: "What became of them",
      description:
        "How did the claimed sessions of this boot end, so far? Their sum grows to the number of admitted ones. Many held: see how runs ended, below.",
      size: [6, 9],
      colour: "green",
      queries: [{ expr: `sum by (outcome) (${m("outcomes_total")})`, legend: "{{outcome}}" }],
    }),
    barGauge({
      title: "What the boot cost",
      description:
        "How long did each step hold up the gateway's start? It should be a fraction of a second; if not, look at the disk and at the number of sessions.",
      size: [6, 9],
      colour: "blue",
      unit: "s",
      queries: [{ expr: `max by (phase) (${m("boot_seconds")})`, legend: "{{phase}}" }],
    }),
  ],
};
