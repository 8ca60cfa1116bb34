import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { RunEnd } from "../../../src/domain/decisions.ts";
import type { Action, ActionView } from "../../../src/operate/views.ts";
import { makeTempDir, removeTempDir } from "../../support/temp.ts";
import { CONTINUED } from "../support/fake-host.ts";
import { FakeOffice, keyOf } from "../support/fake-office.ts";
import { HOUR, LANE_LIMITS, NOW } from "../support/makers.ts";

const KEY = keyOf("chat");
const REPLY = { parts: [{ text: "owed" }], route: { channel: "telegram", to: "1" } };
const REPLIED: RunEnd = { kind: "completed", reason: "replied" };
const CANCELLED: RunEnd = { kind: "cancelled" };

let dir: string;
let office: FakeOffice;

beforeEach(() => {
  dir = makeTempDir("actions");
  office = new FakeOffice(dir);
});

afterEach(() => {
  office.close();
  removeTempDir(dir);
});

const act = (action: Action, key = KEY) => office.desk.actions.one(action, key);

/** `done held`, or `refused already-held`, for each session. */
const said = ({ done, refused }: ActionView): string[] => [
  ...done.map(({ now }) => `done ${now}`),
  ...refused.map(({ reason }) => `refused ${reason}`),
];

/** Where the session is: on record, in the lane, and what the host's entry says. */
const whereabouts = (name = "chat"): string => {
  const { phase = "gone", outcome = "open" } = office.recordOf(name) ?? {};
  const inLane = office.lane.placeOf(keyOf(name)) ?? "nowhere";
  return `${phase} ${outcome}, ${inLane}, ${String(office.host.statusOf(keyOf(name)))}`;
};

/** Puts the one session there. */
const PLACES = {
  queued: () => office.queue("chat", { attempts: 1 }),
  running: () => {
    office.queue("chat", { attempts: 1 });
    office.runner.drainsAtOnce = true;
    return office.open();
  },
  held: () => office.hold("chat", { heldSinceMs: 5, attempts: 2, cutOffs: 5, preemptions: 3, notifiedAtMs: 7 }),
  delivering: () => office.queue("chat", { phase: "delivering", runId: "run-0", reply: REPLY }),
  released: () => {
    office.claim("chat", { phase: "released", outcome: "released", reason: "by-operator" });
    office.host.set(KEY, { status: "running" });
  },
  "not claimed": () => office.host.set(KEY, { status: "done" }),
  settled: () => office.claim("chat", { phase: "settled", outcome: "completed", reason: "replied" }),
};

describe("what becomes of one session", () => {
  it.each([
    ["resume", "queued", "done queued", "claimed open, queued, killed"],
    ["resume", "running", "refused already-running", "running open, running, killed"],
    ["resume", "held", "done queued", "claimed open, queued, killed"],
    ["resume", "delivering", "done queued", "delivering open, queued, killed"],
    ["resume", "released", "done queued", "claimed open, queued, killed"],
    ["resume", "not claimed", "refused not-claimed", "gone open, nowhere, done"],
    ["resume", "settled", "refused not-claimed", "settled completed, nowhere, killed"],
    ["hold", "queued", "done held", "settled held, nowhere, killed"],
    ["hold", "running", "done held", "settled held, nowhere, killed"],
    ["hold", "held", "refused already-held", "settled held, nowhere, killed"],
    ["hold", "delivering", "refused delivering", "delivering open, queued, killed"],
    ["hold", "released", "done held", "settled held, nowhere, killed"],
    ["hold", "not claimed", "refused not-claimed", "gone open, nowhere, done"],
    ["discard", "queued", "done discarded", "gone open, nowhere, killed"],
    ["discard", "running", "done discarded", "gone open, nowhere, killed"],
    ["discard", "held", "done discarded", "gone open, nowhere, killed"],
    ["discard", "delivering", "refused delivering", "delivering open, queued, killed"],
    ["discard", "released", "done discarded", "gone open, nowhere, killed"],
    ["discard", "not claimed", "refused not-claimed", "gone open, nowhere, done"],
    ["release", "queued", "done released", "released released, nowhere, running"],
    ["release", "running", "done released", "released released, nowhere, running"],
    ["release", "held", "done released", "released released, nowhere, running"],
    ["release", "delivering", "refused delivering", "delivering open, queued, killed"],
    ["release", "released", "refused already-released", "released released, nowhere, running"],
    ["release", "not claimed", "refused not-claimed", "gone open, nowhere, done"],
  ] as const)("%s of one that is %s: %s", async (action, place, answer, then) => {
    await PLACES[place]();
    const asked = office.heard("asked");
    const view = await act(action);
    expect([view.action, ...said(view), whereabouts()]).toEqual([action, answer, then]);
    expect([...view.done, ...view.refused]).toMatchObject([{ agentId: "a", sessionKey: KEY }]);
    expect(asked).toEqual(answer.startsWith("done") ? [{ action, agentId: "a", sessionKey: KEY }] : []);
    expect(view.refused.filter(({ message }) => message === "")).toEqual([]);
  });

  it.each([
    ["hold", "queued", "held"],
    ["hold", "running", "held"],
    ["discard", "queued", "discarded"],
    ["discard", "running", "discarded"],
    ["discard", "held", "discarded"],
    ["release", "queued", "released"],
    ["release", "running", "released"],
    ["release", "held", "released"],
  ] as const)("%s of one that is %s settles it once, by the operator", async (action, place, outcome) => {
    await PLACES[place]();
    const settled = office.heard("settled");
    await act(action);
    const attempts = place === "held" ? 2 : 1;
    expect(settled).toEqual([{ agentId: "a", sessionKey: KEY, outcome, reason: "by-operator", attempts }]);
  });

  it.each([
    ["hold", "queued", NOW],
    ["hold", "running", NOW + LANE_LIMITS.quietMs],
    ["hold", "released", NOW],
    ["resume", "held", undefined],
    ["release", "held", undefined],
  ] as const)("%s of one that is %s has since when it is held", async (action, place, sinceMs) => {
    await PLACES[place]();
    await act(action);
    expect(office.recordOf("chat")).toMatchObject({ heldSinceMs: sinceMs });
  });

  it.each(["resume", "hold", "discard", "release"] as const)("%s of an unknown one is an error", async (action) => {
    office.queue("other");
    await expect(act(action)).rejects.toMatchObject({
      name: "OperatorError",
      reason: "unknown-session",
      message: `no session has the key ${KEY}`,
    });
    await expect(act(action, "the")).rejects.toThrow(`no session has the key the; did you mean ${keyOf("other")}?`);
  });

  it.each(["resume", "hold", "discard", "release"] as const)(
    "%s that cannot be written is refused as failed, and is not told",
    async (action) => {
      office.hold("chat", { outcome: action === "hold" ? undefined : "held", phase: "claimed" });
      const heard = [office.heard("asked"), office.heard("settled")];
      const broken = new TypeError("disk full");
      vi.spyOn(office.records, "put").mockImplementation(() => {
        throw broken;
      });
      vi.spyOn(office.records, "delete").mockImplementation(() => {
        throw broken;
      });
      const { done, refused } = await act(action);
      expect([done, refused]).toEqual([
        [],
        [{ agentId: "a", sessionKey: KEY, reason: "failed", message: "it failed: TypeError" }],
      ]);
      expect(heard).toEqual([[], []]);
      expect([office.lane.placeOf(KEY), office.host.statusOf(KEY)]).toEqual([undefined, "killed"]);
    },
  );

  it("is the same by its short key", async () => {
    office.queue("chat");
    expect(said(await act("hold", "chat"))).toEqual(["done held"]);
  });
});

describe("resume", () => {
  it("starts a held session's count afresh, keeps what it was told, and puts it first", async () => {
    PLACES.held();
    office.queue("older");
    await act("resume");
    expect(office.recordOf("chat")).toMatchObject({
      attempts: 0,
      cutOffs: 0,
      preemptions: 0,
      requestedAtMs: NOW,
      notifiedAtMs: 7,
    });
    expect(office.lane.queue().map(({ resume }) => [resume.sessionKey, resume.attempts, resume.requestedAtMs])).toEqual(
      [
        [KEY, 0, NOW],
        [keyOf("older"), 0, undefined],
      ],
    );
  });

  it("starts a queued session's count afresh, on record too", async () => {
    office.queue("older");
    office.queue("chat", { attempts: 1, preemptions: 2 });
    await act("resume");
    expect(office.lane.queue()[0]?.resume).toMatchObject({ sessionKey: KEY, attempts: 0, preemptions: 0 });
    expect(office.recordOf("chat")).toMatchObject({ attempts: 0, preemptions: 0, requestedAtMs: NOW });
  });

  // A held one starts afresh in this too; else one more cut-off holds what the operator has asked for.
  it("starts a queued session's cut-offs afresh", async () => {
    office.queue("chat", { cutOffs: 4 });
    await act("resume");
    expect(office.recordOf("chat")).toMatchObject({ cutOffs: 0 });
  });

  it("runs a held session, however stale, once", async () => {
    PLACES.held();
    office.host.set(KEY, { lastInteractionAt: 1, sessionStartedAt: 1 });
    await act("resume");
    await office.open();
    expect(office.runner.open).toEqual([KEY]);
    office.runner.end(KEY, REPLIED);
    await office.clock.elapse(HOUR);
    expect([whereabouts(), office.runner.open]).toEqual(["gone open, nowhere, killed", []]);
  });

  it.each([
    ["has another session id", { sessionId: "session-2" }, "session-replaced"],
    ["was started afresh under the same id", { sessionStartedAt: NOW - 1 }, "session-replaced"],
    ["was stopped by its user", { abortCutoffTimestamp: NOW - 1 }, "user-continued"],
    ["was continued by its user", { lastInteractionAt: NOW - 1 }, "user-continued"],
  ])("forgets a held session that %s", async (_name, entry, reason) => {
    PLACES.held();
    office.host.set(KEY, entry);
    office.host.events.set("session-1", CONTINUED);
    expect([said(await act("resume")), whereabouts()]).toEqual([[`refused ${reason}`], "gone open, nowhere, killed"]);
  });

  it("takes a held session whose user has sent a command only", async () => {
    PLACES.held();
    office.host.set(KEY, { lastInteractionAt: NOW - 1 });
    expect(said(await act("resume"))).toEqual(["done queued"]);
  });

  it("passes over a held session whose entry is gone", async () => {
    PLACES.held();
    office.host.delete(KEY);
    expect(said(await act("resume"))).toEqual(["refused session-replaced"]);
  });

  // Held as `time-in-future`, whose remedy is `openclaw resumes resume <key>`: nobody has started it afresh.
  it("takes a held session that was started in the future when it was claimed", async () => {
    office.hold("chat", { reason: "time-in-future", sessionStartedAtMs: NOW + HOUR });
    office.host.set(KEY, { sessionStartedAt: NOW + HOUR });
    expect(said(await act("resume"))).toEqual(["done queued"]);
  });
});

describe("a run that is being stopped", () => {
  const ACTIONS = ["hold", "discard", "release"] as const;
  const NOW_IS = { hold: "held", discard: "discarded", release: "released" } as const;

  beforeEach(async () => {
    office.queue("chat");
    await office.open();
  });

  it.each(ACTIONS)("%s waits until it has really ended", async (action) => {
    const asking = act(action);
    await office.clock.settle();
    expect([whereabouts(), office.runner.open]).toEqual(["running open, running, killed", [KEY]]);
    office.runner.end(KEY, CANCELLED);
    expect(said(await asking)).toEqual([`done ${NOW_IS[action]}`]);
  });

  it.each(ACTIONS)("and still answers: %s is refused", async (action) => {
    const [asking, settled] = [act(action), office.heard("settled")];
    office.runner.end(KEY, REPLIED);
    expect([said(await asking), whereabouts()]).toEqual([["refused answered"], "gone open, nowhere, killed"]);
    expect(settled).toMatchObject([{ outcome: "completed", reason: "replied" }]);
  });

  it.each(ACTIONS)("and finds that its user has gone on: %s is refused", async (action) => {
    const [asking, settled] = [act(action), office.heard("settled")];
    office.runner.end(KEY, { kind: "superseded" });
    expect([said(await asking), whereabouts()]).toEqual([["refused user-continued"], "gone open, nowhere, killed"]);
    expect(settled).toMatchObject([{ outcome: "superseded" }]);
  });

  // The lane supersedes it; what the run came to (cancelled) does not tell.
  it.each(ACTIONS)("and whose user's own turn starts meanwhile is left to that: %s is refused", async (action) => {
    const [asking, settled] = [act(action), office.heard("settled")];
    office.lane.userRunStarted("user-run", KEY);
    office.host.set(KEY, { status: "running", lastInteractionAt: NOW + 2000 });
    office.runner.end(KEY, CANCELLED);
    expect([said(await asking), whereabouts()]).toEqual([["refused user-continued"], "gone open, nowhere, running"]);
    expect(settled.map(({ outcome }) => outcome)).toEqual(["superseded"]);
  });

  it.each([
    ["failed", { kind: "failed", error: "x" }],
    ["failed for good", { kind: "failed", error: "x", permanent: true }],
    ["took too long", { kind: "timed-out", error: "x" }],
    ["was refused by the host", { kind: "refused" }],
    ["was held by its runner", { kind: "held", reason: "unsafe-tail" }],
  ] as const)("ends as the operator wants though it %s", async (_name, end) => {
    const asking = act("hold");
    office.runner.end(KEY, end);
    expect(said(await asking)).toEqual(["done held"]);
    expect(office.recordOf("chat")).toMatchObject({ outcome: "held", reason: "by-operator", attempts: 0 });
  });

  it("and was to be preempted anyway ends as the operator wants", async () => {
    office.lane.userWrote(keyOf("other"));
    const asking = act("discard");
    office.runner.end(KEY, CANCELLED);
    expect([said(await asking), whereabouts()]).toEqual([["done discarded"], "gone open, nowhere, killed"]);
  });
});

describe("hold", () => {
  it("takes one that waits for what its user's message turns out to be", async () => {
    office.queue("chat");
    await office.clock.settle();
    office.lane.userWrote(KEY);
    expect([said(await act("hold")), whereabouts()]).toEqual([["done held"], "settled held, nowhere, killed"]);
  });

  it("tells of what the lane does not have as of what it has", async () => {
    office.claim("chat", { attempts: 1, requestedAtMs: 5 });
    const settled = office.heard("settled");
    await act("hold");
    expect(settled).toEqual([{ agentId: "a", sessionKey: KEY, outcome: "held", reason: "by-operator", attempts: 1 }]);
    expect(office.recordOf("chat")).toMatchObject({ reason: "by-operator", attempts: 1, requestedAtMs: undefined });
  });

  // A claim that failed at this boot, or whose agent could not be listed: on record, and not in the lane.
  it("holds a claimed session that the lane does not have", async () => {
    office.claim("chat");
    expect([said(await act("hold")), whereabouts()]).toEqual([["done held"], "settled held, nowhere, killed"]);
  });
});

describe("discard", () => {
  it("forgets a claimed session whose entry is gone", async () => {
    office.hold("chat");
    office.host.delete(KEY);
    expect([said(await act("discard")), whereabouts()]).toEqual([["done discarded"], "gone open, nowhere, undefined"]);
  });

  it("forgets a claimed session of an agent that is gone", async () => {
    const { sessionKey } = office.hold("chat", { agentId: "gone", sessionKey: "agent:gone:chat" });
    office.host.delete(sessionKey);
    expect(said(await act("discard", sessionKey))).toEqual(["done discarded"]);
    expect(office.records.all()).toEqual([]);
  });

  // No boot judges it, because it has no entry, and doctor says: discard it.
  it("forgets a reply that is owed to a session that is gone", async () => {
    office.claim("chat", { phase: "delivering", reply: REPLY });
    office.host.delete(KEY);
    expect([said(await act("discard")), whereabouts()]).toEqual([["done discarded"], "gone open, nowhere, undefined"]);
  });
});

describe("release", () => {
  it.each([
    ["runs again", { status: "running", lastInteractionAt: NOW - 1 }, "session-changed"],
    ["has another session id", { sessionId: "session-2" }, "session-replaced"],
    ["was started afresh under the same id", { sessionStartedAt: NOW - 1 }, "session-replaced"],
    ["was stopped by its user", { abortCutoffTimestamp: NOW - 1 }, "user-continued"],
  ])("forgets a held session that %s, and leaves it alone", async (_name, entry, reason) => {
    PLACES.held();
    office.host.set(KEY, entry);
    const before = office.host.statusOf(KEY);
    expect(said(await act("release"))).toEqual([`refused ${reason}`]);
    expect([office.recordOf("chat"), office.host.statusOf(KEY)]).toEqual([undefined, before]);
  });

  // A run of ours can leave it without any, or with that of its end.
  it.each([undefined, "killed", "done", "failed", "timeout"])(
    "gives a held session whose status is %s back",
    async (status) => {
      PLACES.held();
      office.host.set(KEY, { status });
      expect([said(await act("release")), whereabouts()]).toEqual([
        ["done released"],
        "released released, nowhere, running",
      ]);
    },
  );

  // With the other mark the running host resumes it ahead of its user's next message.
  it.each(["queued", "held"] as const)("leaves one that is %s to the host's next start", async (place) => {
    PLACES[place]();
    office.host.set(KEY, { abortedLastRun: true });
    await act("release");
    expect(office.host.sessions.get("a", KEY)).toMatchObject({ status: "running", abortedLastRun: false });
  });

  it("forgets a session whose entry is gone", async () => {
    PLACES.held();
    office.host.delete(KEY);
    expect([said(await act("release")), office.recordOf("chat")]).toEqual([["refused session-replaced"], undefined]);
  });

  // The host would resume what its user has gone on with already.
  it("forgets a held session that was continued by its user, and leaves it alone", async () => {
    PLACES.held();
    office.host.set(KEY, { lastInteractionAt: NOW - 1 });
    office.host.events.set("session-1", CONTINUED);
    expect([said(await act("release")), office.recordOf("chat"), office.host.statusOf(KEY)]).toEqual([
      ["refused user-continued"],
      undefined,
      "killed",
    ]);
  });
});

describe("a released session", () => {
  const ACTIONS = ["resume", "hold", "discard"] as const;

  it("is held by the operator from when it is taken back", async () => {
    office.claim("chat", { phase: "released", outcome: "released", reason: "not-active", attempts: 1, cutOffs: 2 });
    office.host.set(KEY, { status: "running" });
    expect(said(await act("hold"))).toEqual(["done held"]);
    expect(office.recordOf("chat")).toMatchObject({
      phase: "settled",
      outcome: "held",
      reason: "by-operator",
      attempts: 1,
      cutOffs: 2,
    });
    expect(office.host.sessions.get("a", KEY)).toMatchObject({ status: "killed", abortedLastRun: false });
  });

  it("is resumed afresh, first and once", async () => {
    PLACES.released();
    office.queue("older");
    await act("resume");
    expect(office.lane.queue().map(({ resume }) => resume.sessionKey)).toEqual([KEY, keyOf("older")]);
    expect(office.recordOf("chat")).toMatchObject({ attempts: 0, cutOffs: 0, preemptions: 0, requestedAtMs: NOW });
    await office.open();
    office.runner.end(KEY, REPLIED);
    await office.clock.elapse(HOUR);
    expect(whereabouts()).toBe("gone open, nowhere, killed");
  });

  it("is settled by the operator when it is discarded", async () => {
    PLACES.released();
    const settled = office.heard("settled");
    await act("discard");
    expect(settled).toEqual([
      { agentId: "a", sessionKey: KEY, outcome: "discarded", reason: "by-operator", attempts: 0 },
    ]);
  });

  it.each(ACTIONS)("that an earlier boot has given back is the host's: %s", async (action) => {
    PLACES.released();
    office.over = { boot: { id: "a later boot", atMs: NOW, verdicts: [] } };
    expect(said(await act(action))).toEqual(["refused session-changed"]);
  });

  it("can be released again once it is held again", async () => {
    PLACES.released();
    await act("hold");
    expect([said(await act("release")), whereabouts()]).toEqual([
      ["done released"],
      "released released, nowhere, running",
    ]);
  });

  // Its release was cut short.
  it.each(ACTIONS)("that the host was not given needs no claim: %s", async (action) => {
    PLACES.released();
    office.host.set(KEY, { status: "killed" });
    const claim = vi.spyOn(office.host.sessions, "claim");
    expect((await act(action)).refused).toEqual([]);
    expect([claim.mock.calls, office.host.statusOf(KEY)]).toEqual([[], "killed"]);
  });

  it.each(ACTIONS)("that changes while it is taken back stays released: %s is refused", async (action) => {
    PLACES.released();
    const before = office.recordOf("chat");
    vi.spyOn(office.host.sessions, "claim").mockResolvedValue(undefined);
    const heard = [office.heard("asked"), office.heard("settled")];
    expect([said(await act(action)), whereabouts()]).toEqual([
      ["refused session-changed"],
      "released released, nowhere, running",
    ]);
    expect([office.recordOf("chat"), heard]).toEqual([before, [[], []]]);
  });

  it.each(ACTIONS)("that cannot be taken back stays released: %s has failed", async (action) => {
    PLACES.released();
    vi.spyOn(office.host.sessions, "claim").mockRejectedValue(new Error("database is locked"));
    expect([said(await act(action)), whereabouts()]).toEqual([
      ["refused failed"],
      "released released, nowhere, running",
    ]);
  });

  describe.each(ACTIONS)("that has moved on is forgotten and left alone: %s", (action) => {
    it.each([
      ["has another session id", { sessionId: "session-2" }, "session-replaced"],
      ["was started afresh under the same id", { sessionStartedAt: NOW - 1 }, "session-replaced"],
      ["was stopped by its user", { abortCutoffTimestamp: NOW - 1 }, "user-continued"],
      ["was continued by its user", { lastInteractionAt: NOW - 1 }, "user-continued"],
    ])("when it %s", async (_name, entry, reason) => {
      PLACES.released();
      office.host.set(KEY, entry);
      office.host.events.set("session-1", CONTINUED);
      expect([said(await act(action)), whereabouts()]).toEqual([[`refused ${reason}`], "gone open, nowhere, running"]);
    });
  });
});

describe("every held session", () => {
  it("is resumed, and only those", async () => {
    office.hold("one");
    office.queue("two");
    office.claim("three", { phase: "released", outcome: "released" });
    office.hold("four");
    office.host.set(keyOf("four"), { sessionId: "session-2" });
    const { action, done, refused } = await office.desk.actions.resumeAllHeld();
    expect([action, done]).toEqual(["resume", [{ agentId: "a", sessionKey: keyOf("one"), now: "queued" }]]);
    expect(refused).toMatchObject([{ sessionKey: keyOf("four"), reason: "session-replaced" }]);
    expect(office.lane.queue().map(({ resume }) => resume.sessionKey)).toEqual([keyOf("one"), keyOf("two")]);
  });

  it("is not the other row of a conversation, whose user would be answered twice", async () => {
    office.hold("older", { reason: "duplicate-of" });
    office.hold("one");
    const { done, refused } = await office.desk.actions.resumeAllHeld();
    expect(done.map(({ sessionKey }) => sessionKey)).toEqual([keyOf("one")]);
    expect(refused).toMatchObject([{ sessionKey: keyOf("older"), reason: "duplicate" }]);
    expect(await office.desk.actions.one("resume", keyOf("older"))).toMatchObject({ done: [{ now: "queued" }] });
  });

  it("is none when nothing is held", async () => {
    expect(await office.desk.actions.resumeAllHeld()).toEqual({ action: "resume", done: [], refused: [] });
  });
});

describe("every claimed session", () => {
  it("is given back, but for what was given back already and what is being delivered", async () => {
    office.runner.drainsAtOnce = true;
    office.queue("running");
    await office.open();
    office.lane.pause("operator");
    office.queue("queued");
    office.hold("held");
    office.queue("owed", { phase: "delivering", reply: REPLY });
    office.claim("released", { phase: "released", outcome: "released" });
    const view = await office.desk.actions.releaseAll();
    expect(view.done.map(({ sessionKey }) => sessionKey).toSorted()).toEqual(["held", "queued", "running"].map(keyOf));
    expect(view.refused).toMatchObject([{ sessionKey: keyOf("owed"), reason: "delivering" }]);
    expect(["held", "queued", "running", "released"].map(whereabouts)).toEqual([
      ...Array<string>(3).fill("released released, nowhere, running"),
      "released released, nowhere, killed",
    ]);
  });

  it("costs the others nothing when one of them fails", async () => {
    for (const name of ["one", "two", "three"]) office.hold(name);
    const { sessions } = office.host;
    const [release, asked] = [sessions.release.bind(sessions), office.heard("asked")];
    vi.spyOn(sessions, "release").mockImplementation((row, when) =>
      row.sessionKey === keyOf("two") ? Promise.reject(new Error("database is locked")) : release(row, when),
    );
    const { done, refused } = await office.desk.actions.releaseAll();
    expect(done.map(({ sessionKey }) => sessionKey).toSorted()).toEqual(["one", "three"].map(keyOf));
    expect(refused).toEqual([
      { agentId: "a", sessionKey: keyOf("two"), reason: "failed", message: "it failed: Error" },
    ]);
    expect(asked).toHaveLength(2);
    expect(["one", "three"].map(whereabouts)).toEqual(Array(2).fill("released released, nowhere, running"));
  });

  // Its record is gone by then: what is written is a resumed session's, and the host answers it a second time.
  it("does not include one that was answered while another was being stopped", async () => {
    for (const name of ["one", "two"]) office.queue(name);
    await office.open();
    const asking = office.desk.actions.releaseAll();
    await office.clock.settle();
    const [first, second] = office.runner.open[0] === keyOf("one") ? ["one", "two"] : ["two", "one"];
    office.runner.end(keyOf(second), REPLIED);
    await office.clock.settle();
    office.runner.end(keyOf(first), CANCELLED);
    expect((await asking).done.map(({ sessionKey }) => sessionKey)).toEqual([keyOf(first)]);
    expect(whereabouts(second)).toBe("gone open, nowhere, killed");
  });
});

describe("a pause", () => {
  it("starts nothing, is on record, and remembers since when", async () => {
    office.queue("chat");
    expect(office.desk.actions.pause()).toEqual({ pausedSinceMs: NOW });
    await office.open();
    expect([office.runner.open, office.records.facts.get("pausedSince")]).toEqual([[], NOW]);
    expect(office.desk.actions.pause()).toEqual({ pausedSinceMs: NOW });
  });

  it("is over with unpause, and not before the settings let it be", async () => {
    office.queue("chat");
    office.lane.pause("mode");
    office.desk.actions.pause();
    expect(office.desk.actions.unpause()).toEqual({ pausedSinceMs: null });
    await office.open();
    expect([office.runner.open, office.records.facts.get("pausedSince")]).toEqual([[], undefined]);
    office.lane.unpause("mode");
    await office.clock.settle();
    expect(office.runner.open).toEqual([KEY]);
  });

  it("is told, as its end is", () => {
    const asked = office.heard("asked");
    office.desk.actions.pause();
    office.desk.actions.unpause();
    office.desk.actions.unpause();
    expect(asked).toEqual([{ action: "pause" }, { action: "unpause" }, { action: "unpause" }]);
  });

  it("does not keep the operator from settling what is queued", async () => {
    office.queue("chat");
    office.desk.actions.pause();
    expect(said(await act("release"))).toEqual(["done released"]);
  });
});

describe("without claimed sessions", () => {
  it.each(["observe", "off", "misconfigured", "failed"] as const)("nothing can be changed: %s", async (state) => {
    office.over = { active: undefined, state };
    const { actions } = office.desk;
    const error = {
      name: "OperatorError",
      reason: "not-active",
      message: `this plugin resumes nothing in this gateway, so there is nothing to change: it is ${state}`,
    };
    await expect(actions.one("resume", KEY)).rejects.toMatchObject(error);
    await expect(actions.resumeAllHeld()).rejects.toMatchObject(error);
    await expect(actions.releaseAll()).rejects.toMatchObject(error);
    expect(() => actions.pause()).toThrow(expect.objectContaining(error));
    expect(() => actions.unpause()).toThrow(expect.objectContaining(error));
  });
});
