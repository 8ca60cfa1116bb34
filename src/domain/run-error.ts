/** What kind of error ended a run. */
export type RunErrorKind =
  | "authentication"
  | "billing"
  | "model-not-found"
  | "context-overflow"
  | "rate-limit"
  | "overloaded"
  | "timeout"
  | "network"
  | "unknown";

export interface RunError {
  readonly kind: RunErrorKind;
  /** A repeat ends the same way until somebody changes something. */
  readonly permanent: boolean;
}

const PERMANENT: ReadonlySet<RunErrorKind> = new Set([
  "authentication",
  "billing",
  "model-not-found",
  "context-overflow",
]);

/** Makes the error of a kind. */
export const runError = (kind: RunErrorKind): RunError => ({ kind, permanent: PERMANENT.has(kind) });

/**
 * Reads the codes and the text of an error as the host records them on a transcript message or throws them (2026.9.6).
 * The first words that match decide, so the more specific ones come first: a provider that reports a used-up quota as
 * 429 means billing. No words of it are kept.
 */
export function classifyRunError(...words: readonly unknown[]): RunError {
  const text = words.filter((word) => typeof word === "string" || typeof word === "number").join("\n");
  const found = PATTERNS.find(([, pattern]) => pattern.test(text.slice(0, LONGEST_TEXT)));
  return runError(found?.[0] ?? "unknown");
}

/** An error text can carry a whole response body; what it is stands at its beginning. */
const LONGEST_TEXT = 2000;

/** Codes and reasons are compared as whole lines, texts by their words. */
const PATTERNS: readonly (readonly [RunErrorKind, RegExp])[] = [
  [
    "context-overflow",
    /^(context_length_exceeded|context_overflow|request_too_large)$|context (length|window|overflow)|(prompt|input) is too long|too many input tokens/im,
  ],
  [
    "billing",
    /^(insufficient_quota|billing(_error)?|payment_required|402)$|^402\b|insufficient (credit|quota|fund|balance)|payment required|\bbilling\b/im,
  ],
  [
    "model-not-found",
    /^(model_not_found|not_found_error|404)$|^404\b|model\b.{0,80}(does not exist|not found)|unknown model/im,
  ],
  [
    "authentication",
    /^(auth|auth_permanent|invalid_api_key|authentication_error|permission_error|401|403)$|^40[13]\b|(incorrect|invalid|missing|no) api[ -]?key|api[ -]?key not valid|unauthori[sz]ed/im,
  ],
  [
    "rate-limit",
    /^(rate_limit|rate_limit_exceeded|rate_limit_error|429)$|^429\b|rate limit|too many (requests|tokens)|throttl/im,
  ],
  ["overloaded", /^(overloaded|overloaded_error|server_error|5\d\d)$|^5\d\d\b|overloaded|service unavailable/im],
  ["timeout", /^(timeout|408|etimedout)$|timed out|timeout/im],
  [
    "network",
    /^(econnreset|econnrefused|enotfound|epipe|eai_again)$|connection (error|reset|refused)|network|fetch failed/im,
  ],
];
