import { describe, expect, it } from "vitest";
import { classifyRunError, runError, type RunErrorKind } from "../../../src/domain/run-error.ts";
import { failureReason, isRefusal } from "../../../src/host/host-errors.ts";

/** As the host writes them on an error row: code, type, message. */
const ROWS: readonly (readonly [kind: RunErrorKind, code: unknown, type: unknown, text: unknown])[] = [
  ["authentication", "invalid_api_key", "invalid_request_error", "401 Incorrect API key provided: sk-*****abc."],
  ["authentication", undefined, "authentication_error", "401 invalid x-api-key"],
  ["authentication", undefined, "permission_error", "403 Your API key does not have permission"],
  ["authentication", undefined, undefined, "No API key found for provider openai"],
  ["authentication", undefined, undefined, '401 {"type":"error","error":{"type":"authentication_error"}}'],
  ["billing", "insufficient_quota", "insufficient_quota", "402 You exceeded your current quota."],
  ["billing", "insufficient_quota", "insufficient_quota", "429 You exceeded your current quota."],
  ["billing", undefined, "billing_error", "Your credit balance is too low"],
  ["billing", undefined, undefined, "402 Payment Required"],
  ["model-not-found", "model_not_found", "invalid_request_error", "404 The model `gpt-x` does not exist"],
  ["model-not-found", undefined, "not_found_error", "404 model: claude-x"],
  ["model-not-found", undefined, undefined, "Unknown model: openai/gpt-x"],
  ["context-overflow", "context_length_exceeded", "invalid_request_error", "400 This model's maximum is 8192 tokens"],
  ["context-overflow", undefined, "invalid_request_error", "400 prompt is too long: 210000 tokens > 200000 maximum"],
  ["context-overflow", undefined, "request_too_large", "413 Request exceeds the maximum size"],
  ["rate-limit", "rate_limit_exceeded", "tokens", "429 Rate limit reached for gpt-x in organization org-1"],
  ["rate-limit", undefined, "rate_limit_error", "429 This request would exceed your organization's limit"],
  ["rate-limit", undefined, undefined, "Too Many Requests"],
  ["overloaded", undefined, "server_error", "500 The server had an error while processing your request"],
  ["overloaded", undefined, "overloaded_error", "529 Overloaded"],
  ["overloaded", undefined, undefined, "503 Service Unavailable"],
  ["timeout", undefined, undefined, "Request timed out."],
  ["timeout", "ETIMEDOUT", undefined, "connect ETIMEDOUT 1.2.3.4:443"],
  ["network", "ECONNRESET", undefined, "Connection error."],
  ["network", undefined, undefined, "Connection error."],
  ["network", "ENOTFOUND", undefined, "getaddrinfo"],
  ["network", undefined, undefined, "fetch failed"],
  ["unknown", undefined, undefined, "the model said no"],
  ["unknown", undefined, "invalid_request_error", "400 'messages' must contain the word 'json'"],
];

const PERMANENT: readonly RunErrorKind[] = ["authentication", "billing", "model-not-found", "context-overflow"];

it.each(ROWS)("knows %s by %s, %s, %s", (kind, ...words) => {
  expect(classifyRunError(...words)).toEqual({ kind, permanent: PERMANENT.includes(kind) });
});

describe("an error that the host's model runner throws", () => {
  it.each([
    ["auth", "authentication"],
    ["auth_permanent", "authentication"],
    ["billing", "billing"],
    ["model_not_found", "model-not-found"],
    ["context_overflow", "context-overflow"],
    ["rate_limit", "rate-limit"],
    ["server_error", "overloaded"],
    ["overloaded", "overloaded"],
    ["timeout", "timeout"],
    ["format", "unknown"],
    ["unknown", "unknown"],
    ["session_expired", "unknown"],
  ] as const)("for the reason %s is %s", (reason, kind) => {
    const error = Object.assign(new Error("secret"), { name: "FailoverError", reason });
    expect(failureReason(error)).toEqual(runError(kind));
  });

  it.each([
    [401, "authentication"],
    [402, "billing"],
    [403, "authentication"],
    [408, "timeout"],
    [429, "rate-limit"],
    [500, "overloaded"],
    [529, "overloaded"],
    [400, "unknown"],
  ] as const)("with the status %i alone is %s", (status, kind) => {
    expect(failureReason(Object.assign(new Error("secret"), { status }))).toEqual(runError(kind));
  });

  it("is what its reason says before what its status says", () => {
    expect(failureReason({ reason: "billing", status: 429 }).kind).toBe("billing");
    expect(failureReason({ reason: "rate_limit", status: 429 }).kind).toBe("rate-limit");
  });

  it("is not judged by its message, which may quote the conversation", () => {
    expect(failureReason(new Error("401 invalid api key")).kind).toBe("unknown");
  });

  it.each([undefined, null, "billing", 5, {}, { reason: 5 }, { reason: {}, status: "401" }, []])(
    "that is %j is unknown",
    (error) => {
      expect(failureReason(error)).toEqual({ kind: "unknown", permanent: false });
    },
  );
});

it.each([[], [undefined], [null], [{}], [["401"]], [Symbol("x")], [""]])("takes %s for unknown", (...words) => {
  expect(classifyRunError(...words)).toEqual({ kind: "unknown", permanent: false });
});

it("reads numbers as codes", () => {
  expect(classifyRunError(402).kind).toBe("billing");
});

it("takes a code that merely occurs in a text for none", () => {
  expect(classifyRunError("tried 401 times").kind).toBe("unknown");
  expect(classifyRunError("order 4021 not found").kind).toBe("unknown");
});

it("looks at the beginning of a long text only", () => {
  expect(classifyRunError(`${"x ".repeat(1000)}\ninvalid_api_key`).kind).toBe("unknown");
  expect(classifyRunError(`401 ${"x".repeat(1_000_000)}`).kind).toBe("authentication");
});

// "Too many tokens, please wait before trying again." is what Bedrock says when it throttles: waiting cures it.
it("takes a throttled request for a rate limit", () => {
  expect(classifyRunError("ThrottlingException: Too many tokens, please wait before trying again.").permanent).toBe(
    false,
  );
});

it.each([
  ["authentication", "400 API key not valid. Please pass a valid API key."],
  ["model-not-found", '404 {"type":"error","error":{"type":"not_found_error","message":"model: claude-x"}}'],
] as const)("knows %s by the text alone: %s", (kind, text) => {
  expect(classifyRunError(text).kind).toBe(kind);
});

describe("a refusal of the host's, which costs a resume no attempt, is", () => {
  it.each([
    ["a gateway that stops, by its name", Object.assign(new Error("x"), { name: "GatewayDrainingError" }), true],
    ["a gateway that stops, by its words", new Error("Gateway is draining; new tasks are not accepted"), true],
    [
      "not a key that the host keeps out of use for a while: a fault of the provider's",
      new Error('Inline API key for provider "stub" is temporarily disabled after a provider auth/billing failure.'),
      false,
    ],
    ["no failure of the provider itself", new Error("402 payment required: billing is disabled"), false],
    ["nothing that is no error", "gateway is draining", false],
  ])("%s", (_name, error, expected) => {
    expect(isRefusal(error)).toBe(expected);
  });
});
