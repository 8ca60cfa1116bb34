import type { Refusal } from "../domain/decisions.ts";
import { faultOf } from "../domain/provider-fault.ts";
import { classifyRunError, type RunError } from "../domain/run-error.ts";

/**
 * Errors of the host that mean something to the plugin. The public SDK of no host exports all of their classes or codes for
 * them, so they are told by name and text: here, and nowhere else.
 */

/** The host takes no new work: it is about to restart or stop (its signal for that comes later than this). */
export function isRefusal(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return (
    /^(GatewayDrainingError|CommandLaneClearedError)$/.test(error.name) || /gateway is draining/i.test(error.message)
  );
}

/** The outbound queue has this reply already: an earlier attempt, before a crash, got that far. */
export function isQueuedAlready(error: unknown): boolean {
  return error instanceof Error && error.message.includes("delivery intent is already queued");
}

/** A file or an address of a reply cannot be read, or must not be: the queue has not taken the reply. */
export function isMediaError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return /^(FsSafe|LocalMediaAccess|MediaFetch)Error$/.test(error.name) || /\bmedia\b/i.test(error.message);
}

/** The gateway was not reached, or was lost before it had answered. */
export function isTransportError(
  error: unknown,
): error is Error & { readonly code?: number; readonly connectionDetails: { readonly urlSource: string } } {
  if (!(error instanceof Error) || error.name !== "GatewayTransportError") return false;
  const details: unknown = Reflect.get(error, "connectionDetails");
  return typeof details === "object" && details !== null;
}

/** The gateway has refused a request, or the connection. */
export function isRequestError(
  error: unknown,
): error is Error & { readonly gatewayCode: string; readonly details?: unknown; readonly retryable: boolean } {
  if (!(error instanceof Error) || error.name !== "GatewayClientRequestError") return false;
  return typeof Reflect.get(error, "gatewayCode") === "string";
}

/**
 * What a model provider says that takes no requests; `undefined` for every other error. The host names the reason and the
 * provider on the error that it throws. It keeps a key out of use for a while after a failure: then no request was made.
 */
export function refusalOf(error: unknown): Refusal | undefined {
  const { reason, provider, soonestCooldownExpiry } = (error ?? {}) as Record<string, unknown>;
  const isDisabled = error instanceof Error && /temporarily disabled after a provider/i.test(error.message);
  const fault = isDisabled ? "disabled" : faultOf(reason);
  if (fault === undefined) return undefined;
  const retryAfterMs = typeof soonestCooldownExpiry === "number" ? Math.max(0, soonestCooldownExpiry - Date.now()) : 0;
  return { ...(typeof provider === "string" ? { provider } : {}), fault, retryAfterMs };
}

/** Why the host's model runner gave a turn up; it names the reason on the error that it throws. */
export function failureReason(error: unknown): RunError {
  const { reason, status } = (error ?? {}) as { reason?: unknown; status?: unknown };
  return classifyRunError(reason, typeof status === "number" ? String(status) : undefined);
}
