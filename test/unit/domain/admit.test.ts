import { describe, expect, it } from "vitest";
import { admit, admitAll, attemptsOf, cutOffs, isRealOrphan, transcriptObjection } from "../../../src/domain/admit.ts";
import { reasonsOf, type VerdictKind } from "../../../src/domain/reasons.ts";
import type { ResumeRecord } from "../../../src/domain/record.ts";
import { runError } from "../../../src/domain/run-error.ts";
import type { Candidate, Verdict } from "../../../src/domain/verdict.ts";
import { ADMISSION, candidate, facts, HOUR, NOW, record, row } from "../support/makers.ts";

const judge = (found: Candidate, limits = ADMISSION): Verdict => admit(found, limits, NOW);
const withRecord = (over: Partial<ResumeRecord>): Candidate =>
  candidate({ row: row({ status: "killed" }), record: record(over) });
const idleFor = (ms: number): Candidate => candidate({ row: row({ lastInteractionAtMs: NOW - ms }) });
const EXCLUDES = { ...ADMISSION, excludedBy: () => ({ found: "agent:a:chat", limit: "not agent:a:*" }) };

describe("admits", () => {
  it("an interrupted session, with how long it was idle", () => {
    expect(judge(candidate())).toEqual({ kind: "admit", reason: "interrupted", found: 60_000, limit: HOUR });
  });

  it("a session claimed on an earlier boot, with its attempts", () => {
    const earlier = { kind: "admit", reason: "claimed-earlier", limit: 2 };
    expect(judge(withRecord({ phase: "claimed", attempts: 1 }))).toEqual({ ...earlier, found: 1 });
    expect(judge(withRecord({ phase: "running", attempts: 1 }))).toEqual({ ...earlier, found: 0 });
  });

  it("a session whose only activity is its transcript's", () => {
    const silent = row({ lastInteractionAtMs: undefined });
    expect(judge(candidate({ row: silent, transcript: { newestEventAtMs: NOW } }))).toEqual({
      kind: "admit",
      reason: "interrupted",
      found: 0,
      limit: HOUR,
    });
  });

  // The evidence of an admitted session must not say that it is over the limit.
  it("a session that its transcript saves from the idle limit, with what the transcript says", () => {
    const busy = row({ lastInteractionAtMs: NOW - 2 * HOUR });
    expect(judge(candidate({ row: busy, transcript: { newestEventAtMs: NOW - 5 } }))).toEqual({
      kind: "admit",
      reason: "interrupted",
      found: 5,
      limit: HOUR,
    });
  });

  it("a session that nothing tells the age of", () => {
    expect(judge(candidate({ row: row({ startedAtMs: undefined }) })).kind).toBe("admit");
  });

  it("a reply that exists, however old the session and however many its attempts", () => {
    const owed = candidate({
      row: row({ status: "killed", startedAtMs: 1, lastInteractionAtMs: 1 }),
      record: record({ phase: "delivering", attempts: 9 }),
      transcript: { state: "missing" },
    });
    expect(judge(owed, EXCLUDES)).toEqual({ kind: "admit", reason: "reply-owed", found: "delivering", limit: null });
  });

  it("what the operator asked for, whatever the filters say", () => {
    const asked = candidate({
      row: row({ status: "killed", startedAtMs: 1, lastInteractionAtMs: 1, conversation: { kind: "direct" } }),
      record: record({ requestedAtMs: NOW - 5 }),
      transcript: { state: "unreadable", failures: 9 },
    });
    expect(judge(asked, { ...EXCLUDES, directChatsShareMain: true })).toEqual({
      kind: "admit",
      reason: "requested",
      found: NOW - 5,
      limit: null,
    });
  });

  it("without reading a transcript what other facts decide", () => {
    const untold = () => {
      throw new Error("asked for the transcript");
    };
    const decided = [
      candidate({ row: row({ conversation: { kind: "cron" } }) }),
      withRecord({ phase: "delivering" }),
      withRecord({ requestedAtMs: 1 }),
      withRecord({ attempts: 2 }),
      withRecord({ phase: "released" }),
    ];
    expect(decided.map((one) => judge({ ...one, transcript: untold }).kind)).toEqual([
      "leave",
      "admit",
      "admit",
      "hold",
      "leave",
    ]);
  });
});

describe("an answer that a killed run has written", () => {
  const cutOff = { phase: "running", attempts: 9, cutOffs: 9 } as const;

  it.each(["running", "claimed"] as const)("is owed, however often it was cut off (%s)", (phase) => {
    const found = { ...withRecord({ ...cutOff, phase }), hasAnswer: true };
    expect(judge(found)).toEqual({ kind: "admit", reason: "reply-owed", found: phase, limit: null });
  });

  it("is none where none was written", () => {
    expect(judge(withRecord(cutOff)).kind).toBe("hold");
  });
});

describe("holds", () => {
  it("nothing that has been idle for exactly the limit", () => {
    expect(judge(idleFor(HOUR)).kind).toBe("admit");
  });

  it("what has been idle a millisecond longer", () => {
    expect(judge(idleFor(HOUR + 1))).toEqual({ kind: "hold", reason: "idle-too-long", found: HOUR + 1, limit: HOUR });
  });

  it.each([
    [HOUR, "admit"],
    [HOUR + 1, "hold"],
  ])("by the transcript, when it was last written %i ms ago, as %s", (ms, kind) => {
    const found = candidate({ row: row({ lastInteractionAtMs: 1 }), transcript: { newestEventAtMs: NOW - ms } });
    expect(judge(found).kind).toBe(kind);
  });

  it("by the later of the two when both are too long ago", () => {
    const found = candidate({
      row: row({ lastInteractionAtMs: NOW - 2 * HOUR }),
      transcript: { newestEventAtMs: NOW - 3 * HOUR },
    });
    expect(judge(found)).toMatchObject({ reason: "idle-too-long", found: 2 * HOUR });
  });

  it("nothing that was started exactly the age limit ago", () => {
    expect(judge(candidate({ row: row({ startedAtMs: NOW - 120 * HOUR }) })).kind).toBe("admit");
  });

  it("what was started a millisecond earlier", () => {
    expect(judge(candidate({ row: row({ startedAtMs: NOW - 120 * HOUR - 1 }) }))).toEqual({
      kind: "hold",
      reason: "too-old",
      found: 120 * HOUR + 1,
      limit: 120 * HOUR,
    });
  });

  it.each([
    ["set forward while it was left alone, nothing", HOUR, HOUR + 1_000, "admit"],
    ["set back: nothing, though it lies in the future", -HOUR, -HOUR + 1_000, "admit"],
    ["set back: what is stale all the same", -HOUR, 1_000, "hold"],
  ])("by a clock that was %s", (_name, byMs, agoMs, kind) => {
    const limits = { ...ADMISSION, clockJumps: [{ atMs: NOW - byMs, byMs }] };
    const times = { lastInteractionAtMs: NOW - agoMs, startedAtMs: NOW - agoMs };
    const found = candidate({ row: row(times), transcript: { newestEventAtMs: NOW - agoMs } });
    expect(admit(found, limits, NOW).kind).toBe(kind);
  });

  it("what has no known activity", () => {
    expect(judge(candidate({ row: row({ lastInteractionAtMs: undefined }) }))).toEqual({
      kind: "hold",
      reason: "activity-unknown",
      found: null,
      limit: HOUR,
    });
  });

  it.each([
    ["active", { lastInteractionAtMs: NOW + 60_000 }],
    ["started", { startedAtMs: NOW + 60_000 }],
  ])("nothing that was %s no further in the future than clocks differ", (_name, over) => {
    expect(judge(candidate({ row: row(over) })).kind).toBe("admit");
  });

  it.each([
    ["active", { lastInteractionAtMs: NOW + 60_001 }],
    ["started", { startedAtMs: NOW + 60_001 }],
    ["active far and started a little", { lastInteractionAtMs: NOW + 60_001, startedAtMs: NOW + 5 }],
  ])("what was %s further in the future", (_name, over) => {
    expect(judge(candidate({ row: row(over) }))).toEqual({
      kind: "hold",
      reason: "time-in-future",
      found: NOW + 60_001,
      limit: NOW,
    });
  });

  it("what was held on an earlier boot, and says why", () => {
    expect(judge(withRecord({ phase: "settled", outcome: "held", reason: "unsafe-tail" }))).toEqual({
      kind: "hold",
      reason: "held-earlier",
      found: "unsafe-tail",
      limit: null,
    });
  });

  it("what was held on an earlier boot, with what held it then", () => {
    const heldBecause = "7200000 ms against 3600000 ms";
    expect(judge(withRecord({ phase: "settled", outcome: "held", reason: "idle-too-long", heldBecause }))).toEqual({
      kind: "hold",
      reason: "held-earlier",
      found: "idle-too-long",
      limit: heldBecause,
    });
  });

  it("a claim of an earlier boot that has become too idle meanwhile", () => {
    const stale = { ...withRecord({ phase: "claimed" }), row: idleFor(HOUR + 1).row };
    expect(judge(stale)).toMatchObject({ kind: "hold", reason: "idle-too-long" });
  });

  it("a direct chat of its own when direct chats share the main session", () => {
    const direct = candidate({ row: row({ sessionKey: "agent:a:direct:7", conversation: { kind: "direct" } }) });
    expect(judge(direct).kind).toBe("admit");
    expect(judge(candidate(), { ...ADMISSION, directChatsShareMain: true }).kind).toBe("admit");
    expect(judge(direct, { ...ADMISSION, directChatsShareMain: true })).toEqual({
      kind: "hold",
      reason: "dm-scope-retired",
      found: "agent:a:direct:7",
      limit: "main",
    });
  });
});

describe("what is out of scope", () => {
  const EVIDENCE = { reason: "excluded", found: "agent:a:chat", limit: "not agent:a:*" };

  it.each(["leave", "hold"] as const)("is told as %s, with the pattern that it is out by", (excluded) => {
    expect(judge(candidate(), { ...EXCLUDES, excluded })).toEqual({ kind: excluded, ...EVIDENCE });
  });

  it("is asked with the row", () => {
    const asked: string[] = [];
    judge(candidate(), { ...ADMISSION, excludedBy: ({ sessionKey }) => void asked.push(sessionKey) });
    expect(asked).toEqual(["agent:a:chat"]);
  });
});

describe("a transcript", () => {
  it.each(["missing", "empty", "truncated", "unreadable"] as const)("that is %s is held as that", (state) => {
    expect(judge(candidate({ transcript: { state } }))).toEqual({
      kind: "hold",
      reason: `transcript-${state}`,
      found: state,
      limit: "ok",
    });
  });

  it.each(["authentication", "billing", "model-not-found", "context-overflow"] as const)(
    "whose last error is %s is held, with the kind of the error",
    (kind) => {
      const held = { kind: "hold", reason: "permanent-error", found: kind, limit: null };
      expect(judge(candidate({ transcript: { lastError: runError(kind), failures: 1 } }))).toEqual(held);
      expect(judge(candidate({ row: row({ lastRunError: runError(kind) }) }))).toEqual(held);
    },
  );

  it.each(["rate-limit", "overloaded", "timeout", "network", "unknown"] as const)(
    "whose last error is %s is not",
    (kind) => {
      expect(judge(candidate({ transcript: { lastError: runError(kind), failures: 1 } })).kind).toBe("admit");
      expect(judge(candidate({ row: row({ lastRunError: runError(kind) }) })).kind).toBe("admit");
    },
  );

  it("speaks only where the entry records no error", () => {
    const lastError = runError("billing");
    const cured = candidate({ row: row({ lastRunError: runError("timeout") }), transcript: { lastError } });
    expect(judge(cured).kind).toBe("admit");
  });

  it("that ended in errors is held from the limit on", () => {
    const failing = (failures: number) => candidate({ transcript: { failures, lastError: runError("timeout") } });
    expect(judge(failing(1)).kind).toBe("admit");
    expect(judge(failing(2))).toEqual({ kind: "hold", reason: "failing", found: 2, limit: 2 });
    expect(judge(failing(2), { ...ADMISSION, maxFailures: 3 }).kind).toBe("admit");
  });

  it("that ends inside a tool call is held only when the operator wants it so", () => {
    const unsafe = candidate({ transcript: { tail: { kind: "unsafe" } } });
    expect(judge(unsafe).kind).toBe("admit");
    expect(judge(unsafe, { ...ADMISSION, holdUnsafeTails: true })).toEqual({
      kind: "hold",
      reason: "unsafe-tail",
      found: "unsafe",
      limit: "hold",
    });
    const safe = candidate({ transcript: { tail: { kind: "answered", text: "hi", atMs: 1 } } });
    expect(judge(safe, { ...ADMISSION, holdUnsafeTails: true }).kind).toBe("admit");
  });

  it("objects in this order: its state, a permanent error, failures, its tail", () => {
    const limits = { maxFailures: 2, holdUnsafeTails: true };
    const worst = { failures: 2, lastError: runError("billing"), tail: { kind: "unsafe" } } as const;
    const steps = [
      { ...worst, state: "truncated" },
      worst,
      { ...worst, lastError: runError("timeout") },
      { ...worst, lastError: undefined, failures: 1 },
      {},
    ] as const;
    const said = steps.map((over) => transcriptObjection({ row: row(), transcript: () => facts(over) }, limits));
    expect(said.map((verdict) => verdict?.reason)).toEqual([
      "transcript-truncated",
      "permanent-error",
      "failing",
      "unsafe-tail",
      undefined,
    ]);
  });
});

describe("attempts", () => {
  it("leave one more when one fewer than allowed was made", () => {
    expect(judge(withRecord({ phase: "claimed", attempts: 1 })).kind).toBe("admit");
  });

  it("are exhausted when all allowed ones were made", () => {
    expect(judge(withRecord({ phase: "claimed", attempts: 2 }))).toEqual({
      kind: "hold",
      reason: "attempts-exhausted",
      found: 2,
      limit: 2,
    });
  });

  it.each([
    ["claimed", 0, 1],
    ["running", 1, 0],
  ] as const)("that a dying gateway cut off once leave more, found %s", (phase, attempts, earlier) => {
    expect(judge(withRecord({ phase, attempts, cutOffs: earlier })).kind).toBe("admit");
  });

  it.each([
    ["claimed", 0, 2],
    ["running", 1, 1],
  ] as const)("that a dying gateway cut off twice may be why it died, found %s", (phase, attempts, earlier) => {
    expect(judge(withRecord({ phase, attempts, cutOffs: earlier }))).toEqual({
      kind: "hold",
      reason: "crash-loop",
      found: 2,
      limit: 1,
    });
  });

  it("hold what the operator asked for too, once they are used up again", () => {
    expect(judge(withRecord({ attempts: 2, requestedAtMs: 1 })).reason).toBe("attempts-exhausted");
  });

  it.each([
    ["claimed", 2],
    ["running", 3],
    ["delivering", 2],
    ["settled", 2],
    ["released", 2],
  ] as const)("of a record in phase %s were cut off as often as it says, and once more when it runs", (phase, sum) => {
    expect(cutOffs(record({ phase, cutOffs: 2 }))).toBe(sum);
  });

  it.each([
    ["claimed", 2],
    ["running", 1],
    ["delivering", 2],
  ] as const)("of a record in phase %s count, but for the one that runs", (phase, count) => {
    expect(attemptsOf(record({ phase, attempts: 2 }))).toBe(count);
  });
});

describe("a damaged record", () => {
  it.each([
    ["of another session id", { sessionId: "other" }],
    ["of a reply that is owed", { phase: "delivering" }],
    ["that was given back", { phase: "released" }],
    ["with attempts left", {}],
  ] as const)("%s is held, whatever it says", (_, over) => {
    expect(judge(withRecord({ ...over, damage: 'phase: "x"' }))).toEqual({
      kind: "hold",
      reason: "record-damaged",
      found: 'phase: "x"',
      limit: null,
    });
  });
});

describe("a session that only looks claimed", () => {
  const orphan = (over: Parameters<typeof candidate>[0] = {}) =>
    candidate({ orphaned: true, row: row({ status: "killed" }), ...over });

  it("is admitted as one whose record is lost", () => {
    expect(judge(orphan())).toEqual({ kind: "admit", reason: "record-lost", found: 60_000, limit: HOUR });
  });

  it("is ours when it is fresh and unanswered", () => {
    expect(isRealOrphan(orphan(), ADMISSION, NOW)).toBe(true);
    expect(isRealOrphan(orphan({ transcript: { tail: { kind: "unsafe" } } }), ADMISSION, NOW)).toBe(true);
  });

  it.each([
    ["answered", { transcript: { tail: { kind: "answered", text: "yes", atMs: 1 } } }],
    ["old", { row: row({ status: "killed", lastInteractionAtMs: NOW - 2 * HOUR }) }],
    ["another owner's", { row: row({ status: "killed", marks: { spawned: true } }) }],
    ["without a transcript", { transcript: { state: "missing" } }],
  ] as const)("is not when it is %s", (_, over) => {
    expect(isRealOrphan(orphan(over), ADMISSION, NOW)).toBe(false);
  });
});

describe("retires", () => {
  const REPLACED = { kind: "retire", reason: "session-replaced", found: NOW - 2 * HOUR, limit: NOW - 2 * HOUR };
  const CONTINUED = { kind: "retire", reason: "user-continued", found: NOW - 60_000, limit: NOW - 30_000 };

  it("a claim whose session was replaced", () => {
    const replaced = candidate({ row: row({ status: "killed", sessionId: "session-2" }), record: record() });
    expect(judge(replaced)).toEqual(REPLACED);
    const untimed = { ...replaced, row: { ...replaced.row, startedAtMs: undefined } };
    expect(judge(untimed)).toEqual({ ...REPLACED, found: null });
  });

  const startedAt = (startedAtMs: number, sessionStartedAtMs: number | undefined) =>
    judge(candidate({ row: row({ status: "killed", startedAtMs }), record: record({ sessionStartedAtMs }) }));

  it("a claim whose session was started afresh under the same id, a millisecond after it was started", () => {
    expect(startedAt(NOW - 99_999, NOW - 100_000)).toEqual({
      ...REPLACED,
      found: NOW - 99_999,
      limit: NOW - 100_000,
    });
    expect(startedAt(NOW - 100_000, NOW - 100_000)).toMatchObject({ kind: "admit", reason: "claimed-earlier" });
  });

  it("a claim without a start whose session was started afresh under the same id, a millisecond after the claim", () => {
    expect(startedAt(NOW - 29_999, undefined)).toEqual({ ...REPLACED, found: NOW - 29_999, limit: null });
    expect(startedAt(NOW - 30_000, undefined)).toMatchObject({ kind: "admit", reason: "claimed-earlier" });
  });

  it("no claim of a session that was started in the future already when it was claimed", () => {
    expect(startedAt(NOW + HOUR, NOW + HOUR)).toMatchObject({ kind: "hold", reason: "time-in-future" });
  });

  it("a claim whose user has gone on", () => {
    const continued = { ...withRecord({ phase: "claimed" }), userContinued: true };
    expect(judge(continued)).toEqual(CONTINUED);
  });

  it("a claim whose user was never seen, and says so", () => {
    const stopped = candidate({
      row: row({ status: "killed", lastInteractionAtMs: undefined }),
      record: record(),
      userContinued: true,
    });
    expect(judge(stopped)).toEqual({ ...CONTINUED, found: null });
  });

  it("no claim whose user was only seen after it", () => {
    const seen = candidate({
      row: row({ status: "done", lastInteractionAtMs: NOW }),
      record: record({ claimedAtMs: NOW - 1 }),
      userContinued: false,
    });
    expect(judge(seen)).toMatchObject({ kind: "admit", reason: "claimed-earlier" });
  });

  it("a reply that is owed when its user has gone on", () => {
    const owed = { ...withRecord({ phase: "delivering" }), userContinued: true };
    expect(judge(owed)).toEqual(CONTINUED);
  });

  it("a replaced session as replaced, whatever its user did", () => {
    const replaced = candidate({
      row: row({ status: "killed", sessionId: "session-2" }),
      record: record(),
      userContinued: true,
    });
    expect(judge(replaced)).toEqual(REPLACED);
  });

  it("even a held session when its user has gone on", () => {
    const continued = { ...withRecord({ phase: "settled", outcome: "held" }), userContinued: true };
    expect(judge(continued)).toEqual(CONTINUED);
  });
});

describe("leaves", () => {
  it.each(["subagent", "cron", "acp", "heartbeat"] as const)("a session of kind %s to its owner", (kind) => {
    expect(judge(candidate({ row: row({ conversation: { kind } }) }))).toEqual({
      kind: "leave",
      reason: kind,
      found: kind,
      limit: "conversation",
    });
  });

  const MARKS = [
    ["spawned", "spawned"],
    ["pluginOwned", "plugin-owned"],
    ["pendingFinalDelivery", "pending-final-delivery"],
    ["messageToolOnly", "message-tool-only"],
    ["harnessCompletion", "harness-completion"],
    ["deliveryReceipt", "delivery-receipt"],
    ["recoveryTombstone", "recovery-tombstone"],
    ["modelSelectionLocked", "model-selection-locked"],
    ["cliBacked", "cli-backed"],
  ] as const;

  it.each(MARKS)("a session marked %s as %s", (mark, reason) => {
    expect(judge(candidate({ row: row({ marks: { [mark]: true } }) }))).toEqual({
      kind: "leave",
      reason,
      found: true,
      limit: false,
    });
  });

  it("a session with several marks by the first of them", () => {
    const names = MARKS.map(([mark]) => mark);
    const reasons = names.map((_mark, from) => {
      const marks = Object.fromEntries(names.slice(from).map((mark) => [mark, true]));
      return judge(candidate({ row: row({ marks }) })).reason;
    });
    expect(reasons).toEqual(MARKS.map(([, reason]) => reason));
  });

  it("another owner's session before it looks at ages or records", () => {
    const stale = candidate({
      row: row({ conversation: { kind: "cron" }, lastInteractionAtMs: undefined }),
      record: record({ attempts: 9 }),
    });
    expect(judge(stale)).toMatchObject({ kind: "leave", reason: "cron" });
  });

  it("a session that asked for the restart itself", () => {
    expect(judge(candidate({ restartContinuation: true }))).toEqual({
      kind: "leave",
      reason: "restart-continuation",
      found: true,
      limit: false,
    });
  });

  it("a first turn that its host has not written down: the host tells its user", () => {
    const found = candidate({ transcript: { state: "missing" } });
    expect(admit(found, { ...ADMISSION, hostTellsOfUnwritten: true }, NOW)).toEqual({
      kind: "leave",
      reason: "transcript-unwritten",
      found: "missing",
      limit: "ok",
    });
    expect(judge(found)).toMatchObject({ kind: "hold", reason: "transcript-missing" });
  });

  it.each(["killed", "running"])("a session that was given back, though its status is %s", (status) => {
    const released = candidate({ row: row({ status }), record: record({ phase: "released", outcome: "released" }) });
    expect(judge(released)).toEqual({ kind: "leave", reason: "released", found: "released", limit: null });
  });
});

/** Each objection with what takes it away, in the order of the rules: the first that is left decides. */
const ORDER: readonly (readonly [reason: string, cure: (found: Candidate) => Candidate])[] = [
  [
    "cron",
    (found) => ({ ...found, row: { ...found.row, conversation: { ...found.row.conversation, kind: "direct" } } }),
  ],
  ["cli-backed", (found) => ({ ...found, row: { ...found.row, marks: row().marks } })],
  ["restart-continuation", (found) => ({ ...found, restartContinuation: false })],
  ["session-replaced", (found) => ({ ...found, row: { ...found.row, sessionId: "session-1", startedAtMs: 1 } })],
  ["user-continued", (found) => ({ ...found, userContinued: false })],
  ["released", (found) => ({ ...found, record: { ...record(found.record), phase: "delivering" } })],
  ["reply-owed", (found) => ({ ...found, record: { ...record(found.record), phase: "settled", outcome: "held" } })],
  [
    "held-earlier",
    (found) => ({ ...found, record: { ...record(found.record), phase: "claimed", outcome: undefined } }),
  ],
  ["attempts-exhausted", (found) => ({ ...found, record: { ...record(found.record), attempts: 1 } })],
  ["requested", (found) => ({ ...found, record: { ...record(found.record), requestedAtMs: undefined } })],
  [
    "excluded",
    ({ row: { conversation, ...rest }, ...found }) => ({
      ...found,
      row: { ...rest, conversation: { ...conversation, channel: undefined } },
    }),
  ],
  ["dm-scope-retired", (found) => ({ ...found, row: { ...found.row, archived: true } })],
  ["duplicate-of", (found) => ({ ...found, newerRow: undefined })],
  ["time-in-future", (found) => ({ ...found, row: { ...found.row, lastInteractionAtMs: undefined } })],
  ["activity-unknown", (found) => ({ ...found, row: { ...found.row, lastInteractionAtMs: 1 } })],
  ["idle-too-long", (found) => ({ ...found, row: { ...found.row, lastInteractionAtMs: NOW } })],
  ["too-old", (found) => ({ ...found, row: { ...found.row, startedAtMs: NOW - HOUR } })],
  ["transcript-empty", (found) => ({ ...found, transcript: () => facts() })],
  ["claimed-earlier", (found) => ({ ...found, record: undefined })],
];

it("lets the first rule that objects decide, in the order of the rules", () => {
  const limits = {
    ...ADMISSION,
    directChatsShareMain: true,
    excludedBy: ({ conversation: { channel } }: Candidate["row"]) =>
      channel === undefined ? undefined : { found: channel, limit: "" },
  };
  let found = candidate({
    row: row({
      conversation: { kind: "cron", channel: "telegram" },
      marks: { cliBacked: true },
      sessionId: "session-2",
      startedAtMs: NOW,
      lastInteractionAtMs: NOW + HOUR,
    }),
    record: record({ phase: "released", outcome: "released", attempts: 9, requestedAtMs: 1, sessionStartedAtMs: NOW }),
    restartContinuation: true,
    userContinued: true,
    newerRow: row({ sessionKey: "another" }),
    transcript: { state: "empty" },
  });
  const said: string[] = [];
  for (const [, cure] of ORDER) {
    said.push(judge(found, limits).reason);
    found = cure(found);
  }
  expect(said).toEqual(ORDER.map(([reason]) => reason));
  expect(judge(found, limits).reason).toBe("interrupted");
});

describe("the boot limit", () => {
  const chat = (name: string, activityAtMs: number | undefined, over: Parameters<typeof row>[0] = {}): Candidate =>
    candidate({ row: row({ sessionKey: name, lastInteractionAtMs: activityAtMs, ...over }) });
  const verdicts = (found: Candidate[], maxPerBoot: number) =>
    admitAll(found, { ...ADMISSION, maxPerBoot }, NOW).map(
      ({ candidate: { row: session }, verdict }) => `${session.sessionKey} ${verdict.kind} ${verdict.reason}`,
    );

  it("favours the newest", () => {
    expect(verdicts([chat("old", NOW - 3), chat("new", NOW - 1), chat("mid", NOW - 2)], 2)).toEqual([
      "new admit interrupted",
      "mid admit interrupted",
      "old hold over-boot-limit",
    ]);
  });

  it("says which one too many each is", () => {
    const found = [chat("a", NOW - 1), chat("b", NOW - 2), chat("c", NOW - 3)];
    const held = admitAll(found, { ...ADMISSION, maxPerBoot: 1 }, NOW).slice(1);
    const over = { kind: "hold", reason: "over-boot-limit", found: 2, limit: 1 };
    expect(held.map(({ verdict }) => verdict)).toEqual([over, over]);
  });

  it("is used up by admitted sessions only", () => {
    const found = [
      chat("newest", NOW, { conversation: { kind: "cron" } }),
      chat("newer", NOW - 1),
      chat("stale", NOW - 2 * HOUR),
    ];
    expect(verdicts(found, 1)).toEqual(["newest leave cron", "newer admit interrupted", "stale hold idle-too-long"]);
  });

  it("of 0 admits nothing", () => {
    expect(verdicts([chat("a", NOW)], 0)).toEqual(["a hold over-boot-limit"]);
  });

  const owed = (name: string): Candidate => ({
    ...chat(name, NOW - 60_000, { status: "killed" }),
    record: record({ sessionKey: name, phase: "delivering" }),
  });
  const asked = (name: string): Candidate => ({
    ...chat(name, NOW - 90_000, { status: "killed" }),
    record: record({ sessionKey: name, requestedAtMs: NOW - 5 }),
  });

  it("of 0 still admits replies that are owed and what the operator asked for", () => {
    expect(verdicts([owed("a"), owed("b"), chat("c", NOW), asked("d")], 0).toSorted()).toEqual([
      "a admit reply-owed",
      "b admit reply-owed",
      "c hold over-boot-limit",
      "d admit requested",
    ]);
  });

  it("is not used up by replies that are owed nor by requests, though they come first", () => {
    const found = [owed("a"), owed("b"), chat("c", NOW - 70_000), chat("d", NOW - 80_000), asked("e")];
    expect(verdicts(found, 1)).toEqual([
      "e admit requested",
      "a admit reply-owed",
      "b admit reply-owed",
      "c admit interrupted",
      "d hold over-boot-limit",
    ]);
  });

  it("is used up by claims of an earlier boot", () => {
    const claimed = { ...chat("a", NOW - 60_000), record: record({ sessionKey: "a" }) };
    expect(verdicts([claimed, chat("b", NOW - 70_000)], 1)).toEqual([
      "a admit claimed-earlier",
      "b hold over-boot-limit",
    ]);
  });

  it("is asked before a transcript is read: none is read for those that are too many", () => {
    const read: string[] = [];
    const found = ["a", "b", "c"].map((name, index) => ({
      ...chat(name, NOW - index),
      transcript: () => {
        read.push(name);
        return facts({ state: name === "a" ? "missing" : "ok" });
      },
    }));
    expect(verdicts(found, 1)).toEqual(["a hold transcript-missing", "b admit interrupted", "c hold over-boot-limit"]);
    expect([...new Set(read)]).toEqual(["a", "b"]);
  });

  it("goes by what the user did, not by what the transcript tells", () => {
    const busy = { ...chat("busy", NOW - 3), transcript: () => facts({ newestEventAtMs: NOW }) };
    expect(verdicts([busy, chat("newer", NOW - 2)], 1)).toEqual([
      "newer admit interrupted",
      "busy hold over-boot-limit",
    ]);
  });

  it("gives a direct chat precedence over a group of the same moment", () => {
    expect(verdicts([chat("a", NOW, { chatKind: "group" }), chat("b", NOW)], 1)).toEqual([
      "b admit interrupted",
      "a hold over-boot-limit",
    ]);
  });

  it("leaves the given array as it was", () => {
    const found = [chat("old", NOW - 2), chat("new", NOW - 1)];
    admitAll(found, ADMISSION, NOW);
    expect(found.map(({ row: session }) => session.sessionKey)).toEqual(["old", "new"]);
  });
});

it("reaches every reason of its own in this file", () => {
  // What a boot says without asking admission.
  const elsewhere = new Set(["unreadable-entry", "claim-failed"]);
  const limits = { ...ADMISSION, maxPerBoot: 1, directChatsShareMain: true, holdUnsafeTails: true };
  const out = { found: "a", limit: "not a" };
  const excluding = (excluded: "leave" | "hold") => ({ ...limits, excluded, excludedBy: () => out });
  const marked = Object.keys(row().marks).map((mark) => candidate({ row: row({ marks: { [mark]: true } }) }));
  const kinds = (["subagent", "cron", "acp", "heartbeat"] as const).map((kind) =>
    candidate({ row: row({ conversation: { kind } }) }),
  );
  const transcripts = (
    [
      { state: "missing" },
      { state: "empty" },
      { state: "unreadable" },
      { state: "truncated" },
      { lastError: runError("billing") },
      { failures: 2 },
      { tail: { kind: "unsafe" } },
    ] as const
  ).map((transcript) => candidate({ transcript }));
  const others = [
    candidate(),
    candidate(),
    idleFor(HOUR + 1),
    candidate({ row: row({ startedAtMs: 1 }) }),
    candidate({ row: row({ lastInteractionAtMs: undefined }) }),
    candidate({ row: row({ lastInteractionAtMs: NOW + HOUR }) }),
    candidate({ row: row({ conversation: { kind: "direct" } }) }),
    candidate({ newerRow: row({ sessionKey: "another" }) }),
    candidate({ restartContinuation: true }),
    candidate({ record: record({ sessionId: "older" }) }),
    candidate({ record: record(), userContinued: true }),
    candidate({ row: row({ status: "killed", lastInteractionAtMs: NOW }), record: record() }),
    withRecord({ phase: "delivering" }),
    withRecord({ requestedAtMs: 1 }),
    withRecord({ attempts: 2 }),
    withRecord({ phase: "settled", outcome: "held" }),
    withRecord({ phase: "released" }),
    withRecord({ cutOffs: 2 }),
    withRecord({ damage: "phase" }),
    candidate({ row: row({ status: "killed", lastInteractionAtMs: NOW }), orphaned: true }),
  ];
  const judged = [
    ...admitAll([...marked, ...kinds, ...transcripts, ...others], { ...limits, maxPerBoot: 3 }, NOW),
    ...admitAll([candidate()], excluding("leave"), NOW),
    ...admitAll([candidate()], excluding("hold"), NOW),
    ...admitAll([candidate({ transcript: { state: "missing" } })], { ...limits, hostTellsOfUnwritten: true }, NOW),
  ];
  const reached = new Set(judged.map(({ verdict }) => `${verdict.kind} ${verdict.reason}`));
  const all = (["admit", "hold", "retire", "leave"] satisfies VerdictKind[]).flatMap((kind) =>
    reasonsOf(kind).flatMap((reason) => (elsewhere.has(reason) ? [] : [`${kind} ${reason}`])),
  );
  expect([...reached].toSorted()).toEqual(all.toSorted());
});
