import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { plainlyLater } from "../../../src/domain/clock-jumps.ts";
import type { PendingReply } from "../../../src/domain/record.ts";
import { runError } from "../../../src/domain/run-error.ts";
import type { DeliveryRoute, SessionRow } from "../../../src/domain/session.ts";
import { transcriptFacts, type TranscriptState, unreadFacts } from "../../../src/domain/transcript-facts.ts";
import { HostRunner, type HostRunnerOptions } from "../../../src/host/runner.ts";
import { Ledger } from "../../../src/record/ledger.ts";
import { RecordStore } from "../../../src/record/record-store.ts";
import { resolveSettings } from "../../../src/settings/resolve.ts";
import type { UnsafeTail } from "../../../src/settings/settings.ts";
import { makeTempDir, removeTempDir } from "../../support/temp.ts";
import { FORECAST, NOW, record, row, running } from "../support/makers.ts";

/** When the first attempt of the record under test began. */
const FIRST_START = NOW - 20_000;

type RunParams = Parameters<HostRunnerOptions["agent"]["runEmbeddedAgent"]>[0];
type Result = Readonly<Record<string, unknown>>;

const KEY = "agent:a:chat";
const ROUTE: DeliveryRoute = { channel: "telegram", to: "1" };
const REPLY: PendingReply = { parts: [{ text: "owed" }], route: ROUTE };
const RESUME = running(KEY, { agentId: "a", sessionKey: KEY, sessionId: "session-1", attempts: 1 });
const HELLO = { payloads: [{ text: "hello" }], meta: {} };

const message = (role: string, text: string, atMs = NOW) => ({
  type: "message",
  timestamp: atMs,
  message: { role, content: [{ type: "text", text }] },
});
/** What was interrupted: asked before the claim. */
const ASKED = message("user", "do it", NOW - 60_000);
const TOOL_RESULT = message("toolResult", "done, perhaps");

let dir: string;
let records: RecordStore;
let session: SessionRow | undefined;
let route: DeliveryRoute | undefined;
let transcript: unknown[];
/** What keeps the transcript from being read. */
let broken: TranscriptState | undefined;
let unsafeTail: UnsafeTail;
/** What the agent turn comes to. */
let turn: (params: RunParams) => Promise<Result>;
let turns: RunParams[];
/** What was delivered, and every other step, in order. */
let journal: string[];
/** The status of each entry whose end was written. */
let finished: (string | undefined)[];
let deliveryError: Error | undefined;
let delivery: "sent" | "handed-over";

beforeEach(() => {
  dir = makeTempDir("runner");
  records = RecordStore.open(dir);
  records.put(record({ phase: "running", attempts: 1, runId: "run-1", runStartedAtMs: FIRST_START }));
  session = row({ status: "killed", route: ROUTE });
  route = ROUTE;
  transcript = [ASKED];
  broken = undefined;
  unsafeTail = "ask";
  turn = async () => HELLO;
  turns = [];
  journal = [];
  finished = [];
  deliveryError = undefined;
  delivery = "sent";
});

afterEach(() => {
  records.close();
  removeTempDir(dir);
});

function settings(resume: { readonly unsafeTail?: UnsafeTail; readonly timeoutMs?: number }, lane = "resume") {
  const result = resolveSettings({ lane: { name: lane }, resume });
  if (!result.ok) throw new Error("the settings of this test are wrong");
  return result.settings;
}

const phase = () => records.get("a", KEY)?.phase;

function run(over: Partial<HostRunnerOptions> = {}, signal = new AbortController().signal, resume = RESUME) {
  const runner = new HostRunner({
    isLater: () => plainlyLater,
    agent: {
      runEmbeddedAgent: async (params) => {
        turns.push(params);
        journal.push("turn");
        return (await turn(params)) as object as Awaited<ReturnType<HostRunnerOptions["agent"]["runEmbeddedAgent"]>>;
      },
      resolveAgentWorkspaceDir: (_config, agentId) => `/workspace/${agentId}`,
    },
    config: () => ({}),
    storePathOf: (agentId) => `/store/${agentId}`,
    transcriptFileOf: () => undefined,
    besideMessage: () => ({}),
    sessions: {
      get: () => session,
      claim: async ({ sessionKey }) => (journal.push(`claim ${sessionKey}`), FORECAST),
      finish: async ({ status }) => (finished.push(status), true),
      runContext: () => ({ model: "own" }),
      routeOf: () => route,
    },
    transcripts: { restored: async () => (broken === undefined ? transcriptFacts(transcript) : unreadFacts(broken)) },
    deliver: async ({ runId, parts, route: { to } }) => {
      journal.push(`deliver ${runId} to ${to}: ${parts.map(({ text }) => text).join(" | ")} (${phase()})`);
      if (deliveryError !== undefined) throw deliveryError;
      return delivery;
    },
    ledger: new Ledger(records, () => NOW),
    settings: () => settings({ unsafeTail }),
    expectOwnTurn: async (key, runId) => {
      journal.push(`expect ${key} ${runId}`);
      return () => journal.push("expect no more");
    },
    ...over,
  });
  return runner.run(resume, "run-1", signal);
}

const TURN = [`expect ${KEY} run-1`, "turn", "expect no more"];

describe("before a turn", () => {
  it.each([
    ["is gone", () => undefined],
    ["was replaced", () => row({ sessionId: "session-2" })],
    ["was stopped by its user", () => row({ lastInteractionAtMs: NOW, stoppedAtMs: NOW })],
  ])("a session that %s supersedes the resume", async (_name, now) => {
    session = now();
    expect(await run()).toEqual({ kind: "superseded" });
    expect(journal).toEqual([]);
  });

  it("a session that was continued by its user supersedes the resume", async () => {
    session = row({ lastInteractionAtMs: NOW });
    transcript = [ASKED, message("user", "and this", NOW - 29_999)];
    expect(await run()).toEqual({ kind: "superseded" });
    expect(journal).toEqual([]);
  });

  it("a session that was continued and answered supersedes the resume: the answer is not ours", async () => {
    session = row({ status: "done", lastInteractionAtMs: NOW });
    transcript = [ASKED, message("user", "and this", NOW - 10), message("assistant", "here it is", NOW)];
    expect(await run()).toEqual({ kind: "superseded" });
    expect(journal).toEqual([]);
  });

  it("a command of its user since the claim changes nothing", async () => {
    session = row({ status: "killed", lastInteractionAtMs: NOW });
    expect(await run()).toEqual({ kind: "completed", reason: "replied" });
    expect(journal).toEqual([...TURN, "deliver run-1 to 1: hello (delivering)"]);
  });

  it("a stop from before the claim changes nothing", async () => {
    session = row({ status: "killed", stoppedAtMs: NOW - 30_000 });
    expect(await run()).toEqual({ kind: "completed", reason: "replied" });
  });

  it("a record that is missing fails the resume", async () => {
    records.delete("a", KEY);
    expect(await run()).toMatchObject({ kind: "failed" });
    expect(journal).toEqual([]);
  });

  it.each([
    ["before the first attempt", FIRST_START - 1],
    ["at an unknown time", Number.NaN],
  ])("a reply from %s is one that the user has", async (_name, atMs) => {
    transcript = [ASKED, message("assistant", "done", atMs)];
    expect(await run()).toEqual({ kind: "completed", reason: "already-answered" });
    expect(journal).toEqual([]);
  });

  it.each([FIRST_START, NOW])("a reply from after the first attempt is delivered, from %s", async (atMs) => {
    transcript = [ASKED, message("assistant", "done", atMs)];
    expect(await run()).toEqual({ kind: "completed", reason: "replied" });
    expect(journal).toEqual(["deliver run-1 to 1: done (delivering)"]);
  });
});

describe("what is to be said against a transcript, now that it is read in whole", () => {
  const failed = (errorMessage: string) => ({
    type: "message",
    timestamp: NOW - 50_000,
    message: { role: "assistant", content: [], stopReason: "error", errorMessage },
  });
  const PERMANENT = [ASKED, failed("401 Incorrect API key provided")];
  const FAILING = [failed("Request timed out."), ASKED, failed("Request timed out."), ASKED];

  it.each(["missing", "empty", "truncated", "unreadable"] as const)("holds it when it is %s", async (state) => {
    broken = state;
    expect(await run()).toEqual({ kind: "held", reason: `transcript-${state}` });
    expect(journal).toEqual([]);
  });

  it.each([
    ["permanent-error", PERMANENT],
    ["failing", FAILING],
  ])("holds it as %s", async (reason, events) => {
    transcript = events;
    expect(await run()).toEqual({ kind: "held", reason });
    expect(journal).toEqual([]);
  });

  it("holds it for the error on its entry", async () => {
    session = row({ status: "killed", route: ROUTE, lastRunError: runError("billing") });
    expect(await run()).toEqual({ kind: "held", reason: "permanent-error" });
  });

  it.each([
    ["a second attempt: the errors may be our own", { phase: "running", attempts: 2 } as const],
    ["what the operator asked for", { phase: "running", attempts: 1, requestedAtMs: NOW - 5 } as const],
  ])("counts no past errors against %s", async (_name, over) => {
    records.put(record({ ...over, runStartedAtMs: FIRST_START }));
    session = row({ status: "killed", route: ROUTE, lastRunError: runError("billing") });
    transcript = [...FAILING, ...PERMANENT];
    expect(await run()).toEqual({ kind: "completed", reason: "replied" });
  });

  it("counts no errors against a resume that its provider has refused before: they are the refusals'", async () => {
    session = row({ status: "killed", route: ROUTE, lastRunError: runError("billing") });
    transcript = [...FAILING, ...PERMANENT];
    expect(await run({}, undefined, { ...RESUME, refusals: 1 })).toEqual({ kind: "completed", reason: "replied" });
  });

  it("holds back no tool call that the operator asked for, but asks", async () => {
    records.put(record({ phase: "running", attempts: 1, requestedAtMs: NOW - 5 }));
    transcript = [ASKED, TOOL_RESULT];
    unsafeTail = "hold";
    expect(await run()).toEqual({ kind: "completed", reason: "replied" });
    expect(turns).toMatchObject([{ disableTools: true }]);
  });

  it("holds even what the operator asked for when there is nothing to resume from", async () => {
    records.put(record({ phase: "running", attempts: 1, requestedAtMs: NOW - 5 }));
    broken = "missing";
    expect(await run()).toEqual({ kind: "held", reason: "transcript-missing" });
  });

  it("is not asked of a reply that is owed", async () => {
    records.put(record({ phase: "delivering", runId: "run-0", reply: REPLY }));
    broken = "unreadable";
    expect(await run()).toEqual({ kind: "completed", reason: "replied" });
  });
});

describe("what the host refuses", () => {
  it.each(["GatewayDrainingError", "CommandLaneClearedError"])("with a %s is no failure", async (name) => {
    turn = async () => {
      throw Object.assign(new Error("no"), { name });
    };
    expect(await run()).toEqual({ kind: "refused" });
  });
});

describe("a tail inside a tool call", () => {
  beforeEach(() => {
    transcript = [ASKED, TOOL_RESULT];
  });

  it("is held when the operator wants it so", async () => {
    unsafeTail = "hold";
    expect(await run()).toEqual({ kind: "held", reason: "unsafe-tail" });
    expect(journal).toEqual([]);
  });

  it("is asked about without tools by default", async () => {
    unsafeTail = "ask";
    expect(await run()).toEqual({ kind: "completed", reason: "replied" });
    expect(turns).toMatchObject([{ disableTools: true, prompt: expect.stringContaining("You have no tools") }]);
  });

  it("goes on with tools when the operator wants it so", async () => {
    unsafeTail = "full";
    await run();
    expect(turns.map((params) => "disableTools" in params || params.prompt.includes("no tools"))).toEqual([false]);
  });
});

describe("a turn", () => {
  it("has its tools when the tail is safe, whatever the operator says of unsafe ones", async () => {
    unsafeTail = "hold";
    await run();
    expect(turns.map((params) => "disableTools" in params)).toEqual([false]);
  });

  it("is on the transcript's file, where the host keeps files", async () => {
    await run({ transcriptFileOf: ({ sessionId }) => `/no/such/${sessionId}.jsonl` });
    expect(turns).toMatchObject([
      { sessionFile: "/no/such/session-1.jsonl", suppressNextUserMessagePersistence: true },
    ]);
    expect(turns[0]).not.toHaveProperty("sessionTarget");
  });

  it.each([
    ["at once", undefined, true],
    ["between two calls, where the host keeps files", "/no/such.jsonl", false],
  ])("that makes its call ready is aborted %s", async (_name, file, atOnce) => {
    const abort = new AbortController();
    const seen: unknown[] = [];
    turn = async ({ onExecutionPhase, abortSignal }) => {
      onExecutionPhase?.({ phase: "attempt_dispatch" });
      abort.abort();
      seen.push(abortSignal?.aborted);
      onExecutionPhase?.({ phase: "tool_execution_started" });
      seen.push(abortSignal?.aborted);
      return { meta: { aborted: true } };
    };
    expect(await run({ transcriptFileOf: () => file }, abort.signal)).toEqual({ kind: "cancelled" });
    expect(seen).toEqual([atOnce, true]);
  });

  it("is told what the host must know besides, so that it leaves the conversation whole", async () => {
    await run({ besideMessage: (_row, { prompt }) => ({ prompt: `do it ${prompt.slice(0, 8)}` }) });
    expect(turns).toMatchObject([{ prompt: "do it [System]", suppressNextUserMessagePersistence: true }]);
  });

  it("is the session's own, on a lane of ours, and leaves the transcript alone", async () => {
    await run();
    expect(turns).toMatchObject([
      {
        agentId: "a",
        sessionKey: KEY,
        sessionId: "session-1",
        sessionTarget: { agentId: "a", sessionKey: KEY, sessionId: "session-1", storePath: "/store/a" },
        runId: "run-1",
        lane: "resume",
        model: "own",
        workspaceDir: "/workspace/a",
        suppressNextUserMessagePersistence: true,
        disableMessageTool: true,
      },
    ]);
    expect(turns[0]?.timeoutMs).toBeGreaterThan(60_000);
  });

  it.each([
    [1, "resume"],
    [2, "resume-2"],
    [3, "resume-3"],
  ])("in slot %i runs on the lane %s", async (slot, lane) => {
    await run({}, undefined, { ...RESUME, slot });
    expect(turns.map((params) => params.lane)).toEqual([lane]);
  });

  it("is expected as ours from before it starts to its end", async () => {
    await run();
    expect(journal.slice(0, 3)).toEqual(TURN);
  });

  it("that fails is expected no more, and its error is told by its kind only", async () => {
    turn = () => Promise.reject(new Error("no such model: secret"));
    expect(await run()).toEqual({ kind: "failed", error: "Error", permanent: false });
    expect(journal).toEqual(TURN);
  });

  it.each([
    ["model_not_found", "model-not-found", true],
    ["context_overflow", "context-overflow", true],
    ["server_error", "overloaded", false],
    ["timeout", "timeout", false],
  ])("that fails for the host's reason %s has failed for %s", async (reason, kind, permanent) => {
    turn = () => Promise.reject(Object.assign(new Error("secret"), { name: "FailoverError", reason }));
    expect(await run()).toEqual({ kind: "failed", error: `FailoverError: ${kind}`, permanent });
  });

  it.each([
    ["billing", "billing"],
    ["auth", "authentication"],
    ["auth_permanent", "authentication"],
    ["rate_limit", "rate-limit"],
    ["overloaded", "overloaded"],
  ])("that its provider refuses, for the host's reason %s, is a fault of the provider's: %s", async (reason, fault) => {
    const error = { name: "FailoverError", reason, provider: "stub" };
    turn = () => Promise.reject(Object.assign(new Error("secret"), error));
    expect(await run()).toEqual({ kind: "provider-fault", provider: "stub", fault, retryAfterMs: 0 });
    expect(journal).toEqual(TURN);
  });

  it("that its provider refuses gets its claim back", async () => {
    turn = () => {
      session = row({ status: "running", route: ROUTE });
      return Promise.reject(Object.assign(new Error("secret"), { reason: "overloaded" }));
    };
    expect(await run()).toEqual({ kind: "provider-fault", fault: "overloaded", retryAfterMs: 0 });
    expect(journal).toEqual([...TURN, `claim ${KEY}`]);
  });

  it("that is cut off is cancelled, whatever the provider has said to it", async () => {
    const abort = new AbortController();
    turn = () => {
      abort.abort();
      return Promise.reject(Object.assign(new Error("secret"), { reason: "rate_limit" }));
    };
    expect(await run({}, abort.signal)).toEqual({ kind: "cancelled" });
  });

  it("that fails gets its claim back: the host has marked the entry", async () => {
    turn = () => {
      session = row({ status: "running", route: ROUTE });
      return Promise.reject(new Error("x"));
    };
    expect(await run()).toMatchObject({ kind: "failed" });
    expect(journal).toEqual([...TURN, `claim ${KEY}`]);
  });

  it("that fails after its user came back leaves the entry to the user's turn", async () => {
    turn = () => {
      session = row({ status: "running", lastInteractionAtMs: NOW });
      return Promise.reject(new Error("x"));
    };
    await run();
    expect(journal).toEqual(TURN);
  });

  it("goes by the settings that are in force when it starts", async () => {
    const inForce = { now: settings({ timeoutMs: 5000 }, "first") };
    const over = { settings: () => inForce.now };
    await run(over);
    inForce.now = settings({ timeoutMs: 9000 }, "second");
    await run({
      ...over,
      ledger: { get: () => record({ phase: "running", attempts: 1 }), delivering: () => undefined },
    });
    expect(turns.map(({ lane, timeoutMs }) => [lane, timeoutMs])).toEqual([
      ["first", 15_000],
      ["second", 19_000],
    ]);
  });
});

describe("what a turn says", () => {
  it("that the queue took but could not send is the host's from then on", async () => {
    delivery = "handed-over";
    expect(await run()).toEqual({ kind: "completed", reason: "handed-over" });
  });

  it("is on record before it is delivered, and delivered once", async () => {
    expect(await run()).toEqual({ kind: "completed", reason: "replied" });
    expect(journal).toEqual([...TURN, "deliver run-1 to 1: hello (delivering)"]);
    expect(records.get("a", KEY)).toMatchObject({
      runId: "run-1",
      reply: { parts: [{ text: "hello" }], route: ROUTE },
    });
  });

  it("ends the entry's turn, where the host has left it as it was claimed", async () => {
    expect(await run()).toEqual({ kind: "completed", reason: "replied" });
    expect(finished).toEqual(["killed"]);
  });

  it.each([
    ["has been continued by its user", row({ status: "killed", route: ROUTE, lastInteractionAtMs: NOW })],
    ["is gone", undefined],
  ])("is delivered, and the entry left alone, when that %s meanwhile", async (_name, now) => {
    turn = async () => {
      session = now;
      return HELLO;
    };
    expect(await run()).toEqual({ kind: "completed", reason: "replied" });
    expect(finished).toEqual([]);
  });

  it("is delivered when the end cannot be written to the entry", async () => {
    const finish = () => Promise.reject(new Error("disk full"));
    const sessions = {
      get: () => session,
      claim: async () => FORECAST,
      finish,
      runContext: () => ({}),
      routeOf: () => route,
    };
    expect(await run({ sessions })).toEqual({ kind: "completed", reason: "replied" });
  });

  it("is its replies, not its thoughts, its comments or its silence", async () => {
    turn = async () => ({
      payloads: [
        { text: "thinking", isReasoning: true },
        { text: "comment", isCommentary: true },
        { text: "one" },
        { text: "  " },
        {},
        { text: "two" },
      ],
      meta: {},
    });
    await run();
    expect(journal.at(-1)).toBe("deliver run-1 to 1: one | two (delivering)");
  });

  it.each([{ meta: {} }, { payloads: [], meta: {} }, { payloads: [{ text: " " }], meta: {} }])(
    "can be nothing: %j",
    async (result) => {
      turn = async () => result;
      expect(await run()).toEqual({ kind: "completed", reason: "nothing-to-say" });
      expect(journal).toEqual(TURN);
    },
  );

  it("is not delivered when the agent has sent it itself", async () => {
    turn = async () => ({ ...HELLO, didSendViaMessagingTool: true });
    expect(await run()).toEqual({ kind: "completed", reason: "replied" });
    expect(journal).toEqual(TURN);
  });

  it("stays in the transcript when there is no way to the user", async () => {
    route = undefined;
    expect(await run()).toEqual({ kind: "completed", reason: "no-route" });
    expect([journal, phase()]).toEqual([TURN, "running"]);
  });

  it.each([
    ["an error reply", { payloads: [{ text: "secret", isError: true }], meta: {} }, "error reply"],
    ["an error", { meta: { error: { kind: "context_overflow", message: "secret" } } }, "context_overflow"],
  ])("is not told to the log when it is %s", async (_name, result, kind) => {
    turn = async () => result;
    const permanent = kind === "context_overflow";
    expect(await run()).toEqual({ kind: "failed", error: `the run ended in an error (${kind})`, permanent });
    expect(journal).toEqual(TURN);
  });

  it("is kept when the delivery fails", async () => {
    deliveryError = new Error("queue full");
    expect(await run()).toEqual({ kind: "undelivered", error: "Error" });
    expect(records.get("a", KEY)).toMatchObject({
      phase: "delivering",
      runId: "run-1",
      reply: { parts: [{ text: "hello" }] },
    });
  });
});

describe("what a turn has used", () => {
  const agentMeta = { sessionId: "s", provider: "stub", model: "m", usage: { input: 1000, output: 200 } };
  const cost = { input: 2, output: 10, cacheRead: 0, cacheWrite: 0 };
  const config = { models: { providers: { stub: { models: [{ id: "m", cost }] } } } };
  const priced = { config: () => config as unknown as ReturnType<HostRunnerOptions["config"]> };
  const USED = { tokens: 1200, costUsd: 0.004 };

  it("is told with its end, at the prices of the host's configuration", async () => {
    turn = async () => ({ ...HELLO, meta: { agentMeta } });
    expect(await run(priced)).toEqual({ kind: "completed", reason: "replied", usage: USED });
  });

  it.each([
    ["ended in an error", { meta: { agentMeta, error: { kind: "x", message: "secret" } } }, "failed"],
    ["could not be delivered", { ...HELLO, meta: { agentMeta } }, "undelivered"],
  ])("is told of one that %s too", async (_name, result, kind) => {
    deliveryError = new Error("queue full");
    turn = async () => result;
    expect(await run(priced)).toMatchObject({ kind, usage: USED });
  });

  it("is not known where the host does not tell", async () => {
    expect(await run()).toEqual({ kind: "completed", reason: "replied" });
  });
});

describe("a cancelled turn", () => {
  /** The turn is cancelled in the middle; the host then leaves its own marks on the entry. */
  async function cancelled(result: () => Promise<Result>) {
    const abort = new AbortController();
    turn = ({ abortSignal }) => {
      session = row({ status: "running", route: ROUTE });
      abort.abort(new Error("resume cancelled: other-user"));
      journal.push(`told: ${abortSignal?.aborted}`);
      return result();
    };
    return run({}, abort.signal);
  }

  it.each([
    ["says so", () => Promise.resolve({ meta: { aborted: true } })],
    ["throws", () => Promise.reject(new Error("aborted"))],
  ])("that %s gets its claim back and says nothing", async (_name, result) => {
    expect(await cancelled(result)).toEqual({ kind: "cancelled" });
    expect(journal).toEqual([TURN[0], "turn", "told: true", "expect no more", `claim ${KEY}`]);
  });

  it("that was done all the same is delivered", async () => {
    expect(await cancelled(async () => HELLO)).toEqual({ kind: "completed", reason: "replied" });
    expect(journal.at(-1)).toBe("deliver run-1 to 1: hello (delivering)");
  });

  it.each([
    ["no longer runs", () => row({ status: "done" })],
    ["is a new one", () => row({ sessionId: "session-2" })],
    ["is gone", () => undefined],
  ])("claims no session that %s", async (_name, now) => {
    const result = async () => {
      session = now();
      return { meta: { aborted: true } };
    };
    expect(await cancelled(result)).toEqual({ kind: "cancelled" });
    expect(journal.at(-1)).toBe("expect no more");
  });

  it("is cancelled even when its claim cannot be restored", async () => {
    const abort = new AbortController();
    const sessions = {
      get: () => session,
      claim: () => Promise.reject(new Error("the gateway stops")),
      finish: async () => true,
      runContext: () => ({}),
      routeOf: () => route,
    };
    turn = async () => {
      session = row();
      abort.abort();
      return { meta: { aborted: true } };
    };
    expect(await run({ sessions }, abort.signal)).toEqual({ kind: "cancelled" });
  });
});

describe("a reply that is owed", () => {
  beforeEach(() => records.put(record({ phase: "delivering", runId: "run-0", reply: REPLY })));

  it("goes straight to its delivery, under its first id and without a turn", async () => {
    expect(await run()).toEqual({ kind: "completed", reason: "replied" });
    expect(journal).toEqual(["deliver run-0 to 1: owed (delivering)"]);
  });

  it("is not handed over again once a queue has it that would send it again", async () => {
    const deliver: HostRunnerOptions["deliver"] = async ({ onQueued }) => {
      onQueued?.();
      throw new Error("the gateway died");
    };
    await run({ deliver });
    expect(records.get("a", KEY)).toMatchObject({ phase: "delivering", runId: "run-0", reply: { queued: true } });
    expect(await run()).toEqual({ kind: "completed", reason: "handed-over" });
    expect(journal).toEqual([]);
  });

  it("that has been settled meanwhile stays forgotten when a queue takes it", async () => {
    const deliver: HostRunnerOptions["deliver"] = async ({ onQueued }) => {
      records.delete("a", KEY);
      onQueued?.();
      return "sent";
    };
    expect(await run({ deliver })).toEqual({ kind: "completed", reason: "replied" });
    expect(records.get("a", KEY)).toBeUndefined();
  });

  it("goes out without media that cannot be read, on record first and under a name of its own", async () => {
    const reply = { ...REPLY, parts: [{ text: "owed", mediaUrl: "./no.png" }] };
    records.put(record({ phase: "delivering", runId: "run-0", reply }));
    const seen: unknown[] = [];
    const deliver: HostRunnerOptions["deliver"] = async ({ runId, parts }) => {
      seen.push([runId, parts, records.get("a", KEY)?.runId]);
      if (runId === "run-0") throw Object.assign(new Error("File not found"), { name: "FsSafeError" });
      return "sent";
    };
    expect(await run({ deliver })).toEqual({ kind: "completed", reason: "replied" });
    expect(seen).toEqual([
      ["run-0", reply.parts, "run-0"],
      ["run-0:words", [{ text: "owed\n⚠️ no.png: this file could not be sent." }], "run-0:words"],
    ]);
  });

  it("keeps its media when something else fails", async () => {
    const reply = { ...REPLY, parts: [{ text: "owed", mediaUrl: "./no.png" }] };
    records.put(record({ phase: "delivering", runId: "run-0", reply }));
    deliveryError = new Error("queue full");
    expect(await run()).toEqual({ kind: "undelivered", error: "Error" });
    expect(records.get("a", KEY)).toMatchObject({ runId: "run-0", reply });
  });

  it("is owed still when the delivery fails again", async () => {
    deliveryError = new Error("queue full");
    expect(await run()).toEqual({ kind: "undelivered", error: "Error" });
    expect(records.get("a", KEY)).toMatchObject({ phase: "delivering", runId: "run-0", reply: REPLY });
  });
});
