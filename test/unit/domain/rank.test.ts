import { describe, expect, it } from "vitest";
import { compareRanks, type Rank, rankOf } from "../../../src/domain/rank.ts";
import { candidate, row } from "../support/makers.ts";

const rank = (key: string, activityAtMs: number | undefined, direct: boolean): Rank => ({ key, activityAtMs, direct });
const order = (...ranks: Rank[]) => ranks.toSorted(compareRanks).map(({ key }) => key);

describe("compareRanks", () => {
  it("puts the newest activity first", () => {
    expect(order(rank("old", 1, true), rank("new", 2, false))).toEqual(["new", "old"]);
  });

  it("puts unknown activity last", () => {
    expect(order(rank("unknown", undefined, true), rank("known", 1, false))).toEqual(["known", "unknown"]);
  });

  it("puts a direct chat before a group of the same moment", () => {
    expect(order(rank("a", 1, false), rank("b", 1, true))).toEqual(["b", "a"]);
  });

  it("orders what is otherwise the same by key", () => {
    expect(order(rank("b", 1, true), rank("c", 1, true), rank("a", 1, true))).toEqual(["a", "b", "c"]);
  });

  it("calls only the same key the same rank", () => {
    expect(compareRanks(rank("a", 1, true), rank("a", 1, true))).toBe(0);
  });
});

describe("rankOf", () => {
  it.each([
    ["direct", true],
    ["group", false],
    ["other", false],
  ] as const)("says of a %s chat that direct is %s", (chatKind, direct) => {
    const found = candidate({ row: row({ chatKind, sessionKey: "key", lastInteractionAtMs: 7 }), activityAtMs: 7 });
    expect(rankOf(found)).toEqual({ activityAtMs: 7, direct, key: "key" });
  });

  it("goes by the user's own activity, though the transcript's is later", () => {
    expect(rankOf(candidate({ row: row({ lastInteractionAtMs: 7 }), activityAtMs: 9 })).activityAtMs).toBe(7);
  });

  it.each([9, undefined])("goes by the candidate's activity %s when the user's own is unknown", (activityAtMs) => {
    const found = candidate({ row: row({ lastInteractionAtMs: undefined }), activityAtMs });
    expect(rankOf(found).activityAtMs).toBe(activityAtMs);
  });
});
