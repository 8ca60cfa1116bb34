/**
 * What the scheduler as a whole is doing.
 *
 * - `starting`: sessions are claimed and queued; nothing starts before the gateway is ready.
 * - `waiting`: nothing runs: there is no work, users are being served, or the lane is paused.
 * - `running`: resumes run.
 * - `yielding`: resumes that were cancelled, for users or by the operator, have not ended yet.
 * - `draining`: the gateway stops; what runs was cancelled and has not ended yet.
 * - `stopped`: nothing runs and nothing will.
 * - `failed`: it could not start; the host recovers as it would without this plugin.
 */
export const SCHEDULER_MODES = ["starting", "waiting", "running", "yielding", "draining", "stopped", "failed"] as const;
export type SchedulerMode = (typeof SCHEDULER_MODES)[number];

/**
 * Where each mode may lead. What is started and cancelled in one step goes straight to `yielding`; nothing starts anew, and
 * what drains or has stopped does not go on.
 */
const NEXT: Readonly<Record<SchedulerMode, readonly SchedulerMode[]>> = {
  starting: ["waiting", "running", "yielding", "draining", "stopped", "failed"],
  waiting: ["running", "yielding", "draining", "stopped", "failed"],
  running: ["waiting", "yielding", "draining", "failed"],
  yielding: ["waiting", "running", "draining", "failed"],
  draining: ["stopped", "failed"],
  stopped: ["failed"],
  failed: [],
};

/** The one place where the mode changes. Throws on a change that must not be. */
export function changeMode(from: SchedulerMode, to: SchedulerMode): SchedulerMode {
  if (from !== to && !NEXT[from].includes(to)) throw new Error(`the scheduler went from ${from} to ${to}`);
  return to;
}
