import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { EventBus } from "../../../src/domain/events.ts";
import type { SessionRow } from "../../../src/domain/session.ts";
import { claimJudged, judgeInterrupted } from "../../../src/host/boot.ts";
import type { SessionStore } from "../../../src/host/session-store.ts";
import { Ledger } from "../../../src/record/ledger.ts";
import { RecordStore } from "../../../src/record/record-store.ts";
import { makeTempDir, removeTempDir } from "../../support/temp.ts";
import { ADMISSION, NOW, row, running } from "../support/makers.ts";

let dir: string;
let records: RecordStore;
let rows: SessionRow[];
let claims: string[];
let judged: string[];
let trouble: string[];

beforeEach(() => {
  dir = makeTempDir("boot");
  records = new RecordStore(dir);
  rows = [];
  claims = [];
  judged = [];
  trouble = [];
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
    transcript: () => [],
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
    expect(await boot({ nowMs: NOW + 2 }).claim()).toEqual([]);
    expect(judged.at(-1)).toBe("k retire user-continued");
    expect(records.all()).toEqual([]);
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

it("does not count gateways that died as the resume's own failures, three times in a row", async () => {
  const ledger = new Ledger(records, () => NOW);
  rows = [row({ sessionKey: "k" })];
  for (const run of ["run-1", "run-2"]) {
    const [resume] = await boot().claim();
    // It starts, and the gateway is killed in the middle of the run.
    ledger.started(running("k", { ...resume, attempts: (resume?.attempts ?? 0) + 1 }), run);
    rows = [row({ sessionKey: "k" })];
  }
  // The third one is killed while the resume is still queued.
  await boot().claim();
  expect(await boot().claim()).toHaveLength(1);
  expect(judged.at(-1)).toBe("k admit claimed-earlier");
});
