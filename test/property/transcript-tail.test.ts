import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import { classifyTail, newestEventAtMs, userMessages } from "../../src/domain/transcript-tail.ts";

const lastSaidAtMs = (events: readonly unknown[]) => userMessages(events).lastUserMessageAtMs;

const KINDS = ["answered", "unanswered", "unsafe"];

/** Events that look like the host's, with anything in any place. */
const event = fc.record(
  {
    type: fc.oneof(fc.constantFrom("message", "leaf", "custom"), fc.jsonValue()),
    timestamp: fc.oneof(fc.integer(), fc.date().map(String), fc.jsonValue()),
    message: fc.oneof(
      fc.record(
        {
          role: fc.oneof(fc.constantFrom("user", "assistant", "tool", "toolResult", "system"), fc.jsonValue()),
          content: fc.oneof(
            fc.string(),
            fc.array(fc.record({ type: fc.constantFrom("text", "toolCall", "thinking"), text: fc.jsonValue() })),
            fc.jsonValue(),
          ),
          stopReason: fc.oneof(fc.constantFrom("stop", "aborted", "error"), fc.jsonValue()),
        },
        { requiredKeys: [] },
      ),
      fc.jsonValue(),
    ),
  },
  { requiredKeys: [] },
);
const transcript = fc.array(fc.oneof(event, fc.jsonValue()), { maxLength: 12 });

test.prop([transcript], { numRuns: 2000 })("any transcript has a tail of a known kind", (events) => {
  const tail = classifyTail(events);
  expect(KINDS).toContain(tail.kind);
  if (tail.kind === "answered") expect(tail.text.trim()).not.toBe("");
});

test.prop([transcript], { numRuns: 2000 })(
  "the newest time of any transcript is a finite number or unknown",
  (events) => {
    const atMs = newestEventAtMs(events);
    expect(atMs === undefined || Number.isFinite(atMs)).toBe(true);
  },
);

test.prop([transcript], { numRuns: 2000 })(
  "the time of the user's last message in any transcript is a finite number or unknown",
  (events) => {
    const atMs = lastSaidAtMs(events);
    expect(atMs === undefined || Number.isFinite(atMs)).toBe(true);
  },
);

test.prop([transcript, transcript, fc.integer({ min: 0 })])(
  "only what a user writes moves the time of the user's last message",
  (events, after, timestamp) => {
    const reply = { type: "message", timestamp, message: { role: "assistant", content: "hi" } };
    const noise = after.map((one) => ({ type: "custom", timestamp, data: one }));
    expect(lastSaidAtMs([...events, reply, ...noise])).toBe(lastSaidAtMs(events));
    const question = { ...reply, message: { role: "user", content: "hi" } };
    expect(lastSaidAtMs([...events, question, ...noise])).toBe(timestamp);
  },
);

test.prop([transcript, transcript])("what is not a message at the end changes nothing", (events, after) => {
  const noise = after.map((one) => ({ type: "custom", data: one }));
  expect(classifyTail([...events, ...noise])).toEqual(classifyTail(events));
});

test.prop([transcript])("a user's message at the end is unanswered, whatever was before", (events) => {
  const message = { type: "message", message: { role: "user", content: "hi" } };
  expect(classifyTail([...events, message])).toEqual({ kind: "unanswered" });
});
