import { beforeEach, describe, expect, it } from "vitest";
import { EventBus } from "../../../src/domain/events.ts";
import { createLog, logEvents } from "../../../src/observe/log.ts";

const SUBJECT = { agentId: "a", sessionKey: "a1" };

let lines: [level: string, line: string][];
let events: EventBus;

const host = {
  debug: (line: string) => void lines.push(["debug", line]),
  info: (line: string) => void lines.push(["info", line]),
  warn: (line: string) => void lines.push(["warn", line]),
  error: (line: string) => void lines.push(["error", line]),
};

beforeEach(() => {
  lines = [];
  events = new EventBus();
  logEvents(events, createLog(host));
});

const logged = () => lines.map(([level, line]): [string, unknown] => [level, JSON.parse(line)]);

it("writes through the host's log at the level of the same name", () => {
  const log = createLog(host);
  log.info("one");
  log.warn("two");
  log.error("three");
  log.fatal("four");
  expect(lines).toEqual([
    ["info", '{"level":"info","msg":"one"}'],
    ["warn", '{"level":"warn","msg":"two"}'],
    ["error", '{"level":"error","msg":"three"}'],
    ["error", '{"level":"fatal","msg":"four"}'],
  ]);
});

describe("one JSON line", () => {
  it("for a verdict, with its reason and its evidence", () => {
    events.emit("judged", { ...SUBJECT, verdict: { kind: "hold", reason: "too-old", found: 2, limit: 1 } });
    expect(logged()).toEqual([
      ["info", { level: "info", ...SUBJECT, verdict: "hold", reason: "too-old", found: 2, limit: 1, msg: "judged" }],
    ]);
  });

  it("for the boot", () => {
    events.emit("booted", { mode: "active", claimed: 8, tookMs: 12 });
    expect(logged()).toEqual([["info", { level: "info", mode: "active", claimed: 8, tookMs: 12, msg: "booted" }]]);
  });

  it("for a queued resume, at debug", () => {
    events.emit("queued", { ...SUBJECT, attempts: 1 });
    expect(logged()).toEqual([["debug", { level: "debug", ...SUBJECT, attempts: 1, msg: "queued" }]]);
  });

  it("for a start", () => {
    events.emit("started", { ...SUBJECT, slot: 1, attempt: 2, waitedMs: 5, aged: true });
    expect(logged()).toEqual([
      ["info", { level: "info", ...SUBJECT, slot: 1, attempt: 2, waitedMs: 5, aged: true, msg: "resume started" }],
    ]);
  });

  it("for a cancel", () => {
    events.emit("cancelled", { ...SUBJECT, cause: "own-user" });
    expect(logged()).toEqual([["info", { level: "info", ...SUBJECT, cause: "own-user", msg: "resume cancelled" }]]);
  });

  it("for the end of a run", () => {
    events.emit("ended", { ...SUBJECT, outcome: "preempted", ranMs: 7, cancelCause: "other-user", drainedMs: 3 });
    const fields = { ...SUBJECT, outcome: "preempted", ranMs: 7, cancelCause: "other-user", drainedMs: 3 };
    expect(logged()).toEqual([["info", { level: "info", ...fields, msg: "resume ended" }]]);
  });

  it("for a settlement", () => {
    events.emit("settled", { ...SUBJECT, outcome: "held", reason: "attempts-exhausted", attempts: 2 });
    const fields = { ...SUBJECT, outcome: "held", reason: "attempts-exhausted", attempts: 2 };
    expect(logged()).toEqual([["info", { level: "info", ...fields, msg: "settled" }]]);
  });

  it("for what the operator asked, of one session or of the lane", () => {
    events.emit("asked", { ...SUBJECT, action: "resume" });
    events.emit("asked", { action: "pause" });
    expect(logged()).toEqual([
      ["info", { level: "info", ...SUBJECT, action: "resume", msg: "operator asked" }],
      ["info", { level: "info", action: "pause", msg: "operator asked" }],
    ]);
  });

  it("for a conversation that was told, and for new settings", () => {
    events.emit("notified", { ...SUBJECT, reason: "too-old" });
    events.emit("reconfigured", { changed: ["budget.maxConcurrent"] });
    expect(logged()).toEqual([
      ["info", { level: "info", ...SUBJECT, reason: "too-old", msg: "conversation told" }],
      ["info", { level: "info", changed: ["budget.maxConcurrent"], msg: "settings changed" }],
    ]);
  });

  it.each([
    ["an error", new Error("disk full")],
    ["anything else", "disk full"],
  ])("for trouble with %s, as a warning", (_name, error) => {
    events.emit("trouble", { ...SUBJECT, what: "write the record", error });
    const fields = { ...SUBJECT, what: "write the record", error: "disk full" };
    expect(logged()).toEqual([["warn", { level: "warn", ...fields, msg: "survived an error" }]]);
  });
});

it("says nothing of loads and waits: they are metrics", () => {
  events.emit("load", { queued: 1, running: 1, usersWaiting: 1, usersRunning: 1 });
  events.emit("mainWaited", { waitMs: 5 });
  expect(lines).toEqual([]);
});

it("needs no debug level of the host", () => {
  const quiet = createLog({ info: host.info, warn: host.warn, error: host.error });
  quiet.level = "debug";
  quiet.debug("unheard");
  quiet.info("heard");
  expect(lines.map(([level]) => level)).toEqual(["info"]);
});

it("keeps line breaks inside one line", () => {
  events.emit("trouble", { what: "read", error: new Error("one\ntwo") });
  expect(lines).toHaveLength(1);
  expect(lines[0]?.[1]).not.toContain("\n");
});
