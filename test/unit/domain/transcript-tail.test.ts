import { describe, expect, it } from "vitest";
import { classifyTail, newestEventAtMs, userMessages } from "../../../src/domain/transcript-tail.ts";

const lastSaidAtMs = (events: readonly unknown[]) => userMessages(events).lastUserMessageAtMs;

const message = (role: string, content: unknown, over: object = {}) => ({
  type: "message",
  message: { role, content, ...over },
});
const text = (value: string) => [{ type: "text", text: value }];
const USER = message("user", text("hello"));
const UNANSWERED = { kind: "unanswered" };
const UNSAFE = { kind: "unsafe" };

describe("unanswered is", () => {
  it("an empty transcript", () => {
    expect(classifyTail([])).toEqual(UNANSWERED);
  });

  it("a transcript that ends with the user's message", () => {
    expect(classifyTail([USER, message("assistant", text("hi")), USER])).toEqual(UNANSWERED);
  });

  it.each(["aborted", "error"])("an answer with stop reason %s, even with some text", (stopReason) => {
    expect(classifyTail([USER, message("assistant", text("I was abou"), { stopReason })])).toEqual(UNANSWERED);
  });

  it.each(["delivery-mirror", "gateway-injected"])("a transcript with only a %s of the host's after it", (model) => {
    const mirror = message("assistant", text("Backup done"), { provider: "openclaw", model, stopReason: "stop" });
    expect(classifyTail([USER, mirror])).toEqual(UNANSWERED);
  });

  it("an answer that says nothing", () => {
    expect(classifyTail([USER, message("assistant", [], { stopReason: "stop" })])).toEqual(UNANSWERED);
    expect(classifyTail([USER, message("assistant", "  \n")])).toEqual(UNANSWERED);
    expect(classifyTail([USER, message("assistant", [{ type: "thinking", thinking: "hm" }])])).toEqual(UNANSWERED);
  });
});

describe("answered is", () => {
  it("a finished reply, with its text and its time", () => {
    const reply = { ...message("assistant", text(" hi there "), { stopReason: "stop" }), timestamp: 1234 };
    expect(classifyTail([USER, reply])).toEqual({ kind: "answered", text: "hi there", atMs: 1234 });
  });

  it("a reply whose content is a plain string", () => {
    expect(classifyTail([USER, message("assistant", "hi")])).toEqual({ kind: "answered", text: "hi", atMs: undefined });
  });

  it("a reply of several blocks, joined; thinking is left out", () => {
    const blocks = [{ type: "thinking", thinking: "hm" }, ...text("one"), ...text("two")];
    expect(classifyTail([message("assistant", blocks)])).toMatchObject({ text: "one\n\ntwo" });
  });

  it("a reply with the host's own events after it", () => {
    const after = [{ type: "leaf" }, { type: "custom", data: {} }, { type: "model_change" }];
    expect(classifyTail([USER, message("assistant", "hi"), ...after])).toMatchObject({ kind: "answered" });
  });

  it("the earlier reply beneath a turn that was cut off before it said anything", () => {
    const cutOff = message("assistant", [], { stopReason: "aborted" });
    expect(classifyTail([USER, message("assistant", "hi"), cutOff])).toMatchObject({ kind: "answered", text: "hi" });
  });
});

describe("unsafe is", () => {
  it.each(["toolCall", "toolUse", "tool_use"])("an answer with a block of type %s", (type) => {
    expect(classifyTail([USER, message("assistant", [...text("let me"), { type, name: "pay" }])])).toEqual(UNSAFE);
  });

  it("a tool call of an aborted answer: it may have been carried out", () => {
    const cutOff = message("assistant", [{ type: "toolCall" }], { stopReason: "aborted" });
    expect(classifyTail([USER, cutOff])).toEqual(UNSAFE);
  });

  it.each(["tool", "toolResult"])("a result of role %s that nobody acted on", (role) => {
    expect(classifyTail([USER, message("assistant", [{ type: "toolCall" }]), message(role, text("ok"))])).toEqual(
      UNSAFE,
    );
  });

  it("a tool result beneath an answer that was cut off", () => {
    const cutOff = message("assistant", text("The pay"), { stopReason: "error" });
    expect(classifyTail([USER, message("toolResult", text("ok")), cutOff])).toEqual(UNSAFE);
  });

  it("over when a finished reply follows the result", () => {
    expect(classifyTail([message("toolResult", "ok"), message("assistant", "done")])).toMatchObject({
      kind: "answered",
    });
  });
});

it("an answer tells which run has written it, where the host notes that", () => {
  const by = (kept: unknown) => classifyTail([USER, message("assistant", "done", { __openclaw: kept })]);
  expect(by({ runId: "run-1" })).toMatchObject({ kind: "answered", runId: "run-1" });
  for (const kept of [undefined, null, {}, { runId: 7 }, "run-1"]) expect(by(kept)).not.toHaveProperty("runId");
});

describe("unknown shapes", () => {
  const hostile: unknown[] = [
    null,
    undefined,
    0,
    "message",
    [],
    {},
    { type: "message" },
    { type: "message", message: null },
    { type: "message", message: "assistant" },
    { type: "message", message: {} },
    { type: "message", message: { role: 1 } },
    { type: "message", message: { role: "system", content: "x" } },
    { type: "other", message: { role: "user", content: "x" } },
    { message: { role: "toolResult" } },
    message("assistant", 42),
    message("assistant", null),
    message("assistant", [null, 1, "text", { type: "text", text: 5 }, { text: "no type" }]),
  ];

  it.each(hostile.map((value) => [JSON.stringify(value) ?? "undefined", value]))(
    "%s is passed over",
    (_name, value) => {
      expect(classifyTail([message("toolResult", "ok"), value])).toEqual(UNSAFE);
    },
  );
});

describe("newestEventAtMs", () => {
  it("is the time of the last event that has one", () => {
    expect(newestEventAtMs([{ timestamp: 1 }, { timestamp: 2 }, { type: "leaf" }, null])).toBe(2);
  });

  it("reads ISO times", () => {
    expect(newestEventAtMs([{ timestamp: "1970-01-01T00:00:01.500Z" }])).toBe(1500);
  });

  it.each([["no date"], [Number.NaN], [Number.POSITIVE_INFINITY], [null], [{}], [true]])(
    "passes over the time %s",
    (timestamp) => {
      expect(newestEventAtMs([{ timestamp: 7 }, { timestamp }])).toBe(7);
    },
  );

  it("is unknown when no event tells", () => {
    expect(newestEventAtMs([])).toBeUndefined();
    expect(newestEventAtMs([{}, "x"])).toBeUndefined();
  });
});

describe("when a user last wrote", () => {
  const said = (timestamp: unknown, role = "user") => ({ ...message(role, text("hello")), timestamp });

  it("is the time of the user's last message", () => {
    expect(lastSaidAtMs([said(1), said(2)])).toBe(2);
  });

  it("is not the time of what came after it", () => {
    const after = [said(3, "assistant"), said(4, "toolResult"), said(5, "system"), { type: "leaf", timestamp: 6 }];
    expect(lastSaidAtMs([said(1), said(2), ...after])).toBe(2);
  });

  it("reads ISO times", () => {
    expect(lastSaidAtMs([said("1970-01-01T00:00:01.500Z")])).toBe(1500);
  });

  it.each([["no date"], [Number.NaN], [Number.POSITIVE_INFINITY], [null], [{}], [true], [undefined]])(
    "passes over a message with the time %s",
    (timestamp) => {
      expect(lastSaidAtMs([said(7), said(timestamp)])).toBe(7);
    },
  );

  it.each([
    [null],
    ["user"],
    [{ type: "other", timestamp: 8, message: { role: "user", content: "x" } }],
    [{ type: "message", timestamp: 8, message: "user" }],
    [{ type: "message", timestamp: 8, message: { role: ["user"] } }],
    [{ type: "message", timestamp: 8, role: "user" }],
  ])("passes over %j", (event) => {
    expect(lastSaidAtMs([said(7), event])).toBe(7);
  });

  it("is unknown when the user has written nothing", () => {
    expect(lastSaidAtMs([])).toBeUndefined();
    const provenance = { kind: "internal_system", sourceTool: "main_session_restart_recovery" };
    const asked = {
      type: "message",
      timestamp: 1,
      message: { role: "user", content: "[System] Continue", provenance },
    };
    expect(lastSaidAtMs([asked])).toBeUndefined();
    expect(lastSaidAtMs([said(1, "assistant"), said(2, "system")])).toBeUndefined();
  });
});
