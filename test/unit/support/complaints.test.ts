import { expect, it } from "vitest";
import { complaintsIn } from "../../support/complaints.ts";

it.each([
  "(node:1) MaxListenersExceededWarning: Possible EventTarget memory leak detected.\n    at add (node:events:1)\n    at ours",
  "(node:1) [DEP0001] DeprecationWarning: do not",
  "2026-11-20T22:20:09 [openclaw] Unhandled promise rejection: Error: x\n    at ours",
  "[openclaw] Suppressed AbortError: AbortError",
])("finds %j with its stack", (complaint) => {
  expect(complaintsIn(`all is well\n${complaint}\nand goes on\n    at random`)).toEqual([complaint]);
});

it("finds nothing in a quiet log", () => {
  expect(complaintsIn("[gateway] ready\n(node:1) ExperimentalWarning: SQLite is an experimental feature")).toEqual([]);
});
