import type { StatusView } from "../operate/views.ts";

/** Whether a chat message is this plugin's own command: its sender asks about resumes and must not stop them by that. */
export const isOwnCommand = (text: string | undefined): boolean => /^\s*\/resumes(@\w+)?(\s|$)/i.test(text ?? "");

/** The status in a few lines, for a chat: numbers only, because other people's session keys are none of a chat's business. */
export function statusText(status: StatusView): string {
  const { state, lane, budget, queue, running, held, totals } = status;
  if (state !== "active" && queue.length + running.length + held.length === 0) {
    return `Resumes: ${state}. Nothing is claimed.`;
  }
  const { completed, superseded } = totals.outcomes;
  const waiting = queue.length === 0 || lane.waitingFor === null ? "" : ` (waiting: ${lane.waitingFor})`;
  return [
    `Resumes: ${lane.pausedSinceMs === null ? state : "paused"}, ${budget.used} of ${budget.slots} slots used`,
    `Running ${running.length}, queued ${queue.length}${waiting}, held ${held.length}`,
    `This boot: ${totals.verdicts.admit} admitted, ${completed} completed, ${superseded} continued by their users`,
  ].join("\n");
}
