import { describe, expect, it } from "vitest";
import { runError } from "../../../src/domain/run-error.ts";
import { transcriptFacts, unreadFacts } from "../../../src/domain/transcript-facts.ts";

const message = (role: string, content: unknown, over: object = {}, timestamp?: number) => ({
  type: "message",
  ...(timestamp === undefined ? {} : { timestamp }),
  message: { role, content, ...over },
});
const ASKED = message("user", "do it", {}, 10);
const ANSWER = message("assistant", "done", { stopReason: "stop" }, 20);
const failed = (errorMessage?: unknown, over: object = {}) =>
  message("assistant", [], { stopReason: "error", errorMessage, ...over }, 30);
const failedBefore = (error: unknown) => ({
  type: "custom_message",
  customType: "run-failed-before-reply",
  timestamp: 40,
  details: { error },
});
const errorsOf = (...events: unknown[]) => {
  const { failures, lastError } = transcriptFacts(events);
  return [failures, lastError?.kind];
};

describe("the state of a transcript", () => {
  it.each([
    ["missing", []],
    ["empty", [{ type: "session" }, { type: "leaf" }]],
    ["empty", [null, "message", { type: "message" }]],
    ["empty", [failedBefore("401")]],
    ["ok", [{ type: "session" }, ASKED]],
    ["ok", [message("system", "x")]],
  ])("is %s with %j", (state, events) => {
    expect(transcriptFacts(events).state).toBe(state);
  });
});

it("has all facts of a transcript that was read", () => {
  expect(transcriptFacts([{ type: "session" }, ASKED, failed("429 rate limit")], 512)).toEqual({
    state: "ok",
    sizeBytes: 512,
    wasRead: true,
    tail: { kind: "unanswered" },
    newestEventAtMs: 30,
    userMessages: 1,
    firstUserMessageAtMs: 10,
    lastUserMessageAtMs: 10,
    refused: false,
    failures: 1,
    lastError: runError("rate-limit"),
  });
});

it("has no facts of a transcript that was not read but what the host's statistics tell", () => {
  const nothing = {
    wasRead: false,
    tail: { kind: "unanswered" },
    userMessages: 0,
    firstUserMessageAtMs: undefined,
    lastUserMessageAtMs: undefined,
    refused: false,
    failures: 0,
    lastError: undefined,
  };
  expect(unreadFacts("truncated")).toEqual({
    ...nothing,
    state: "truncated",
    sizeBytes: undefined,
    newestEventAtMs: undefined,
  });
  expect(unreadFacts("ok", { sizeBytes: 9, newestEventAtMs: 7 })).toEqual({
    ...nothing,
    state: "ok",
    sizeBytes: 9,
    newestEventAtMs: 7,
  });
});

describe("what lies before the user's last reset", () => {
  const RESET = { type: "reset", timestamp: 50 };
  const TOOL = message("assistant", [{ type: "toolCall" }], {}, 45);

  it("is over: neither its errors, its tail, nor its messages count", () => {
    expect(transcriptFacts([ASKED, failed("401 x"), TOOL, RESET])).toMatchObject({
      state: "empty",
      tail: { kind: "unanswered" },
      lastUserMessageAtMs: undefined,
      refused: false,
      failures: 0,
      lastError: undefined,
    });
  });

  it("is told from what comes after the last of several", () => {
    const later = message("user", "again", {}, 60);
    const found = transcriptFacts([ASKED, failed("401 x"), RESET, failed("402"), RESET, later, failed("429")], 512);
    expect(found).toEqual({
      state: "ok",
      sizeBytes: 512,
      wasRead: true,
      tail: { kind: "unanswered" },
      newestEventAtMs: 30,
      userMessages: 1,
      firstUserMessageAtMs: 60,
      lastUserMessageAtMs: 60,
      refused: false,
      failures: 1,
      lastError: runError("rate-limit"),
    });
  });

  it("still tells when the newest event was, as does the reset itself", () => {
    expect(transcriptFacts([ASKED, ANSWER, { type: "reset" }]).newestEventAtMs).toBe(20);
    expect(transcriptFacts([ASKED, ANSWER, RESET]).newestEventAtMs).toBe(50);
  });

  it("does not make a transcript missing", () => {
    expect(transcriptFacts([RESET]).state).toBe("empty");
  });

  it.each([
    { type: "message", message: { role: "user", content: "/reset", type: "reset" } },
    { type: "custom", customType: "reset" },
    "reset",
    null,
    undefined,
  ])("is not ended by %j", (event) => {
    expect(transcriptFacts([ASKED, failed("401 x"), event])).toMatchObject({ failures: 1, lastUserMessageAtMs: 10 });
  });
});

describe("failures", () => {
  it("are none where no turn ended in an error", () => {
    expect(errorsOf(ASKED)).toEqual([0, undefined]);
    expect(errorsOf(ASKED, ANSWER)).toEqual([0, undefined]);
  });

  it("are counted in a row, and the newest says what it was", () => {
    expect(errorsOf(ASKED, failed("401 x"), ASKED, failed("Request timed out."))).toEqual([2, "timeout"]);
    expect(errorsOf(ASKED, failed("Request timed out."), ASKED, failed("401 x"))).toEqual([2, "authentication"]);
  });

  it("are counted from the newest answer on", () => {
    expect(errorsOf(failed("401 x"), ANSWER, ASKED)).toEqual([0, undefined]);
    expect(errorsOf(failed("401 x"), ANSWER, ASKED, failed("429"))).toEqual([1, "rate-limit"]);
  });

  it("are not ended by what is no answer: messages, tools, silence, the host's own words", () => {
    const between = [
      ASKED,
      message("assistant", [{ type: "toolCall" }]),
      message("toolResult", "ok"),
      message("assistant", "I was abou", { stopReason: "aborted" }),
      message("assistant", " "),
      message("assistant", "Backup done", { provider: "openclaw", model: "delivery-mirror" }),
      { type: "custom", data: {} },
    ];
    expect(errorsOf(failed("401 x"), ...between)).toEqual([1, "authentication"]);
  });

  it("include a turn that failed before it reached the model", () => {
    expect(errorsOf(ASKED, failedBefore("No API key found for provider openai"))).toEqual([1, "authentication"]);
    expect(errorsOf(failed("429"), failedBefore("Unknown model: x"))).toEqual([2, "model-not-found"]);
  });

  it.each([
    ["its code", { errorCode: "insufficient_quota" }, "billing"],
    ["its type", { errorType: "overloaded_error" }, "overloaded"],
    ["its code before its text", { errorCode: "insufficient_quota", errorMessage: "429 slow down" }, "billing"],
    ["nothing", {}, "unknown"],
    ["odd values", { errorCode: {}, errorType: 5, errorMessage: [] }, "unknown"],
  ])("are told by %s", (_name, over, kind) => {
    expect(errorsOf(ASKED, failed(undefined, over))).toEqual([1, kind]);
  });

  it("are an error row's even when it had said something", () => {
    expect(errorsOf(ASKED, message("assistant", "I was", { stopReason: "error", errorMessage: "429" }))).toEqual([
      1,
      "rate-limit",
    ]);
  });

  it.each([
    message("user", "x", { stopReason: "error" }),
    message("toolResult", "x", { stopReason: "error" }),
    { type: "custom_message", customType: "run-failed-before-reply-2", details: { error: "401" } },
    { type: "custom", customType: "run-failed-before-reply", details: { error: "401" } },
    { ...failedBefore("401"), type: "message" },
    null,
    undefined,
    "run-failed-before-reply",
    7,
  ])("are not %j", (event) => {
    expect(errorsOf(ASKED, event)).toEqual([0, undefined]);
  });

  it.each([undefined, null, "401", {}])("are of an unknown kind when the details are %j", (details) => {
    expect(errorsOf({ type: "custom_message", customType: "run-failed-before-reply", details })).toEqual([
      1,
      "unknown",
    ]);
  });
});

describe("a message that a stopping gateway refused", () => {
  const asked = (atMs: number) => ({
    type: "message",
    timestamp: atMs,
    message: { role: "user", content: "and now?" },
  });
  const refused = (error = "Gateway is draining; new tasks are not accepted") => ({
    type: "custom_message",
    customType: "run-failed-before-reply",
    details: { error },
  });
  const answered = { type: "message", message: { role: "assistant", content: [{ type: "text", text: "done" }] } };

  it.each([
    ["is known by the host's note", [asked(1), asked(2), refused()], true],
    ["is not what another error ended", [asked(1), refused("No API key found")], false],
    ["is past once the user has written again", [asked(1), refused(), asked(2)], false],
    ["is past once it was answered", [asked(1), refused(), answered], false],
    ["is none where there is no note", [asked(1)], false],
    ["is none where there is nothing", [], false],
  ])("%s", (_name, events, expected) => {
    expect(transcriptFacts(events).refused).toBe(expected);
  });

  it("is no failure of the conversation's", () => {
    expect(transcriptFacts([asked(1), refused(), asked(2), refused()])).toMatchObject({
      failures: 0,
      lastError: undefined,
    });
  });
});
