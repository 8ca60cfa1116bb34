import { BOOT_PHASES } from "../domain/events.ts";
import { FLEET_STATES } from "../domain/fleet-state.ts";
import { SCHEDULER_MODES } from "../domain/mode.ts";
import { OUTCOMES, type Outcome, reasonsOf, VERDICTS, type VerdictKind } from "../domain/reasons.ts";
import { ATTEMPT_RESULTS, CANCEL_CAUSES } from "../domain/decisions.ts";
import { SERVICE_STATES } from "../domain/service-state.ts";
import { LANES, STARVES } from "../domain/starvation.ts";
import { WAIT_CAUSES } from "../domain/wait-cause.ts";

/** One metric: what it is, every series it will ever have, and which question of an operator's it answers. */
interface MetricNote {
  readonly type: "gauge" | "counter" | "histogram";
  /** Every set of labels, from closed lists: all of them are there from the start, and none is ever added. */
  readonly series: readonly Readonly<Record<string, string>>[];
  readonly unit: string;
  /** The HELP text. */
  readonly meaning: string;
  readonly question: string;
  /** Upper bounds of a histogram's buckets, seconds; the docs say why these. */
  readonly buckets?: { readonly bounds: readonly number[]; readonly why: string };
}

const each = <Label extends string, Value extends string>(label: Label, values: readonly Value[]) =>
  values.map((value) => ({ [label]: value }) as Record<Label, Value>);
const ONE = [{}] as const;

/** The one metric whose values are not listed: they are this process's. */
const BUILD: readonly Readonly<Record<"version" | "host", string>>[] = [{ version: "", host: "" }];
const VERDICT_SERIES = (Object.keys(VERDICTS) as VerdictKind[]).flatMap((verdict) =>
  reasonsOf(verdict).map((reason) => ({ verdict, reason })),
);

/** Every Prometheus series of the plugin, in the order of an incident. The docs, the dashboard's tests and the registry are made from it. */
export const METRICS = {
  queue_depth: {
    type: "gauge",
    series: each("lane", LANES),
    unit: "turns",
    meaning: "Turns that wait: user turns on main, resumes on startup-resume.",
    question: "Is anybody waiting right now, users or resumes?",
  },
  running: {
    type: "gauge",
    series: each("lane", LANES),
    unit: "turns",
    meaning: "Turns that run: user turns on main, resumes on startup-resume.",
    question: "Is anybody being served right now?",
  },
  oldest_waiting_seconds: {
    type: "gauge",
    series: each("lane", LANES),
    unit: "seconds",
    meaning: "How long the longest waiting turn has waited.",
    question: "How bad is it for the one who waits longest?",
  },
  starvation_seconds_total: {
    type: "counter",
    series: each("lane", LANES),
    unit: "seconds",
    meaning: LANES.map((lane) => `${lane}: ${STARVES[lane]}`)
      .join("; ")
      .concat("."),
    question: "Did resumes keep users waiting, and were resumes served at all?",
  },
  queue_wait_seconds: {
    type: "histogram",
    series: each("lane", LANES),
    unit: "seconds",
    meaning: "Wait from queueing to start; main is the host's own lane wait.",
    question: "How long do turns wait before they start?",
    buckets: {
      bounds: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 600, 3600],
      why: "from a wait that nobody notices to one that makes a user write again, and up to what a low-priority lane may take",
    },
  },
  first_user_reply_seconds: {
    type: "gauge",
    series: ONE,
    unit: "seconds",
    meaning: "From the gateway's ready to the end of the first user turn that was answered; 0 until then.",
    question: "How long after the restart was the first user served?",
  },
  preemptions_total: {
    type: "counter",
    series: each("cause", CANCEL_CAUSES),
    unit: "resumes",
    meaning: "Running resumes that were cancelled, by cause.",
    question: "Do resumes give way, and to whom?",
  },
  preemption_seconds: {
    type: "histogram",
    series: ONE,
    unit: "seconds",
    meaning: "From the user's signal to the drained run.",
    question: "How fast do resumes give way?",
    buckets: {
      bounds: [0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 1, 2.5, 5],
      why: "the host drains a run in 0.1 to 0.4 s; 0.5 s is the promise, what is beyond it is a fault",
    },
  },
  mode: {
    type: "gauge",
    series: each("mode", SCHEDULER_MODES),
    unit: "1 or 0",
    meaning: "1 for what the scheduler is doing, 0 for the rest; all 0 where there is none (state off, misconfigured).",
    question: "What is the lane doing?",
  },
  lane_paused: {
    type: "gauge",
    series: each("cause", WAIT_CAUSES),
    unit: "1 or 0",
    meaning:
      "1 for each cause for which resumes may not start; operator, mode, fuse and spend always, the others while something is queued.",
    question: "Why does nothing start?",
  },
  budget_slots: {
    type: "gauge",
    series: each("state", ["used", "free"] as const),
    unit: "slots",
    meaning: "Slots of the budget by state.",
    question: "Is the budget used up?",
  },
  spent_tokens: {
    type: "gauge",
    series: ONE,
    unit: "tokens",
    meaning: "Tokens that resumes have used since the gateway started, as the host reports them.",
    question: "How much of the token budget is used up?",
  },
  spent_dollars: {
    type: "gauge",
    series: ONE,
    unit: "US dollars",
    meaning: "What resumes have cost since the gateway started, by the prices in the host's configuration.",
    question: "What did this restart cost?",
  },
  providers_cooling: {
    type: "gauge",
    series: ONE,
    unit: "providers",
    meaning: "Model providers that have refused and get no resume for a while.",
    question: "Does a model provider refuse?",
  },
  fleet: {
    type: "gauge",
    series: each("state", FLEET_STATES),
    unit: "1 or 0",
    meaning: "1 for what the budget shared with other gateways is like, 0 for the rest; all 0 where there is none.",
    question: "Do the gateways share one budget?",
  },
  state: {
    type: "gauge",
    series: each("state", SERVICE_STATES),
    unit: "1 or 0",
    meaning: "1 for what the plugin does in this gateway, 0 for the rest.",
    question: "Is the plugin at work at all?",
  },
  settings_errors: {
    type: "gauge",
    series: ONE,
    unit: "settings",
    meaning: "Settings that are wrong: at the start the plugin then does nothing, later those before the change stay.",
    question: "Did my last edit of the settings take effect?",
  },
  boot_timestamp_seconds: {
    type: "gauge",
    series: ONE,
    unit: "seconds since 1970",
    meaning: "When the gateway that runs judged its interrupted sessions; 0 when it has not.",
    question: "When did the gateway restart?",
  },
  boot_seconds: {
    type: "gauge",
    series: each("phase", BOOT_PHASES),
    unit: "seconds",
    meaning: "How long this boot's steps held up the gateway's start.",
    question: "Does the plugin slow the restart down, and where?",
  },
  sessions: {
    type: "gauge",
    series: VERDICT_SERIES,
    unit: "sessions",
    meaning: "Candidates of this boot by verdict and reason.",
    question: "What did this boot decide, and why?",
  },
  held: {
    type: "gauge",
    series: ONE,
    unit: "sessions",
    meaning: "Sessions that are held now, of this boot and of earlier ones; their users have not continued them.",
    question: "How many conversations wait for me?",
  },
  attempts_total: {
    type: "counter",
    series: each("result", ATTEMPT_RESULTS),
    unit: "runs",
    meaning: "Runs of resumes that have ended, by how; a session can have several.",
    question: "Do resumes succeed, and if not, how do they fail?",
  },
  run_seconds: {
    type: "histogram",
    series: each("outcome", ATTEMPT_RESULTS),
    unit: "seconds",
    meaning: "How long a run of a resume held its slot, by how it ended.",
    question: "How long do resumes take?",
    buckets: {
      bounds: [0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 900, 3600],
      why: "a turn takes seconds; the default time limit is 60 s, the largest one 3600 s",
    },
  },
  outcomes_total: {
    type: "counter",
    series: each("outcome", Object.keys(OUTCOMES) as Outcome[]),
    unit: "sessions",
    meaning: "Claimed sessions that were settled, by outcome: each once, and a held one again when it is let go.",
    question: "What became of the interrupted conversations?",
  },
  events_dropped_total: {
    type: "counter",
    series: ONE,
    unit: "events",
    meaning: "Events that a metric, the log or another listener failed to take; the resumes went on.",
    question: "Can I trust these numbers?",
  },
  split_conversations: {
    type: "gauge",
    series: ONE,
    unit: "conversations",
    meaning: "Conversations whose user has spoken in two sessions, as this boot found them.",
    question: "Do two keys cut one conversation in two?",
  },
  build_info: {
    type: "gauge",
    series: BUILD,
    unit: "1",
    meaning: "1, with the versions of the plugin and of the host.",
    question: "Which versions run here?",
  },
} as const satisfies Record<string, MetricNote>;

export type MetricName = keyof typeof METRICS;
export type MetricsOf<Type extends MetricNote["type"]> = {
  [Name in MetricName]: (typeof METRICS)[Name]["type"] extends Type ? Name : never;
}[MetricName];
/** The labels of one series of a metric. */
export type LabelsOf<Name extends MetricName> = (typeof METRICS)[Name]["series"][number];

/** As Prometheus sees it. */
export const fullName = (name: MetricName): string => `openclaw_resume_${name}`;
