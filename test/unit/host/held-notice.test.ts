import { setImmediate as nextTurn } from "node:timers/promises";
import type { OpenClawConfig } from "openclaw/plugin-sdk/plugin-entry";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { EventBus, type ResumeEvents } from "../../../src/domain/events.ts";
import type { ResumeRecord } from "../../../src/domain/record.ts";
import type { Deliver } from "../../../src/host/delivery.ts";
import { HeldNotices } from "../../../src/host/held-notice.ts";
import { RecordStore } from "../../../src/record/record-store.ts";
import { makeTempDir, removeTempDir } from "../../support/temp.ts";
import { ASKED, FakeHost } from "../support/fake-host.ts";
import { NOW, record } from "../support/makers.ts";

const TEXT =
  "A restart cut off my last turn here, and it is not continued on its own. If you still need an answer, please write to me again.";

let dir: string;
let records: RecordStore;
let host: FakeHost;
let events: EventBus;
let notices: HeldNotices;
let isOn: boolean;
let sent: Parameters<Deliver>[0][];
/** What the delivery to a session comes to. */
let deliver: (sessionKey: string) => Promise<"sent" | "suppressed" | "handed-over">;
let heard: string[];
let onLast: PromiseWithResolvers<void>;

// The host's channel runtime takes a second to load.
beforeAll(() => import("openclaw/plugin-sdk/channel-outbound"));

beforeEach(() => {
  dir = makeTempDir("held-notice");
  records = RecordStore.open(dir);
  host = new FakeHost(dir);
  events = new EventBus();
  [isOn, sent, heard, onLast] = [true, [], [], Promise.withResolvers<void>()];
  deliver = async () => "sent";
  const note = (what: string) => (event: { readonly sessionKey?: string }) => {
    heard.push(`${what} ${event.sessionKey}`);
    if (event.sessionKey === "last") onLast.resolve();
  };
  events.on("notified", note("notified"));
  events.on("trouble", note("trouble"));
  notices = new HeldNotices({
    records,
    sessions: host.sessions,
    transcripts: host.transcripts,
    isLater: host.isLater,
    config: host.config,
    deliver: (reply) => {
      sent.push(reply);
      return deliver(reply.resume.sessionKey);
    },
    events,
    nowMs: () => NOW,
    isOn: () => isOn,
  });
});

afterEach(() => {
  notices.stop();
  records.close();
  removeTempDir(dir);
});

/** A held session, as boot or lane leave it. */
function held(sessionKey: string, over: Partial<ResumeRecord> = {}): void {
  host.set(sessionKey, { status: "killed" });
  records.put(record({ sessionKey, phase: "settled", outcome: "held", reason: "idle-too-long", ...over }));
}

const judge = (sessionKey: string, verdict: object = {}): void =>
  events.emit("judged", {
    agentId: "a",
    sessionKey,
    verdict: {
      kind: "hold",
      reason: "idle-too-long",
      found: 1,
      limit: 2,
      ...verdict,
    },
  });

const settle = (sessionKey: string, over: Partial<ResumeEvents["settled"]> = {}): void =>
  events.emit("settled", {
    agentId: "a",
    sessionKey,
    outcome: "held",
    reason: "attempts-exhausted",
    attempts: 2,
    ...over,
  });

const told = () => sent.map(({ resume }) => resume.sessionKey);

/** Until everything that is due now has been dealt with: they go out one after the other. */
async function allDealtWith(): Promise<void> {
  held("last");
  judge("last");
  notices.open();
  await onLast.promise;
}

describe("a conversation whose turn is held", () => {
  it("is told so, once, silently, in words of ours only, where it takes place", async () => {
    held("chat");
    judge("chat");
    await allDealtWith();
    expect(sent[0]).toEqual({
      resume: { agentId: "a", sessionKey: "chat" },
      runId: `held:${NOW - 30_000}:a:chat`,
      parts: [{ text: TEXT }],
      route: { channel: "telegram", to: "1" },
      silent: true,
      signal: expect.any(AbortSignal),
      onQueued: expect.any(Function),
    });
    expect(heard).toEqual(["notified chat", "notified last"]);
    expect(records.get("a", "chat")).toMatchObject({ outcome: "held", notifiedAtMs: NOW });
  });

  it("is told when its resume is held in the end", async () => {
    held("chat", { reason: "attempts-exhausted" });
    settle("chat");
    await allDealtWith();
    expect(told()).toEqual(["chat", "last"]);
  });

  it("is told once, however often it is held", async () => {
    held("chat");
    for (let time = 0; time < 3; time += 1) judge("chat");
    settle("chat");
    await allDealtWith();
    expect(told()).toEqual(["chat", "last"]);
  });

  it("is told nothing before the gateway is ready", async () => {
    held("chat");
    judge("chat");
    await nextTurn();
    expect(told()).toEqual([]);
    await allDealtWith();
    expect(told()).toEqual(["chat", "last"]);
  });

  it.each(["excluded", "dm-scope-retired", "held-earlier", "delivery-failed"])(
    "is told nothing when it is held as %s",
    async (reason) => {
      held("chat", { reason });
      judge("chat", { reason });
      settle("chat", { reason });
      await allDealtWith();
      expect(told()).toEqual(["last"]);
    },
  );

  it("is told nothing while that is switched off, whatever comes later", async () => {
    held("chat");
    isOn = false;
    judge("chat");
    settle("chat");
    isOn = true;
    await allDealtWith();
    expect(told()).toEqual(["last"]);
  });

  const GROUP = { chatType: "group" };
  it.each<readonly [string, () => void]>([
    ["was told before", () => held("chat", { notifiedAtMs: 5 })],
    ["is not held any more", () => held("chat", { phase: "claimed", outcome: undefined })],
    ["was given back", () => held("chat", { phase: "released", outcome: "released" })],
    ["is forgotten", () => records.delete("a", "chat")],
    ["has no entry any more", () => host.delete("chat")],
    ["has another session id", () => host.set("chat", { sessionId: "session-2" })],
    ["has no route", () => host.set("chat", { delivery: undefined })],
    [
      "may not be written to",
      () => {
        const rules = [{ action: "deny", match: { rawKeyPrefix: "chat" } }];
        host.current = { ...host.current, session: { sendPolicy: { rules } } } as OpenClawConfig;
      },
    ],
    [
      "is a room where the agent speaks through its tool only",
      () => {
        host.set("chat", GROUP);
        host.current = { ...host.current, messages: { groupChat: { visibleReplies: "message_tool" } } };
      },
    ],
  ])("is told nothing when it %s", async (_name, change) => {
    held("chat");
    change();
    judge("chat");
    await allDealtWith();
    expect([told(), heard]).toEqual([["last"], ["notified last"]]);
  });

  it("is told in a room where the agent speaks", async () => {
    held("chat");
    host.set("chat", GROUP);
    judge("chat");
    await allDealtWith();
    expect(told()).toEqual(["chat", "last"]);
  });

  it.each([
    ["judged otherwise", () => judge("chat", { kind: "admit", reason: "interrupted" })],
    ["settled otherwise", () => settle("chat", { outcome: "completed", reason: "replied" })],
  ])("is told nothing when it is %s", async (_name, step) => {
    held("chat");
    step();
    await allDealtWith();
    expect(told()).toEqual(["last"]);
  });

  // The first `open` finds nothing to send, and from then on it looks as if something were being sent.
  it("is told though nothing was held when the gateway got ready", async () => {
    notices.open();
    held("chat");
    settle("chat");
    for (let turn = 0; turn < 50; turn += 1) await nextTurn();
    expect(told()).toEqual(["chat"]);
  });

  // It waits for nothing: it has gone on, or has been started afresh.
  it.each([
    ["was started afresh under the same id", { sessionStartedAt: NOW - 1 }],
    ["was continued by its user", { lastInteractionAt: NOW - 1, status: "done" }],
    ["was stopped by its user", { abortCutoffTimestamp: NOW - 1 }],
  ])("is told nothing when it %s since", async (_name, entry) => {
    held("chat");
    host.set("chat", entry);
    host.events.set("session-1", [{ ...ASKED, timestamp: NOW - 1 }]);
    judge("chat");
    await allDealtWith();
    expect(told()).toEqual(["last"]);
  });
});

describe("the notices", () => {
  it("go out one after the other", async () => {
    const first = Promise.withResolvers<"sent">();
    const begun = Promise.withResolvers<void>();
    deliver = async (sessionKey) => {
      begun.resolve();
      return sessionKey === "one" ? first.promise : "sent";
    };
    for (const name of ["one", "two"]) {
      held(name);
      judge(name);
    }
    notices.open();
    await begun.promise;
    await nextTurn();
    expect([told(), records.get("a", "one")?.notifiedAtMs]).toEqual([["one"], undefined]);
    first.resolve("sent");
    await allDealtWith();
    expect(told()).toEqual(["one", "two", "last"]);
  });

  it.each(["sent", "suppressed", "handed-over"] as const)("are not repeated once one is %s", async (end) => {
    deliver = async () => end;
    held("chat");
    judge("chat");
    await allDealtWith();
    expect(records.get("a", "chat")?.notifiedAtMs).toBe(NOW);
  });

  it("are on record as soon as a queue has them that would send them again", async () => {
    deliver = async () => {
      sent.at(-1)?.onQueued?.();
      throw new Error("the gateway died");
    };
    held("chat");
    judge("chat");
    await allDealtWith();
    expect(records.get("a", "chat")?.notifiedAtMs).toBe(NOW);
  });

  it("go on after one that could not be sent, which is told and may go out later", async () => {
    deliver = async (sessionKey) => {
      if (sessionKey === "chat") throw new Error("queue full");
      return "sent";
    };
    held("chat");
    judge("chat");
    await allDealtWith();
    expect([heard, records.get("a", "chat")?.notifiedAtMs]).toEqual([["trouble chat", "notified last"], undefined]);
  });

  it("leave what became of the record meanwhile", async () => {
    deliver = async (sessionKey) => {
      if (sessionKey === "one") records.delete("a", "one");
      if (sessionKey === "two") records.put(record({ sessionKey: "two", requestedAtMs: 9 }));
      return "sent";
    };
    for (const name of ["one", "two"]) {
      held(name);
      judge(name);
    }
    await allDealtWith();
    expect(records.get("a", "one")).toBeUndefined();
    expect(records.get("a", "two")).toMatchObject({ phase: "claimed", requestedAtMs: 9, notifiedAtMs: NOW });
  });

  it("end when the gateway stops: the one on its way is waited for no longer, the others are dropped", async () => {
    const begun = Promise.withResolvers<void>();
    const first = Promise.withResolvers<"handed-over">();
    deliver = () => {
      begun.resolve();
      return first.promise;
    };
    for (const name of ["one", "two"]) {
      held(name);
      judge(name);
    }
    notices.open();
    await begun.promise;
    expect(sent[0]?.signal.aborted).toBe(false);
    notices.stop();
    expect(sent[0]?.signal.aborted).toBe(true);
    first.resolve("handed-over");
    held("three");
    judge("three");
    for (let turn = 0; turn < 10; turn += 1) await nextTurn();
    expect([told(), heard]).toEqual([["one"], ["notified one"]]);
  });
});
