import { describe, expect, it } from "vitest";
import { admit } from "../../../src/domain/admit.ts";
import { identify, isOpen, userContinued } from "../../../src/domain/identify.ts";
import type { ResumeRecord } from "../../../src/domain/record.ts";
import type { SessionRow } from "../../../src/domain/session.ts";
import { ADMISSION, NOW, record, row } from "../support/makers.ts";

/** A process that can run turns since `NOW`. */
const fresh = (session: SessionRow, past?: ResumeRecord, transcriptAtMs?: number, userMessageAtMs?: number) =>
  identify(session, past, {
    liveSinceMs: NOW,
    transcriptActivityAtMs: () => transcriptAtMs,
    userMessageAtMs: () => userMessageAtMs,
  });
/** A living process: any running turn may be live. */
const inProcess = (session: SessionRow, past?: ResumeRecord) =>
  identify(session, past, {
    liveSinceMs: -Infinity,
    transcriptActivityAtMs: () => undefined,
    userMessageAtMs: () => undefined,
  });
/** What the user has done since the claim, as far as the session and its transcript tell. */
const NOTHING = { record: undefined, userContinued: false };

describe("after a process start", () => {
  it("takes a running turn whose user last wrote before the process for an interrupted one", () => {
    expect(fresh(row())).toEqual({ ...NOTHING, row: row(), activityAtMs: NOW - 60_000 });
  });

  it("takes a turn for an interrupted one to the last millisecond before the process", () => {
    expect(fresh(row({ lastInteractionAtMs: NOW - 1 }))?.activityAtMs).toBe(NOW - 1);
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
    expect(fresh(marked)).toEqual({ ...NOTHING, row: marked, activityAtMs: lastInteractionAtMs });
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
    expect(found).toEqual({ ...NOTHING, row: row(), activityAtMs: NOW - 60_000 });
  });

  it("gives a turn that a user began after the claim no past", () => {
    const later = row({ lastInteractionAtMs: NOW - 1 });
    expect(fresh(later, record({ claimedAtMs: NOW - 2, attempts: 2 }), undefined, NOW - 1)).toEqual({
      ...NOTHING,
      row: later,
      activityAtMs: NOW - 1,
    });
  });

  it("gives a turn of a new session id no past", () => {
    expect(fresh(row({ sessionId: "session-2" }), record())?.record).toBeUndefined();
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

describe("last activity", () => {
  it("is the user's when that is the later one", () => {
    expect(fresh(row({ lastInteractionAtMs: 20 }), undefined, 10)?.activityAtMs).toBe(20);
  });

  it("is the transcript's when that is the later one", () => {
    expect(fresh(row({ lastInteractionAtMs: 10 }), undefined, 20)?.activityAtMs).toBe(20);
  });

  it("is the transcript's when the user's is unknown", () => {
    const marked = row({ abortedLastRun: true, lastInteractionAtMs: undefined });
    expect(fresh(marked, undefined, 20)?.activityAtMs).toBe(20);
  });

  it("is unknown when nothing tells", () => {
    const silent = row({
      abortedLastRun: true,
      lastInteractionAtMs: undefined,
      stoppedAtMs: 99,
      startedAtMs: 99,
    });
    expect(fresh(silent)).toEqual({ ...NOTHING, row: silent, activityAtMs: undefined });
  });

  it("is asked of the transcript of a candidate only", () => {
    const asked: string[] = [];
    const options = {
      liveSinceMs: NOW,
      transcriptActivityAtMs: ({ sessionKey }: SessionRow) => void asked.push(sessionKey),
      userMessageAtMs: () => undefined,
    };
    identify(row({ sessionKey: "live", lastInteractionAtMs: NOW }), undefined, options);
    identify(row({ sessionKey: "done", status: "done" }), undefined, options);
    identify(row({ sessionKey: "interrupted" }), undefined, options);
    expect(asked).toEqual(["interrupted"]);
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
    ["settled", "failed", false],
    ["settled", "timed-out", false],
  ] as const)("of phase %s with outcome %s is %s", (phase, outcome, open) => {
    expect(isOpen(record({ phase, outcome }))).toBe(open);
  });
});

describe("whether the user has continued", () => {
  const claimed = record({ claimedAtMs: 100 });
  const session = (over: Partial<Omit<SessionRow, "marks">>) => row({ status: "killed", ...over });

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
    expect(userContinued(claimed, session({ lastInteractionAtMs }), () => userMessageAtMs)).toBe(continued);
  });

  it.each([
    ["a millisecond after the claim", 101, true],
    ["at the moment of the claim", 100, false],
    ["before it", 99, false],
  ])("is told by a stop %s", (_name, stoppedAtMs, continued) => {
    const stopped = session({ lastInteractionAtMs: 500, stoppedAtMs });
    expect(userContinued(claimed, stopped, () => undefined)).toBe(continued);
  });

  it("is told by a stop without any interaction or message", () => {
    const stopped = session({ lastInteractionAtMs: undefined, stoppedAtMs: 101 });
    expect(userContinued(claimed, stopped, () => undefined)).toBe(true);
  });

  it("is asked of the transcript only when nothing else tells", () => {
    const asked: string[] = [];
    const ask = ({ sessionKey }: SessionRow) => void asked.push(sessionKey);
    userContinued(claimed, session({ sessionKey: "quiet", lastInteractionAtMs: 100 }), ask);
    userContinued(claimed, session({ sessionKey: "stopped", lastInteractionAtMs: 101, stoppedAtMs: 101 }), ask);
    userContinued(claimed, session({ sessionKey: "wrote", lastInteractionAtMs: 101 }), ask);
    expect(asked).toEqual(["wrote"]);
  });

  it("is on the candidate of a claim", () => {
    const later = session({ lastInteractionAtMs: NOW - 1 });
    const past = record({ claimedAtMs: NOW - 2 });
    expect(fresh(later, past, undefined, NOW - 1)).toMatchObject({ record: past, userContinued: true });
    expect(fresh(later, past, undefined, NOW - 3)).toMatchObject({ record: past, userContinued: false });
    expect(fresh({ ...later, stoppedAtMs: NOW - 1 }, past)).toMatchObject({ record: past, userContinued: true });
  });

  it("is on the candidate of a held session too", () => {
    const held = record({ phase: "settled", outcome: "held", claimedAtMs: NOW - 2 });
    const later = session({ lastInteractionAtMs: NOW - 1 });
    expect(fresh(later, held, undefined, NOW - 1)).toMatchObject({ record: held, userContinued: true });
  });

  it("is true of a stopped conversation that the host still calls running", () => {
    const stopped = row({ lastInteractionAtMs: NOW - 1, stoppedAtMs: NOW - 1 });
    const past = record({ claimedAtMs: NOW - 10 });
    expect(fresh(stopped, past, undefined, NOW - 60_000)).toMatchObject({ record: past, userContinued: true });
  });

  it("keeps the past of a running session that got a command only", () => {
    const past = record({ phase: "running", attempts: 1, cutOffs: 4, claimedAtMs: NOW - 10 });
    const commanded = row({ lastInteractionAtMs: NOW - 1 });
    expect(fresh(commanded, past, undefined, NOW - 60_000)).toMatchObject({ record: past, userContinued: false });
  });

  it("is no question where there is no past", () => {
    const asked: string[] = [];
    const options = {
      liveSinceMs: NOW,
      transcriptActivityAtMs: () => undefined,
      userMessageAtMs: ({ sessionKey }: SessionRow) => {
        asked.push(sessionKey);
        return NOW - 1;
      },
    };
    const interrupted = row({ lastInteractionAtMs: NOW - 1 });
    expect(identify(interrupted, undefined, options)).toMatchObject(NOTHING);
    expect(identify(interrupted, record({ phase: "settled", outcome: "completed" }), options)).toMatchObject(NOTHING);
    expect(asked).toEqual([]);
  });
});
