import { describe, expect, it } from "vitest";
import { admit } from "../../../src/domain/admit.ts";
import { laterBy } from "../../../src/domain/clock-jumps.ts";
import { identify, isOpen, isReplaced, userContinued, wroteAnswer } from "../../../src/domain/identify.ts";
import { ownRunId } from "../../../src/domain/own-runs.ts";
import type { ResumeRecord } from "../../../src/domain/record.ts";
import type { SessionRow } from "../../../src/domain/session.ts";
import type { TailKind } from "../../../src/domain/transcript-tail.ts";
import { unreadFacts } from "../../../src/domain/transcript-facts.ts";
import { ADMISSION, facts, HOUR, NOW, record, row } from "../support/makers.ts";

/** A transcript that was read tells all there is; it is not read once more. */
const unread = () => {
  throw new Error("read a transcript twice");
};

/** Whatever its user wrote last has its answer. */
const ANSWERED = { kind: "answered", text: "done", atMs: NOW } as const;

/** A process that can run turns since `NOW`. */
const fresh = (session: SessionRow, past?: ResumeRecord, userMessageAtMs?: number, continues = false) =>
  identify(session, past, {
    liveSinceMs: NOW,
    transcript: () => facts({ lastUserMessageAtMs: userMessageAtMs, tail: ANSWERED }),
    wholeTranscript: unread,
    continues: () => continues,
  });
/** A living process: any running turn may be live. */
const inProcess = (session: SessionRow, past?: ResumeRecord) =>
  identify(session, past, {
    liveSinceMs: -Infinity,
    transcript: () => facts(),
    wholeTranscript: unread,
    continues: () => false,
  });
/** A candidate without a past. */
const anew = (session: SessionRow) => ({
  row: session,
  record: undefined,
  orphaned: false,
  userContinued: false,
  hasAnswer: false,
  restartContinuation: false,
  transcript: expect.any(Function) as unknown,
});

describe("after a process start", () => {
  it("takes a running turn whose user last wrote before the process for an interrupted one", () => {
    expect(fresh(row())).toEqual(anew(row()));
  });

  it("takes a turn for an interrupted one to the last millisecond before the process", () => {
    const latest = row({ lastInteractionAtMs: NOW - 1 });
    expect(fresh(latest)).toEqual(anew(latest));
  });

  it.each([
    ["at the moment of the process start", NOW],
    ["after it", NOW + 1],
    ["at an unknown time", undefined],
  ])("leaves a running turn alone whose user wrote %s, whatever record exists", (_name, lastInteractionAtMs) => {
    const live = row({ lastInteractionAtMs });
    const pasts = [
      undefined,
      ...(["claimed", "running", "delivering"] as const).map((phase) => record({ phase })),
      record({ phase: "settled", outcome: "held" }),
    ];
    expect(pasts.map((past) => fresh(live, past))).toEqual(pasts.map(() => undefined));
  });

  it.each([NOW, undefined])("takes a turn that the host marked, though its user wrote at %s", (lastInteractionAtMs) => {
    const marked = row({ abortedLastRun: true, lastInteractionAtMs });
    expect(fresh(marked)).toEqual(anew(marked));
  });

  it.each([undefined, "done", "failed", "killed", "timeout"])("passes over a session with status %s", (status) => {
    expect(fresh(row({ status }))).toBeUndefined();
  });

  it("passes over a session that is not running, whatever the host's mark says", () => {
    expect(fresh(row({ status: "done", abortedLastRun: true }))).toBeUndefined();
  });

  it("takes a session that an earlier boot claimed, though it no longer runs", () => {
    expect(fresh(row({ status: "killed" }), record())?.record).toEqual(record());
  });

  it.each(["claimed", "running", "delivering"] as const)("goes on with a claim in phase %s", (phase) => {
    expect(fresh(row({ status: "killed" }), record({ phase }))?.record?.phase).toBe(phase);
  });

  it("passes over a claim that has settled for good", () => {
    expect(fresh(row({ status: "killed" }), record({ phase: "settled", outcome: "completed" }))).toBeUndefined();
  });

  it("still knows a held session", () => {
    const held = record({ phase: "settled", outcome: "held" });
    expect(fresh(row({ status: "killed" }), held)?.record).toEqual(held);
  });

  it("gives a new interruption no past when its record had settled for good", () => {
    const found = fresh(row(), record({ phase: "settled", outcome: "completed", attempts: 2 }));
    expect(found).toEqual(anew(row()));
  });

  it("gives a turn that a user began after the claim no past", () => {
    const later = row({ lastInteractionAtMs: NOW - 1 });
    expect(fresh(later, record({ claimedAtMs: NOW - 2, attempts: 2 }), NOW - 1)).toEqual(anew(later));
  });

  it("gives a turn of a new session id no past", () => {
    expect(fresh(row({ sessionId: "session-2" }), record())?.record).toBeUndefined();
  });

  // As under a new session id: judged by its past it would be retired, and nobody would go on with it.
  it("gives a turn of a session that was started afresh under its old id no past", () => {
    const afresh = row({ startedAtMs: NOW - 1, lastInteractionAtMs: NOW - 1 });
    expect(fresh(afresh, record({ claimedAtMs: NOW - 2 }))).toEqual(anew(afresh));
  });

  it("knows a resume of its own that was cut off", () => {
    expect(fresh(row(), record({ phase: "running", attempts: 1 }))?.record?.attempts).toBe(1);
  });
});

describe("when the plugin is replaced in a living process", () => {
  it("leaves a live turn alone", () => {
    expect(inProcess(row())).toBeUndefined();
  });

  it("leaves a live turn alone though an earlier claim is open", () => {
    expect(inProcess(row(), record({ phase: "running", attempts: 1 }))).toBeUndefined();
  });

  it("takes a turn that the host itself marked as aborted", () => {
    expect(inProcess(row({ abortedLastRun: true }))?.row.sessionId).toBe("session-1");
  });

  it("knows its own past of a turn that the host marked", () => {
    const past = record({ phase: "running", attempts: 1 });
    expect(inProcess(row({ abortedLastRun: true }), past)?.record).toEqual(past);
  });

  it("goes on with its own open claim", () => {
    expect(inProcess(row({ status: "killed" }), record())?.record).toEqual(record());
  });

  // What it claims are the sessions that it admits or holds; any other outcome leaves the user's turn alone.
  const outcome = (session: SessionRow, past: ResumeRecord) => {
    const found = inProcess(session, past);
    return found === undefined ? "no candidate" : admit(found, ADMISSION, NOW).kind;
  };

  it("does not claim a live turn that a user began after the claim", () => {
    const live = row({ lastInteractionAtMs: NOW });
    expect(["no candidate", "retire", "leave"]).toContain(outcome(live, record({ claimedAtMs: NOW - 1 })));
  });

  it("does not claim a live turn that moved no interaction time", () => {
    expect(["no candidate", "retire", "leave"]).toContain(outcome(row(), record()));
  });
});

describe("when no gateway runs", () => {
  const atRest = (session: SessionRow) =>
    identify(session, undefined, {
      liveSinceMs: Infinity,
      transcript: () => facts(),
      wholeTranscript: unread,
      continues: () => false,
    });

  it.each([NOW, NOW + 1_000_000, undefined])("no turn is live, though its user wrote at %s", (lastInteractionAtMs) => {
    const cutOff = row({ lastInteractionAtMs });
    expect(atRest(cutOff)).toEqual(anew(cutOff));
  });

  it("a session that is not running is still none", () => {
    expect(atRest(row({ status: "done" }))).toBeUndefined();
  });
});

describe("the transcript", () => {
  /** Counts what is read: at boot, and in whole. */
  function reading(userMessageAtMs: number | undefined, over: Parameters<typeof facts>[0] = {}) {
    const asked: string[] = [];
    const options = {
      liveSinceMs: NOW,
      transcript: ({ sessionKey }: SessionRow) => {
        asked.push(`boot ${sessionKey}`);
        return facts({ lastUserMessageAtMs: userMessageAtMs, tail: ANSWERED, ...over });
      },
      wholeTranscript: ({ sessionKey }: SessionRow) => {
        asked.push(`whole ${sessionKey}`);
        return facts({ lastUserMessageAtMs: userMessageAtMs, tail: ANSWERED });
      },
      continues: () => false,
    };
    return { asked, options };
  }
  const SEEN = row({ sessionKey: "seen", status: "killed", lastInteractionAtMs: NOW - 1 });
  const CLAIM = record({ sessionKey: "seen", claimedAtMs: NOW - 2 });

  it("is what the candidate hands on, read when first asked for, and once", () => {
    const { asked, options } = reading(undefined, { newestEventAtMs: 20 });
    const found = identify(row({ sessionKey: "k" }), undefined, options);
    expect(asked).toEqual([]);
    expect([found?.transcript().newestEventAtMs, found?.transcript().state]).toEqual([20, "ok"]);
    expect(asked).toEqual(["boot k"]);
  });

  it("is never asked of a session that is no candidate", () => {
    const { asked, options } = reading(undefined);
    identify(row({ sessionKey: "live", lastInteractionAtMs: NOW }), undefined, options);
    identify(row({ sessionKey: "done", status: "done" }), undefined, options);
    identify(row({ sessionKey: "done", status: "done" }), record({ phase: "released" }), options);
    expect(asked).toEqual([]);
  });

  it("is read once, and not in whole, where it also tells of the user", () => {
    const { asked, options } = reading(NOW - 1);
    const found = identify(SEEN, CLAIM, options);
    expect(found?.userContinued).toBe(true);
    found?.transcript();
    expect(asked).toEqual(["boot seen"]);
  });

  it.each([
    [NOW - 1, true],
    [NOW - 2, false],
    [undefined, false],
  ])("that is too long to be read at boot is read in whole for the user's message, of %s", (atMs, continued) => {
    const { asked, options } = reading(atMs, { wasRead: false, lastUserMessageAtMs: undefined });
    expect(identify(SEEN, CLAIM, options)).toMatchObject({ record: CLAIM, userContinued: continued });
    expect(asked).toEqual(["boot seen", "whole seen"]);
  });

  it("that is too long is read in whole once, though two questions need it", () => {
    const { asked, options } = reading(NOW - 60_000, { wasRead: false });
    const past = { ...CLAIM, phase: "running" } as const;
    expect(identify({ ...SEEN, status: "running" }, past, options)?.record).toEqual(past);
    expect(asked.filter((what) => what === "whole seen")).toHaveLength(1);
  });

  it("that is too long is not read in whole where the user was not seen after the claim", () => {
    const { asked, options } = reading(NOW - 1, { wasRead: false });
    identify({ ...SEEN, lastInteractionAtMs: NOW - 2 }, CLAIM, options);
    identify({ ...SEEN, stoppedAtMs: NOW - 1 }, CLAIM, options);
    identify({ ...SEEN, status: "running" }, undefined, options);
    expect(asked).toEqual([]);
  });
});

describe("an answer that was never delivered", () => {
  const answered = (atMs: number | undefined) => facts({ tail: { kind: "answered", text: "done", atMs } });
  const look = (past: Partial<ResumeRecord>, atMs: number | undefined, wasRead = true) =>
    identify(row({ status: undefined }), record({ runStartedAtMs: NOW - 1_000, ...past }), {
      liveSinceMs: NOW,
      transcript: () => (wasRead ? answered(atMs) : unreadFacts("ok")),
      wholeTranscript: () => answered(atMs),
      continues: () => false,
    })?.hasAnswer;

  it.each(["running", "claimed"] as const)("is found while the record says %s, in a long transcript too", (phase) => {
    expect([look({ phase }, NOW - 1_000), look({ phase }, NOW - 1_000, false)]).toEqual([true, true]);
  });

  it.each([
    ["was written before our first attempt", { phase: "running" }, NOW - 1_001],
    ["was written at an unknown time", { phase: "running" }, undefined],
    ["was made though nothing was attempted", { phase: "claimed", runStartedAtMs: undefined }, NOW],
    ["is being delivered", { phase: "delivering" }, NOW],
    ["is of a held one", { phase: "settled", outcome: "held" }, NOW],
  ] as const)("is none when it %s", (_name, past, atMs) => {
    expect(look(past, atMs)).toBe(false);
  });
});

describe("what was given back to the host", () => {
  const released = record({ phase: "released", outcome: "released", reason: "by-operator" });

  it("is known while the host has not gone on with it", () => {
    expect(fresh(row(), released)?.record).toEqual(released);
  });

  it("is known when the release was cut short: its status is still ours", () => {
    expect(fresh(row({ status: "killed" }), released)?.record).toEqual(released);
  });

  it.each([undefined, "done", "failed", "timeout"])("is over when the host has left the status %s", (status) => {
    expect(fresh(row({ status }), released)).toBeUndefined();
  });

  it("is left alone while the host runs it", () => {
    expect(fresh(row({ lastInteractionAtMs: NOW }), released)).toBeUndefined();
    expect(inProcess(row(), released)).toBeUndefined();
  });

  it("is a new interruption when the user has written since", () => {
    const later = row({ lastInteractionAtMs: NOW - 1 });
    expect(fresh(later, { ...released, claimedAtMs: NOW - 2 }, NOW - 1)).toEqual(anew(later));
  });

  it("is a new interruption under a new session id", () => {
    const replaced = row({ sessionId: "session-2" });
    expect(fresh(replaced, released)).toEqual(anew(replaced));
  });
});

describe("a restart continuation", () => {
  it.each([true, false])("of the host's is on the candidate: %s", (continues) => {
    expect(fresh(row(), undefined, undefined, continues)?.restartContinuation).toBe(continues);
    expect(fresh(row({ status: "killed" }), record(), undefined, continues)?.restartContinuation).toBe(continues);
  });

  it("makes no candidate of what is none", () => {
    expect(fresh(row({ status: "done" }), undefined, undefined, true)).toBeUndefined();
  });
});

describe("isOpen", () => {
  it.each([
    ["claimed", undefined, true],
    ["running", undefined, true],
    ["delivering", undefined, true],
    ["settled", "held", true],
    ["settled", "completed", false],
    ["settled", "superseded", false],
    ["settled", "discarded", false],
    ["released", "released", true],
  ] as const)("of phase %s with outcome %s is %s", (phase, outcome, open) => {
    expect(isOpen(record({ phase, outcome }))).toBe(open);
  });
});

describe("isReplaced", () => {
  const claim = record({ sessionId: "s", claimedAtMs: 100, sessionStartedAtMs: undefined });

  // Since it was started, where that is known: the claim's own time, or the machine's clock, may be wrong.
  it.each([
    ["the same session", 50, "s", 50, false],
    ["the same session, whose start was put back", 50, "s", 49, false],
    ["the same id, started a millisecond later, before the claim", 50, "s", 51, true],
    ["the same session, started in the future when it was claimed", 500, "s", 500, false],
    ["the same id, started still later", 500, "s", 501, true],
    ["at an unknown time", 50, "s", undefined, false],
    ["another id, started at the same time", 50, "t", 50, true],
  ])("of %s, goes by when it was started", (_name, sessionStartedAtMs, sessionId, startedAtMs, replaced) => {
    expect(isReplaced({ ...claim, sessionStartedAtMs }, row({ sessionId, startedAtMs }))).toBe(replaced);
  });

  it.each([
    ["the same session, started before the claim", "s", 99, false],
    ["at the moment of the claim", "s", 100, false],
    ["at an unknown time", "s", undefined, false],
    ["the same id, started a millisecond after the claim", "s", 101, true],
    ["another id, whenever it was started", "t", 99, true],
    ["another id, started at an unknown time", "t", undefined, true],
  ])("of %s, goes by the claim when no start was known", (_name, sessionId, startedAtMs, replaced) => {
    expect(isReplaced(claim, row({ sessionId, startedAtMs }))).toBe(replaced);
  });
});

describe("whether the user has continued", () => {
  const claimed = record({ claimedAtMs: 100 });
  const session = (over: Partial<Omit<SessionRow, "marks">>) => row({ status: "killed", ...over });
  const wrote =
    (atMs?: number, tail: TailKind = ANSWERED) =>
    () =>
      facts({ lastUserMessageAtMs: atMs, tail });

  it.each(["failed", "killed", undefined])("is not told by a message that was refused (status %s)", (status) => {
    const later = session({ status, lastInteractionAtMs: 500 });
    expect(userContinued(claimed, later, () => ({ ...wrote(500, { kind: "unanswered" })(), refused: true }))).toBe(
      false,
    );
  });

  it.each<[string, string | undefined, TailKind, boolean]>([
    ["nobody has answered, and no turn has left a mark", "killed", { kind: "unanswered" }, false],
    ["was answered", "killed", ANSWERED, true],
    ["a turn was running for when it was cut off", "killed", { kind: "unsafe" }, true],
    ["a turn was over for", "done", { kind: "unanswered" }, true],
    ["a turn has failed for", "failed", { kind: "unanswered" }, true],
  ])("is told by a message that %s", (_name, status, tail, continued) => {
    const later = session({ status, lastInteractionAtMs: 500 });
    expect(userContinued(claimed, later, wrote(500, tail))).toBe(continued);
  });

  it.each([
    ["an interaction and a message, both a millisecond after the claim", 101, 101, true],
    ["a message a millisecond after the claim and a later interaction", 500, 101, true],
    ["an interaction at the moment of the claim", 100, 101, false],
    ["a message at the moment of the claim", 101, 100, false],
    ["a command after the claim: the last message is older", 500, 50, false],
    ["a command after the claim: there is no message at all", 500, undefined, false],
    ["a message without a known interaction", undefined, 101, false],
    ["nothing known", undefined, undefined, false],
  ])("is told by %s", (_name, lastInteractionAtMs, userMessageAtMs, continued) => {
    expect(userContinued(claimed, session({ lastInteractionAtMs }), wrote(userMessageAtMs))).toBe(continued);
  });

  it.each([
    ["a millisecond after the claim", 101, true],
    ["at the moment of the claim", 100, false],
    ["before it", 99, false],
  ])("is told by a stop %s", (_name, stoppedAtMs, continued) => {
    const stopped = session({ lastInteractionAtMs: 500, stoppedAtMs });
    expect(userContinued(claimed, stopped, wrote())).toBe(continued);
  });

  it("is told by a stop without any interaction or message", () => {
    const stopped = session({ lastInteractionAtMs: undefined, stoppedAtMs: 101 });
    expect(userContinued(claimed, stopped, wrote())).toBe(true);
  });

  it("is asked of the transcript only when nothing else tells", () => {
    const asked: string[] = [];
    const ask = (name: string) => () => {
      asked.push(name);
      return facts();
    };
    userContinued(claimed, session({ lastInteractionAtMs: 100 }), ask("quiet"));
    userContinued(claimed, session({ lastInteractionAtMs: 101, stoppedAtMs: 101 }), ask("stopped"));
    userContinued(claimed, session({ lastInteractionAtMs: 101 }), ask("wrote"));
    expect(asked).toEqual(["wrote"]);
  });

  it("is on the candidate of a claim", () => {
    const later = session({ lastInteractionAtMs: NOW - 1 });
    const past = record({ claimedAtMs: NOW - 2 });
    expect(fresh(later, past, NOW - 1)).toMatchObject({ record: past, userContinued: true });
    expect(fresh(later, past, NOW - 3)).toMatchObject({ record: past, userContinued: false });
    expect(fresh({ ...later, stoppedAtMs: NOW - 1 }, past)).toMatchObject({ record: past, userContinued: true });
  });

  it("is on the candidate of a held session too", () => {
    const held = record({ phase: "settled", outcome: "held", claimedAtMs: NOW - 2 });
    const later = session({ lastInteractionAtMs: NOW - 1 });
    expect(fresh(later, held, NOW - 1)).toMatchObject({ record: held, userContinued: true });
  });

  it("is true of a stopped conversation that the host still calls running", () => {
    const stopped = row({ lastInteractionAtMs: NOW - 1, stoppedAtMs: NOW - 1 });
    const past = record({ claimedAtMs: NOW - 10 });
    expect(fresh(stopped, past, NOW - 60_000)).toMatchObject({ record: past, userContinued: true });
  });

  it("keeps the past of a running session that got a command only", () => {
    const past = record({ phase: "running", attempts: 1, cutOffs: 4, claimedAtMs: NOW - 10 });
    const commanded = row({ lastInteractionAtMs: NOW - 1 });
    expect(fresh(commanded, past, NOW - 60_000)).toMatchObject({ record: past, userContinued: false });
  });

  it("is no question where there is no past", () => {
    const asked: string[] = [];
    const options = {
      liveSinceMs: NOW,
      transcript: ({ sessionKey }: SessionRow) => {
        asked.push(sessionKey);
        return facts({ lastUserMessageAtMs: NOW - 1 });
      },
      wholeTranscript: unread,
      continues: () => false,
    };
    const interrupted = row({ lastInteractionAtMs: NOW - 1 });
    expect(identify(interrupted, undefined, options)).toEqual(anew(interrupted));
    expect(identify(interrupted, record({ phase: "settled", outcome: "completed" }), options)).toEqual(
      anew(interrupted),
    );
    expect(asked).toEqual([]);
  });
});

describe("when records are lost", () => {
  const afterLoss = (session: SessionRow, past?: ResumeRecord, recordLost = true) =>
    identify(session, past, {
      liveSinceMs: NOW,
      recordLost,
      transcript: () => facts(),
      wholeTranscript: unread,
      continues: () => false,
    });
  const claimed = row({ status: "killed" });

  it.each(["killed", undefined] as const)("finds what a claim or a killed run has left (status %s)", (status) => {
    const left = row({ status });
    expect(afterLoss(left)).toEqual({ ...anew(left), orphaned: true });
  });

  it.each([
    ["that is done", { status: "done" }],
    ["whose run was aborted", { status: "killed", abortedLastRun: true }],
    ["that its user has stopped", { status: "killed", stoppedAtMs: NOW - 60_000 }],
    ["of a cron job", { status: "killed", conversation: { kind: "cron" } }],
  ] as const)("passes over one %s", (_, over) => {
    expect(afterLoss(row(over))).toBeUndefined();
  });

  it("finds one that its user had stopped before the turn that was cut off", () => {
    expect(afterLoss(row({ status: "killed", stoppedAtMs: NOW - 60_001 }))?.orphaned).toBe(true);
  });

  it("takes one with a record for what that says", () => {
    expect(afterLoss(claimed, record())).toMatchObject({ orphaned: false, record: record() });
  });

  it("takes an interrupted one for interrupted", () => {
    expect(afterLoss(row())?.orphaned).toBe(false);
  });

  it("looks for none while no record is lost", () => {
    expect(afterLoss(claimed, undefined, false)).toBeUndefined();
  });
});

describe("a clock that was set back an hour since the claim", () => {
  /** Claimed at `NOW`; half an hour later, by the clock half an hour before it. */
  const isLater = laterBy([{ atMs: NOW + 60_000, byMs: -HOUR }], NOW - HOUR / 2);
  const claim = record({ claimedAtMs: NOW, runStartedAtMs: NOW + 1_000 });
  const since = NOW - HOUR + 120_000;
  const asked = () => facts({ lastUserMessageAtMs: since, tail: ANSWERED });

  it("hides no stop", () => {
    const stopped = row({ status: "killed", stoppedAtMs: since });
    expect([userContinued(claim, stopped, asked, isLater), userContinued(claim, stopped, asked)]).toEqual([
      true,
      false,
    ]);
  });

  it("hides no message of the user's", () => {
    const later = row({ status: "done", lastInteractionAtMs: since });
    expect([userContinued(claim, later, asked, isLater), userContinued(claim, later, asked)]).toEqual([true, false]);
  });

  it("takes no answer for ours that a run of the host's has written", () => {
    const by = (runId: string) => ({ kind: "answered", text: "done", atMs: since, runId }) as const;
    const mine = { ...claim, runId: "1" };
    expect(wroteAnswer(mine, by("2"), isLater)).toBe(false);
    // Of a version that gave its runs other ids, and of an attempt before.
    expect(wroteAnswer(mine, by("1"), isLater)).toBe(true);
    expect(wroteAnswer(mine, by(ownRunId("0")), isLater)).toBe(true);
  });

  it("makes no answer of ours older than its run", () => {
    const tail = { kind: "answered", text: "done", atMs: since } as const;
    expect([wroteAnswer(claim, tail, isLater), wroteAnswer(claim, tail)]).toEqual([true, false]);
  });
});
