import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { admit } from "../../../src/domain/admit.ts";
import { EventBus } from "../../../src/domain/events.ts";
import type { ResumeRecord } from "../../../src/domain/record.ts";
import { runError } from "../../../src/domain/run-error.ts";
import { CLAIM_SLICES } from "../../../src/host/slices.ts";
import { NOTHING_USED } from "../../../src/domain/spend.ts";
import type { SessionRow } from "../../../src/domain/session.ts";
import { transcriptFacts, type TranscriptFacts, unreadFacts } from "../../../src/domain/transcript-facts.ts";
import { claimJudged, judgeInterrupted, type Judgement, verdictsOf } from "../../../src/host/boot.ts";
import type { SessionStore } from "../../../src/host/session-store.ts";
import { atOnce, type Steps } from "../../../src/host/slices.ts";
import { Ledger } from "../../../src/record/ledger.ts";
import { RecordStore } from "../../../src/record/record-store.ts";
import { makeTempDir, removeTempDir } from "../../support/temp.ts";
import { ADMISSION, facts, FORECAST, HOUR, NOW, record, row, running } from "../support/makers.ts";

let dir: string;
let records: RecordStore;
let rows: SessionRow[];
let claims: string[];
let releases: string[];
let judged: string[];
let trouble: string[];
/** Whose transcripts were read, and whose in whole. */
let transcriptsRead: string[];
let readInWhole: string[];
/** What the transcripts of these sessions tell instead of the usual. */
let told: Record<string, TranscriptFacts>;
/** For which sessions the host holds a restart continuation. */
let continuations: Set<string>;
/** When every transcript was last written. */
let writtenAtMs: number | undefined;
/** When the user last wrote into every transcript. */
let userWroteAtMs: number | undefined;

beforeEach(() => {
  dir = makeTempDir("boot");
  records = RecordStore.open(dir);
  rows = [];
  claims = [];
  releases = [];
  judged = [];
  trouble = [];
  transcriptsRead = [];
  readInWhole = [];
  told = {};
  continuations = new Set();
  writtenAtMs = undefined;
  userWroteAtMs = undefined;
});

afterEach(() => {
  records.close();
  removeTempDir(dir);
});

/** A host store over `rows`: a claim or a release sets the row's status. */
const HOST: Pick<SessionStore, "list" | "claim" | "release" | "forecast"> = {
  list: (agentId) => rows.filter((one) => one.agentId === agentId),
  claim: async ({ sessionKey }) => {
    claims.push(sessionKey);
    rows = rows.map((one) => (one.sessionKey === sessionKey ? { ...one, status: "killed" } : one));
    return FORECAST;
  },
  forecast: () => FORECAST,
  release: async ({ sessionKey }, when) => {
    releases.push(`${sessionKey} ${when}`);
    const given = { status: "running", abortedLastRun: when === "now" };
    rows = rows.map((one) => (one.sessionKey === sessionKey ? { ...one, ...given } : one));
    return true;
  },
};

/** The transcript of a session: its user's message, and what was written later. */
const usual = () =>
  transcriptFacts([
    { type: "message", timestamp: userWroteAtMs, message: { role: "user", content: "hi" } },
    { type: "message", timestamp: writtenAtMs },
  ]);

const NOTHING_JUDGED: Judgement = {
  judged: [],
  unreadable: [],
  unlisted: new Set(),
  shared: [],
  tookMs: { discover: 0, admit: 0 },
};

/** One boot of the plugin: what it judged, and how to claim that. */
type Over = Partial<Pick<SessionStore, "list" | "claim" | "release" | "forecast">> & {
  agentIds?: string[];
  nowMs?: number;
  limits?: Partial<typeof ADMISSION>;
  recordLost?: boolean;
};
function boot(over: Over = {}) {
  const { agentIds = ["a"], nowMs = NOW, limits = {}, recordLost = false, ...host } = over;
  const sessions = { ...HOST, ...host };
  const events = new EventBus();
  events.on("judged", ({ sessionKey, verdict }) => judged.push(`${sessionKey} ${verdict.kind} ${verdict.reason}`));
  events.on("trouble", ({ sessionKey, what }) => trouble.push(`${sessionKey ?? "-"} ${what}`));
  const known = records.all();
  const judging = judgeInterrupted({
    agentIds,
    sessions,
    transcripts: {
      atBoot: ({ sessionKey }) => {
        transcriptsRead.push(sessionKey);
        return told[sessionKey] ?? usual();
      },
      whole: ({ sessionKey }) => {
        readInWhole.push(sessionKey);
        return usual();
      },
    },
    continuations,
    known,
    recordLost,
    limits: { ...ADMISSION, ...limits },
    nowMs,
    liveSinceMs: nowMs,
    events,
  });
  let steps = 0;
  const found = atOnce(counted(judging));
  function* counted<Result>(work: Steps<Result>): Steps<Result> {
    let next = work.next();
    for (; next.done !== true; next = work.next()) {
      steps += 1;
      yield;
    }
    return next.value;
  }
  const isOver = () => false;
  const options = { sessions, records, known, pluginVersion: "1.0.0", bootId: "boot-1", nowMs, events, isOver };
  const claim = async () => (await claimJudged(found, options)).queue;
  return {
    steps,
    found: found.judged,
    unreadable: found.unreadable,
    verdicts: () => verdictsOf(found),
    claim,
    options,
  };
}

describe("two rows of one conversation", () => {
  const of = (sessionKey: string, agoMs: number, over: Parameters<typeof row>[0] = {}) =>
    row({ sessionKey, lastInteractionAtMs: NOW - agoMs, ...over, conversation: { key: "agent:a:chat" } });

  it("are resumed once, in the row that was active last; the other is held, and both are taken from the host", async () => {
    rows = [of("chat", 60_000), of("agent:a:chat", 30_000)];
    const queue = await boot().claim();
    expect(queue.map(({ sessionKey }) => sessionKey)).toEqual(["agent:a:chat"]);
    expect(judged.toSorted()).toEqual(["agent:a:chat admit interrupted", "chat hold duplicate-of"]);
    expect(claims.toSorted()).toEqual(["agent:a:chat", "chat"]);
    expect(records.all().map(({ sessionKey, outcome }) => [sessionKey, outcome])).toEqual([
      ["agent:a:chat", undefined],
      ["chat", "held"],
    ]);
    expect(rows.map(({ sessionKey }) => sessionKey)).toEqual(["chat", "agent:a:chat"]);
  });

  it("are resumed in neither when the newer was not interrupted", async () => {
    rows = [of("chat", 60_000), of("agent:a:chat", 30_000, { status: "done" })];
    expect(await boot().claim()).toEqual([]);
    expect(judged).toEqual(["chat hold duplicate-of"]);
  });

  it("are let go in the row that is no more, once their user has gone on in the other since", async () => {
    rows = [of("chat", 60_000), of("agent:a:chat", 30_000, { status: "done" })];
    await boot().claim();
    judged = [];
    rows = [rows[0]!, of("agent:a:chat", -5_000, { status: "done" })];
    userWroteAtMs = NOW + 5_000;
    expect(await boot({ nowMs: NOW + 10_000 }).claim()).toEqual([]);
    expect(judged).toEqual(["chat retire user-continued"]);
    expect(records.all()).toEqual([]);
  });

  it("keep records of their own from boot to boot", async () => {
    rows = [of("chat", 60_000), of("agent:a:chat", 30_000)];
    await boot().claim();
    judged = [];
    expect((await boot({ nowMs: NOW + 1 }).claim()).map(({ sessionKey }) => sessionKey)).toEqual(["agent:a:chat"]);
    expect(judged.toSorted()).toEqual(["agent:a:chat admit claimed-earlier", "chat hold held-earlier"]);
  });
});

it("keeps the record of a row whose key the host spells otherwise since", async () => {
  rows = [row({ sessionKey: "Chat" })];
  await boot().claim();
  rows = [row({ sessionKey: "agent:a:chat", status: "killed" })];
  const queue = await boot({ nowMs: NOW + 1 }).claim();
  expect(queue.map(({ sessionKey }) => sessionKey)).toEqual(["agent:a:chat"]);
  expect(records.all().map(({ sessionKey }) => sessionKey)).toEqual(["agent:a:chat"]);
});

describe("judging", () => {
  it("changes nothing", () => {
    rows = [row({ sessionKey: "k" })];
    expect(boot().found.map(({ verdict }) => verdict)).toEqual([
      { kind: "admit", reason: "interrupted", found: 60_000, limit: HOUR },
    ]);
    expect([claims, releases, judged, records.all(), records.verdicts.all()]).toEqual([[], [], [], [], []]);
  });

  it("goes on when one agent's sessions cannot be listed", () => {
    const list = (agentId: string) => {
      if (agentId === "b") throw new Error("unreadable");
      return [row({ sessionKey: "k" })];
    };
    expect(boot({ agentIds: ["b", "a"], list }).found).toHaveLength(1);
    expect(trouble).toEqual(["- list the sessions of an agent"]);
  });

  it("leaves an entry that cannot be read to the host", async () => {
    const list: SessionStore["list"] = (_agentId, onUnreadable) => {
      onUnreadable("broken", new Error("no session id"));
      return [row({ sessionKey: "k" })];
    };
    const { found, unreadable, claim } = boot({ list });
    expect(found).toHaveLength(1);
    expect(unreadable).toMatchObject([{ sessionKey: "broken", verdict: { reason: "unreadable-entry" } }]);
    await claim();
    expect(judged).toEqual(["broken leave unreadable-entry", "k admit interrupted"]);
    expect(trouble).toEqual(["broken read a session entry"]);
  });
});

describe("claiming", () => {
  it("queues a reply that is owed as one that asks nobody and uses nothing", async () => {
    const reply = { parts: [{ text: "owed" }], route: { channel: "telegram", to: "1" } };
    records.put(record({ sessionKey: "k", phase: "delivering", runId: "run-0", reply }));
    rows = [row({ sessionKey: "k", status: "killed" })];
    const forecast = () => ({ provider: "stub", estimate: { tokens: 700, costUsd: 0.5 } });
    expect(await boot({ forecast }).claim()).toMatchObject([
      { sessionKey: "k", isAnswered: true, provider: undefined, estimate: NOTHING_USED },
    ]);
  });

  it.each([
    ["the claim tells", "running"],
    ["an earlier boot has claimed it", "killed"],
  ])("queues each with what its run will ask and use, and remembers what was counted: %s", async (_, status) => {
    if (status === "killed") records.put(record({ sessionKey: "k" }));
    rows = [row({ sessionKey: "k", status, totalTokens: 700 }), row({ sessionKey: "stale", lastInteractionAtMs: 1 })];
    const usedBy = ({ totalTokens = 0 }: { totalTokens?: number | undefined }) => ({
      provider: "stub",
      estimate: { tokens: totalTokens, costUsd: 0.5 },
    });
    const forecast: SessionStore["forecast"] = (asked) => {
      if (status === "running") throw new Error("was told by the claim");
      return usedBy(asked);
    };
    expect(await boot({ forecast, claim: async (claimed) => usedBy(claimed) }).claim()).toMatchObject([
      { sessionKey: "k", refusals: 0, isAnswered: false, provider: "stub", estimate: { tokens: 700, costUsd: 0.5 } },
    ]);
    expect(records.verdicts.all().map(({ sessionKey, estimatedTokens }) => [sessionKey, estimatedTokens])).toEqual([
      ["k", 700],
      ["stale", undefined],
    ]);
  });

  it("takes what is admitted or held, and leaves the rest to the host", async () => {
    rows = [
      row({ sessionKey: "good" }),
      row({ sessionKey: "stale", lastInteractionAtMs: 1 }),
      row({ sessionKey: "job", conversation: { kind: "cron" } }),
    ];
    const queue = await boot().claim();
    expect(queue.map(({ sessionKey }) => sessionKey)).toEqual(["good"]);
    expect(claims.toSorted()).toEqual(["good", "stale"]);
    expect(records.get("a", "good")).toMatchObject({ phase: "claimed", attempts: 0, hostStatus: "running" });
    expect(records.get("a", "stale")).toMatchObject({ phase: "settled", outcome: "held", reason: "idle-too-long" });
    expect(records.get("a", "stale")?.heldBecause).toBe(`${NOW - 1} ms against ${HOUR} ms`);
    expect(records.get("a", "stale")?.heldSinceMs).toBe(NOW);
    expect(records.get("a", "good")).toMatchObject({ heldBecause: undefined, heldSinceMs: undefined });
    expect(records.get("a", "job")).toBeUndefined();
    expect(judged.toSorted()).toEqual(["good admit interrupted", "job leave cron", "stale hold idle-too-long"]);
  });

  it("writes the record before it takes the session", async () => {
    rows = [row({ sessionKey: "k" })];
    const seen: unknown[] = [];
    await boot({ claim: async () => (seen.push(records.get("a", "k")?.phase), FORECAST) }).claim();
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
    ["finds the session changed", () => Promise.resolve(undefined)],
  ])("gives up the one session whose patch %s, not the others", async (_name, fail) => {
    rows = [row({ sessionKey: "k1" }), row({ sessionKey: "k2" })];
    const queue = await boot({
      claim: ({ sessionKey }) => (sessionKey === "k1" ? fail() : Promise.resolve(FORECAST)),
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
  it("is read for every candidate that nothing cheaper decides, and once", () => {
    rows = [
      row({ sessionKey: "recent" }),
      row({ sessionKey: "just", lastInteractionAtMs: NOW - ADMISSION.idleMs }),
      row({ sessionKey: "stale", lastInteractionAtMs: NOW - ADMISSION.idleMs - 1 }),
      row({ sessionKey: "unknown", lastInteractionAtMs: undefined, abortedLastRun: true }),
      row({ sessionKey: "live", lastInteractionAtMs: NOW }),
      row({ sessionKey: "done", status: "done" }),
    ];
    boot();
    expect(transcriptsRead.toSorted()).toEqual(["just", "recent", "stale", "unknown"]);
    expect(readInWhole).toEqual([]);
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
    // The operator's request decides where the user has not.
    for (const past of records.all()) records.put({ ...past, requestedAtMs: NOW - 5 });
    rows = rows.filter(({ sessionKey }) => sessionKey !== "new");
    boot();
    expect(transcriptsRead).toEqual(["seen"]);
  });

  it("can make up for a user who is long gone", () => {
    writtenAtMs = NOW - 1;
    rows = [row({ lastInteractionAtMs: 1 })];
    expect(boot().found).toMatchObject([{ verdict: { kind: "admit", reason: "interrupted" } }]);
  });

  it("is an age of unknown when it cannot be read", () => {
    rows = [row({ lastInteractionAtMs: undefined, abortedLastRun: true })];
    expect(boot().found.map(({ verdict }) => verdict)).toEqual([
      { kind: "hold", reason: "activity-unknown", found: null, limit: HOUR },
    ]);
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
    expect(await boot({ claim: () => Promise.resolve(undefined) }).claim()).toEqual([]);
    expect(records.all()).toEqual([earlier]);
    expect([judged, trouble]).toEqual([["k leave claim-failed"], ["k claim a session"]]);
  });

  it("deletes the record of an interruption that no earlier boot knew", async () => {
    records.put(record({ sessionKey: "k", sessionId: "an older session" }));
    rows = [row({ sessionKey: "k" })];
    await boot({ claim: () => Promise.resolve(undefined) }).claim();
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

  it("are not the resume's own failure once, whatever comes between", async () => {
    await killInTheRun("run-1");
    await boot().claim();
    await boot().claim();
    expect(await boot().claim()).toMatchObject([{ sessionKey: "k", attempts: 0 }]);
    expect(judged.at(-1)).toBe("k admit claimed-earlier");
    expect(records.get("a", "k")).toMatchObject({ phase: "claimed", attempts: 0, cutOffs: 1 });
  });

  it("in the run for the second time hold the resume", async () => {
    for (const runId of ["run-1", "run-2"]) await killInTheRun(runId);
    expect(await boot().claim()).toEqual([]);
    expect(judged.at(-1)).toBe("k hold crash-loop");
    expect(records.get("a", "k")).toMatchObject({ phase: "settled", outcome: "held", reason: "crash-loop" });
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

describe("a long transcript", () => {
  const LONG = unreadFacts("ok", { sizeBytes: 999_999, newestEventAtMs: NOW - 5 });

  it("is judged by the host's statistics of it", () => {
    rows = [row({ sessionKey: "k", lastInteractionAtMs: 1 })];
    told = { k: LONG };
    expect(boot().found.map(({ verdict }) => verdict.reason)).toEqual(["interrupted"]);
    expect(readInWhole).toEqual([]);
  });

  it("is read in whole where only it tells a message from a command", async () => {
    rows = [row({ sessionKey: "k" })];
    await boot().claim();
    rows = [row({ sessionKey: "k", status: "done", lastInteractionAtMs: NOW + 1 })];
    told = { k: LONG };
    userWroteAtMs = NOW + 1;
    await boot({ nowMs: NOW + 2 }).claim();
    expect([judged.at(-1), readInWhole]).toEqual(["k retire user-continued", ["k"]]);
  });
});

describe("what admission needs", () => {
  it("comes with each session: its transcript, its errors and the host's continuations", async () => {
    const keys = ["asked", "broken", "failed", "good", "missing"];
    rows = keys.map((sessionKey) => row({ sessionKey }));
    continuations.add("agent:a:asked");
    told = {
      broken: unreadFacts("truncated"),
      failed: { ...usual(), lastError: runError("billing"), failures: 1 },
      missing: transcriptFacts([]),
    };
    await boot().claim();
    expect(judged.toSorted()).toEqual([
      "asked leave restart-continuation",
      "broken hold transcript-truncated",
      "failed hold permanent-error",
      "good admit interrupted",
      "missing hold transcript-missing",
    ]);
    expect(claims.toSorted()).toEqual(["broken", "failed", "good", "missing"]);
    expect([releases, records.get("a", "asked")]).toEqual([[], undefined]);
  });

  it.each([
    ["leave", [], undefined],
    ["hold", ["k"], { phase: "settled", outcome: "held", reason: "excluded" }],
  ] as const)("leads to %s for a session out of scope", async (excluded, taken, kept) => {
    rows = [row({ sessionKey: "k" })];
    await boot({ limits: { excluded, excludedBy: () => ({ found: "k", limit: "not k" }) } }).claim();
    expect([judged, claims]).toEqual([[`k ${excluded} excluded`], taken]);
    if (kept === undefined) expect(records.all()).toEqual([]);
    else expect(records.get("a", "k")).toMatchObject(kept);
  });
});

describe("what was said", () => {
  it("is remembered with its evidence, of the sessions that cannot be read too", async () => {
    const list: SessionStore["list"] = (_agentId, onUnreadable) => {
      onUnreadable("broken", new Error("no session id"));
      return [row({ sessionKey: "k" }), row({ sessionKey: "job", conversation: { kind: "cron" } })];
    };
    const { verdicts, claim } = boot({ list });
    await claim();
    const said = records.verdicts.all();
    expect(said.map(({ sessionKey, verdict }) => `${sessionKey} ${verdict.reason}`).toSorted()).toEqual([
      "broken unreadable-entry",
      "job cron",
      "k interrupted",
    ]);
    expect(said.find(({ sessionKey }) => sessionKey === "k")?.verdict).toMatchObject({ found: 60_000, limit: HOUR });
    expect(records.facts.get("bootedAt")).toBe(NOW);
    expect(verdicts().map(({ conversationKey: _notKept, ...kept }) => kept)).toEqual(said);
  });

  it("of a failed claim is remembered as that", async () => {
    rows = [row({ sessionKey: "k" })];
    await boot({ claim: () => Promise.resolve(undefined) }).claim();
    expect(records.verdicts.all()).toMatchObject([
      { sessionKey: "k", verdict: { kind: "leave", reason: "claim-failed", found: "changed", limit: "unchanged" } },
    ]);
  });

  it("costs no resume when it cannot be remembered", async () => {
    rows = [row({ sessionKey: "k" })];
    const { options } = boot();
    const broken = {
      replace: () => {
        throw new Error("disk full");
      },
    };
    const half = {
      put: records.put.bind(records),
      delete: records.delete.bind(records),
      verdicts: broken as object as RecordStore["verdicts"],
      facts: records.facts,
      gather: records.gather.bind(records),
    };
    const judgement = { ...NOTHING_JUDGED, judged: boot().found };
    const { queue } = await claimJudged(judgement, { ...options, records: half });
    expect(queue).toHaveLength(1);
    expect(trouble).toEqual(["- remember the verdicts of this boot"]);
  });
});

describe("with many sessions", () => {
  it("a judgement can be left alone after every row, and after every verdict unless there are few", () => {
    const rowsOf = (count: number) => Array.from({ length: count }, (_, nth) => row({ sessionKey: `k${nth}` }));
    rows = rowsOf(200);
    // Each row is read and identified, and then judged.
    expect(boot().steps).toBeGreaterThanOrEqual(3 * rows.length);
    rows = rowsOf(50);
    expect(boot().steps).toBeGreaterThanOrEqual(2 * rows.length);
    expect(boot().steps).toBeLessThan(3 * rows.length);
  });

  it("the event loop gets round between claims", async () => {
    rows = Array.from({ length: 40 }, (_, index) => row({ sessionKey: `k${index}` }));
    let turns = 0;
    const claim: SessionStore["claim"] = async () => {
      for (const endMs = performance.now() + CLAIM_SLICES.firstMs / 20; performance.now() < endMs;);
      return FORECAST;
    };
    const timer = setInterval(() => (turns += 1), 1);
    await boot({ claim }).claim();
    clearInterval(timer);
    expect(turns).toBeGreaterThan(3);
  });

  it("no more are claimed once the service is stopped, and what was said is not remembered", async () => {
    rows = ["a", "b", "c"].map((sessionKey) => row({ sessionKey }));
    const { options } = boot();
    const stopped = { ...options, isOver: () => claims.length === 2 };
    const { queue } = await claimJudged({ ...NOTHING_JUDGED, judged: boot().found }, stopped);
    expect([claims, queue.length, judged, records.verdicts.all()]).toEqual([["a", "b"], 2, [], []]);
    // The next boot goes on: all of them are on record.
    await boot().claim();
    expect(claims).toEqual(["a", "b", "c"]);
  });

  it("writes no record anew that says the same", async () => {
    rows = [row({ sessionKey: "old", lastInteractionAtMs: 1 }), row({ sessionKey: "new" })];
    await boot().claim();
    const put = vi.spyOn(records, "put");
    await boot().claim();
    expect(put.mock.calls.flat().map(({ sessionKey }) => sessionKey)).toEqual(["new"]);
  });
});

describe("when records were lost", () => {
  it("is forgotten only by a boot that has found by their entries whose they were", async () => {
    records.facts.set("recordLost", "gone");
    rows = [row({ sessionKey: "k" })];
    const put = vi.spyOn(records, "put").mockImplementation(() => {
      throw new Error("disk full");
    });
    const judgement = { ...NOTHING_JUDGED, judged: boot().found };
    await expect(claimJudged(judgement, boot().options)).rejects.toThrow("disk full");
    put.mockRestore();
    expect(records.facts.get("recordLost")).toBe("gone");
    await boot().claim();
    expect(records.facts.get("recordLost")).toBeUndefined();
  });

  it("writes what is new before it forgets what is damaged: a gateway that dies in between knows of one of them", async () => {
    // The damage can be to the agent of a key that names its own.
    const strange = record({ agentId: "nobody", sessionKey: "agent:a:k" });
    records.put(record({ sessionKey: "agent:a:k" }), strange);
    const known = records.all().map((past) => ({ ...past, damage: "phase" }));
    rows = [row({ sessionKey: "agent:a:k", status: "killed" })];
    const steps: string[] = [];
    const noting = {
      put: (...written: ResumeRecord[]) => {
        steps.push(`put ${written.map(({ sessionKey }) => sessionKey).join()}`);
        records.put(...written);
      },
      delete: (agentId: string, sessionKey: string) => {
        steps.push(`delete ${agentId} ${sessionKey}`);
        records.delete(agentId, sessionKey);
      },
      verdicts: records.verdicts,
      facts: records.facts,
      gather: records.gather.bind(records),
    };
    const { options, found } = boot();
    const damaged = found.map(({ candidate }) => {
      const one = { ...candidate, record: known[0] };
      return { candidate: one, verdict: admit(one, ADMISSION, NOW) };
    });
    const judgement = { ...NOTHING_JUDGED, judged: damaged };
    await claimJudged(judgement, { ...options, known, records: noting });
    expect(steps).toEqual(["put agent:a:k", "delete nobody agent:a:k"]);
  });
});

describe("what held a session", () => {
  it("is remembered, and is the evidence of every later boot", async () => {
    rows = [row({ sessionKey: "k", lastInteractionAtMs: 1 })];
    await boot().claim();
    const [first] = records.all();
    for (const nowMs of [NOW + HOUR, NOW + 2 * HOUR]) {
      await boot({ nowMs }).claim();
      expect(records.all()).toEqual([first]);
      expect(records.verdicts.all().map(({ verdict }) => verdict)).toEqual([
        {
          kind: "hold",
          reason: "held-earlier",
          found: "idle-too-long",
          limit: `${NOW - 1} ms against ${HOUR} ms`,
        },
      ]);
    }
  });

  it("is what holds it now, when it was resumed in between", async () => {
    records.put(record({ sessionKey: "k", cutOffs: 9, heldBecause: "3 ms against 2 ms" }));
    rows = [row({ sessionKey: "k", status: "killed" })];
    const { found, claim } = boot();
    await claim();
    const [verdict] = found.map((one) => one.verdict);
    expect(records.get("a", "k")).toMatchObject({ outcome: "held", reason: "crash-loop" });
    expect(records.get("a", "k")?.heldBecause).toBe(`${verdict?.found} against ${verdict?.limit}`);
  });
});

describe("what the operator asked for", () => {
  it("is queued first, with its count, whatever the filters say", async () => {
    records.put(record({ sessionKey: "asked", requestedAtMs: NOW - 5, attempts: 1 }));
    rows = [
      row({ sessionKey: "new", lastInteractionAtMs: NOW - 1 }),
      row({ sessionKey: "asked", status: "killed", lastInteractionAtMs: 1 }),
    ];
    expect(await boot().claim()).toMatchObject([
      { sessionKey: "asked", requestedAtMs: NOW - 5, attempts: 1 },
      { sessionKey: "new", requestedAtMs: undefined },
    ]);
    expect(records.get("a", "asked")).toMatchObject({ phase: "claimed", requestedAtMs: NOW - 5 });
  });
});

describe("the version of the plugin", () => {
  it("is on record of what it claims, and of what it takes over", async () => {
    records.put(record({ sessionKey: "earlier", pluginVersion: "0.9.0" }));
    records.put(record({ sessionKey: "owed", phase: "delivering", pluginVersion: "0.9.0" }));
    rows = [
      row({ sessionKey: "new" }),
      row({ sessionKey: "earlier", status: "killed" }),
      row({ sessionKey: "owed", status: "killed" }),
    ];
    await boot().claim();
    expect(records.all().map(({ pluginVersion }) => pluginVersion)).toEqual(["1.0.0", "1.0.0", "1.0.0"]);
  });
});

describe("giving back", () => {
  const released = record({ sessionKey: "k", phase: "released", outcome: "released", reason: "by-operator" });

  it("a session that was ours and has another owner now", async () => {
    records.put(record({ sessionKey: "k", attempts: 1 }));
    rows = [row({ sessionKey: "k", status: "killed", marks: { pluginOwned: true } })];
    expect(await boot().claim()).toEqual([]);
    expect([judged, releases, claims]).toEqual([["k leave plugin-owned"], ["k now"], []]);
    expect(records.get("a", "k")).toBeUndefined();
  });

  it.each([
    ["waits", record({ sessionKey: "k", attempts: 1 })],
    ["was running", record({ sessionKey: "k", phase: "running", runId: "run-1" })],
    ["is held", record({ sessionKey: "k", phase: "settled", outcome: "held", reason: "too-old" })],
  ])("one that %s and is left to the host is forgotten, whether it must be patched or not", async (_name, earlier) => {
    for (const status of ["killed", undefined, "running"]) {
      releases = [];
      records.put(earlier);
      rows = [row({ sessionKey: "k", status, marks: { cliBacked: true } })];
      await boot().claim();
      expect([judged.at(-1), releases, records.all()]).toEqual([
        "k leave cli-backed",
        status === "killed" ? ["k now"] : [],
        [],
      ]);
    }
  });

  it("one that is ours again later is judged anew, as if it had never been ours", async () => {
    records.put(record({ sessionKey: "k", attempts: 1, cutOffs: 2, claimedAtMs: NOW - HOUR }));
    rows = [row({ sessionKey: "k", status: "killed", marks: { pluginOwned: true } })];
    await boot().claim();
    rows = rows.map((one) => ({ ...one, marks: row().marks }));
    expect(await boot({ nowMs: NOW + 5 }).claim()).toMatchObject([{ sessionKey: "k", attempts: 0 }]);
    expect(judged).toEqual(["k leave plugin-owned", "k admit interrupted"]);
    expect(records.all()).toMatchObject([{ phase: "claimed", cutOffs: 0, claimedAtMs: NOW + 5 }]);
  });

  it("one that the operator has released, when the release was cut short", async () => {
    records.put(released);
    rows = [row({ sessionKey: "k", status: "killed" })];
    await boot().claim();
    expect([judged, releases, records.all()]).toEqual([["k leave released"], ["k now"], [released]]);
  });

  it("needs no second patch, and no boot takes it again", async () => {
    records.put(released);
    rows = [row({ sessionKey: "k" })];
    expect(await boot().claim()).toEqual([]);
    expect([judged, releases, claims]).toEqual([["k leave released"], [], []]);
    expect(records.all()).toEqual([released]);
  });

  it("is forgotten when the host has finished it", async () => {
    records.put(released, record({ sessionKey: "other" }));
    rows = [row({ sessionKey: "k", status: "done" }), row({ sessionKey: "other", status: "killed" })];
    await boot().claim();
    expect(records.all().map(({ sessionKey }) => sessionKey)).toEqual(["other"]);
  });

  it("is over when its user is interrupted anew", async () => {
    records.put({ ...released, claimedAtMs: NOW - HOUR });
    userWroteAtMs = NOW - 60_000;
    rows = [row({ sessionKey: "k" })];
    expect(await boot().claim()).toMatchObject([{ sessionKey: "k", attempts: 0 }]);
    expect(records.all()).toMatchObject([{ phase: "claimed", outcome: undefined, claimedAtMs: NOW }]);
  });

  it.each([
    ["throws", () => Promise.reject(new Error("disk full"))],
    ["finds the session changed", () => Promise.resolve(false)],
  ])("leaves the record as it was when the patch %s", async (_name, release) => {
    const earlier = record({ sessionKey: "k", attempts: 1 });
    records.put(earlier);
    rows = [row({ sessionKey: "k", status: "killed", marks: { cliBacked: true } })];
    await boot({ release }).claim();
    expect([records.all(), judged, trouble]).toEqual([[earlier], ["k leave claim-failed"], ["k release a session"]]);
  });

  // Its sessions could not be listed, so nobody knows whether the host has finished with them.
  it("is not forgotten when the sessions of its agent cannot be listed", async () => {
    records.put(released);
    const list = () => {
      throw new Error("unreadable");
    };
    await boot({ list }).claim();
    expect(records.all()).toEqual([released]);
  });
});

describe("a damaged record", () => {
  const damaged = record({ sessionKey: "k", sessionId: "garbage", claimedAtMs: 1, damage: 'phase: "x"' });

  it("is written anew as held, so that its user's next message ends it", async () => {
    rows = [row({ sessionKey: "k", status: "killed" })];
    records.all = () => [damaged];
    expect(await boot().claim()).toEqual([]);
    expect(judged).toEqual(["k hold record-damaged"]);
    expect(records.get("a", "k")).toMatchObject({
      sessionId: "session-1",
      claimedAtMs: NOW,
      outcome: "held",
      reason: "record-damaged",
      heldBecause: 'phase: "x"',
    });
  });
});

describe("a lost record", () => {
  const lost = { recordLost: true };

  it("is rebuilt from the entries that look claimed and are unanswered", async () => {
    rows = [row({ sessionKey: "mine", status: "killed" }), row({ sessionKey: "answered", status: "killed" })];
    told = { answered: facts({ tail: { kind: "answered", text: "yes", atMs: 1 } }) };
    expect(await boot(lost).claim()).toMatchObject([{ sessionKey: "mine", attempts: 0 }]);
    expect(judged).toEqual(["mine admit record-lost"]);
    expect(records.all()).toMatchObject([{ sessionKey: "mine", phase: "claimed", reason: "record-lost" }]);
    expect(claims).toEqual([]);
  });

  it("digs nothing old up", async () => {
    rows = [row({ sessionKey: "old", status: "killed", lastInteractionAtMs: NOW - 9 * HOUR })];
    expect(await boot(lost).claim()).toEqual([]);
    expect([judged, records.all()]).toEqual([[], []]);
  });
});
