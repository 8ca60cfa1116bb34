/**
 * Why the lane starts nothing until somebody or something ends it: the operator, gateways that died while resumes ran, the
 * settings, or a gateway that is busy. Of several the first is named: only the operator can end that one.
 */
export const PAUSE_CAUSES = ["operator", "fuse", "mode", "memory", "event-loop"] as const;
export type PauseCause = (typeof PAUSE_CAUSES)[number];

/** What a permit to start can wait for: the pace of this gateway, or the budget of the fleet. */
export const PERMIT_CAUSES = ["pace", "fleet"] as const;
export type PermitCause = (typeof PERMIT_CAUSES)[number];

/**
 * Everything that keeps queued resumes from starting. Beside the pauses and the permits: the gateway is not ready yet or
 * stops already, the host has just refused a run, users are being served, all that is queued are retries whose delay is
 * not over, their model provider refuses, or it has yet to answer the first of them. `spend`: what this boot may use is
 * used up, and nothing but what the operator asks for is queued any more.
 */
export const WAIT_CAUSES = [
  ...PAUSE_CAUSES,
  "gateway-starting",
  "gateway-stopping",
  "host-refused",
  "users",
  "resting",
  "cooldown",
  "probe",
  ...PERMIT_CAUSES,
  "spend",
] as const;
export type WaitCause = (typeof WAIT_CAUSES)[number];
