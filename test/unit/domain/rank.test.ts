import { describe, expect, it } from "vitest";
import { compareRanks, type Rank, rankOf } from "../../../src/domain/rank.ts";
import { candidate, record, row } from "../support/makers.ts";

const rank = (key: string, activityAtMs: number | undefined, direct: boolean): Rank => ({
  requestedAtMs: undefined,
  key,
  activityAtMs,
  direct,
});
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

  it("puts what the operator asked for first, the earlier request before the later one", () => {
    const asked = (key: string, requestedAtMs: number) => ({ ...rank(key, 1, false), requestedAtMs });
    expect(order(rank("new", 9, true), asked("second", 20), asked("first", 10))).toEqual(["first", "second", "new"]);
  });

  it("orders requests of the same moment by their activity", () => {
    const asked = (key: string, activityAtMs: number) => ({ ...rank(key, activityAtMs, true), requestedAtMs: 5 });
    expect(order(asked("old", 1), asked("new", 2))).toEqual(["new", "old"]);
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
    const found = candidate({ row: row({ chatKind, sessionKey: "key", lastInteractionAtMs: 7 }) });
    expect(rankOf(found)).toEqual({ requestedAtMs: undefined, activityAtMs: 7, direct, key: "key" });
  });

  it("goes by the user's own activity, though the transcript's is later", () => {
    expect(
      rankOf(candidate({ row: row({ lastInteractionAtMs: 7 }), transcript: { newestEventAtMs: 9 } })).activityAtMs,
    ).toBe(7);
  });

  it.each([9, undefined])("goes by the transcript's activity %s when the user's own is unknown", (newestEventAtMs) => {
    const found = candidate({ row: row({ lastInteractionAtMs: undefined }), transcript: { newestEventAtMs } });
    expect(rankOf(found).activityAtMs).toBe(newestEventAtMs);
  });

  it("knows when the operator asked for it", () => {
    expect(rankOf(candidate({ record: record({ requestedAtMs: 5 }) })).requestedAtMs).toBe(5);
    expect(rankOf(candidate({ record: record() })).requestedAtMs).toBeUndefined();
  });

  it("does not ask a transcript that it need not know", () => {
    const untold = () => {
      throw new Error("asked for the transcript");
    };
    expect(rankOf({ ...candidate(), transcript: untold }).activityAtMs).toBe(row().lastInteractionAtMs);
  });
});
