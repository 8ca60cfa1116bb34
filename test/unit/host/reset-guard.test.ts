import { beforeEach, expect, it } from "vitest";
import { ResetGuard } from "../../../src/host/reset-guard.ts";
import type { ActiveRuns } from "../../../src/host/sdk.ts";

const KEY = "agent:main:telegram:direct:1";

type Handle = Parameters<ActiveRuns["setActiveEmbeddedRun"]>[1];

/** What the host has registered, by session id. */
let active: Map<string, Handle>;
let guard: ResetGuard;

beforeEach(() => {
  active = new Map();
  const activeRuns = {
    setActiveEmbeddedRun: (sessionId, handle) => void active.set(sessionId, handle),
    clearActiveEmbeddedRun: (sessionId, handle) => {
      if (active.get(sessionId) === handle) active.delete(sessionId);
    },
  } satisfies ActiveRuns;
  guard = new ResetGuard({ config: () => ({}), load: async () => activeRuns });
});

it("a session that is begun while a resume runs has something to abort, until that has ended", async () => {
  const ended = await guard.guard(KEY, "run-1");
  guard.sessionStarted(KEY, "new");
  guard.sessionStarted(KEY, "newer");
  expect([...active.keys()]).toEqual(["new", "newer"]);
  ended();
  expect(active.size).toBe(0);
});

it("what is registered bears to be aborted, streams nothing and takes no messages", async () => {
  await guard.guard(KEY, "run-1");
  guard.sessionStarted(KEY, "new");
  const handle = active.get("new")!;
  handle.abort();
  expect([handle.runId, handle.isStreaming(), handle.isStopped?.(), handle.isCompacting()]).toEqual([
    "run-1",
    false,
    true,
    false,
  ]);
  await expect(handle.queueMessage("more")).rejects.toThrow("being cancelled");
});

it("what the host registers in its place stays", async () => {
  const ended = await guard.guard(KEY, "run-1");
  guard.sessionStarted(KEY, "new");
  const users = {} as Handle;
  active.set("new", users);
  ended();
  expect([...active]).toEqual([["new", users]]);
});

it("a session is the one of its key however that is written", async () => {
  await guard.guard(KEY, "run-1");
  guard.sessionStarted("Telegram:Direct:1", "new");
  expect([...active.keys()]).toEqual(["new"]);
});

it.each([
  ["another session", "agent:main:telegram:direct:2"],
  ["one without a key", undefined],
])("%s is left alone", async (_what, key) => {
  await guard.guard(KEY, "run-1");
  guard.sessionStarted(key, "new");
  expect(active.size).toBe(0);
});

it("so is one that is begun when the run has ended", async () => {
  (await guard.guard(KEY, "run-1"))();
  guard.sessionStarted(KEY, "new");
  expect(active.size).toBe(0);
});

it("a host that aborts what it should is told of nothing", async () => {
  const unneeded = new ResetGuard({ config: () => ({}), load: async () => undefined });
  const ended = await unneeded.guard(KEY, "run-1");
  unneeded.sessionStarted(KEY, "new");
  ended();
  expect(active.size).toBe(0);
});
