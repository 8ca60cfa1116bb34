import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { unreadFacts } from "../../../src/domain/transcript-facts.ts";
import { surveyRows } from "../../../src/operate/gc.ts";
import { Offline } from "../../../src/operate/offline.ts";
import { writeHistory } from "../../../src/record/history-writer.ts";
import type { GcView } from "../../../src/operate/views.ts";
import { makeTempDir, removeTempDir } from "../../support/temp.ts";
import { expectShape, GcSchema } from "../../support/view-schemas.ts";
import { FakeOffice, keyOf, settingsOf } from "../support/fake-office.ts";
import { HOUR, NOW } from "../support/makers.ts";

const DAY = 24 * HOUR;

let dir: string;
let office: FakeOffice;

beforeEach(() => {
  dir = makeTempDir("gc");
  office = new FakeOffice(dir);
  office.host.current = { ...office.host.current, session: { dmScope: "per-channel-peer" } };
});
afterEach(() => {
  office.close();
  removeTempDir(dir);
});

/** What is held, from the one that was held for longest. */
function holdSome(): void {
  office.hold("pinned", { heldSinceMs: NOW - 20 * DAY });
  office.host.set(keyOf("pinned"), { pinnedAt: 1 });
  office.hold("telegram:direct:7", { heldSinceMs: NOW - 15 * DAY, attempts: 2 });
  office.hold("cron:x", { heldSinceMs: NOW - 14 * DAY });
  office.host.delete(keyOf("cron:x"));
  office.hold("error", { heldSinceMs: NOW - 4 * DAY, reason: "permanent-error" });
  office.queue("queued", { claimedAtMs: NOW - 30 * DAY });
}

const linesOf = ({ sessions }: GcView) =>
  sessions.map((item) =>
    [
      item.action,
      item.sessionKey,
      `${item.heldForMs / DAY}d`,
      item.kind,
      item.heldBy,
      item.retiredBy ?? item.protectedBy ?? "-",
      item.transcript,
    ].join(" "),
  );
const HELD = [
  `protect ${keyOf("pinned")} 20d other idle-too-long pinned present`,
  `retire ${keyOf("telegram:direct:7")} 15d direct idle-too-long held-too-long present`,
  `keep ${keyOf("cron:x")} 14d cron idle-too-long - missing`,
  `retire ${keyOf("error")} 4d other permanent-error error-too-long present`,
];
const SUMMARY = { before: 4, after: 2, retired: 2, kept: 1, protected: 1 };
const dryRun = () => office.desk.gc({ apply: false });

describe("the dry run", () => {
  it("shows every held session, and changes nothing", async () => {
    holdSome();
    const before = office.records.all();
    const heard = [office.heard("settled"), office.heard("asked")];
    const view = await dryRun();
    // The tests' own time is of other days.
    expectShape(GcSchema, { ...view, atMs: Date.now() });
    expect(linesOf(view)).toEqual(HELD);
    expect(view).toMatchObject({ source: "gateway", applied: false, enabled: false, summary: SUMMARY });
    expect([view.heldMs, view.errorMs, view.atMs]).toEqual([14 * DAY, 3 * DAY, NOW]);
    expect([office.records.all(), heard]).toEqual([before, [[], []]]);
  });

  it("goes by the settings in force, and cannot go by wrong ones", async () => {
    holdSome();
    office.over = { settings: settingsOf({ gc: { enabled: true, heldDays: 30, errorDays: 30 } }) };
    expect(await dryRun()).toMatchObject({ enabled: true, summary: { retired: 0, protected: 0, kept: 4 } });
    office.over = { settings: undefined, settingsErrors: [{ path: "gc.heldDays", message: "got -1" }] };
    await expect(dryRun()).rejects.toMatchObject({ reason: "invalid-settings" });
  });

  it("is the same of a plugin that has claimed nothing, and of a gateway that is down", async () => {
    holdSome();
    office.over = { active: undefined, state: "observe" };
    expect(linesOf(await dryRun())).toEqual(HELD);
    const offline = new Offline({
      pluginId: "resume-scheduler",
      version: "1.0.0",
      host: office.host,
      loadsAtStartup: true,
      hostFeatures: {},
      config: {},
      nowMs: () => NOW,
    });
    const view = await offline.gc({ activeKey: keyOf("error") });
    expect(linesOf(view).at(-1)).toBe(`protect ${keyOf("error")} 4d other permanent-error active-key present`);
    await expect(offline.gc({ activeKey: "nobody" })).rejects.toMatchObject({ reason: "unknown-session" });
    expect(view).toMatchObject({ source: "store", summary: { ...SUMMARY, after: 3, retired: 1, protected: 2 } });
  });

  it("says of a row that cannot be read what can be said", async () => {
    office.hold("telegram:group:7", { heldSinceMs: NOW - 15 * DAY });
    office.host.broken = new Error("locked");
    const key = keyOf("telegram:group:7");
    expect(linesOf(await dryRun())).toEqual([`protect ${key} 15d group idle-too-long unreadable-entry unreadable`]);
  });

  it("takes a time that is still to come for none", async () => {
    office.hold("chat", { heldSinceMs: NOW + DAY });
    expect((await dryRun()).sessions).toMatchObject([{ action: "keep", heldForMs: 0 }]);
  });
});

describe("applied", () => {
  it("retires what the dry run has shown, whatever gc.enabled says, and tells of each", async () => {
    holdSome();
    const settled = office.heard("settled");
    const asked = office.heard("asked");
    const view = await office.desk.gc({ apply: true });
    expect([linesOf(view), view.applied, view.summary]).toEqual([HELD, true, SUMMARY]);
    expect(office.records.all().map(({ sessionKey }) => sessionKey)).toEqual(["cron:x", "pinned", "queued"].map(keyOf));
    expect(settled).toEqual([
      {
        agentId: "a",
        sessionKey: keyOf("telegram:direct:7"),
        outcome: "retired",
        reason: "held-too-long",
        attempts: 2,
      },
      { agentId: "a", sessionKey: keyOf("error"), outcome: "retired", reason: "error-too-long", attempts: 0 },
    ]);
    expect(asked).toEqual([{ action: "gc" }]);
    expect(office.desk.status()).toMatchObject({ held: [{}, {}], totals: { outcomes: { retired: 2 } } });
    expect((await office.desk.gc({ apply: true })).summary).toMatchObject({ before: 2, after: 2, retired: 0 });
  });

  it("takes each session as it is by then", async () => {
    for (const name of ["first", "second", "third"]) office.hold(name, { heldSinceMs: NOW - 20 * DAY });
    // Each has a slice of its own.
    let atMs = 0;
    vi.spyOn(performance, "now").mockImplementation(() => (atMs += 10));
    const view = office.desk.gc({ apply: true });
    await office.desk.actions.one("resume", keyOf("third"));
    vi.restoreAllMocks();
    expect((await view).sessions.map(({ sessionKey }) => sessionKey)).toEqual(["first", "second"].map(keyOf));
    expect(office.recordOf("third")).toMatchObject({ phase: "claimed", outcome: undefined, heldSinceMs: undefined });
  });

  it("is asked for once at a time", async () => {
    holdSome();
    const first = office.desk.gc({ apply: true });
    await expect(dryRun()).rejects.toMatchObject({ reason: "busy" });
    expect((await first).summary).toEqual(SUMMARY);
    expect((await dryRun()).summary).toMatchObject({ before: 2 });
  });

  it("keeps whom the operator names, and refuses to keep nobody", async () => {
    holdSome();
    const view = await office.desk.gc({ apply: true, activeKey: "TELEGRAM:direct:7" });
    expect(linesOf(view)[1]).toContain(" active-key ");
    await expect(office.desk.gc({ apply: true, activeKey: "telegram:direct:70" })).rejects.toMatchObject({
      reason: "unknown-session",
    });
  });

  it("is told to whoever asks for the session later", async () => {
    holdSome();
    const history = writeHistory(office.events, office.records.history, () => NOW);
    await office.desk.gc({ apply: true });
    await new Promise(setImmediate);
    const view = await office.desk.actions.one("resume", keyOf("telegram:direct:7"));
    const message = expect.stringContaining("has been retired") as string;
    expect(view.refused).toMatchObject([{ reason: "not-claimed", message }]);
    history.stop();
  });

  it("needs a plugin that claims", async () => {
    office.over = { active: undefined, state: "observe" };
    await expect(office.desk.gc({ apply: true })).rejects.toMatchObject({ reason: "not-active" });
  });
});

it("counts what the host's own cleanup would look at, held or not", () => {
  office.host.current = { ...office.host.current, session: { dmScope: "main" } };
  for (const name of ["telegram:direct:1", "telegram:direct:2", "telegram:group:3"]) office.host.set(keyOf(name));
  office.host.set(keyOf("telegram:direct:4"), { archivedAt: 1 });
  office.host.set(keyOf("main"), { sessionId: "lost" });
  office.host.set(keyOf("empty"), { sessionId: "empty" });
  vi.spyOn(office.host.transcripts, "atBoot").mockImplementation(({ sessionId }) =>
    unreadFacts(sessionId === "lost" ? "missing" : sessionId === "empty" ? "empty" : "truncated"),
  );
  const found = { agentIds: ["a"], missingTranscripts: 2, dmScopeRows: 2 };
  expect(surveyRows(office.host)).toEqual(found);
  expect(surveyRows(office.host, keyOf("telegram:direct:1"))).toEqual({ ...found, dmScopeRows: 1 });
  expect(surveyRows(office.host, keyOf("main"))).toEqual({ ...found, missingTranscripts: 1 });
});
