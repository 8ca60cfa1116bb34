import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { noteOf, reasonsOf, VERDICTS, type VerdictKind } from "../../../src/domain/reasons.ts";
import type { Verdict } from "../../../src/domain/verdict.ts";
import { explain } from "../../../src/operate/explain.ts";
import { Offline } from "../../../src/operate/offline.ts";
import { judgeNow, planView, settingsFor } from "../../../src/operate/plan.ts";
import type { PlanView } from "../../../src/operate/views.ts";
import { makeTempDir, removeTempDir } from "../../support/temp.ts";
import { FakeHost } from "../support/fake-host.ts";
import { FakeOffice, keyOf, settingsOf } from "../support/fake-office.ts";
import { HOUR, NOW } from "../support/makers.ts";

let dir: string;
let office: FakeOffice;

beforeEach(() => {
  dir = makeTempDir("plan");
  office = new FakeOffice(dir);
});

afterEach(() => {
  office.close();
  removeTempDir(dir);
});

const linesOf = ({ sessions }: PlanView) =>
  sessions.map(({ sessionKey, verdict, reason }) => `${sessionKey} ${verdict} ${reason}`);
const offlineOn = (host: FakeHost, config: unknown) =>
  new Offline({
    pluginId: "resume-scheduler",
    version: "1.0.0",
    host,
    loadsAtStartup: true,
    hostFeatures: {},
    config,
    nowMs: () => NOW,
  });
const offline = (config: unknown = {}) => offlineOn(office.host, config);

describe("an explanation", () => {
  const ALL = (Object.keys(VERDICTS) as VerdictKind[]).flatMap((kind) =>
    reasonsOf(kind).map((reason) => [kind, reason]),
  );

  it.each(ALL)("of %s %s has the rule, the numbers and what to do", (kind, reason) => {
    const verdict = { kind, reason, found: 1, limit: null } as object as Verdict;
    const { meaning, rule, remedy, unit } = noteOf(kind as VerdictKind, reason ?? "");
    expect(explain(verdict)).toEqual({
      verdict: kind,
      reason,
      meaning,
      rule,
      remedy,
      found: 1,
      limit: null,
      unit: unit ?? null,
    });
  });

  const earlier = (found: string, limit: string | null): Verdict => ({
    kind: "hold",
    reason: "held-earlier",
    found,
    limit,
  });

  it.each(reasonsOf("hold"))("of one that was held earlier as %s has the rule of that", (reason) => {
    const { meaning, remedy } = noteOf("hold", "held-earlier");
    expect(explain(earlier(reason, "3 ms against 2 ms"))).toEqual({
      verdict: "hold",
      reason: "held-earlier",
      meaning,
      rule: noteOf("hold", reason).rule,
      remedy,
      found: reason,
      limit: "3 ms against 2 ms",
      unit: null,
    });
  });

  it.each(["by-operator", "delivery-failed", "toString", ""])(
    "of one that was held earlier as %j, which is no verdict, has its own rule",
    (found) => {
      expect(explain(earlier(found, null)).rule).toBe(noteOf("hold", "held-earlier").rule);
    },
  );

  it("of another verdict takes what was found for no reason", () => {
    const verdict: Verdict = { kind: "hold", reason: "excluded", found: "too-old", limit: null };
    expect(explain(verdict).rule).toBe(noteOf("hold", "excluded").rule);
  });
});

describe("a plan", () => {
  it("keeps the order of the verdicts and counts them", () => {
    const verdicts = [
      { agentId: "a", sessionKey: "k1", verdict: { kind: "hold", reason: "too-old", found: 3, limit: 2 } },
      { agentId: "b", sessionKey: "k2", verdict: { kind: "admit", reason: "interrupted", found: 1, limit: 2 } },
      { agentId: "a", sessionKey: "k3", verdict: { kind: "hold", reason: "failing", found: 3, limit: 2 } },
    ] as const;
    const view = planView({ of: "boot", source: "store", state: "off", atMs: 5 }, verdicts, undefined);
    expect(view).toMatchObject({ of: "boot", source: "store", state: "off", atMs: 5 });
    expect(view.totals).toEqual({ admit: 1, hold: 2, retire: 0, leave: 0 });
    expect(view.sessions).toMatchObject([
      { agentId: "a", sessionKey: "k1", verdict: "hold", reason: "too-old", found: 3, limit: 2, unit: "ms" },
      { agentId: "b", sessionKey: "k2", verdict: "admit" },
      { agentId: "a", sessionKey: "k3", unit: null },
    ]);
  });

  it("adds up what the admitted ones will use, as far as the host has counted, and what they may", () => {
    const admit = { kind: "admit", reason: "interrupted", found: 1, limit: 2 } as const;
    const hold = { kind: "hold", reason: "too-old", found: 3, limit: 2 } as const;
    const verdicts = [
      { agentId: "a", sessionKey: "k1", verdict: admit, estimatedTokens: 1000 },
      { agentId: "a", sessionKey: "k2", verdict: admit },
      { agentId: "a", sessionKey: "k3", verdict: admit, estimatedTokens: 234 },
      { agentId: "a", sessionKey: "k4", verdict: hold, estimatedTokens: 5000 },
    ];
    const facts = { of: "boot", source: "store", state: "active", atMs: 5 } as const;
    const view = planView(facts, verdicts, settingsOf({ budget: { maxTokensPerBoot: 1200 } }));
    expect(view.tokens).toEqual({ estimated: 1234, limit: 1200 });
    expect(view.sessions.map(({ estimatedTokens }) => estimatedTokens)).toEqual([1000, null, 234, 5000]);
    expect(planView(facts, [], settingsOf({})).tokens).toEqual({ estimated: 0, limit: null });
    expect(planView(facts, [], undefined).tokens).toEqual({ estimated: 0, limit: null });
  });

  it("by settings that are tried out has their limit", () => {
    office.host.set(keyOf("live"), { lastInteractionAt: NOW, totalTokens: 700 });
    office.host.events.set("session-1", [{ type: "message", message: { role: "user", content: "x" } }]);
    const { tokens } = office.desk.plan({ now: true, config: { budget: { maxTokensPerBoot: 500 } } });
    expect(tokens).toEqual({ estimated: 700, limit: 500 });
    expect(office.desk.plan({ now: true }).tokens).toEqual({ estimated: 700, limit: null });
  });

  it("of this boot is what it said, even with nothing claimed", () => {
    const verdict = { kind: "leave", reason: "cron", found: "cron", limit: "conversation" } as const;
    office.over = {
      state: "observe",
      active: undefined,
      boot: { id: "boot-1", atMs: 7, verdicts: [{ agentId: "a", sessionKey: "k", verdict }] },
    };
    expect(office.desk.plan({ now: false })).toMatchObject({
      of: "boot",
      source: "gateway",
      state: "observe",
      atMs: 7,
      sessions: [{ sessionKey: "k" }],
    });
    office.over = { state: "failed", active: undefined };
    expect(office.desk.plan({ now: false })).toMatchObject({ of: "boot", state: "failed", atMs: NOW, sessions: [] });
  });

  it("of now judges what a restart this minute would cut off, and what is claimed", () => {
    office.host.set(keyOf("live"), { lastInteractionAt: NOW });
    office.host.set(keyOf("stale"), { lastInteractionAt: NOW - 2 * HOUR });
    office.host.events.set("session-1", [{ type: "message", message: { role: "user", content: "x" } }]);
    office.host.set(keyOf("done"), { status: "done" });
    office.host.set("agent:a:cron:job");
    office.hold("held", { reason: "too-old" });
    office.queue("queued");
    office.claim("owed", { phase: "delivering" });
    const view = office.desk.plan({ now: true });
    expect(view).toMatchObject({ of: "now", source: "gateway", state: "active", atMs: NOW });
    expect(linesOf(view).toSorted()).toEqual([
      `agent:a:cron:job leave cron`,
      `${keyOf("held")} hold held-earlier`,
      `${keyOf("live")} admit interrupted`,
      `${keyOf("owed")} admit reply-owed`,
      `${keyOf("queued")} admit claimed-earlier`,
      `${keyOf("stale")} hold idle-too-long`,
    ]);
  });

  it("of now changes nothing and tells nobody", () => {
    office.host.set(keyOf("live"));
    office.hold("held");
    const heard = [office.heard("judged"), office.heard("trouble")];
    const before = office.records.all();
    office.desk.plan({ now: true });
    expect([heard.flat(), office.records.all(), office.host.statusOf(keyOf("live"))]).toEqual([[], before, "running"]);
  });

  it("of now has the entries that cannot be read", () => {
    office.host.set(keyOf("broken"), { sessionId: 5 });
    expect(linesOf(office.desk.plan({ now: true }))).toEqual([`${keyOf("broken")} leave unreadable-entry`]);
  });

  it("with other settings is judged by those, in their mode", () => {
    office.host.set(keyOf("live"));
    const config = { mode: "observe", filter: { agents: { exclude: ["a"] } } };
    const view = office.desk.plan({ now: false, config });
    expect([view.of, view.state, ...linesOf(view)]).toEqual(["now", "observe", `${keyOf("live")} leave excluded`]);
  });

  it("reads the record of a plugin that has claimed nothing now", () => {
    office.hold("held");
    office.over = { active: undefined, state: "observe" };
    expect(linesOf(office.desk.plan({ now: true }))).toEqual([`${keyOf("held")} hold held-earlier`]);
  });

  it("judges as the boot does but for turns that are live now", () => {
    office.host.set(keyOf("live"), { lastInteractionAt: NOW });
    const verdicts = judgeNow(office.host, settingsOf({ budget: { maxPerBoot: 0 } }), [], NOW);
    expect(verdicts).toMatchObject([{ verdict: { kind: "hold", reason: "over-boot-limit", found: 1, limit: 0 } }]);
  });
});

describe("the settings to judge by", () => {
  const inForce = settingsOf({ mode: "off" });
  const wrong = [{ path: "", message: "got 5; expected an object" }];

  it("are those in force when none are tried", () => {
    expect(settingsFor(undefined, inForce, [])).toEqual({ settings: inForce, state: "off" });
    expect(settingsFor(undefined, inForce, wrong)).toEqual({ settings: inForce, state: "off" });
  });

  it("are those that are tried, though those in force are wrong", () => {
    expect(settingsFor({ mode: "observe" }, undefined, wrong).state).toBe("observe");
    expect(settingsFor({}, inForce, []).settings).toEqual(settingsOf({}));
  });

  it.each([
    ["tried", { mode: 1, x: 2 }, inForce, [], /^the settings are wrong: (x: .+; mode: got 1.*|mode: got 1.+; x: .+)$/],
    ["tried, and nothing", null, inForce, [], /^the settings are wrong: settings: got "?null"?; expected an object$/],
    ["tried, as a whole", 5, inForce, [], /^the settings are wrong: settings: got 5; expected an object$/],
    ["in force", undefined, undefined, wrong, /^the settings are wrong: settings: got 5; expected an object$/],
  ] as const)("that are %s and wrong are told", (_name, tried, now, errors, message) => {
    expect(() => settingsFor(tried, now, errors)).toThrow(
      expect.objectContaining({
        name: "OperatorError",
        reason: "invalid-settings",
        message: expect.stringMatching(message),
      }),
    );
  });

  it("that are wrong are told by the desk", () => {
    office.over = { settings: undefined, settingsErrors: wrong, state: "misconfigured", active: undefined };
    expect(() => office.desk.plan({ now: true })).toThrow("the settings are wrong: settings: got 5");
    expect(() => office.desk.plan({ now: false, config: { mode: 1 } })).toThrow("the settings are wrong: mode: got 1");
    expect(office.desk.plan({ now: false }).sessions).toEqual([]);
  });
});

describe("with the gateway down", () => {
  it("the last boot's plan comes from the store", () => {
    const verdict = { kind: "hold", reason: "too-old", found: 3, limit: 2 } as const;
    office.records.verdicts.replace([{ agentId: "a", sessionKey: "k", verdict }]);
    office.records.facts.set("bootedAt", 77);
    expect(offline({ mode: "observe" }).plan({ now: false })).toMatchObject({
      of: "boot",
      source: "store",
      state: "observe",
      atMs: 77,
      sessions: [{ sessionKey: "k" }],
    });
  });

  it("the next boot's is the gateway's own", () => {
    office.host.set(keyOf("live"), { lastInteractionAt: NOW });
    office.hold("held");
    expect(offline().plan({ now: true })).toEqual({ ...office.desk.plan({ now: true }), source: "store" });
    expect(linesOf(offline({ mode: 1 }).plan({ now: false, config: {} }))).toHaveLength(2);
    expect(() => offline({ mode: 1 }).plan({ now: true })).toThrow("the settings are wrong: mode: got 1");
  });

  it("an installation that has never run has nothing, and nothing is made", async () => {
    const host = new FakeHost(join(dir, "never-run"));
    expect(offlineOn(host, {}).plan({ now: false })).toMatchObject({ atMs: NOW, sessions: [] });
    expect(offlineOn(host, { mode: 1 }).plan({ now: false }).state).toBe("misconfigured");
    expect((await offlineOn(host, {}).doctor()).source).toBe("store");
    expect(existsSync(join(dir, "never-run"))).toBe(false);
  });
});
