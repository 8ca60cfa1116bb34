import type { Row } from "../layout.ts";
import { barGauge, graph, stat } from "../panels.ts";
import { count, countWithin, grownBy, m, quantiles, quantilePer, perMinute } from "../promql.ts";

const FAILURES = ["failed", "timed-out", "undelivered"] as const;

/** Faults, and the runs and preemptions that show what kind they are. */
export const faults: Row = {
  title: "4. What went wrong?",
  panels: [
    stat({
      title: "Crash-loop fuse",
      description:
        "Did gateways die one after the other while resumes ran? Then nothing is resumed for ten minutes. Find out why they died (`openclaw logs`, the kernel's log) before `openclaw resumes unpause`.",
      size: [4, 4],
      steps: ["green", [1, "red"]],
      texts: { 0: { text: "intact" }, 1: { text: "blown" } },
      queries: [{ expr: `max(${m("lane_paused", { cause: "fuse" })})`, legend: "fuse" }],
    }),
    stat({
      title: "Failed runs",
      description:
        "How many runs of resumes ended in an error, over their time limit, or with an answer that could not be sent, in the time shown? One or two are tried again; many: the model provider or the channel is the place to look.",
      size: [4, 4],
      steps: ["green", [1, "yellow"], [5, "red"]],
      queries: [{ expr: grownBy(m("attempts_total", { result: FAILURES })), legend: "runs" }],
    }),
    stat({
      title: "Slow to give way",
      description: "How many resumes took longer than 0.5 s to give way to a user, in the time shown? None should.",
      size: [4, 4],
      steps: ["green", [1, "yellow"], [5, "red"]],
      queries: [
        {
          expr: `(${grownBy(count("preemption_seconds"))}) - (${grownBy(countWithin(0.5, "preemption_seconds"))})`,
          legend: "resumes",
        },
      ],
    }),
    stat({
      title: "Wrong settings",
      description:
        "Did the last edit of the settings take effect? Each wrong one is named in the log and by `openclaw resumes doctor`; until it is right, those before the edit stay, and at a gateway's start the plugin does nothing.",
      size: [4, 4],
      steps: ["green", [1, "red"]],
      queries: [{ expr: `sum(${m("settings_errors")})`, legend: "settings" }],
    }),
    stat({
      title: "Events dropped",
      description:
        "Can these numbers be trusted? Each dropped event is one that a metric or the log did not take since the boot: resumes went on, the counters may be short. Please report it with the gateway's log.",
      size: [4, 4],
      steps: ["green", [1, "red"]],
      queries: [{ expr: `sum(${m("events_dropped_total")})`, legend: "events" }],
    }),
    stat({
      title: "Split conversations",
      description:
        "Does one conversation go on in two sessions that do not know of each other? Two keys stand for it: `openclaw resumes doctor` names the sessions, their times and transcripts. Let whatever writes to them use one key.",
      size: [4, 4],
      steps: ["green", [1, "yellow"]],
      queries: [{ expr: `sum(${m("split_conversations")})`, legend: "conversations" }],
    }),
    graph({
      title: "How runs of resumes ended",
      description:
        "Do resumes succeed, and if not, how do they fail? timed-out in a row: the model hangs; failed: it errs; undelivered: the channel does not take answers; preempted: users went first, which is no fault.",
      size: [8, 8],
      draws: "stacks",
      unit: "suffix:/min",
      queries: [{ expr: perMinute("result", m("attempts_total")), legend: "{{result}}" }],
    }),
    barGauge({
      title: "How long runs took",
      description:
        "How long did a run hold its slot, at the 95th percentile of the time shown, by how it ended? timed-out is as long as `resume.timeoutMs`; if completed comes near it, raise it.",
      size: [8, 8],
      colour: "blue",
      unit: "s",
      queries: [{ expr: quantilePer("outcome", 0.95, "run_seconds"), legend: "{{outcome}}" }],
    }),
    graph({
      title: "Run times",
      description:
        "How long do single runs take? 0 where none ended. A dot is one run: look for its `session_ref` as `sessionRef` in the gateway's log (needs Prometheus with `--enable-feature=exemplar-storage`).",
      size: [8, 8],
      unit: "s",
      queries: quantiles([0.5, 0.95], "run_seconds"),
    }),
    graph({
      title: "Preemptions",
      description:
        "To whom do resumes give way? own-user: of the session being resumed; other-user: of another one; shutdown: the gateway stops; operator: `hold` or `discard`.",
      size: [8, 8],
      draws: "stacks",
      unit: "suffix:/min",
      queries: [{ expr: perMinute("cause", m("preemptions_total")), legend: "{{cause}}" }],
    }),
    graph({
      title: "Time to give way",
      description:
        "How long does a user wait for a resume to end? 0 where none had to. The dashed line is the promise; above it, the gateway is overloaded or a tool call does not stop when it is told to.",
      size: [8, 8],
      unit: "s",
      limit: 0.5,
      queries: quantiles([0.5, 0.95, 0.99], "preemption_seconds"),
    }),
    graph({
      title: "Starvation",
      description:
        "For which share of the time was a lane served by nobody? main: a resume was in a user's way; startup-resume: one was ready and none ran, as happens while users are busy or the lane is paused.",
      size: [8, 8],
      unit: "percentunit",
      queries: [
        {
          expr: `max by (lane) (rate(${m("starvation_seconds_total")}[$__rate_interval]))`,
          legend: "{{lane}}",
        },
      ],
    }),
  ],
};
