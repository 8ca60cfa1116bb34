import type { Row } from "../layout.ts";
import { graph, stat, text } from "../panels.ts";
import { count, countWithin, grownBy, m, quantiles, shareOf } from "../promql.ts";

const GUIDE = [
  "The rows are in the order of an incident. `openclaw resumes status` shows the same for one gateway, with session keys;",
  "`openclaw resumes pause` keeps resumes from starting while you look, `unpause` goes on, `doctor` checks the installation.",
  "A dotted vertical line is a boot.",
].join(" ");

/** Whether the people who write now are served. */
export const users: Row = {
  title: "1. Are users waiting?",
  panels: [
    text("What to do first", GUIDE, [24, 3]),
    stat({
      title: "Users waiting",
      description: "Is a user's turn waiting right now? If so, look at the longest wait and at what runs.",
      size: [5, 4],
      steps: ["green", [1, "yellow"], [5, "red"]],
      queries: [{ expr: `sum(${m("queue_depth", { lane: "main" })})`, legend: "users" }],
    }),
    stat({
      title: "Longest wait of a user",
      description:
        "How bad is it for the user who waits longest? Most turns start within a second or two. When it grows and no resume runs, users wait for each other or for the host.",
      size: [5, 4],
      unit: "s",
      steps: ["green", [5, "yellow"], [30, "red"]],
      queries: [{ expr: `max(${m("oldest_waiting_seconds", { lane: "main" })})`, legend: "longest" }],
    }),
    stat({
      title: "Users kept waiting by resumes",
      description:
        "Did a resume stand in the way of a user, for how long in the time shown? Each that gives way costs a fraction of a second. Many seconds: `openclaw resumes status` says which one runs, `openclaw resumes pause` and `hold <key>` end it.",
      size: [5, 4],
      unit: "s",
      steps: ["green", [5, "yellow"], [15, "red"]],
      queries: [{ expr: grownBy(m("starvation_seconds_total", { lane: "main" })), legend: "kept waiting" }],
    }),
    stat({
      title: "Gave way within 0.5 s",
      description:
        "Do resumes give way as fast as promised? The share of those that a user cancelled in the time shown; 100 % when none had to. Below: the gateway is overloaded or a run does not end when it is cancelled.",
      size: [5, 4],
      unit: "percentunit",
      steps: ["red", [0.95, "yellow"], [0.99, "green"]],
      queries: [
        {
          expr: shareOf(countWithin(0.5, "preemption_seconds"), count("preemption_seconds")),
          legend: "within 0.5 s",
        },
      ],
    }),
    stat({
      title: "First user served",
      description:
        "How long after the gateway was ready had it served its first user? It counts from the restart, not from the user's message: at night, when nobody writes, it says little.",
      size: [4, 4],
      unit: "s",
      steps: ["blue"],
      texts: { 0: { text: "nobody yet" } },
      queries: [{ expr: `max(${m("first_user_reply_seconds")})`, legend: "after ready" }],
    }),
    graph({
      title: "Turns that wait",
      description:
        "Is anybody waiting, users (main) or resumes (startup-resume)? After a restart the second falls to 0 as resumes get their turns; while users write it may stand still.",
      size: [8, 8],
      draws: "steps",
      queries: [{ expr: m("queue_depth"), legend: "{{lane}} {{instance}}" }],
    }),
    graph({
      title: "Longest wait",
      description:
        "How long has the one waited who waits longest? On main it should be seconds. A resume waits as long as users are served, and after `preemption.maxWaitMs` (10 minutes) may run beside them.",
      size: [8, 8],
      unit: "s",
      queries: [{ expr: m("oldest_waiting_seconds"), legend: "{{lane}} {{instance}}" }],
    }),
    graph({
      title: "Wait of user turns before they start",
      description:
        "How long do user turns wait in the host's lane? 0 where none started. Compare with before the restart: resumes have a lane of their own and should not show here.",
      size: [8, 8],
      unit: "s",
      queries: quantiles([0.5, 0.95, 0.99], "queue_wait_seconds", { lane: "main" }),
    }),
  ],
};
