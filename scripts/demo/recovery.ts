/** The rest of the story, with the plugin: the model answers again and the remaining chats are resumed. */
import type { RestartedGateway } from "../../test/support/restarted-gateway.ts";
import { waitFor } from "../../test/support/wait.ts";
import { type AnswerCounts, answerCounts } from "./answered-once.ts";
import { answerAgain } from "./hanging-model.ts";

/** How many of the interrupted chats got how many answers; the host's notices are none. */
export type Recovery = AnswerCounts & {
  /** Held at boot: there were more than `budget.maxPerBoot`. */
  heldOverBootLimit: number;
  tookMs: number;
  /** How long resumes have kept users waiting since the restart, as the plugin's own metric says. */
  starvedMs: number;
};

/** The quiet time, plus a generous wait for each resume on a busy machine. */
const timeoutFor = (chats: number) => 60_000 + chats * 5_000;

export async function recoverRest(restarted: RestartedGateway, say: (text: string) => void): Promise<Recovery> {
  const startedAtMs = performance.now();
  answerAgain(restarted.model);
  await waitFor(
    async () => {
      const counted = answerCounts(restarted);
      say(
        `the model answers again: ${restarted.chats.length - counted.none} of ${restarted.chats.length} chats answered`,
      );
      const metrics = await restarted.metrics();
      const left = ["queue_depth", "running"].map((name) =>
        metrics.get(`openclaw_resume_${name}{lane="startup-resume"}`),
      );
      return left.every((count) => count === 0);
    },
    {
      timeoutMs: timeoutFor(restarted.chats.length),
      everyMs: 250,
      what: "the end of all resumes",
      lastState: () => `${restarted.describeReplies()}\n${restarted.gateway.logTail()}`,
    },
  );
  const metrics = await restarted.metrics();
  return {
    ...answerCounts(restarted),
    heldOverBootLimit: metrics.get('openclaw_resume_sessions{verdict="hold",reason="over-boot-limit"}') ?? 0,
    tookMs: Math.round(performance.now() - startedAtMs),
    starvedMs: Math.round((metrics.get('openclaw_resume_starvation_seconds_total{lane="main"}') ?? 0) * 1000),
  };
}
