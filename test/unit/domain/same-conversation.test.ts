import { describe, expect, it } from "vitest";
import { newerRows, sharedConversations, splitOf } from "../../../src/domain/same-conversation.ts";
import type { SessionRow } from "../../../src/domain/session.ts";
import { facts, NOW, row } from "../support/makers.ts";

const KEY = "agent:a:conversation:1";
const silent = () => facts();

function rowOf(sessionKey: string, lastInteractionAtMs: number | undefined, over: Parameters<typeof row>[0] = {}) {
  const { conversation, ...rest } = over;
  return row({
    sessionKey,
    sessionId: `session of ${sessionKey}`,
    lastInteractionAtMs,
    conversation: { key: KEY, ...conversation },
    ...rest,
  });
}

const keysOf = (shared: readonly (readonly SessionRow[])[]) =>
  shared.map((rows) => rows.map(({ sessionKey }) => sessionKey));

describe("conversations with several rows", () => {
  it("have the one that was active last first", () => {
    const rows = [rowOf("raw", 1), rowOf(KEY, 3), rowOf("Raw", 2), row({ sessionKey: "alone" })];
    expect(keysOf(sharedConversations(rows, silent, NOW))).toEqual([[KEY, "Raw", "raw"]]);
  });

  it("ask the transcript where the entry does not tell when that was", () => {
    const rows = [rowOf("raw", undefined), rowOf(KEY, 3)];
    const transcript = (one: SessionRow) => facts({ newestEventAtMs: one.sessionKey === "raw" ? 4 : 0 });
    expect(keysOf(sharedConversations(rows, transcript, NOW))).toEqual([["raw", KEY]]);
  });

  it("have the row of their own key first when both were active at once, then go by key", () => {
    const rows = [rowOf("b", 3), rowOf(KEY, 3), rowOf("a", 3), rowOf("c", undefined)];
    expect(keysOf(sharedConversations(rows, silent, NOW))).toEqual([[KEY, "a", "b", "c"]]);
  });

  it("are not led by a row whose time lies in the future", () => {
    const rows = [rowOf("raw", NOW + 3_600_000), rowOf(KEY, 3)];
    expect(keysOf(sharedConversations(rows, silent, NOW))).toEqual([[KEY, "raw"]]);
  });

  it("do not count what was put away, nor what has an owner in the host", () => {
    const owned = (sessionKey: string) => rowOf(sessionKey, 1, { conversation: { key: "job", kind: "cron" } });
    const rows = [rowOf("raw", 1, { archived: true }), rowOf(KEY, 3), owned("one"), owned("two")];
    expect(sharedConversations(rows, silent, NOW)).toEqual([]);
  });

  it("lead from each of the others to their newest row", () => {
    const [newest, older, oldest] = [rowOf(KEY, 3), rowOf("raw", 2), rowOf("Raw", 1)];
    const newer = newerRows(sharedConversations([oldest, older, newest], silent, NOW));
    expect([newest, older, oldest].map((one) => newer.get(one))).toEqual([undefined, newest, newest]);
    expect(newerRows([[]])).toEqual(new Map());
  });
});

describe("a conversation is split", () => {
  const spoke = (times: Readonly<Record<string, readonly number[]>>) => (one: SessionRow) => {
    const said = times[one.sessionKey] ?? [];
    return facts({ userMessages: said.length, firstUserMessageAtMs: said[0], lastUserMessageAtMs: said.at(-1) });
  };

  it("when its user has spoken in two sessions, which are told in the order in which they began", () => {
    expect(splitOf([rowOf(KEY, 9), rowOf("raw", 8)], spoke({ raw: [1, 8], [KEY]: [5] }))).toEqual({
      agentId: "a",
      key: KEY,
      parts: [
        {
          sessionKey: "raw",
          sessionId: "session of raw",
          userMessages: 2,
          firstUserMessageAtMs: 1,
          lastUserMessageAtMs: 8,
        },
        {
          sessionKey: KEY,
          sessionId: `session of ${KEY}`,
          userMessages: 1,
          firstUserMessageAtMs: 5,
          lastUserMessageAtMs: 5,
        },
      ],
    });
  });

  it("whatever is not known of when they began", () => {
    const undated = (one: SessionRow) =>
      facts({ userMessages: 1, firstUserMessageAtMs: one.sessionKey === KEY ? 5 : undefined });
    expect(splitOf([rowOf("raw", 8), rowOf(KEY, 9)], undated)?.parts.map(({ sessionKey }) => sessionKey)).toEqual([
      KEY,
      "raw",
    ]);
  });

  it.each([
    [
      "two rows of one session",
      [rowOf(KEY, 2, { sessionId: "s" }), rowOf("raw", 1, { sessionId: "s" })],
      { raw: [1], [KEY]: [1] },
    ],
    ["a row in which nobody has spoken", [rowOf(KEY, 2), rowOf("raw", 1)], { [KEY]: [1] }],
    ["rows in which nobody has spoken", [rowOf(KEY, 2), rowOf("raw", 1)], {}],
    ["one row", [rowOf(KEY, 2)], { [KEY]: [1] }],
    ["no row", [], {}],
  ])("not by %s", (_what, rows, times) => {
    expect(splitOf(rows, spoke(times))).toBeUndefined();
  });
});
