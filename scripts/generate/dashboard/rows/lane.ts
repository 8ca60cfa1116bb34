import type { Row } from "../layout.ts";
import { graph, stat, timeline } from "../panels.ts";
import { m, quantiles } from "../promql.ts";

/** What the scheduler does, and what keeps it from doing more. */
export const lane: Row = {
  title: "2. What is the lane doing?",
  panels: [
    stat({
      title: "Plugin",
      description:
        "Is the plugin at work in this gateway? With failed or misconfigured it does nothing and the host recovers by itself, one hanging turn after another: `openclaw resumes doctor` names the cause and the fix.",
      size: [4, 8],
      steps: ["blue"],
      shows: "name",
      bad: ["failed", "misconfigured"],
      queries: [{ expr: `${m("state")} == 1`, legend: "{{state}}" }],
    }),
    timeline({
      title: "Why nothing starts",
      description:
        "What keeps queued resumes from starting? users, resting, pace, probe, fleet and gateway-starting pass by themselves; cooldown: the model provider refuses; memory, event-loop: the gateway is overloaded. operator, mode, fuse and spend last until somebody ends them: `openclaw resumes status` says how.",
      size: [10, 8],
      colour: "blue",
      bad: ["operator", "mode", "fuse"],
      queries: [{ expr: m("lane_paused"), legend: "{{cause}} {{instance}}" }],
    }),
    timeline({
      title: "What the scheduler does",
      description:
        "What is it doing? waiting: nothing runs; running: resumes run; yielding: cancelled ones have not ended yet, which should be too short to see. Long yielding: `openclaw resumes status` tells which run does not end.",
      size: [10, 8],
      colour: "green",
      bad: ["failed"],
      queries: [{ expr: m("mode"), legend: "{{mode}} {{instance}}" }],
    }),
    graph({
      title: "Turns that run",
      description: "Who is being served, users (main) or resumes (startup-resume)? Resumes step aside while users run.",
      size: [8, 8],
      draws: "steps",
      queries: [{ expr: m("running"), legend: "{{lane}} {{instance}}" }],
    }),
    graph({
      title: "Slots of the budget",
      description:
        "Is the budget used up? All used and nothing ends: resumes hang until `resume.timeoutMs`. All free while resumes wait: see why nothing starts.",
      size: [8, 8],
      draws: "stacks",
      queries: [{ expr: `sum by (state) (${m("budget_slots")})`, legend: "{{state}}" }],
    }),
    graph({
      title: "Wait of resumes before they start",
      description:
        "How long do resumes wait for their turn? 0 where none started. Minutes are normal on a low-priority lane; `openclaw resumes resume <key>` puts one first.",
      size: [8, 8],
      unit: "s",
      queries: quantiles([0.5, 0.95], "queue_wait_seconds", { lane: "startup-resume" }),
    }),
  ],
};
