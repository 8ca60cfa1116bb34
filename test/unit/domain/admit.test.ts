import { describe, expect, it } from "vitest";
import { admit, admitAll, cutOffs } from "../../../src/domain/admit.ts";
import type { ResumeRecord } from "../../../src/domain/record.ts";
import type { Candidate, Verdict } from "../../../src/domain/verdict.ts";
import { ADMISSION, candidate, HOUR, NOW, record, row } from "../support/makers.ts";

const judge = (found: Candidate): Verdict => admit(found, ADMISSION, NOW);
const withRecord = (over: Partial<ResumeRecord>): Candidate =>
  candidate({ row: row({ status: "killed" }), record: record(over) });

describe("admits", () => {
  it("an interrupted session", () => {
    expect(judge(candidate())).toEqual({ kind: "admit", reason: "interrupted" });
  });

  it("a session claimed on an earlier boot", () => {
    expect(judge(withRecord({ phase: "claimed" }))).toEqual({ kind: "admit", reason: "claimed-earlier" });
  });

  it("a session whose only activity is its transcript's", () => {
    expect(judge(candidate({ row: row({ lastInteractionAtMs: undefined }), activityAtMs: NOW }))).toEqual({
      kind: "admit",
      reason: "interrupted",
    });
  });

  it("a session that nothing tells the age of", () => {
    expect(judge(candidate({ row: row({ startedAtMs: undefined }) })).kind).toBe("admit");
  });

  it("a reply that exists, however old the session and however many its attempts", () => {
    const owed = candidate({
      row: row({ status: "killed", startedAtMs: 1, lastInteractionAtMs: 1 }),
      record: record({ phase: "delivering", attempts: 9 }),
      activityAtMs: 1,
    });
    expect(judge(owed)).toEqual({ kind: "admit", reason: "claimed-earlier" });
  });
});

describe("holds", () => {
  it("nothing that has been idle for exactly the limit", () => {
    expect(judge(candidate({ activityAtMs: NOW - HOUR })).kind).toBe("admit");
  });

  it("what has been idle a millisecond longer", () => {
    expect(judge(candidate({ activityAtMs: NOW - HOUR - 1 }))).toEqual({ kind: "hold", reason: "idle-too-long" });
  });

  it("nothing that was started exactly the age limit ago", () => {
    expect(judge(candidate({ row: row({ startedAtMs: NOW - 120 * HOUR }) })).kind).toBe("admit");
  });

  it("what was started a millisecond earlier", () => {
    expect(judge(candidate({ row: row({ startedAtMs: NOW - 120 * HOUR - 1 }) }))).toEqual({
      kind: "hold",
      reason: "too-old",
    });
  });

  it("what has no known activity", () => {
    expect(judge(candidate({ activityAtMs: undefined }))).toEqual({ kind: "hold", reason: "activity-unknown" });
  });

  it("what was held on an earlier boot", () => {
    expect(judge(withRecord({ phase: "settled", outcome: "held" }))).toEqual({ kind: "hold", reason: "held-earlier" });
  });

  it("a claim of an earlier boot that has become too idle meanwhile", () => {
    const stale = { ...withRecord({ phase: "claimed" }), activityAtMs: NOW - HOUR - 1 };
    expect(judge(stale)).toEqual({ kind: "hold", reason: "idle-too-long" });
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
    });
  });

  it.each([
    ["claimed", 0, 4],
    ["running", 1, 3],
  ] as const)("that a dying gateway cut off four times leave more, found %s", (phase, attempts, earlier) => {
    expect(judge(withRecord({ phase, attempts, cutOffs: earlier })).kind).toBe("admit");
  });

  it.each([
    ["claimed", 0, 5],
    ["running", 1, 4],
  ] as const)("that a dying gateway cut off a fifth time are exhausted, found %s", (phase, attempts, earlier) => {
    expect(judge(withRecord({ phase, attempts, cutOffs: earlier }))).toEqual({
      kind: "hold",
      reason: "attempts-exhausted",
    });
  });

  it.each([
    ["claimed", 2],
    ["running", 3],
    ["delivering", 2],
    ["settled", 2],
  ] as const)("of a record in phase %s were cut off as often as it says, and once more when it runs", (phase, sum) => {
    expect(cutOffs(record({ phase, cutOffs: 2 }))).toBe(sum);
  });
});

describe("retires", () => {
  it("a claim whose session was replaced", () => {
    const replaced = candidate({ row: row({ status: "killed", sessionId: "session-2" }), record: record() });
    expect(judge(replaced)).toEqual({ kind: "retire", reason: "session-replaced" });
  });

  it("a claim whose user has gone on", () => {
    const continued = { ...withRecord({ phase: "claimed" }), userContinued: true };
    expect(judge(continued)).toEqual({ kind: "retire", reason: "user-continued" });
  });

  it("no claim whose user was only seen after it", () => {
    const seen = candidate({
      row: row({ status: "done", lastInteractionAtMs: NOW }),
      record: record({ claimedAtMs: NOW - 1 }),
      userContinued: false,
    });
    expect(judge(seen)).toEqual({ kind: "admit", reason: "claimed-earlier" });
  });

  it("a reply that is owed when its user has gone on", () => {
    const owed = { ...withRecord({ phase: "delivering" }), userContinued: true };
    expect(judge(owed)).toEqual({ kind: "retire", reason: "user-continued" });
  });

  it("a replaced session as replaced, whatever its user did", () => {
    const replaced = candidate({
      row: row({ status: "killed", sessionId: "session-2" }),
      record: record(),
      userContinued: true,
    });
    expect(judge(replaced)).toEqual({ kind: "retire", reason: "session-replaced" });
  });

  it("even a held session when its user has gone on", () => {
    const continued = { ...withRecord({ phase: "settled", outcome: "held" }), userContinued: true };
    expect(judge(continued)).toEqual({ kind: "retire", reason: "user-continued" });
  });
});

describe("leaves", () => {
  it.each(["subagent", "cron", "acp", "heartbeat"] as const)("a session of kind %s to its owner", (keyKind) => {
    expect(judge(candidate({ row: row({ keyKind }) }))).toEqual({ kind: "leave", reason: keyKind });
  });

  it.each([
    ["spawned", "spawned"],
    ["pluginOwned", "plugin-owned"],
    ["pendingFinalDelivery", "pending-final-delivery"],
    ["messageToolOnly", "message-tool-only"],
    ["harnessCompletion", "harness-completion"],
    ["deliveryReceipt", "delivery-receipt"],
    ["recoveryTombstone", "recovery-tombstone"],
    ["modelSelectionLocked", "model-selection-locked"],
    ["cliBacked", "cli-backed"],
  ] as const)("a session marked %s as %s", (mark, reason) => {
    expect(judge(candidate({ row: row({ marks: { [mark]: true } }) }))).toEqual({ kind: "leave", reason });
  });

  it("another owner's session before it looks at ages or records", () => {
    const stale = candidate({
      row: row({ keyKind: "cron" }),
      record: record({ attempts: 9 }),
      activityAtMs: undefined,
    });
    expect(judge(stale)).toEqual({ kind: "leave", reason: "cron" });
  });
});

describe("the boot limit", () => {
  const chat = (name: string, activityAtMs: number | undefined, over: Parameters<typeof row>[0] = {}): Candidate =>
    candidate({ row: row({ sessionKey: name, lastInteractionAtMs: activityAtMs, ...over }), activityAtMs });
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

  it("is used up by admitted sessions only", () => {
    const found = [chat("newest", NOW, { keyKind: "cron" }), chat("newer", NOW - 1), chat("stale", NOW - 2 * HOUR)];
    expect(verdicts(found, 1)).toEqual(["newest leave cron", "newer admit interrupted", "stale hold idle-too-long"]);
  });

  it("of 0 admits nothing", () => {
    expect(verdicts([chat("a", NOW)], 0)).toEqual(["a hold over-boot-limit"]);
  });

  const owed = (name: string): Candidate => ({
    ...chat(name, NOW - 60_000, { status: "killed" }),
    record: record({ sessionKey: name, phase: "delivering" }),
  });

  it("of 0 still admits replies that are owed", () => {
    expect(verdicts([owed("a"), owed("b"), chat("c", NOW)], 0).toSorted()).toEqual([
      "a admit claimed-earlier",
      "b admit claimed-earlier",
      "c hold over-boot-limit",
    ]);
  });

  it("is not used up by replies that are owed, though they come first", () => {
    const found = [owed("a"), owed("b"), chat("c", NOW - 70_000), chat("d", NOW - 80_000)];
    expect(verdicts(found, 1)).toEqual([
      "a admit claimed-earlier",
      "b admit claimed-earlier",
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

  it("goes by what the user did, not by what the transcript tells", () => {
    const busy = { ...chat("busy", NOW - 3), activityAtMs: NOW };
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
