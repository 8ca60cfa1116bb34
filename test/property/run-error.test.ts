import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import { classifyRunError } from "../../src/domain/run-error.ts";
import { transcriptFacts } from "../../src/domain/transcript-facts.ts";

const PERMANENT = ["authentication", "billing", "model-not-found", "context-overflow"];
const TRANSIENT = ["rate-limit", "overloaded", "timeout", "network", "unknown"];

test.prop([fc.array(fc.oneof(fc.string(), fc.jsonValue(), fc.constantFrom(401, "429", "model", "billing")))], {
  numRuns: 2000,
})("any words are an error of a known kind, permanent by its kind alone", (words) => {
  const { kind, permanent } = classifyRunError(...words);
  expect([...PERMANENT, ...TRANSIENT]).toContain(kind);
  expect(permanent).toBe(PERMANENT.includes(kind));
});

const error = fc.record({
  type: fc.constant("message"),
  message: fc.record({
    role: fc.constant("assistant"),
    stopReason: fc.constant("error"),
    errorMessage: fc.jsonValue(),
  }),
});
const noise = fc.oneof(fc.jsonValue(), fc.record({ type: fc.constant("custom"), data: fc.jsonValue() }));
const user = fc.constant({ type: "message", message: { role: "user", content: "hi" } });
const answer = { type: "message", message: { role: "assistant", content: "done" } };

test.prop([fc.array(fc.oneof(error, noise, user)), fc.array(fc.oneof(error, user))], { numRuns: 1000 })(
  "failures are the errors since the newest answer, whatever else is there",
  (before, after) => {
    const { failures, lastError } = transcriptFacts([...before, answer, ...after]);
    const errors = after.filter(({ message }) => message.role === "assistant");
    expect(failures).toBe(errors.length);
    expect(lastError === undefined).toBe(errors.length === 0);
  },
);
