import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { EventBus, type ResumeEvents } from "../../../src/domain/events.ts";
import { Continuity, type ContinuityParts, type EndedSession } from "../../../src/host/continuity.ts";
import { inProcess } from "../../../src/host/in-process.ts";
import { CarryOvers } from "../../../src/record/carry-overs.ts";

const NOW = Date.UTC(2026, 10, 26, 12);
const DAY = 24 * 3_600_000;
const KEY = "agent:main:telegram:direct:1";
const QUESTION = "Shall I delete it?";

let stateDir: string;
let store: CarryOvers;
let nowMs: number;
let events: EventBus;
let told: [name: string, event: Record<string, unknown>][];
let transcript: readonly unknown[] | undefined;

beforeEach(() => {
  stateDir = mkdtempSync(path.join(tmpdir(), "continuity-"));
  store = new CarryOvers(stateDir);
  nowMs = NOW;
  told = [];
  events = new EventBus();
  events.onAny((name, event) => told.push([name, { ...event }]));
  transcript = [{ type: "message", timestamp: NOW - 60_000, message: { role: "assistant", content: QUESTION } }];
  newProcess();
});
afterEach(() => {
  newProcess();
  rmSync(stateDir, { recursive: true });
});

/** What another gateway process, or the one after a crash, knows. */
function newProcess(): void {
  delete inProcess.carryOvers;
  delete inProcess.carriedInto;
}

function make(over: Partial<ContinuityParts> = {}): Continuity {
  const limits = { maxMessages: 20, maxChars: 8000, maxAgeMs: 7 * DAY };
  return new Continuity({
    settings: { enabled: true, reasons: ["idle"], ...limits },
    store,
    readEnd: () => transcript && { events: transcript, bytesRead: 512 },
    redact: (text) => text,
    nowMs: () => nowMs,
    events: () => events,
    ...over,
  });
}

const idle: EndedSession = { sessionId: "old", sessionKey: KEY, reason: "idle", nextSessionId: "new" };
const context = (sessionId: string, over: object = {}) => ({
  agentId: "main",
  sessionKey: KEY,
  sessionId,
  trigger: "user",
  ...over,
});
const prompt = (...messages: unknown[]) => ({ messages });
const answered = { role: "assistant", content: [{ type: "text", text: "Done." }], stopReason: "stop" };
const given = (continuity: Continuity, sessionId = "new", over: object = {}) =>
  continuity.promptContext(prompt(), context(sessionId, over))?.prependContext;

it("the first turn after a rollover gets the end of the conversation, once it has succeeded no other", () => {
  const continuity = make();
  continuity.sessionEnded(idle, context("old"));
  expect(store.all()).toMatchObject([{ agentId: "main", sessionKey: KEY, fromId: "old", toId: "new", atMs: NOW }]);
  expect(given(continuity)).toContain(QUESTION);
  continuity.turnEnded({ success: true }, context("new"));
  expect(given(continuity)).toBeUndefined();
  expect(store.all()).toEqual([]);
  expect(told).toEqual([
    [
      "carriedOver",
      { agentId: "main", sessionKey: KEY, messages: 1, chars: 74, bytesRead: 512, tookMs: expect.any(Number) },
    ],
  ]);
});

it("a first turn that failed, was cut off or is resumed after a crash gets it again", () => {
  const continuity = make();
  continuity.sessionEnded(idle, context("old"));
  expect(given(continuity)).toContain(QUESTION);
  continuity.turnEnded({ success: false }, context("new"));
  expect(given(continuity)).toContain(QUESTION);
  newProcess();
  const after = make();
  // Of what was cut off an answer without text, or a call, can be there.
  const cutOff = { role: "assistant", content: [{ type: "toolCall" }] };
  expect(after.promptContext(prompt(cutOff), context("new", { trigger: "manual" }))?.prependContext).toContain(
    QUESTION,
  );
});

it("what was given is forgotten when the first turn turns out to be over", () => {
  make().sessionEnded(idle, context("old"));
  newProcess();
  const after = make();
  expect(after.promptContext(prompt({ role: "user", content: "yes" }, answered), context("new"))).toBeUndefined();
  expect(given(after)).toBeUndefined();
  expect(store.all()).toEqual([]);
});

it("one prompt gets it once, however many registrations the host asks", () => {
  const event = prompt();
  const [one, other] = [make(), make()];
  one.sessionEnded(idle, context("old"));
  expect(one.promptContext(event, context("new"))?.prependContext).toContain(QUESTION);
  expect(other.promptContext(event, context("new"))).toBeUndefined();
  expect(given(other)).toContain(QUESTION);
});

it("only the next session of the same conversation gets it", () => {
  const continuity = make();
  continuity.sessionEnded(idle, context("old"));
  expect(given(continuity, "old")).toBeUndefined();
  expect(given(continuity, "another")).toBeUndefined();
  expect(given(continuity, "new", { sessionKey: "agent:main:telegram:direct:2" })).toBeUndefined();
  expect(given(continuity, "new", { sessionKey: undefined })).toBeUndefined();
  // The same key, as other parts of the host write it.
  expect(given(continuity, "new", { sessionKey: "telegram:direct:1" })).toContain(QUESTION);
});

it("runs that nobody in the chat has asked for neither get it nor use it up", () => {
  const continuity = make();
  continuity.sessionEnded(idle, context("old"));
  for (const trigger of ["heartbeat", "cron", "memory"]) {
    expect(given(continuity, "new", { trigger })).toBeUndefined();
    continuity.turnEnded({ success: true }, context("new", { trigger }));
  }
  expect(given(continuity)).toContain(QUESTION);
});

it.each<[string, Partial<EndedSession>]>([
  ["the host has kept the id", { nextSessionId: "old" }],
  ["nothing follows", { nextSessionId: undefined }],
  ["another key follows", { nextSessionKey: "agent:main:telegram:direct:2" }],
  ["the user has begun anew", { reason: "new" }],
  ["it was reset", { reason: "reset" }],
  ["it was deleted", { reason: "deleted" }],
  ["it was compacted", { reason: "compaction" }],
  ["its day was over, and that is not listed", { reason: "daily" }],
  ["the reason is not told", { reason: undefined }],
  ["it is a job's", { sessionKey: "agent:main:cron:job" }],
  ["it is a subagent's", { sessionKey: "agent:main:subagent:1" }],
])("nothing is carried when %s", (_, over) => {
  const continuity = make();
  continuity.sessionEnded({ ...idle, ...over }, context("old"));
  expect(given(continuity)).toBeUndefined();
  expect([store.all(), told]).toEqual([[], []]);
});

it("listed reasons carry", () => {
  const continuity = make({
    settings: { enabled: true, reasons: ["daily"], maxMessages: 1, maxChars: 200, maxAgeMs: DAY },
  });
  continuity.sessionEnded({ ...idle, reason: "daily" }, context("old"));
  expect(given(continuity)).toContain(QUESTION);
});

it("a session that ends before its first turn loses it, unless only the gateway stops", () => {
  const continuity = make();
  continuity.sessionEnded(idle, context("old"));
  continuity.sessionEnded({ sessionId: "new", sessionKey: KEY, reason: "shutdown" }, context("new"));
  expect(given(continuity)).toContain(QUESTION);
  continuity.sessionEnded({ sessionId: "new", sessionKey: KEY, reason: "new", nextSessionId: "newer" }, context("new"));
  expect(given(continuity)).toBeUndefined();
  expect(store.all()).toEqual([]);
});

it("a first turn comes within a day", () => {
  const continuity = make();
  continuity.sessionEnded(idle, context("old"));
  nowMs = NOW + DAY;
  expect(given(continuity)).toContain(QUESTION);
  nowMs += 1;
  expect(given(continuity)).toBeUndefined();
  nowMs = NOW;
  continuity.sessionEnded(idle, context("old"));
  nowMs += DAY + 1;
  newProcess();
  expect(given(make())).toBeUndefined();
  expect(store.all()).toEqual([]);
});

it("what nobody comes back for is forgotten with any hook, looked for once an hour", () => {
  const sweeps: number[] = [];
  const swept = {
    all: () => store.all(),
    put: (waiting: Parameters<CarryOvers["put"]>[0]) => store.put(waiting),
    delete: (waiting: Parameters<CarryOvers["delete"]>[0]) => store.delete(waiting),
    deleteBefore: (atMs: number) => {
      sweeps.push(nowMs);
      store.deleteBefore(atMs);
    },
  };
  const continuity = make({ store: swept });
  continuity.sessionEnded(idle, context("old"));
  const other = { sessionKey: "agent:main:telegram:direct:2", trigger: "heartbeat" };
  const hooks = [
    () => continuity.promptContext(prompt(), context("x", other)),
    () => continuity.turnEnded({ success: true }, context("x", other)),
    () => continuity.sessionEnded({ sessionId: "x" }, { ...context("x"), ...other }),
  ];
  for (const hook of [...hooks, ...hooks]) hook();
  expect(sweeps).toEqual([]);
  nowMs = NOW + DAY;
  for (const hook of hooks) hook();
  expect([sweeps, store.all().length]).toEqual([[NOW + DAY], 1]);
  for (const [index, hook] of hooks.entries()) {
    nowMs = NOW + DAY + (index + 1) * 3_600_000;
    hook();
    hook();
    expect([sweeps.length, store.all().length]).toEqual([index + 2, 0]);
  }
  expect(inProcess.carryOvers?.size).toBe(0);
});

it.each<[ResumeEvents["notCarriedOver"]["reason"], () => readonly unknown[] | undefined]>([
  ["no-transcript", () => undefined],
  ["empty", () => []],
  ["too-old", () => [{ type: "message", timestamp: NOW - 8 * DAY, message: { role: "user", content: "hello" } }]],
])("a line says why there was nothing: %s", (reason, read) => {
  transcript = read();
  const continuity = make();
  continuity.sessionEnded(idle, context("old"));
  expect(given(continuity)).toBeUndefined();
  expect(told).toEqual([["notCarriedOver", { agentId: "main", sessionKey: KEY, reason }]]);
});

it("no error reaches the host", () => {
  const fails = (): never => {
    throw new Error("disk");
  };
  const broken = make({ store: { all: fails, put: fails, delete: fails, deleteBefore: fails } });
  broken.sessionEnded(idle, context("old"));
  // It is in memory all the same.
  expect(given(broken)).toContain(QUESTION);
  broken.turnEnded({ success: true }, context("new"));
  expect(given(broken)).toBeUndefined();
  make({ readEnd: fails }).sessionEnded(idle, context("old"));
  nowMs += DAY;
  expect(given(broken)).toBeUndefined();
  expect(told.filter(([name]) => name === "trouble").map(([, { what }]) => what)).toEqual([
    "read what is carried over",
    "keep what is carried over",
    "forget what was carried over",
    "carry a conversation over",
    "forget what was carried over",
  ]);
  // And there need not be anybody to tell.
  make({ readEnd: fails, events: () => undefined }).sessionEnded(idle, context("old"));
});
