/**
 * Why the lane starts nothing until somebody or something ends it: the operator, gateways that died while resumes ran, or
 * the settings. Of several the first is named: only the operator can end that one.
 */
export const PAUSE_CAUSES = ["operator", "fuse", "mode"] as const;
export type PauseCause = (typeof PAUSE_CAUSES)[number];

/**
 * Everything that keeps queued resumes from starting. Beside the pauses: the gateway is not ready yet or stops already, the
 * host has just refused a run, users are being served, or all that is queued are retries whose delay is not over.
 */
export const WAIT_CAUSES = [
  ...PAUSE_CAUSES,
  "gateway-starting",
  "gateway-stopping",
  "host-refused",
  "users",
  "resting",
] as const;
export type WaitCause = (typeof WAIT_CAUSES)[number];
