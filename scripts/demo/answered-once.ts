/** How many interrupted chats got no answer, one, or more. */
import type { RestartedGateway } from "../../test/support/restarted-gateway.ts";

export type AnswerCounts = { none: number; one: number; more: number };

export function answerCounts(restarted: RestartedGateway): AnswerCounts {
  const counts: AnswerCounts = { none: 0, one: 0, more: 0 };
  for (const { chatId, token } of restarted.chats) {
    const answers = restarted.botApi.answers(chatId, { token }).length;
    counts[answers === 0 ? "none" : answers === 1 ? "one" : "more"] += 1;
  }
  return counts;
}

/** Waits until nothing is queued and nothing runs on the plugin's lane. */
export async function untilLaneIsEmpty(restarted: RestartedGateway, timeoutMs: number): Promise<void> {
  await restarted.waitForMetric('queue_depth{lane="startup-resume"}', (value) => value === 0, timeoutMs);
  await restarted.waitForMetric('running{lane="startup-resume"}', (value) => value === 0, timeoutMs);
}
