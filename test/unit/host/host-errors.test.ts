import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { isQueuedAlready, refusalOf } from "../../../src/host/host-errors.ts";

const NOW = 1_000_000;

beforeEach(() => void vi.useFakeTimers({ now: NOW, toFake: ["Date"] }));
afterEach(() => void vi.useRealTimers());

/** As the host's model runner throws them (2026.9.6). */
const failover = (over: object) => Object.assign(new Error("secret"), { name: "FailoverError", ...over });

describe("what a provider says that takes no requests", () => {
  it.each([
    ["rate_limit", "rate-limit"],
    ["overloaded", "overloaded"],
    ["billing", "billing"],
    ["auth", "authentication"],
    ["auth_permanent", "authentication"],
  ])("is told by the host's reason: %s is %s", (reason, fault) => {
    expect(refusalOf(failover({ reason, provider: "stub" }))).toEqual({ provider: "stub", fault, retryAfterMs: 0 });
  });

  it("has no provider where the host names none", () => {
    expect(refusalOf(failover({ reason: "billing" }))).toEqual({ fault: "billing", retryAfterMs: 0 });
    expect(refusalOf(failover({ reason: "billing", provider: 5 }))).toEqual({ fault: "billing", retryAfterMs: 0 });
  });

  it("wants to be asked again when the host's own rest of its keys is over", () => {
    const refusal = (soonestCooldownExpiry: unknown) =>
      refusalOf(failover({ reason: "billing", soonestCooldownExpiry }));
    expect(refusal(NOW + 30_000)?.retryAfterMs).toBe(30_000);
    expect(refusal(NOW - 1)?.retryAfterMs).toBe(0);
    expect(refusal("soon")?.retryAfterMs).toBe(0);
  });

  it("can be the host, which keeps a key out of use: no request was made", () => {
    const error = new Error('Inline API key for provider "stub" is temporarily disabled after a provider failure.');
    expect(refusalOf(error)).toEqual({ fault: "disabled", retryAfterMs: 0 });
    // The words say more than the reason that stands beside them.
    expect(refusalOf(Object.assign(error, { reason: "billing" }))?.fault).toBe("disabled");
  });

  it.each([
    ["a reason that the host cures, or that is the turn's own", failover({ reason: "timeout" })],
    ["a server's error", failover({ reason: "server_error", provider: "stub" })],
    ["a name of every object", failover({ reason: "constructor" })],
    ["a reason that is no text", failover({ reason: 5 })],
    ["an error without a reason", new Error("429 rate limit")],
    ["something that is no error", "temporarily disabled after a provider failure"],
    ["nothing", undefined],
    ["null", null],
  ])("is nothing for %s", (_name, error) => {
    expect(refusalOf(error)).toBeUndefined();
  });
});

it("knows a reply that the outbound queue has already", () => {
  expect(isQueuedAlready(new Error("Delivery: delivery intent is already queued for x"))).toBe(true);
  expect(isQueuedAlready(new Error("queue full"))).toBe(false);
  expect(isQueuedAlready("delivery intent is already queued")).toBe(false);
});
