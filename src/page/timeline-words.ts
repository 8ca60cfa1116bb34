import { duration } from "../cli/text.ts";
import type { TimelineSpan, TimelineView } from "../operate/page-views.ts";
import type { BarKind } from "./timeline-geometry.ts";
import { counted } from "./visible.ts";

/** Each kind of bar: a letter where it fits, and what it says. */
export const KINDS: Readonly<Record<BarKind, { readonly letter: string; readonly text: string }>> = {
  completed: { letter: "C", text: "completed" },
  failed: { letter: "F", text: "failed" },
  "timed-out": { letter: "T", text: "timed out" },
  undelivered: { letter: "U", text: "not delivered" },
  superseded: { letter: "S", text: "superseded: its user's own turn goes on" },
  held: { letter: "H", text: "held" },
  refused: { letter: "R", text: "refused by the host" },
  "provider-fault": { letter: "M", text: "refused by the model provider" },
  preempted: { letter: "P", text: "preempted: made room" },
  running: { letter: "", text: "runs now" },
  mixed: { letter: "", text: "several short runs" },
};

/** What the drawing shows, for those who do not see it. */
export function summaryOf(view: TimelineView): string {
  const { fromMs, toMs, slots, runs, users, starved } = view;
  const results = Map.groupBy(runs, ({ result }) => result ?? "running");
  const byResult = [...results].map(([kind, some]) => `${some.length} ${KINDS[kind].text}`).join(", ");
  const preempted = runs.filter(({ cancelled }) => cancelled?.cause.endsWith("-user") === true).length;
  return [
    `Timeline of ${duration(Math.round((toMs - fromMs) / 1000) * 1000)}: ${counted(slots, "slot")} of the lane and main`,
    runs.length === 0 ? "no run" : `${counted(runs.length, "run")}: ${byResult}`,
    `users preempted ${counted(preempted, "run")}`,
    `users waited for ${told(total(users.waiting, toMs))}`,
    `main starved for ${told(total(starved.main, toMs))}, the resumes for ${told(total(starved["startup-resume"], toMs))}`,
  ].join("; ");
}

const told = (ms: number): string => duration(ms < 1000 ? ms : Math.round(ms / 1000) * 1000);

/** How long the spans are together. */
export const total = (spans: readonly TimelineSpan[], toMs: number): number =>
  spans.reduce((sum, span) => sum + Math.max(0, (span.toMs ?? toMs) - span.fromMs), 0);
