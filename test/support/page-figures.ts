/** The figures of the page in the Control UI, and the same ones as the status and the metrics tell them. */
import type { Frame } from "playwright-core";
import { ATTEMPT_RESULTS } from "../../src/domain/decisions.ts";
import { OUTCOMES, VERDICTS } from "../../src/domain/reasons.ts";
import type { StatusView } from "../../src/operate/views.ts";
import type { RestartedGateway } from "./restarted-gateway.ts";
import { waitFor } from "./wait.ts";

export type Figures = Record<string, number>;

const named = (prefix: string, counts: Readonly<Record<string, number>>): Figures =>
  Object.fromEntries(Object.entries(counts).map(([name, count]) => [`${prefix}-${name}`, count]));

export function figuresOfStatus({ queue, running, held, budget, users, totals }: StatusView): Figures {
  return {
    queued: queue.length,
    running: running.length,
    held: held.length,
    slots: budget.slots,
    "slots-used": budget.used,
    "users-waiting": users.waiting,
    "users-running": users.running,
    ...named("verdict", totals.verdicts),
    ...named("outcome", totals.outcomes),
    ...named("attempt", totals.attempts),
  };
}

/** What of it the metrics tell. */
export function figuresOfMetrics(metrics: ReadonlyMap<string, number>): Figures {
  const of = (series: string) => metrics.get(`openclaw_resume_${series}`) ?? 0;
  const verdict = (kind: string) =>
    [...metrics].reduce(
      (sum, [series, value]) =>
        series.startsWith("openclaw_resume_sessions{") && series.includes(`verdict="${kind}"`) ? sum + value : sum,
      0,
    );
  return {
    queued: of('queue_depth{lane="startup-resume"}'),
    running: of('running{lane="startup-resume"}'),
    held: of("held"),
    slots: of('budget_slots{state="used"}') + of('budget_slots{state="free"}'),
    "slots-used": of('budget_slots{state="used"}'),
    "users-waiting": of('queue_depth{lane="main"}'),
    "users-running": of('running{lane="main"}'),
    ...Object.fromEntries(Object.keys(VERDICTS).map((kind) => [`verdict-${kind}`, verdict(kind)])),
    ...Object.fromEntries(
      Object.keys(OUTCOMES).map((outcome) => [`outcome-${outcome}`, of(`outcomes_total{outcome="${outcome}"}`)]),
    ),
    ...Object.fromEntries(
      ATTEMPT_RESULTS.map((result) => [`attempt-${result}`, of(`attempts_total{result="${result}"}`)]),
    ),
  };
}

/** What the page shows, and of which moment. */
export async function figuresOfPage(frame: Frame): Promise<{ atMs: number; figures: Figures }> {
  return await frame.evaluate<{ atMs: number; figures: Figures }>(`({
    atMs: Number(document.querySelector("[data-at]")?.dataset.at),
    figures: Object.fromEntries(
      Array.from(document.querySelectorAll("[data-figure]"), (one) => [one.dataset.figure, Number(one.textContent)]),
    ),
  })`);
}

/** How many turns of users have begun; only ever more. */
const turnsBegun = (metrics: ReadonlyMap<string, number>): number =>
  metrics.get('openclaw_resume_queue_wait_seconds_count{lane="main"}') ?? 0;

/** The three of them at one moment, in which nothing has moved. */
export async function sample(restarted: RestartedGateway, frame: Frame) {
  const { gateway } = restarted;
  return await waitFor(
    async () => {
      const turnsBefore = turnsBegun(await restarted.metrics());
      const before = await gateway.call<StatusView>("resumes.status", {});
      // It looks at once when it comes into view.
      await frame.evaluate(`document.dispatchEvent(new Event("visibilitychange"))`);
      const page = await waitFor(
        async () => {
          const seen = await figuresOfPage(frame);
          return seen.atMs >= before.atMs && seen;
        },
        { what: "the page to look again", timeoutMs: 15_000 },
      );
      const metrics = figuresOfMetrics(await restarted.metrics());
      const after = await gateway.call<StatusView>("resumes.status", {});
      // A turn that has begun and ended meanwhile leaves the figures as they were.
      const turnsAfter = turnsBegun(await restarted.metrics());
      const [status, later] = [figuresOfStatus(before), figuresOfStatus(after)];
      const isStill = turnsBefore === turnsAfter && JSON.stringify(status) === JSON.stringify(later);
      return isStill && { page: page.figures, status, metrics };
    },
    { what: "a moment in which nothing moves", timeoutMs: 60_000 },
  );
}
