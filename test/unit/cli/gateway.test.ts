import { afterEach, describe, expect, it, vi } from "vitest";
import { explain } from "../../../src/cli/gateway.ts";

/** The host's errors as it throws them: it tells them by name. */
function hostError(name: string, message: string, fields: Record<string, unknown> = {}): Error {
  return Object.assign(new Error(message), { name, ...fields });
}
const request = (gatewayCode: string, message: string, details?: unknown, retryable = false) =>
  hostError("GatewayClientRequestError", message, { gatewayCode, details, retryable });
const closed = (message: string, urlSource = "local loopback", code = 1006) =>
  hostError("GatewayTransportError", message, { kind: "closed", code, connectionDetails: { urlSource } });

const seen = (error: unknown, connection = {}) => {
  const { exitCode, type, line, storeAnswers } = explain(error, connection);
  return { exitCode, type, line, storeAnswers };
};

afterEach(() => vi.unstubAllEnvs());

describe("what the host's errors mean", () => {
  it("a gateway that is down: the first line, and what to do", () => {
    expect(seen(closed("gateway closed (1006): no close reason\nGateway target: ws://127.0.0.1:1\n\nhints"))).toEqual({
      exitCode: 5,
      type: "gateway-unreachable",
      line: "Gateway not reachable (gateway closed (1006): no close reason): start it with `openclaw gateway`, or check --url and --port",
      storeAnswers: true,
    });
  });

  it("a gateway that is down, when the host says so in so many words", () => {
    const error = closed("Gateway not reachable at ws://127.0.0.1:1 (ECONNREFUSED).\nGateway target: ...");
    expect(seen(error).line).toMatch(/^Gateway not reachable at ws:\/\/127.0.0.1:1 \(ECONNREFUSED\): start it/);
  });

  it.each(["cli --url", "env OPENCLAW_GATEWAY_URL", "config gateway.remote.url", "service target"])(
    "a gateway addressed by %s is not this machine's",
    (urlSource) => expect(seen(closed("gateway closed", urlSource)).storeAnswers).toBe(false),
  );

  it("a request that may have been carried out", () => {
    const message = "gateway timeout after 30000ms\nTarget\n\nThe request was already sent to the gateway, so ...";
    expect(seen(closed(message)).line).toContain("it may have carried out the request all the same");
  });

  it("a gateway that is not ready yet", () => {
    expect(seen(request("UNAVAILABLE", "starting"))).toMatchObject({ exitCode: 5, storeAnswers: true });
  });

  it("a missing scope", () => {
    const error = request("FORBIDDEN", "missing scope: operator.write", { missingScope: "operator.write" });
    expect(seen(error)).toMatchObject({
      exitCode: 4,
      type: "not-allowed",
      line: "missing scope: operator.write: this needs a token with operator.write",
    });
  });

  it.each([
    request("INVALID_REQUEST", "unauthorized: gateway token mismatch", { code: "AUTH_TOKEN_MISMATCH", reason: "x" }),
    request("INVALID_REQUEST", "device identity required", { code: "DEVICE_IDENTITY_REQUIRED" }),
    request("NOT_PAIRED", "pairing required"),
    hostError("GatewayExplicitAuthRequiredError", "gateway url override requires explicit credentials\nFix: ..."),
    hostError("GatewayCredentialsRequiredError", "requires credentials before opening a websocket\nFix: ..."),
    closed("gateway closed (1008): unauthorized", "local loopback", 1008),
  ])("wrong or missing credentials: %s", (error) => {
    expect(seen(error)).toMatchObject({ exitCode: 4, type: "not-allowed", storeAnswers: false });
    expect(seen(error).line).toMatch(/^[^\n]*: check --token or --password$/);
  });

  it("a plugin that is not running", () => {
    const error = request("INVALID_REQUEST", "unknown method: resumes.plan");
    expect(seen(error)).toMatchObject({ exitCode: 1, type: "plugin-not-running", storeAnswers: true });
    expect(seen(error, { url: "ws://elsewhere" }).storeAnswers).toBe(false);
    vi.stubEnv("OPENCLAW_GATEWAY_URL", "ws://elsewhere");
    expect(seen(error).storeAnswers).toBe(false);
  });

  it.each([
    ["unknown-session", 3],
    ["not-active", 3],
    ["invalid-settings", 2],
  ])("the plugin's own refusal: %s", (reason, exitCode) => {
    expect(seen(request("INVALID_REQUEST", "because", { reason }))).toEqual({
      exitCode,
      type: reason,
      line: "because",
      storeAnswers: false,
    });
  });

  it.each([request("INVALID_REQUEST", "protocol mismatch\nmore"), new TypeError("odd\nmore"), "odd"])(
    "anything else, in one line: %s",
    (error) => {
      expect(seen(error)).toMatchObject({ exitCode: 1, storeAnswers: false });
      expect(seen(error).line).not.toContain("\n");
    },
  );
});
