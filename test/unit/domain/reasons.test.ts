import { describe, expect, it } from "vitest";
import { noteOf, OUTCOMES, reasonsOf, VERDICTS, type VerdictKind } from "../../../src/domain/reasons.ts";

const KINDS = Object.keys(VERDICTS) as VerdictKind[];
const ALL = KINDS.flatMap((kind) => reasonsOf(kind).map((reason) => [kind, reason] as const));

describe("every reason", () => {
  it.each(ALL)("%s %s has a note that ends no sentence by itself", (kind, reason) => {
    const { meaning, rule, remedy } = noteOf(kind, reason);
    for (const text of [meaning, rule, remedy]) expect(text).toMatch(/^\S.*[^.\s]$/);
    expect(meaning).toMatch(/^[a-z]/);
  });

  it.each(ALL)("%s %s is a word that a metric label can be", (_kind, reason) => {
    expect(reason).toMatch(/^[a-z]+(-[a-z]+)*$/);
  });

  it.each(KINDS)("of %s is listed once", (kind) => {
    expect(new Set(reasonsOf(kind)).size).toBe(Object.keys(VERDICTS[kind]).length);
  });
});

it.each(["admit", "hold", "retire", "leave"] as const)("has no note of a reason that %s does not have", (kind) => {
  for (const reason of ["no-such-reason", "toString", "__proto__", ""]) {
    expect(() => noteOf(kind, reason)).toThrow(`no note for ${kind} ${reason}`);
  }
});

it("tells an excluded session apart by what becomes of it", () => {
  expect(noteOf("hold", "excluded").meaning).not.toBe(noteOf("leave", "excluded").meaning);
});

it("has a line for every reason of every outcome", () => {
  const lines = Object.values(OUTCOMES).flatMap((reasons) => Object.values(reasons));
  expect(lines.filter((line) => line.trim() === "")).toEqual([]);
  expect(Object.keys(OUTCOMES).toSorted()).toEqual([
    "completed",
    "discarded",
    "held",
    "released",
    "retired",
    "superseded",
  ]);
});
