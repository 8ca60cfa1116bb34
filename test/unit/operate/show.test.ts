import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SessionRefs } from "../../../src/observe/session-ref.ts";
import { findSession } from "../../../src/operate/find-session.ts";
import { Offline } from "../../../src/operate/offline.ts";
import { makeTempDir, removeTempDir } from "../../support/temp.ts";
import { FakeHost } from "../support/fake-host.ts";
import { FakeOffice, keyOf } from "../support/fake-office.ts";
import { HOUR, NOW, record } from "../support/makers.ts";

const KEY = keyOf("chat");

let dir: string;
let office: FakeOffice;

beforeEach(() => {
  dir = makeTempDir("show");
  office = new FakeOffice(dir);
});

afterEach(() => {
  office.close();
  removeTempDir(dir);
});

const show = (key = KEY) => office.desk.show(key);

describe("one session", () => {
  it("is shown with all that is known of it", () => {
    office.queue("chat", { attempts: 1, cutOffs: 2, preemptions: 0, requestedAtMs: 9, notifiedAtMs: 8 });
    office.host.set(KEY, { abortCutoffTimestamp: 4, lastRunError: "429", spawnDepth: 1, abortedLastRun: true });
    const verdict = { kind: "admit", reason: "interrupted", found: 1, limit: 2 } as const;
    office.over = { boot: { id: "boot-1", atMs: 7, verdicts: [{ agentId: "a", sessionKey: KEY, verdict }] } };
    const entry = { atMs: 6, what: "judged", detail: { reason: "interrupted" } } as const;
    office.records.history.addAll([{ agentId: "a", sessionKey: KEY, entry }]);
    expect(show()).toEqual({
      agentId: "a",
      sessionKey: KEY,
      ref: new SessionRefs("key").of(KEY),
      source: "gateway",
      session: {
        sessionId: "session-1",
        kind: "other",
        chat: "direct",
        channel: "telegram",
        status: "killed",
        abortedLastRun: true,
        lastInteractionAtMs: NOW - 60_000,
        startedAtMs: NOW - 2 * HOUR,
        stoppedAtMs: 4,
        lastRunError: "rate-limit",
        marks: ["spawned"],
      },
      conversation: {
        key: KEY,
        kind: "other",
        channel: "telegram",
        accountId: null,
        peer: null,
        threadId: null,
        rows: [{ sessionKey: KEY, sessionId: "session-1", status: "killed", lastInteractionAtMs: NOW - 60_000 }],
      },
      transcript: {
        state: "ok",
        sizeBytes: 512,
        endsWith: "unanswered",
        newestEventAtMs: NOW - 60_000,
        failures: 0,
        lastError: null,
      },
      place: "queued",
      position: 1,
      boot: expect.objectContaining({ verdict: "admit", reason: "interrupted" }),
      now: expect.objectContaining({ verdict: "leave", reason: "spawned" }),
      record: {
        phase: "claimed",
        outcome: null,
        reason: "interrupted",
        attempts: 1,
        cutOffs: 2,
        preemptions: 0,
        claimedAtMs: NOW - 30_000,
        requestedAtMs: 9,
        notifiedAtMs: 8,
        pluginVersion: "1.0.0",
      },
      history: [entry],
    });
  });

  it("that nobody claimed has no record, no place and no verdict", () => {
    office.host.set(KEY, { status: "done" });
    expect(show()).toMatchObject({ place: "none", position: null, boot: null, now: null, record: null, history: [] });
  });

  it("whose entry is gone is shown by its record", () => {
    office.hold("chat");
    office.host.delete(KEY);
    expect(show()).toMatchObject({
      session: {
        sessionId: "session-1",
        kind: "gone",
        chat: "other",
        status: null,
        lastInteractionAtMs: null,
        marks: [],
      },
      transcript: { state: "missing", sizeBytes: null },
      place: "held",
      now: null,
    });
  });

  it("is judged by nothing while the settings are wrong", () => {
    office.host.set(KEY);
    office.over = { settings: undefined, active: undefined, state: "misconfigured" };
    expect(show()).toMatchObject({ now: null, place: "none", record: null });
  });

  it.each([
    ["held", { phase: "settled", outcome: "held" }, "held"],
    ["released", { phase: "released", outcome: "released" }, "released"],
    ["being delivered", { phase: "delivering" }, "delivering"],
    ["claimed and in no lane", { phase: "claimed" }, "none"],
  ] as const)("that is %s is in place %s", (_name, over, place) => {
    office.claim("chat", over);
    expect(show()).toMatchObject({ place, position: null });
  });

  it("has its place in the queue, and none in a slot", async () => {
    office.queue("x");
    office.queue("chat");
    expect(show()).toMatchObject({ place: "queued", position: 1 });
    expect(show(keyOf("x"))).toMatchObject({ place: "queued", position: 2 });
    await office.open();
    expect(show()).toMatchObject({ place: "running", position: null });
  });

  it("is shown from the store with the gateway down", () => {
    office.hold("chat");
    const verdict = { kind: "hold", reason: "too-old", found: 1, limit: 2 } as const;
    office.records.verdicts.replace([{ agentId: "a", sessionKey: KEY, verdict }]);
    const parts = { pluginId: "p", version: "1", host: office.host, loadsAtStartup: true, hostFeatures: {} };
    const shown = (config: unknown) => new Offline({ ...parts, config, nowMs: () => NOW }).show("chat");
    expect(shown({})).toMatchObject({
      source: "store",
      place: "held",
      boot: { reason: "too-old" },
      now: { reason: "held-earlier" },
      history: [],
    });
    expect(shown({ mode: 1 })).toMatchObject({ boot: { reason: "too-old" }, now: null });
  });
});

describe("a session is found", () => {
  const host = () => new FakeHost(dir, ["a", "ops"]);
  const find = (wanted: string, on: FakeHost, ...records: Parameters<typeof record>[0][]) => {
    const { agentId, sessionKey, key, row, record: its } = findSession(wanted, on, records.map(record));
    return [agentId, sessionKey, key, row !== undefined, its !== undefined];
  };

  it.each([KEY, "chat"])("by its key %s", (wanted) => {
    const on = host();
    on.set(KEY);
    expect(find(wanted, on)).toEqual(["a", KEY, KEY, true, false]);
    expect(find(wanted, on, { sessionKey: KEY })).toEqual(["a", KEY, KEY, true, true]);
  });

  it("by what stands for it in the log, with its entry or without", () => {
    const on = host();
    on.set("global");
    const ref = new SessionRefs("key").of(keyOf("global"));
    expect(find(ref, on)).toEqual(["a", "global", keyOf("global"), true, false]);
    on.delete("global");
    expect(find(ref, on, { sessionKey: "global" })).toEqual(["a", "global", keyOf("global"), false, true]);
    expect(() => find("0123456789ab", on)).toThrow(/^no session has the key 0123456789ab$/);
  });

  it("though the host keeps its key without its agent", () => {
    const on = host();
    on.set("global");
    for (const wanted of ["global", keyOf("global")]) {
      expect(find(wanted, on, { sessionKey: "global" })).toEqual(["a", "global", keyOf("global"), true, true]);
    }
  });

  it("with its own agent, though another one is asked first", () => {
    const on = host();
    on.set("agent:ops:chat", {}, "ops");
    expect(find("agent:ops:chat", on)).toEqual(["ops", "agent:ops:chat", "agent:ops:chat", true, false]);
    expect(find("chat", on)).toEqual(["ops", "agent:ops:chat", "agent:ops:chat", true, false]);
  });

  it("by its record when its entry or its agent is gone", () => {
    const on = host();
    expect(find(KEY, on, { sessionKey: KEY })).toEqual(["a", KEY, KEY, false, true]);
    expect(find(KEY, on, { sessionKey: "chat" })).toEqual(["a", "chat", KEY, false, true]);
    expect(find("agent:gone:x", on, { agentId: "gone", sessionKey: "agent:gone:x" })).toEqual([
      "gone",
      "agent:gone:x",
      "agent:gone:x",
      false,
      true,
    ]);
    expect(find("chat", on, { sessionKey: KEY })).toEqual(["a", KEY, KEY, false, true]);
  });

  // What cannot be read counts as gone, and the record can still be dealt with.
  it("by its record when no sessions can be listed", () => {
    const on = host();
    on.broken = new Error("database disk image is malformed");
    expect(find(KEY, on, { sessionKey: KEY })).toEqual(["a", KEY, KEY, false, true]);
  });

  it("or is not, and what comes near is named, three at most", () => {
    const on = host();
    for (const name of ["Telegram:1", "telegram:2", "telegram:3", "telegram:4", "signal:1"]) on.set(keyOf(name));
    expect(() => find("TELEGRAM", on)).toThrow(
      `no session has the key TELEGRAM; did you mean ${["Telegram:1", "telegram:2", "telegram:3"].map(keyOf).join(", ")}?`,
    );
    expect(() => find("zz", on)).toThrow(/^no session has the key zz$/);
  });

  // Nobody can be told what comes near; that the key is unknown can still be said.
  it("or is not, though no sessions can be listed", () => {
    const on = host();
    on.broken = new Error("database disk image is malformed");
    expect(() => find("zz", on)).toThrow("no session has the key zz");
  });
});
