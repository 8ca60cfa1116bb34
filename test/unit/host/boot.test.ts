import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { EventBus } from "../../../src/domain/events.ts";
import type { SessionRow } from "../../../src/domain/session.ts";
import { claimJudged, judgeInterrupted } from "../../../src/host/boot.ts";
import type { SessionStore } from "../../../src/host/session-store.ts";
import { Ledger } from "../../../src/record/ledger.ts";
import { RecordStore } from "../../../src/record/record-store.ts";
import { makeTempDir, removeTempDir } from "../../support/temp.ts";
import { ADMISSION, NOW, record, row, running } from "../support/makers.ts";

let dir: string;
let records: RecordStore;
let rows: SessionRow[];
let claims: string[];
let judged: string[];
let trouble: string[];
/** Whose transcripts were read. */
let transcriptsRead: string[];
/** When every transcript was last written. */
let writtenAtMs: number | undefined;
/** When the user last wrote into every transcript. */
let userWroteAtMs: number | undefined;

beforeEach(() => {
  dir = makeTempDir("boot");
  records = new RecordStore(dir);
  rows = [];
  claims = [];
  judged = [];
  trouble = [];
  transcriptsRead = [];
  writtenAtMs = undefined;
  userWroteAtMs = undefined;
});

afterEach(() => {
  records.close();
  removeTempDir(dir);
});

/** A host store over `rows`: a claim sets the row's status. */
const HOST: Pick<SessionStore, "list" | "claim"> = {
  list: (agentId) => rows.filter((one) => one.agentId === agentId),
  claim: async (claimed) => {
    claims.push(claimed.sessionKey);
    rows = rows.map((one) => (one.sessionKey === claimed.sessionKey ? { ...one, status: "killed" } : one));
    return true;
  },
};

/** One boot of the plugin: what it judged, and how to claim that. */
function boot(over: Partial<Pick<SessionStore, "list" | "claim">> & { agentIds?: string[]; nowMs?: number } = {}) {
  const { agentIds = ["a"], nowMs = NOW, ...host } = over;
  const sessions = { ...HOST, ...host };
  const events = new EventBus();
  events.on("judged", ({ sessionKey, verdict }) => judged.push(`${sessionKey} ${verdict.kind} ${verdict.reason}`));
  events.on("trouble", ({ sessionKey, what }) => trouble.push(`${sessionKey ?? "-"} ${what}`));
  const found = judgeInterrupted({
    agentIds,
    sessions,
    transcript: ({ sessionKey }) => {
      transcriptsRead.push(sessionKey);
      return [
        { type: "message", timestamp: userWroteAtMs, message: { role: "user", content: "hi" } },
        { type: "message", timestamp: writtenAtMs },
      ];
    },
    known: records.all(),
    limits: ADMISSION,
    nowMs,
    liveSinceMs: nowMs,
    events,
  });
  return { found, claim: () => claimJudged(found, { sessions, records, bootId: "boot-1", nowMs, events }) };
}

describe("judging", () => {
  it("changes nothing", () => {
    rows = [row({ sessionKey: "k" })];
    expect(boot().found.map(({ verdict }) => verdict)).toEqual([{ kind: "admit", reason: "interrupted" }]);
    expect([claims, judged, records.all()]).toEqual([[], [], []]);
  });

  it("goes on when one agent's sessions cannot be listed", () => {
    const list = (agentId: string) => {
      if (agentId === "b") throw new Error("unreadable");
      return [row({ sessionKey: "k" })];
    };
    expect(boot({ agentIds: ["b", "a"], list }).found).toHaveLength(1);
    expect(trouble).toEqual(["- list the sessions of an agent"]);
  });

  it("leaves an entry that cannot be read to the host", () => {
    const list: SessionStore["list"] = (_agentId, onUnreadable) => {
      onUnreadable("broken", new Error("no session id"));
      return [row({ sessionKey: "k" })];
    };
    expect(boot({ list }).found).toHaveLength(1);
    expect(judged).toEqual(["broken leave unreadable-entry"]);
    expect(trouble).toEqual(["broken read a session entry"]);
  });
});

describe("claiming", () => {
  it("takes what is admitted or held, and leaves the rest to the host", async () => {
    rows = [
      row({ sessionKey: "good" }),
      row({ sessionKey: "stale", lastInteractionAtMs: 1 }),
      row({ sessionKey: "job", keyKind: "cron" }),
    ];
    const queue = await boot().claim();
    expect(queue.map(({ sessionKey }) => sessionKey)).toEqual(["good"]);
    expect(claims.toSorted()).toEqual(["good", "stale"]);
    expect(records.get("a", "good")).toMatchObject({ phase: "claimed", attempts: 0, hostStatus: "running" });
    expect(records.get("a", "stale")).toMatchObject({ phase: "settled", outcome: "held", reason: "idle-too-long" });
    expect(records.get("a", "job")).toBeUndefined();
    expect(judged.toSorted()).toEqual(["good admit interrupted", "job leave cron", "stale hold idle-too-long"]);
  });

  it("writes the record before it takes the session", async () => {
    rows = [row({ sessionKey: "k" })];
    const seen: unknown[] = [];
    await boot({ claim: async () => seen.push(records.get("a", "k")?.phase) > 0 }).claim();
    expect(seen).toEqual(["claimed"]);
  });

  it("takes nothing when the record cannot be written", async () => {
    rows = [row({ sessionKey: "k" })];
    const { claim } = boot({ nowMs: NOW + 0.5 });
    await expect(claim()).rejects.toThrow(/INTEGER/);
    expect(claims).toEqual([]);
  });

  it.each([
    ["throws", () => Promise.reject(new Error("disk full"))],
    ["finds the session changed", () => Promise.resolve(false)],
  ])("gives up the one session whose patch %s, not the others", async (_name, fail) => {
    rows = [row({ sessionKey: "k1" }), row({ sessionKey: "k2" })];
    const queue = await boot({
      claim: ({ sessionKey }) => (sessionKey === "k1" ? fail() : Promise.resolve(true)),
    }).claim();
    expect(queue.map(({ sessionKey }) => sessionKey)).toEqual(["k2"]);
    expect(judged).toEqual(["k1 leave claim-failed", "k2 admit interrupted"]);
    expect(trouble).toEqual(["k1 claim a session"]);
    expect(records.all().map(({ sessionKey }) => sessionKey)).toEqual(["k2"]);
  });

  it("forgets a claim whose user has gone on", async () => {
    rows = [row({ sessionKey: "k" })];
    await boot().claim();
    rows = [row({ sessionKey: "k", status: "done", lastInteractionAtMs: NOW + 1 })];
    userWroteAtMs = NOW + 1;
    expect(await boot({ nowMs: NOW + 2 }).claim()).toEqual([]);
    expect(judged.at(-1)).toBe("k retire user-continued");
    expect(records.all()).toEqual([]);
  });

  it("forgets a claim whose user has stopped the agent", async () => {
    rows = [row({ sessionKey: "k" })];
    await boot().claim();
    rows = [row({ sessionKey: "k", status: "killed", lastInteractionAtMs: NOW + 1, stoppedAtMs: NOW + 1 })];
    expect(await boot({ nowMs: NOW + 2 }).claim()).toEqual([]);
    expect(judged.at(-1)).toBe("k retire user-continued");
    expect(records.all()).toEqual([]);
  });

  it("goes on with a claim whose user has only sent a command", async () => {
    rows = [row({ sessionKey: "k" })];
    userWroteAtMs = NOW - 60_000;
    writtenAtMs = NOW + 1;
    await boot().claim();
    rows = [row({ sessionKey: "k", status: "killed", lastInteractionAtMs: NOW + 1 })];
    expect(await boot({ nowMs: NOW + 2 }).claim()).toMatchObject([{ key: "agent:a:k", attempts: 0 }]);
    expect(judged.at(-1)).toBe("k admit claimed-earlier");
    expect(records.all()).toMatchObject([{ sessionKey: "k", phase: "claimed", claimedAtMs: NOW }]);
  });

  it("goes on with a claim of an earlier boot without a second patch", async () => {
    rows = [row({ sessionKey: "k" })];
    await boot().claim();
    expect(await boot({ nowMs: NOW + 2 }).claim()).toMatchObject([
      { key: "agent:a:k", attempts: 0, queuedAtMs: NOW + 2, notBeforeMs: NOW + 2 },
    ]);
    expect(claims).toEqual(["k"]);
    expect(judged.at(-1)).toBe("k admit claimed-earlier");
  });
});

describe("what is known of a transcript", () => {
  it("is read only where the user's own activity is not within the idle limit", () => {
    rows = [
      row({ sessionKey: "recent" }),
      row({ sessionKey: "just", lastInteractionAtMs: NOW - ADMISSION.idleMs }),
      row({ sessionKey: "stale", lastInteractionAtMs: NOW - ADMISSION.idleMs - 1 }),
      row({ sessionKey: "unknown", lastInteractionAtMs: undefined, abortedLastRun: true }),
      row({ sessionKey: "live", lastInteractionAtMs: NOW }),
      row({ sessionKey: "done", status: "done" }),
    ];
    boot();
    expect(transcriptsRead).toEqual(["stale", "unknown"]);
  });

  it("is read where the user was seen after the claim, to tell a message from a command", () => {
    records.put(
      record({ sessionKey: "quiet", claimedAtMs: NOW - 10 }),
      record({ sessionKey: "seen", claimedAtMs: NOW - 10 }),
      record({ sessionKey: "stopped", claimedAtMs: NOW - 10 }),
    );
    rows = [
      row({ sessionKey: "quiet", status: "killed", lastInteractionAtMs: NOW - 10 }),
      row({ sessionKey: "seen", status: "killed", lastInteractionAtMs: NOW - 9 }),
      row({ sessionKey: "stopped", status: "killed", lastInteractionAtMs: NOW - 9, stoppedAtMs: NOW - 9 }),
      row({ sessionKey: "new" }),
    ];
    boot();
    expect(transcriptsRead).toEqual(["seen"]);
  });

  it("can make up for a user who is long gone", () => {
    writtenAtMs = NOW - 1;
    rows = [row({ lastInteractionAtMs: 1 })];
    expect(boot().found).toMatchObject([{ candidate: { activityAtMs: NOW - 1 }, verdict: { kind: "admit" } }]);
  });

  it("is an age of unknown when it cannot be read", () => {
    rows = [row({ lastInteractionAtMs: undefined, abortedLastRun: true })];
    expect(boot().found.map(({ verdict }) => verdict)).toEqual([{ kind: "hold", reason: "activity-unknown" }]);
  });
});

describe("a claim that fails", () => {
  it.each([
    ["in the queue", record({ sessionKey: "k", attempts: 1, cutOffs: 1, bootId: "boot-0" })],
    ["in its run", record({ sessionKey: "k", phase: "running", attempts: 1, runId: "run-1", bootId: "boot-0" })],
    ["held", record({ sessionKey: "k", phase: "settled", outcome: "held", reason: "unsafe-tail", bootId: "boot-0" })],
  ])("gives the record of an earlier boot back as it was: %s", async (_name, earlier) => {
    records.put(earlier);
    rows = [row({ sessionKey: "k" })];
    expect(await boot({ claim: () => Promise.resolve(false) }).claim()).toEqual([]);
    expect(records.all()).toEqual([earlier]);
    expect([judged, trouble]).toEqual([["k leave claim-failed"], ["k claim a session"]]);
  });

  it("deletes the record of an interruption that no earlier boot knew", async () => {
    records.put(record({ sessionKey: "k", sessionId: "an older session" }));
    rows = [row({ sessionKey: "k" })];
    await boot({ claim: () => Promise.resolve(false) }).claim();
    expect(records.all()).toEqual([]);
  });
});

describe("gateways that die", () => {
  /** The resume starts, and the gateway is killed in the middle of the run. */
  async function killInTheRun(runId: string): Promise<void> {
    const [resume] = await boot().claim();
    if (resume === undefined) throw new Error("nothing was admitted");
    const attempts = resume.attempts + 1;
    new Ledger(records, () => NOW).started(running("k", { ...resume, attempts }), runId);
    rows = [row({ sessionKey: "k" })];
  }

  beforeEach(() => {
    rows = [row({ sessionKey: "k" })];
  });

  it("hand the attempt back and are counted", async () => {
    await killInTheRun("run-1");
    expect(records.get("a", "k")).toMatchObject({ phase: "running", attempts: 1, cutOffs: 0 });
    expect(await boot().claim()).toMatchObject([{ attempts: 0 }]);
    expect(records.get("a", "k")).toMatchObject({ phase: "claimed", attempts: 0, cutOffs: 1 });
  });

  it("are not counted while the resume is queued", async () => {
    await boot().claim();
    await boot().claim();
    expect(records.get("a", "k")).toMatchObject({ phase: "claimed", attempts: 0, cutOffs: 0 });
  });

  it("are not the resume's own failures: in the run, in the run, while queued, in the run", async () => {
    await killInTheRun("run-1");
    await killInTheRun("run-2");
    await boot().claim();
    await killInTheRun("run-3");
    expect(await boot().claim()).toMatchObject([{ sessionKey: "k", attempts: 0 }]);
    expect(judged.at(-1)).toBe("k admit claimed-earlier");
    expect(records.get("a", "k")).toMatchObject({ phase: "claimed", attempts: 0, cutOffs: 3 });
  });

  it("in the run for the fifth time hold the resume", async () => {
    for (const runId of ["run-1", "run-2", "run-3", "run-4", "run-5"]) await killInTheRun(runId);
    expect(await boot().claim()).toEqual([]);
    expect(judged.at(-1)).toBe("k hold attempts-exhausted");
    expect(records.get("a", "k")).toMatchObject({ phase: "settled", outcome: "held", reason: "attempts-exhausted" });
  });

  it("after the reply was there cost nothing", async () => {
    await killInTheRun("run-1");
    const [earlier] = records.all();
    if (earlier === undefined) throw new Error("nothing was recorded");
    const reply = { parts: [{ text: "hi" }], route: { channel: "telegram", to: "1" } };
    records.put({ ...earlier, phase: "delivering", reply });
    expect(await boot().claim()).toMatchObject([{ sessionKey: "k", attempts: 1 }]);
    expect(records.all()).toEqual([{ ...earlier, phase: "delivering", reply }]);
  });
});
