import { beforeEach, describe, expect, it } from "vitest";
import { EventBus } from "../../../src/domain/events.ts";
import type { Verdict } from "../../../src/domain/verdict.ts";
import { createLog, logEvents } from "../../../src/observe/log.ts";
import { chooseLevel, type LevelChoice } from "../../../src/observe/log-level.ts";
import { redactor } from "../../../src/observe/redact.ts";
import { SessionRefs } from "../../../src/observe/session-ref.ts";

const SUBJECT = { agentId: "a", sessionKey: "agent:a:telegram:direct:4711" };
const INFO: LevelChoice = { level: "info" };

const refs = new SessionRefs("key");
const REF = refs.of(SUBJECT.sessionKey);

let lines: [level: string, line: string][];
let events: EventBus;

const host = {
  debug: (line: string) => void lines.push(["debug", line]),
  info: (line: string) => void lines.push(["info", line]),
  warn: (line: string) => void lines.push(["warn", line]),
  error: (line: string) => void lines.push(["error", line]),
};

function listen(choice: LevelChoice = INFO): void {
  lines = [];
  events = new EventBus();
  const redact = redactor(refs, (text) => text.replaceAll(/sk-\w+/g, "***"));
  logEvents(events, { log: createLog(host, choice), refs, redact, laneOf: (slot) => `lane-${slot}` });
}

beforeEach(() => listen());

const logged = () => lines.map(([level, line]): [string, unknown] => [level, JSON.parse(line)]);
const verdict = (over: Partial<Verdict>) =>
  ({ kind: "hold", reason: "too-old", found: 2, limit: 1, ...over }) as Verdict;

it("writes through the host's log at the level of the same name", () => {
  const log = createLog(host, INFO);
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
    events.emit("judged", { ...SUBJECT, verdict: verdict({}) });
    const fields = { step: "judged", sessionRef: REF, verdict: "hold", reason: "too-old", found: 2, limit: 1 };
    expect(logged()).toEqual([["info", { level: "info", ...fields, msg: "judged" }]]);
  });

  it("for the boot, with what it said and how long it took", () => {
    events.emit("judged", { ...SUBJECT, verdict: verdict({}) });
    events.emit("judged", { ...SUBJECT, verdict: verdict({ reason: "held-earlier" }) });
    events.emit("judged", { ...SUBJECT, verdict: verdict({ reason: "held-earlier" }) });
    events.emit("booted", {
      mode: "active",
      claimed: 8,
      isBoot: true,
      tookMs: { discover: 3.4, admit: 4.1, claim: 5 },
    });
    const verdicts = { "hold too-old": 1, "hold held-earlier": 2 };
    const fields = { step: "booted", mode: "active", claimed: 8, verdicts, ms: 13 };
    expect(logged().at(-1)).toEqual(["info", { level: "info", ...fields, msg: "booted" }]);
  });

  it("for each limit that is met, as a warning", () => {
    events.emit("cooldown", { provider: "stub", fault: "rate-limit", refusals: 2, forMs: 60_000 });
    events.emit("usedUp", { reason: "over-token-budget", tokens: 1000, costUsd: 0.5 });
    events.emit("fleetLost", { error: "connection refused" });
    events.emit("fleetHealed", { lostForMs: 5000 });
    expect(logged()).toMatchObject([
      ["warn", { step: "cooldown", provider: "stub", fault: "rate-limit", refusals: 2, ms: 60_000 }],
      ["warn", { step: "usedUp", reason: "over-token-budget", tokens: 1000, costUsd: 0.5 }],
      ["warn", { step: "fleetLost", error: "connection refused" }],
      ["info", { step: "fleetHealed", ms: 5000 }],
    ]);
  });

  it("for a start, a cancel and an end, with the host's lane", () => {
    events.emit("started", { ...SUBJECT, slot: 1, attempt: 2, waitedMs: 5, aged: true });
    events.emit("cancelled", { ...SUBJECT, slot: 2, cause: "own-user" });
    events.emit("ended", {
      ...SUBJECT,
      slot: 2,
      result: "preempted",
      ranMs: 7,
      cancelCause: "other-user",
      drainedMs: 3,
    });
    const common = { level: "info", sessionRef: REF };
    expect(logged()).toEqual([
      ["info", { ...common, step: "started", lane: "lane-1", attempt: 2, aged: true, ms: 5, msg: "resume started" }],
      ["info", { ...common, step: "cancelled", lane: "lane-2", cause: "own-user", msg: "resume cancelled" }],
      [
        "info",
        {
          ...common,
          step: "ended",
          lane: "lane-2",
          result: "preempted",
          cause: "other-user",
          drainedMs: 3,
          ms: 7,
          msg: "resume ended",
        },
      ],
    ]);
  });

  it("for a settlement", () => {
    events.emit("settled", { ...SUBJECT, outcome: "held", reason: "attempts-exhausted", attempts: 2 });
    const fields = { step: "settled", sessionRef: REF, outcome: "held", reason: "attempts-exhausted", attempts: 2 };
    expect(logged()).toEqual([["info", { level: "info", ...fields, msg: "settled" }]]);
  });

  it("for what the operator asked, of one session or of the lane", () => {
    events.emit("asked", { ...SUBJECT, action: "resume" });
    events.emit("asked", { action: "pause" });
    expect(logged()).toEqual([
      ["info", { level: "info", step: "asked", sessionRef: REF, action: "resume", msg: "operator asked" }],
      ["info", { level: "info", step: "asked", action: "pause", msg: "operator asked" }],
    ]);
  });

  it("for a conversation that was told, for new settings and for the first user served", () => {
    events.emit("notified", { ...SUBJECT, reason: "too-old" });
    events.emit("reconfigured", { changed: ["budget.maxConcurrent"] });
    events.emit("firstUserReply", { sinceReadyMs: 1200 });
    expect(logged()).toEqual([
      ["info", { level: "info", step: "notified", sessionRef: REF, reason: "too-old", msg: "conversation told" }],
      ["info", { level: "info", step: "reconfigured", changed: ["budget.maxConcurrent"], msg: "settings changed" }],
      ["info", { level: "info", step: "firstUserReply", lane: "main", ms: 1200, msg: "first user served" }],
    ]);
  });

  it("for gateways that died, as an error that says what to do", () => {
    events.emit("fused", { deaths: 3, untilMs: 0 });
    expect(logged()).toEqual([
      [
        "error",
        {
          level: "error",
          step: "fused",
          deaths: 3,
          until: "1970-01-01T00:00:00.000Z",
          msg: expect.stringContaining("`openclaw resumes unpause` goes on") as unknown,
        },
      ],
    ]);
  });

  it.each([
    ["an error", new Error("disk full"), "Error: disk full"],
    ["an error with a code", Object.assign(new Error("full"), { code: "ENOSPC" }), "Error (ENOSPC): full"],
    ["anything else", "disk full", "disk full"],
  ])("for trouble with %s, as a warning", (_name, error, text) => {
    events.emit("trouble", { ...SUBJECT, what: "write the record", error });
    const fields = { step: "trouble", sessionRef: REF, what: "write the record", error: text };
    expect(logged()).toEqual([["warn", { level: "warn", ...fields, msg: "survived an error" }]]);
  });

  it("for a start that failed, as an error", () => {
    events.emit("failed", { error: new Error("disk full") });
    expect(logged()).toMatchObject([["error", { level: "error", step: "failed", error: "Error: disk full" }]]);
  });

  it("for a plugin that was replaced in a gateway that runs", () => {
    events.emit("booted", { mode: "active", claimed: 0, isBoot: false, tookMs: { discover: 1, admit: 1, claim: 1 } });
    expect(logged()).toMatchObject([["info", { step: "booted", replaced: true }]]);
  });

  it("for trouble with an agent", () => {
    events.emit("trouble", { agentId: "sales", what: "list the sessions of an agent", error: "x" });
    expect(logged()).toMatchObject([["warn", { agentId: "sales" }]]);
  });
});

describe("how much is said", () => {
  const boot = () =>
    events.emit("booted", { mode: "active", claimed: 0, isBoot: true, tookMs: { discover: 1, admit: 1, claim: 1 } });

  it("a boot with nothing new to say is one line, however many are held or not ours", () => {
    for (let index = 0; index < 500; index += 1) {
      events.emit("judged", { ...SUBJECT, verdict: verdict({ reason: "held-earlier" }) });
      events.emit("judged", { ...SUBJECT, verdict: verdict({ kind: "leave", reason: "cron" }) });
    }
    boot();
    events.emit("mode", { from: "starting", to: "waiting" });
    expect(lines.map(([level]) => level)).toEqual(["info"]);
    expect(logged()).toMatchObject([["info", { verdicts: { "hold held-earlier": 500, "leave cron": 500 } }]]);
  });

  it.each(["claim-failed", "unreadable-entry", "released"] as const)("what is left as %s is news", (reason) => {
    events.emit("judged", { ...SUBJECT, verdict: verdict({ kind: "leave", reason }) });
    expect(lines).toHaveLength(1);
  });

  it("loads and waits are metrics", () => {
    listen({ level: "trace", shownFrom: "info" });
    events.emit("load", { queued: 1, ready: 1, running: 1, usersWaiting: 1, usersRunning: 1, inTheWay: 0 });
    events.emit("mainWaited", { waitMs: 5 });
    expect(lines).toEqual([]);
  });

  it("details are at debug", () => {
    listen({ level: "debug" });
    events.emit("claimed", SUBJECT);
    events.emit("queued", { ...SUBJECT, attempts: 1 });
    events.emit("mode", { from: "starting", to: "waiting" });
    events.emit("judged", { ...SUBJECT, verdict: verdict({ reason: "held-earlier" }) });
    expect(lines.map(([level]) => level)).toEqual(["debug", "debug", "debug", "debug"]);
  });

  it("what the operator asks for by name reaches a host that shows info and above", () => {
    listen({ level: "debug", shownFrom: "info" });
    events.emit("claimed", SUBJECT);
    expect(logged()).toMatchObject([["info", { level: "debug", step: "claimed" }]]);
    listen({ level: "info", shownFrom: "warn" });
    events.emit("claimed", SUBJECT);
    events.emit("settled", { ...SUBJECT, outcome: "completed", reason: "replied", attempts: 1 });
    expect(logged()).toMatchObject([["warn", { level: "info", step: "settled" }]]);
  });

  it("a level that is off costs nothing: nobody even listens", () => {
    listen({ level: "silent", shownFrom: "info" });
    const reading = new Proxy(SUBJECT, {
      get: () => {
        throw new Error("somebody looked at the event");
      },
    });
    events.emit("claimed", reading);
    events.emit("settled", reading as never);
    events.emit("judged", reading as never);
    expect([lines, events.dropped]).toEqual([[], 0]);
  });

  it("needs no debug level of the host", () => {
    const quiet = createLog({ info: host.info, warn: host.warn, error: host.error }, { level: "debug" });
    quiet.debug("unheard");
    quiet.info("heard");
    expect(lines.map(([level]) => level)).toEqual(["info"]);
  });
});

describe("nothing leaks", () => {
  const HOSTILE = 'agent:a:x:"}\n{"level":"fatal';

  it("of session keys: an error that names one names what stands for it in the log", () => {
    const error = new Error(`session ${SUBJECT.sessionKey} not found, nor AGENT:A:telegram:direct:4711`);
    events.emit("trouble", { what: "read", error });
    expect(logged()).toMatchObject([
      ["warn", { error: `Error: session session ${REF} not found, nor session ${REF}` }],
    ]);
  });

  it("of what an error quotes, or of a secret", () => {
    const texts = [
      `Unexpected token 'h', "hello my love" is not valid JSON`,
      'unterminated "hello my love',
      "cannot use sk-12345 of `hello my love`",
    ];
    for (const text of texts) events.emit("trouble", { what: "read", error: new Error(text) });
    expect(lines.join("\n")).not.toMatch(/love|12345/);
    expect(lines).toHaveLength(3);
  });

  it("of the evidence of a scope filter, which names sessions on either side", () => {
    const said = {
      ...verdict({ kind: "hold", reason: "excluded" }),
      found: SUBJECT.sessionKey,
      limit: "not *:4711",
    };
    events.emit("judged", { ...SUBJECT, verdict: said });
    expect(lines.join("\n")).not.toContain("4711");
  });

  it("of hostile keys and names: a line stays a line, and its fields are its own", () => {
    const subject = { agentId: "a", sessionKey: HOSTILE };
    events.emit("judged", { ...subject, verdict: verdict({}) });
    events.emit("started", { ...subject, slot: 1, attempt: 1, waitedMs: 1, aged: false });
    events.emit("trouble", { ...subject, what: "read", error: new Error(`one\n${HOSTILE}`) });
    events.emit("trouble", { agentId: HOSTILE, what: "list", error: "x".repeat(10_000) });
    expect(lines.every(([, line]) => !line.includes("\n") && line.length < 600)).toBe(true);
    expect(logged().map(([level]) => level)).toEqual(["info", "info", "warn", "warn"]);
  });
});

describe("what stands for a session", () => {
  it("is the same for the same key and differs with the session and the secret", () => {
    expect(refs.of("agent:a:1")).toBe(new SessionRefs("key").of("agent:a:1"));
    expect(refs.of("agent:a:1")).not.toBe(refs.of("agent:a:2"));
    expect(refs.of("agent:a:1")).not.toBe(new SessionRefs("another").of("agent:a:1"));
    expect(refs.of("agent:a:1")).toMatch(/^[0-9a-f]{12}$/);
  });
});

describe("the level", () => {
  it.each<readonly [string | undefined, readonly (string | undefined)[], LevelChoice]>([
    [undefined, [], { level: "info" }],
    ["", ["info", "warn"], { level: "info" }],
    [undefined, ["info", "debug"], { level: "debug" }],
    [undefined, ["trace", undefined], { level: "debug" }],
    ["warn", ["debug"], { level: "warn", shownFrom: "debug" }],
    ["DEBUG", ["warn", undefined], { level: "debug", shownFrom: "info" }],
    ["debug", ["warn", "error"], { level: "debug", shownFrom: "warn" }],
    ["trace", ["silent", "fatal"], { level: "trace", shownFrom: "error" }],
    ["silent", ["info"], { level: "silent", shownFrom: "info" }],
  ])("of %j beside the host's %j", (wanted, hostLevels, choice) => {
    expect(chooseLevel(wanted, hostLevels)).toEqual(choice);
  });

  it("that does not exist is named, with those that do", () => {
    expect(chooseLevel("loud", ["debug"])).toEqual({
      level: "debug",
      complaint:
        'OPENCLAW_RESUME_LOG: expected one of trace, debug, info, warn, error, fatal, silent, found "loud"; the log stays at debug',
    });
  });
});
