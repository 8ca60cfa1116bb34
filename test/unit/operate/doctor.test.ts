import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ResumeRecord } from "../../../src/domain/record.ts";
import { examine, type Installation } from "../../../src/operate/doctor.ts";
import { splitViews } from "../../../src/operate/splits.ts";
import type { FleetView } from "../../../src/operate/views.ts";
import { makeTempDir, removeTempDir } from "../../support/temp.ts";
import { FakeHost } from "../support/fake-host.ts";
import { FakeOffice, keyOf, settingsOf } from "../support/fake-office.ts";
import { record } from "../support/makers.ts";

/** An installation with nothing to complain of, but for what is given. */
function view(over: Partial<Installation> = {}, config: object = {}) {
  const host = new FakeHost("/nowhere", ["a", "ops"]);
  const owners = { commands: { ownerAllowFrom: ["telegram:1"] } };
  host.current = { ...host.current, ...owners, ...config };
  host.set(keyOf("chat"));
  return examine({
    pluginId: "resume-scheduler",
    version: "1.0.0",
    source: "gateway",
    host,
    state: "active",
    settingsErrors: [],
    settings: settingsOf({}),
    fleet: undefined,
    loadsAtStartup: true,
    hostFeatures: { runEmbeddedAgent: true, onAgentEvent: true },
    records: [],
    recordLost: undefined,
    splits: [],
    messagesSeen: 3,
    ...over,
  });
}

const findings = (...given: Parameters<typeof view>) =>
  view(...given).findings.map(({ check, level, found, fix }) => ({ check, said: `${level}: ${found}`, fix }));

const COSTLY = settingsOf({ budget: { maxCostPerBoot: 2.5 } });
const SHARING = settingsOf({ fleet: { redisUrl: "redis://:s3cret@host", maxConcurrent: 4 } });
const CARRYING = settingsOf({ continuity: { enabled: true, reasons: ["idle", "daily"] } });
const hooksOf = (hooks: object) => ({ plugins: { entries: { "resume-scheduler": { hooks } } } });
const FLEET: FleetView = { namespace: "n", state: "shared", reason: null, maxConcurrent: 4, fallbackConcurrent: 1 };
const PRICED = { models: { providers: { stub: { models: [{ id: "m", cost: { input: 2, output: 10 } }] } } } };

const WRONG = [
  { path: "mode", message: "got 1" },
  { path: "", message: "got 5" },
];
const held = (over: Partial<ResumeRecord> = {}) => record({ phase: "settled", outcome: "held", ...over });
const GONE = ["one", "two", "three", "four"].map((name) => record({ sessionKey: keyOf(name) }));
const CLAIMED = held({ sessionKey: keyOf("chat") });

/** The one finding of this check that is not right. */
const CASES: readonly (readonly [
  check: string,
  said: string,
  fix: string,
  over: Partial<Installation>,
  config?: object,
])[] = [
  [
    "cost-limit",
    "warn: budget.maxCostPerBoot is set and no model has a price: nothing is ever counted",
    "set models.providers.<provider>.models[].cost, or use budget.maxTokensPerBoot",
    { settings: COSTLY },
  ],
  [
    "fleet",
    "warn: Redis is lost: connection refused",
    `correct it; until then at most ${FLEET.fallbackConcurrent} resumes run here at once`,
    { settings: SHARING, fleet: { ...FLEET, state: "lost", reason: "connection refused" } },
  ],
  [
    "continuity",
    "warn: enabled, but not permitted: no conversation is carried over",
    "set plugins.entries.resume-scheduler.hooks.allowConversationAccess to true and restart",
    { settings: CARRYING },
  ],
  ["service", "fail: it could not start", "see the gateway's log: `openclaw logs`", { state: "failed" }],
  [
    "service",
    "fail: nothing is resumed: mode: got 1; config: got 5",
    "correct plugins.entries.resume-scheduler.config",
    { state: "misconfigured", settingsErrors: WRONG },
  ],
  [
    "service",
    "fail: the settings before the last change are in force: mode: got 1; config: got 5",
    "correct plugins.entries.resume-scheduler.config",
    { settingsErrors: WRONG },
  ],
  [
    "service",
    'warn: mode "observe": nothing is resumed',
    'set plugins.entries.resume-scheduler.config.mode to "active" and restart',
    { state: "observe" },
  ],
  [
    "service",
    'warn: mode "off": nothing is resumed',
    'set plugins.entries.other.config.mode to "active" and restart',
    { state: "off", pluginId: "other" },
  ],
  [
    "startup-activation",
    "fail: the manifest lacks activation.onStartup",
    "install the plugin again",
    { loadsAtStartup: false },
  ],
  [
    "conversation-access",
    "warn: not granted, 0 messages of users seen since the gateway started",
    "if users have written and do not preempt: set plugins.entries.resume-scheduler.hooks.allowConversationAccess to true",
    { messagesSeen: 0 },
  ],
  [
    "diagnostics",
    "warn: off: users of the HTTP endpoints do not preempt",
    "set diagnostics.enabled to true and restart",
    {},
    { diagnostics: { enabled: false } },
  ],
  [
    "host-features",
    "fail: missing: onAgentEvent, x",
    "update OpenClaw",
    { hostFeatures: { runEmbeddedAgent: true, onAgentEvent: false, x: false } },
  ],
  [
    "metrics-route",
    "warn: open: the gateway asks nobody for a token",
    'set gateway.auth.mode to "token"',
    {},
    { gateway: { auth: { mode: "none" } } },
  ],
  [
    "hot-settings",
    'warn: gateway.reload.mode is "off"',
    "restart the gateway after each change of the settings",
    {},
    { gateway: { reload: { mode: "off" } } },
  ],
  ...[{ commands: {} }, { commands: { ownerAllowFrom: [] } }, { commands: undefined }].map(
    (config) =>
      [
        "chat-command",
        "warn: /resumes answers nobody: no owner is named",
        'set commands.ownerAllowFrom, e.g. ["telegram:<id>"]',
        {},
        config,
      ] as const,
  ),
  [
    "claims",
    `warn: 4 claimed sessions are gone: ${["one", "two", "three"].map(keyOf).join(", ")}`,
    "`openclaw resumes discard <key>`",
    { records: [CLAIMED, ...GONE] },
  ],
  [
    "claims",
    "warn: 1 claimed sessions are gone: agent:gone:chat",
    "`openclaw resumes discard <key>`",
    { records: [held({ agentId: "gone", sessionKey: "agent:gone:chat", pluginVersion: "0.9.0" })] },
  ],
  [
    "claims",
    `warn: 1 sessions were claimed by another version: ${keyOf("chat")}`,
    "`openclaw resumes resume <key>` or `discard <key>`",
    { records: [{ ...CLAIMED, pluginVersion: "0.9.0" }] },
  ],
  [
    "record",
    "warn: it is corrupt",
    "nothing: it is rebuilt from the sessions at a start; look after the disk",
    { recordLost: "it is corrupt" },
  ],
  [
    "record",
    "warn: 1 damaged",
    "`openclaw resumes resume <key>` or `discard <key>`",
    { records: [record({ phase: "settled", outcome: "completed", damage: "phase" })] },
  ],
];

describe("a conversation in two sessions", () => {
  const said = (atMs: number) => ({ type: "message", timestamp: atMs, message: { role: "user", content: "hi" } });
  const examined = () => {
    const host = new FakeHost("/nowhere", ["a"]);
    host.current = { ...host.current, session: { dmScope: "per-channel-peer" } };
    host.set("agent:a:direct:7", { sessionId: "older" });
    host.set("agent:a:telegram:direct:7", { sessionId: "newer" });
    host.events.set("older", [said(1), said(2)]);
    host.events.set("newer", [said(3)]);
    return host;
  };

  it("is told with its parts in the order in which they began", async () => {
    const splits = await splitViews(examined());
    expect(splits).toEqual([
      {
        agentId: "a",
        key: "agent:a:telegram:direct:7",
        parts: [
          {
            sessionKey: "agent:a:direct:7",
            sessionId: "older",
            transcript: "/store/a",
            userMessages: 2,
            firstUserMessageAtMs: 1,
            lastUserMessageAtMs: 2,
          },
          {
            sessionKey: "agent:a:telegram:direct:7",
            sessionId: "newer",
            transcript: "/store/a",
            userMessages: 1,
            firstUserMessageAtMs: 3,
            lastUserMessageAtMs: 3,
          },
        ],
      },
    ]);
    expect(view({ splits }).findings.find(({ check }) => check === "conversations")).toMatchObject({
      level: "warn",
      found: "1 split over two sessions or more: agent:a:telegram:direct:7",
    });
  });

  it("is none when nothing can be read", async () => {
    const host = examined();
    host.broken = new Error("unreadable");
    expect(await splitViews(host)).toEqual([]);
  });
});

describe("the doctor", () => {
  it("finds nothing to complain of in a sound installation", () => {
    expect(findings()).toEqual([
      { check: "service", said: "ok: active", fix: null },
      { check: "startup-activation", said: "ok: the plugin is loaded at gateway start", fix: null },
      {
        check: "conversation-access",
        said: "ok: not granted, and not needed on this host, 3 messages of users seen since the gateway started",
        fix: null,
      },
      { check: "diagnostics", said: "ok: on", fix: null },
      { check: "host-features", said: "ok: all found: runEmbeddedAgent, onAgentEvent", fix: null },
      { check: "metrics-route", said: "ok: protected by the gateway's own authentication", fix: null },
      { check: "hot-settings", said: "ok: changes take effect without a restart", fix: null },
      { check: "chat-command", said: "ok: /resumes answers 1 owner", fix: null },
      { check: "cost-limit", said: "ok: none", fix: null },
      { check: "fleet", said: "ok: none: this gateway has a budget of its own", fix: null },
      { check: "continuity", said: "ok: off", fix: null },
      { check: "record", said: "ok: intact", fix: null },
      { check: "claims", said: "ok: 0 sessions claimed, all of them there", fix: null },
      { check: "conversations", said: "ok: none is split over two sessions", fix: null },
    ]);
  });

  it.each(CASES.map(([check, said, fix, over, config]) => ({ check, said, fix, over, config })))(
    "$check can say $said",
    ({ check, said, fix, over, config }) => {
      const changed = findings(over, config).filter((finding, index) => finding.said !== findings()[index]?.said);
      expect(changed).toEqual([{ check, said, fix }]);
    },
  );

  it.each([
    [
      "conversation-access",
      "ok: granted",
      { messagesSeen: 0 },
      { plugins: { entries: { "resume-scheduler": { hooks: { allowConversationAccess: true } } } } },
    ],
    [
      "conversation-access",
      "ok: not granted, and not needed on this host",
      { messagesSeen: undefined, source: "store" as const },
      { plugins: { entries: { "resume-scheduler": {}, other: { hooks: { allowConversationAccess: true } } } } },
    ],
    [
      "continuity",
      "ok: on after idle, daily: at most 20 messages and 8000 characters",
      { settings: CARRYING },
      hooksOf({ allowConversationAccess: true }),
    ],
    ["continuity", "ok: not known: the settings are wrong", { settings: undefined }, {}],
    ["cost-limit", "ok: $2.5", { settings: COSTLY }, PRICED],
    ["fleet", "ok: set, at most 4 resumes at once", { settings: SHARING, source: "store" as const }, {}],
    ["fleet", "ok: shared, at most 4 resumes at once in all gateways", { settings: SHARING, fleet: FLEET }, {}],
    ["chat-command", "ok: /resumes answers 2 owners", {}, { commands: { ownerAllowFrom: ["telegram:1", "signal:2"] } }],
    ["diagnostics", "ok: on", {}, { diagnostics: { enabled: true } }],
    [
      "metrics-route",
      "ok: protected by the gateway's own authentication",
      {},
      { gateway: { auth: { mode: "token" } } },
    ],
    [
      "claims",
      "ok: 2 sessions claimed, all of them there",
      {
        records: [
          CLAIMED,
          { ...CLAIMED, pluginVersion: undefined },
          record({ sessionKey: keyOf("over"), phase: "settled", outcome: "completed" }),
        ],
      },
      {},
    ],
  ])("%s can say %s", (check, said, over, config) => {
    expect(findings(over, config)).toContainEqual({ check, said, fix: null });
  });

  it("names the permission that is withdrawn", () => {
    const config = hooksOf({ allowConversationAccess: true, allowPromptInjection: false });
    expect(findings({ settings: CARRYING }, config)).toContainEqual({
      check: "continuity",
      said: "warn: enabled, but not permitted: no conversation is carried over",
      fix: "set plugins.entries.resume-scheduler.hooks.allowPromptInjection to true and restart",
    });
  });

  it("says who answers", () => {
    const host = new FakeHost("/nowhere");
    const nothing = {
      hostFeatures: {},
      records: [],
      recordLost: undefined,
      settingsErrors: [],
      settings: undefined,
      fleet: undefined,
      splits: [],
      messagesSeen: undefined,
    } as const;
    const parts = { pluginId: "p", version: "1", host, state: "off", loadsAtStartup: true, ...nothing } as const;
    expect([examine({ ...parts, source: "store" }).source, examine({ ...parts, source: "gateway" }).source]).toEqual([
      "store",
      "gateway",
    ]);
  });
});

describe("a running plugin", () => {
  let dir: string;
  let office: FakeOffice;

  beforeEach(() => {
    dir = makeTempDir("doctor");
    office = new FakeOffice(dir);
  });

  afterEach(() => {
    office.close();
    removeTempDir(dir);
  });

  const findingsNow = async () => (await office.desk.doctor()).findings;
  const claims = async () => (await findingsNow()).find(({ check }) => check === "claims")?.found;

  it("shows its record and what the host has", async () => {
    office.over = { hostFeatures: { x: false }, messagesSeen: 0 };
    office.hold("chat");
    expect(await claims()).toBe("1 sessions claimed, all of them there");
    office.host.broken = new Error("unreadable");
    expect(await claims()).toBe(`1 claimed sessions are gone: ${keyOf("chat")}`);
    const complaints = (await findingsNow()).filter(({ level }) => level !== "ok");
    expect(complaints.map(({ check }) => check)).toEqual([
      "conversation-access",
      "host-features",
      "chat-command",
      "claims",
    ]);
  });

  it("shows its record though it has claimed nothing now", async () => {
    office.hold("chat");
    office.over = { active: undefined, state: "observe" };
    expect(await claims()).toBe("1 sessions claimed, all of them there");
  });

  // `discard` says that it was given back already; no more is it claimed.
  it("does not call a session claimed and gone that was given back and deleted", async () => {
    office.claim("chat", { phase: "released", outcome: "released" });
    office.host.delete(keyOf("chat"));
    expect(await claims()).toBe("0 sessions claimed, all of them there");
  });
});
