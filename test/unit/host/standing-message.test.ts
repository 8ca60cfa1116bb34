import type { SessionRow } from "../../../src/domain/session.ts";
import { describe, expect, it } from "vitest";
import { besideMessage, leaveStanding } from "../../../src/host/standing-message.ts";
import { row } from "../support/makers.ts";

type Answer = Parameters<NonNullable<ReturnType<typeof leaveStanding>["prepareAssistantTranscriptMessage"]>>[0];

const message = (role: string, content: unknown, more: object = {}) => ({
  type: "message",
  message: { role, content, ...more },
});
const KEYED = { idempotencyKey: "channel-user:1" };
const ASKED = message("user", "do it", KEYED);
/** What a host notes after a message. */
const NOTE = { type: "custom", customType: "model-snapshot" };

const beside = (events: readonly unknown[], signal = new AbortController().signal) =>
  leaveStanding(events, { prompt: "go on", signal });

describe("an unanswered message at the very end", () => {
  it.each([
    ["as text", ASKED],
    ["in parts", message("user", [{ type: "text", text: "do it" }], KEYED)],
  ])("stays, and comes along with the prompt (%s)", async (_name, asked) => {
    const { prompt, userTurnTranscriptRecorder: recorder } = beside([asked, NOTE]);
    expect(prompt).toBe("do it\n\ngo on");
    expect(recorder?.getPersistedMessage?.()).toEqual(asked.message);
    expect([recorder?.hasPersisted(), recorder?.isBlocked(), recorder?.hasRuntimePersistencePending()]).toEqual([
      true,
      false,
      false,
    ]);
    // Neither merged with the prompt nor written once more.
    expect(await recorder?.resolveMessage()).toBeUndefined();
    expect(await recorder?.persistApproved()).toBeUndefined();
  });

  it.each([
    ["has no key by which the host knows it again", [message("user", "do it")]],
    ["is more than text", [message("user", [{ type: "image", data: "..." }], KEYED)]],
    ["is not at the end", [ASKED, message("assistant", [], { stopReason: "aborted" })]],
    ["is not there", []],
  ])("is left to the host where it %s", (_name, events) => {
    expect(Object.keys(beside(events)).toSorted()).toEqual(["abortSignal", "prepareAssistantTranscriptMessage"]);
  });
});

describe("a run that is cut off", () => {
  const prepared = (answer: object) => beside([ASKED]).prepareAssistantTranscriptMessage?.(answer as Answer, "half");

  it("leaves no half answer behind; one that ends does", () => {
    expect(prepared({ stopReason: "aborted" })).toBeNull();
    const whole = { stopReason: "stop" };
    expect(prepared(whole)).toBe(whole);
  });

  it.each(["before", "later"])("is a hand-over to the host, which then notes nothing (%s)", (when) => {
    const abort = new AbortController();
    const why = new Error("a user writes");
    if (when === "before") abort.abort(why);
    const { abortSignal } = beside([ASKED], abort.signal);
    expect(abortSignal?.aborted).toBe(when === "before");
    abort.abort(why);
    expect(abortSignal?.reason).toMatchObject({ turnHandoff: true, cause: why });
  });
});

it("on a host that moves no message a run is told nothing besides", () => {
  const session: SessionRow = row();
  expect(besideMessage(session, "/store", { prompt: "go on", signal: new AbortController().signal })).toEqual({});
});
