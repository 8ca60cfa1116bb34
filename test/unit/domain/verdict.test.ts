import { expect, it } from "vitest";
import { describeEvidence, readEvidence, type Verdict } from "../../../src/domain/verdict.ts";

it.each<readonly [Verdict, string]>([
  [{ kind: "hold", reason: "idle-too-long", found: 7, limit: 5 }, "7 ms against 5 ms"],
  [{ kind: "hold", reason: "over-boot-limit", found: 3, limit: 2 }, "3 against 2"],
  [{ kind: "hold", reason: "excluded", found: "telegram", limit: "not telegram" }, "telegram against not telegram"],
  [{ kind: "hold", reason: "unsafe-tail", found: "tool call", limit: null }, "tool call"],
])("evidence in words: %j", (verdict, words) => {
  expect(describeEvidence(verdict)).toBe(words);
  const { found, limit } = verdict;
  expect(readEvidence(words)).toEqual({ found, limit });
});

it.each([
  ["unknown against 5 ms", { found: null, limit: 5 }],
  ["attempts: 3", { found: "attempts: 3", limit: null }],
  ["", { found: "", limit: null }],
])("evidence of words: %j", (words, evidence) => {
  expect(readEvidence(words)).toEqual(evidence);
});
