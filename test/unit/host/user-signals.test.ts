import {
  emitDiagnosticEvent,
  resetDiagnosticEventsForTest,
  waitForDiagnosticEventsDrained,
} from "openclaw/plugin-sdk/diagnostic-runtime";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { UserSignals, type UserSignalsOptions } from "../../../src/host/user-signals.ts";

type OnAgentEvent = UserSignalsOptions["events"]["onAgentEvent"];
type AgentEvent = Parameters<Parameters<OnAgentEvent>[0]>[0];
type OnSessionsChanged = NonNullable<UserSignalsOptions["gatewayEvents"]>["onSessionsChanged"];
type SessionsChanged = Parameters<Parameters<OnSessionsChanged>[0]>[0];

const KEY = "agent:a:telegram:direct:1";
const NOT_USERS = ["agent:a:cron:job:run:1", "agent:a:subagent:1", "agent:a:acp:1"];

/** What the listener was told, in order. */
let told: string[];
let signals: UserSignals;
let agentListeners: Set<(event: AgentEvent) => void>;
let sessionListeners: Set<(event: SessionsChanged) => void>;

beforeEach(() => {
  resetDiagnosticEventsForTest();
  told = [];
  agentListeners = new Set();
  sessionListeners = new Set();
  const onAgentEvent: OnAgentEvent = (listener) => {
    agentListeners.add(listener);
    return () => agentListeners.delete(listener);
  };
  const onSessionsChanged: OnSessionsChanged = (listener) => {
    sessionListeners.add(listener);
    return () => sessionListeners.delete(listener);
  };
  signals = new UserSignals({
    events: { onAgentEvent } as object as UserSignalsOptions["events"],
    gatewayEvents: { onSessionsChanged } as object as NonNullable<UserSignalsOptions["gatewayEvents"]>,
    defaultAgentId: "a",
    diagnosticsEnabled: () => true,
    isRecovery: (_agentId, _sessionKey, runId) => {
      if (runId === "unreadable") throw new Error("the entry cannot be read");
      return runId.startsWith("untold") ? undefined : runId.startsWith("recovery");
    },
    listener: {
      userWrote: (key) => told.push(`wrote ${key}`),
      userRunStarted: (runId, key) => told.push(`started ${runId} ${key}`),
      userRunEnded: (runId, answered) => told.push(`${answered ? "ended" : "failed"} ${runId}`),
      recoveryStarted: (runId, key) => told.push(`recovers ${runId} ${key}`),
      recoveryEnded: (runId) => told.push(`recovered ${runId}`),
      userServed: (key, waitsForHost) => told.push(`served ${key}${waitsForHost ? ", after the host" : ""}`),
      mainWaited: (waitMs) => told.push(`waited ${waitMs}`),
      mainQueued: (turns) => told.push(`${turns} in main`),
    },
  });
  signals.start();
});

afterEach(() => {
  signals.stop();
  resetDiagnosticEventsForTest();
});

const laneEntered = (key: string) =>
  emitDiagnosticEvent({ type: "queue.lane.enqueue", lane: `session:${key}`, queueSize: 1 });
const heartbeat = (runId: string, sessionKey = KEY) =>
  emitDiagnosticEvent({ type: "session.turn.created", runId, sessionKey, trigger: "heartbeat" });
const userTurn = (runId: string, sessionKey = KEY) =>
  emitDiagnosticEvent({ type: "session.turn.created", runId, sessionKey, trigger: "user" });
const sessionsChanged = (sessionKey: string, reason: string, agentId?: string) => {
  const event = { sessionKey, reason, ...(agentId === undefined ? {} : { agentId }) };
  for (const listener of sessionListeners) listener(event as object as SessionsChanged);
};
function lifecycle(phase: string, runId: string, sessionKey: string | undefined = KEY, stream = "lifecycle") {
  const event = { runId, sessionKey, stream, data: { phase } };
  for (const listener of agentListeners) listener(event as object as AgentEvent);
}

describe("a user is", () => {
  it.each([
    ["a message that the host received, as its hook tells", () => signals.messageReceived(KEY)],
    ["a message sent by the gateway's own method", () => sessionsChanged(KEY, "send")],
    ["a turn that enters its session's lane", () => laneEntered(KEY)],
  ])("%s", (_name, emit) => {
    emit();
    expect(told).toEqual([`wrote ${KEY}`]);
  });

  it("a run, from its start to its end", () => {
    lifecycle("start", "run-1");
    lifecycle("end", "run-1");
    lifecycle("start", "run-2");
    lifecycle("error", "run-2");
    expect(told).toEqual([`started run-1 ${KEY}`, "ended run-1", `started run-2 ${KEY}`, "failed run-2"]);
  });

  it("known under the canonical key, whoever's agent it is", () => {
    signals.messageReceived("main");
    sessionsChanged("main", "send", "b");
    expect(told).toEqual(["wrote agent:a:main", "wrote agent:b:main"]);
  });

  it("told of at every signal; the scheduler takes repeats as one", () => {
    signals.messageReceived(KEY);
    sessionsChanged(KEY, "send");
    laneEntered(KEY);
    expect(told).toEqual([`wrote ${KEY}`, `wrote ${KEY}`, `wrote ${KEY}`]);
  });

  it("served when the host is done with the message", () => {
    emitDiagnosticEvent({ type: "message.processed", sessionKey: "main", channel: "telegram", outcome: "completed" });
    expect(told).toEqual(["served agent:a:main"]);
  });
});

describe("no user is", () => {
  it.each(NOT_USERS)("the session %s", (key) => {
    signals.messageReceived(key);
    sessionsChanged(key, "send");
    laneEntered(key);
    lifecycle("start", "run-1", key);
    expect(told).toEqual([]);
  });

  it("a session that changed for any other reason", () => {
    sessionsChanged(KEY, "patch");
    expect(told).toEqual([]);
  });

  it("a lane that is no session's", () => {
    emitDiagnosticEvent({ type: "queue.lane.enqueue", lane: "resume", queueSize: 1 });
    expect(told).toEqual([]);
  });

  it("an event without a session, or of another stream", () => {
    signals.messageReceived(undefined);
    emitDiagnosticEvent({ type: "message.processed", channel: "telegram", outcome: "completed" });
    lifecycle("start", "run-1", KEY, "assistant");
    expect(told).toEqual([]);
  });

  it("the diagnostic of a received message: heartbeats raise it too", () => {
    emitDiagnosticEvent({ type: "message.received", sessionKey: KEY, source: "test" });
    expect(told).toEqual([]);
  });

  it("a heartbeat, from its lane to its end", () => {
    heartbeat("beat-1");
    laneEntered(KEY);
    lifecycle("start", "beat-1");
    lifecycle("end", "beat-1");
    expect(told).toEqual([]);
  });

  it("a resume of ours, from its lane to its end", () => {
    const ended = signals.expectOwnTurn(KEY, "ours");
    laneEntered(KEY);
    lifecycle("start", "ours");
    lifecycle("end", "ours");
    ended();
    expect(told).toEqual([]);
  });

  it("a resume of ours that the host repeats after an error, under the same name", () => {
    const ended = signals.expectOwnTurn(KEY, "ours");
    laneEntered(KEY);
    for (const phase of ["start", "error", "start", "end"]) lifecycle(phase, "ours");
    ended();
    expect(told).toEqual([]);
  });
});

describe("the host's own recovery", () => {
  it("is told from a user's turn, and its user from it", () => {
    signals.expectRecovery([KEY]);
    laneEntered(KEY);
    lifecycle("start", "recovery");
    signals.messageReceived(KEY);
    lifecycle("end", "recovery");
    lifecycle("start", "theirs");
    expect(told).toEqual([`recovers recovery ${KEY}`, `wrote ${KEY}`, "recovered recovery", `started theirs ${KEY}`]);
  });

  it("is told from a user's turn also when the user wrote before it, or takes a turn of their own first", () => {
    signals.expectRecovery([KEY]);
    signals.messageReceived(KEY);
    lifecycle("start", "theirs");
    lifecycle("end", "theirs");
    lifecycle("start", "recovery");
    lifecycle("end", "recovery");
    expect(told).toEqual([
      `wrote ${KEY}`,
      `started theirs ${KEY}`,
      "ended theirs",
      `recovers recovery ${KEY}`,
      "recovered recovery",
    ]);
  });

  it("is what nothing announces, where the entry does not tell", () => {
    signals.expectRecovery([KEY]);
    userTurn("untold-user");
    lifecycle("start", "untold-user");
    lifecycle("error", "untold-user");
    // A host may repeat a run under its id.
    lifecycle("start", "untold-user");
    lifecycle("end", "untold-user");
    lifecycle("start", "untold");
    lifecycle("end", "untold");
    expect(told).toEqual([
      `started untold-user ${KEY}`,
      "failed untold-user",
      `started untold-user ${KEY}`,
      "ended untold-user",
      `recovers untold ${KEY}`,
      "recovered untold",
    ]);
  });

  it("is what is expected where the entry cannot be read, and nothing to look for in other sessions", () => {
    signals.expectRecovery([KEY]);
    lifecycle("start", "unreadable");
    lifecycle("start", "recovery", "agent:a:telegram:direct:2");
    expect(told).toEqual([`recovers unreadable ${KEY}`, "started recovery agent:a:telegram:direct:2"]);
  });
});

describe("a message to a session that the host recovers", () => {
  const traceOf = (message: number) => ({ traceId: `${message}`.repeat(32) });
  const processed = (message: number) =>
    emitDiagnosticEvent({
      type: "message.processed",
      sessionKey: KEY,
      channel: "telegram",
      outcome: "completed",
      trace: traceOf(message),
    });
  // The host hands these on a moment later.
  const delivered = (message?: number) => {
    const sent = { channel: "telegram", deliveryKind: "text", durationMs: 1, resultCount: 1 } as const;
    const trace = message === undefined ? {} : { trace: traceOf(message) };
    emitDiagnosticEvent({ type: "message.delivery.completed", sessionKey: KEY, ...sent, ...trace });
    return waitForDiagnosticEventsDrained();
  };

  it("is told from a command by what is sent in its trace, whatever else is sent to the session", async () => {
    signals.expectRecovery([KEY]);
    // It is taken in before the recovery has begun.
    processed(1);
    lifecycle("start", "recovery");
    await delivered(9);
    await delivered();
    processed(2);
    await delivered(3);
    processed(3);
    lifecycle("end", "recovery");
    processed(4);
    expect(told.filter((line) => line.startsWith("served"))).toEqual([
      `served ${KEY}, after the host`,
      `served ${KEY}, after the host`,
      `served ${KEY}`,
      `served ${KEY}`,
    ]);
  });
});

describe("beside a turn that is no user's, a user is still", () => {
  it("who writes to the session of a heartbeat after it", () => {
    heartbeat("beat-1");
    laneEntered(KEY);
    laneEntered(KEY);
    expect(told).toEqual([`wrote ${KEY}`]);
  });

  it("who writes to the session of our turn after it entered the lane", () => {
    signals.expectOwnTurn(KEY, "ours");
    laneEntered(KEY);
    laneEntered(KEY);
    lifecycle("start", "theirs");
    expect(told).toEqual([`wrote ${KEY}`, `started theirs ${KEY}`]);
  });

  it("whose message arrives before our turn has entered the lane", () => {
    signals.expectOwnTurn(KEY, "ours");
    signals.messageReceived(KEY);
    expect(told).toEqual([`wrote ${KEY}`]);
  });

  it("who writes to another session", () => {
    signals.expectOwnTurn(KEY, "ours");
    laneEntered("agent:a:telegram:direct:2");
    expect(told).toEqual(["wrote agent:a:telegram:direct:2"]);
  });

  it("who writes after our turn never came to the lane", () => {
    signals.expectOwnTurn(KEY, "ours")();
    laneEntered(KEY);
    expect(told).toEqual([`wrote ${KEY}`]);
  });
});

it("tells how long turns waited on the lane main, and on no other", () => {
  emitDiagnosticEvent({ type: "queue.lane.dequeue", lane: "main", queueSize: 0, waitMs: 40 });
  emitDiagnosticEvent({ type: "queue.lane.dequeue", lane: `session:${KEY}`, queueSize: 0, waitMs: 50 });
  expect(told).toEqual(["waited 40", "0 in main"]);
});

it("counts the turns that wait for a slot of the lane main", () => {
  const enter = (queueSize: number) => emitDiagnosticEvent({ type: "queue.lane.enqueue", lane: "main", queueSize });
  enter(5);
  enter(6);
  emitDiagnosticEvent({ type: "queue.lane.dequeue", lane: "main", queueSize: 1, waitMs: 40 });
  enter(6);
  expect(told).toEqual(["1 in main", "2 in main", "waited 40", "1 in main", "2 in main"]);
});

it("tells nothing after it has stopped, and has left every source", () => {
  signals.stop();
  emitDiagnosticEvent({ type: "message.processed", sessionKey: KEY, channel: "telegram", outcome: "completed" });
  laneEntered(KEY);
  expect([told, agentListeners.size, sessionListeners.size]).toEqual([[], 0, 0]);
});
