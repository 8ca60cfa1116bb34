import { beforeEach, describe, expect, it } from "vitest";
import { ProviderWatch } from "../../../src/host/provider-watch.ts";

type Events = ConstructorParameters<typeof ProviderWatch>[0];
type Event = Parameters<Parameters<Events["onAgentEvent"]>[0]>[0];

type Listener = ConstructorParameters<typeof ProviderWatch>[1];

/** Which provider a session's run will ask, or a run of which no session is told. */
const expected = new Map([
  ["agent:main:known", "p"],
  ["ours", "q"],
]);
/** What the watch has told, in order. */
let told: string[];
let listeners: Set<(event: Event) => void>;
let watch: ProviderWatch;

beforeEach(() => {
  told = [];
  listeners = new Set();
  const onAgentEvent: Events["onAgentEvent"] = (listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  const listener: Listener = {
    providerAsked: (runId, provider = "somebody") => told.push(`${runId} asks ${provider}`),
    providerAnswered: (_runId, provider, isOld) => told.push(`${provider} ${isOld ? "answered before" : "answers"}`),
    providerRefused: (runId, { provider, fault, retryAfterMs }, isAboutToRepeat) =>
      told.push(`${provider} refuses ${runId}: ${fault}, ${retryAfterMs} ms${isAboutToRepeat ? ", again" : ""}`),
  };
  watch = new ProviderWatch({ onAgentEvent } as Events, listener, ({ runId, sessionKey }) =>
    expected.get(sessionKey ?? runId),
  );
});

/** An event of the host's, as it was seen on 2026.9.6. */
function emit(stream: string, data: object, runId = "run-1"): void {
  for (const listener of listeners) listener({ runId, seq: 1, ts: 1, stream, data } as Event);
}
const start = (runId?: string) => emit("lifecycle", { phase: "start", startedAt: 1 }, runId);
const model = (provider: string | null = "p", runId?: string) =>
  emit("lifecycle", { phase: "model", provider, model: provider === null ? null : "m" }, runId);
const observed = (failoverReason?: string) => ({
  error: "API rate limit reached.",
  errorObservation: { provider: "p", model: "m", failoverReason },
});
/** Before each request. */
const EMPTY = { text: "", delta: "", replace: true };
const HI = { text: "Hi", delta: "Hi" };

describe("on a host that never names the provider (before 2026.8)", () => {
  const emitIn = (sessionKey: string, stream: string, data: object) => {
    for (const listener of listeners) listener({ runId: "run-1", seq: 1, ts: 1, stream, data, sessionKey } as Event);
  };

  it("an answer is that of the provider that the session is known to ask", () => {
    emitIn("agent:main:known", "lifecycle", { phase: "start" });
    emitIn("agent:main:known", "assistant", HI);
    emitIn("agent:main:known", "lifecycle", { phase: "end" });
    expect(told).toEqual(["run-1 asks somebody", "p answers"]);
  });

  it("an answer to a run of ours is that of the provider that it was started for", () => {
    start("ours");
    emit("assistant", HI, "ours");
    expect(told).toEqual(["ours asks somebody", "q answers"]);
  });

  it("an answer in a session of which nothing is known is nobody's", () => {
    emitIn("agent:main:unknown", "lifecycle", { phase: "start" });
    emitIn("agent:main:unknown", "lifecycle", { phase: "end" });
    expect(told).toEqual(["run-1 asks somebody"]);
  });
});

describe("a request", () => {
  it("is told when it is made, and again with its provider when that begins to answer", () => {
    start();
    model();
    start("a user's run");
    model("q", "a user's run");
    expect(told).toEqual(["run-1 asks somebody", "run-1 asks p", "a user's run asks somebody", "a user's run asks q"]);
  });

  it("is told each time that it is made", () => {
    for (let repeat = 0; repeat < 2; repeat += 1) {
      start();
      model();
    }
    expect(told).toEqual(["run-1 asks somebody", "run-1 asks p", "run-1 asks somebody", "run-1 asks p"]);
  });

  it("is none where the host clears what it has observed", () => {
    model(null);
    emit("assistant", HI);
    expect(told).toEqual([]);
  });
});

describe("an answer to a request that was made before a refusal", () => {
  beforeEach(() => {
    start("early");
    start();
    model();
    emit("lifecycle", { phase: "finishing", ...observed("rate_limit") });
    model("p", "early");
    told = [];
  });

  it("says nothing of what the provider takes now", () => {
    emit("assistant", HI, "early");
    emit("lifecycle", { phase: "end" }, "early");
    expect(told).toEqual(["p answered before"]);
  });

  it("is none to one that was made after it, or of another provider", () => {
    start("later");
    model("p", "later");
    emit("assistant", HI, "later");
    start("other");
    model("q", "other");
    emit("assistant", HI, "other");
    expect(told.filter((line) => line.endsWith("answers"))).toEqual(["p answers", "q answers"]);
  });
});

describe("an answer", () => {
  beforeEach(() => {
    model();
    told = [];
  });

  it.each([
    ["the first words", "assistant", HI],
    ["a thought", "thinking", { text: "hm" }],
    ["a tool that it calls", "tool", { phase: "start", name: "read" }],
    ["what it has used", "usage", { outputTokens: 5 }],
    ["the end of a turn without an error", "lifecycle", { phase: "finishing", stopReason: "stop", aborted: false }],
    ["the end of a run without an error", "lifecycle", { phase: "end", stopReason: "stop", aborted: false }],
  ])("is %s", (_what, stream, data) => {
    emit(stream, data);
    expect(told).toEqual(["p answers"]);
  });

  it.each([
    ["the empty text before each request", "assistant", EMPTY],
    ["a text that is none", "assistant", {}],
    ["what else the host tells of a run", "item", { phase: "start" }],
    ["a repeat for a reason that is not the provider's", "run_status", { phase: "retrying", reason: "timeout" }],
    ["the end of a run that threw", "lifecycle", { phase: "error", error: "x" }],
    // What the host tells of a run that was cut off before the provider has said anything.
    ["the end of a run that was cut off", "lifecycle", { phase: "error", error: "x", aborted: true }],
    ["the end of a turn in an error of another kind", "lifecycle", { phase: "finishing", ...observed("timeout") }],
  ])("is not %s", (_what, stream, data) => {
    emit(stream, data);
    expect(told).toEqual([]);
  });

  it("is told once for each request: answers are streamed", () => {
    emit("assistant", HI);
    emit("assistant", { text: "Hi there", delta: " there" });
    emit("usage", { outputTokens: 5 });
    emit("lifecycle", { phase: "finishing", stopReason: "stop" });
    emit("lifecycle", { phase: "end", stopReason: "stop" });
    model();
    emit("tool", { name: "read" });
    expect(told).toEqual(["p answers", "run-1 asks p", "p answers"]);
  });

  it("of a run that was never seen to ask, or has ended, is nobody's", () => {
    emit("lifecycle", { phase: "end" });
    told = [];
    emit("assistant", HI);
    emit("assistant", HI, "another");
    expect(told).toEqual([]);
  });

  it("is that of the provider that was asked last", () => {
    model("q");
    emit("assistant", HI);
    expect(told).toEqual(["run-1 asks q", "q answers"]);
  });
});

describe("a refusal", () => {
  beforeEach(() => {
    model();
    told = [];
  });

  it.each([
    ["rate_limit", "rate-limit"],
    ["overloaded", "overloaded"],
    ["billing", "billing"],
    ["auth", "authentication"],
    ["auth_permanent", "authentication"],
  ])("is an end of a turn for the host's reason %s: the host may try another key", (reason, fault) => {
    emit("lifecycle", { phase: "finishing", ...observed(reason) });
    expect(told).toEqual([`p refuses run-1: ${fault}, 0 ms`]);
  });

  it("is said before the host repeats it, with what the provider asks for", () => {
    emit("lifecycle", { phase: "finishing", ...observed("rate_limit") });
    emit("run_status", { phase: "retrying", reason: "rate_limit", delayMs: 998, attempt: 2, maxAttempts: 10 });
    expect(told).toEqual(["p refuses run-1: rate-limit, 0 ms", "p refuses run-1: rate-limit, 998 ms, again"]);
  });

  it("with its repeats is told each time, and the answer in the end", () => {
    for (let repeat = 0; repeat < 2; repeat += 1) {
      emit("lifecycle", { phase: "finishing", ...observed("overloaded") });
      emit("run_status", { phase: "retrying", reason: "overloaded", delayMs: 1000 });
      emit("assistant", EMPTY);
      start();
      model();
    }
    emit("assistant", HI);
    expect(told).toEqual([
      "p refuses run-1: overloaded, 0 ms",
      "p refuses run-1: overloaded, 1000 ms, again",
      "run-1 asks somebody",
      "run-1 asks p",
      "p refuses run-1: overloaded, 0 ms",
      "p refuses run-1: overloaded, 1000 ms, again",
      "run-1 asks somebody",
      "run-1 asks p",
      "p answers",
    ]);
  });

  it("can come after an answer in the same run: to the next request", () => {
    emit("tool", { name: "read" });
    model();
    emit("lifecycle", { phase: "finishing", ...observed("rate_limit") });
    expect(told.at(-1)).toBe("p refuses run-1: rate-limit, 0 ms");
  });

  it("has the provider that the host names, whoever was asked last", () => {
    model("q");
    emit("lifecycle", { phase: "finishing", ...observed("rate_limit") });
    expect(told.at(-1)).toBe("p refuses run-1: rate-limit, 0 ms");
  });

  it.each([
    ["without a number", { phase: "retrying", reason: "rate_limit", delayMs: "soon" }, "0 ms, again"],
    ["without a time", { phase: "retrying", reason: "rate_limit" }, "0 ms, again"],
  ])("%s asks for nothing", (_what, data, end) => {
    emit("run_status", data);
    expect(told).toEqual([`p refuses run-1: rate-limit, ${end}`]);
  });

  it.each([
    ["a status that is no repeat", "run_status", { phase: "waiting", reason: "rate_limit" }],
    ["a reason that the host has no such word for", "run_status", { phase: "retrying", reason: "output_limit" }],
    [
      "an observation without a provider",
      "lifecycle",
      { phase: "finishing", errorObservation: { failoverReason: "auth" } },
    ],
    ["an error without an observation", "lifecycle", { phase: "finishing", error: "x" }],
    ["an observation that is none", "lifecycle", { phase: "finishing", errorObservation: null, error: "x" }],
  ])("is not %s", (_what, stream, data) => {
    emit(stream, data);
    expect(told).toEqual([]);
  });

  it("is not taken back by an answer to what was asked before it, only by one to what was asked since", () => {
    start("before");
    start("refused");
    model("p", "refused");
    emit("lifecycle", { phase: "finishing", ...observed("rate_limit") }, "refused");
    start("since");
    told = [];
    model("p", "before");
    emit("assistant", HI, "before");
    expect(told).toEqual(["before asks p", "p answered before"]);
    model("p", "since");
    emit("assistant", HI, "since");
    expect(told.slice(2)).toEqual(["since asks p", "p answers"]);
  });

  it("of one provider takes nothing from the answers of another", () => {
    start("of q");
    emit("lifecycle", { phase: "finishing", ...observed("rate_limit") });
    model("q", "of q");
    emit("assistant", HI, "of q");
    expect(told.at(-1)).toBe("q answers");
  });

  it("of a run that was never seen to ask is nobody's, when only its repeat is seen", () => {
    emit("run_status", { phase: "retrying", reason: "rate_limit", delayMs: 5 }, "another");
    expect(told).toEqual([]);
  });
});

it("hears nothing any more once it was stopped", () => {
  watch.stop();
  expect(listeners.size).toBe(0);
});
