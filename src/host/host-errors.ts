import { classifyRunError, type RunError } from "../domain/run-error.ts";

/**
 * Errors of the host that mean something to the plugin. The public SDK exports neither their classes nor codes for them
 * (2026.9.6), so they are told by name and text: here, and nowhere else.
 */

/**
 * The host takes no new work: it is about to restart or stop (its signal for that comes later than this), or it keeps the
 * provider's key out of use for a while after a failure. No request was made.
 */
export function isRefusal(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return (
    /^(GatewayDrainingError|CommandLaneClearedError)$/.test(error.name) ||
    /gateway is draining|temporarily disabled after a provider/i.test(error.message)
  );
}

/** The outbound queue has this reply already: an earlier attempt, before a crash, got that far. */
export function isQueuedAlready(error: unknown): boolean {
  return error instanceof Error && error.message.includes("delivery intent is already queued");
}

/** Why the host's model runner gave a turn up; it names the reason on the error that it throws. */
export function failureReason(error: unknown): RunError {
  const { reason, status } = (error ?? {}) as { reason?: unknown; status?: unknown };
  return classifyRunError(reason, typeof status === "number" ? String(status) : undefined);
}
