import { describe, expect, it } from "vitest";
import { createSessionStore } from "../../../src/host/session-store.ts";

type Api = Parameters<typeof createSessionStore>[0];
type Config = ReturnType<Parameters<typeof createSessionStore>[1]>;
type Entry = Readonly<Record<string, unknown>>;

const KEY = "agent:a:telegram:direct:1";
const ENTRY: Entry = {
  sessionId: "session-1",
  status: "running",
  abortedLastRun: true,
  chatType: "direct",
  lastInteractionAt: 100,
  abortCutoffTimestamp: 80,
  sessionStartedAt: 50,
  updatedAt: 999,
  delivery: { kind: "external", context: { channel: "telegram", to: "1", accountId: "main", threadId: 7 } },
};

/** A host store of one agent in memory; a patch removes what is `undefined`, as the host's does. */
function hostStore(entries: Record<string, unknown>, config: Config = {}) {
  const asked: object[] = [];
  const api = {
    listSessionEntries: (options: object) => {
      asked.push(options);
      return Object.entries(entries).map(([sessionKey, entry]) => ({ sessionKey, entry }));
    },
    getSessionEntry: ({ sessionKey }: { sessionKey: string }) => entries[sessionKey],
    patchSessionEntry: async (options: { sessionKey: string; update: (entry: unknown) => Entry | null }) => {
      asked.push(options);
      const entry = entries[options.sessionKey];
      if (entry === undefined) return null;
      const patch = options.update(entry);
      if (patch === null) return null;
      const patched = Object.entries({ ...(entry as Entry), ...patch }).filter(([, value]) => value !== undefined);
      entries[options.sessionKey] = Object.fromEntries(patched);
      return entries[options.sessionKey];
    },
  };
  return { entries, asked, store: createSessionStore(api as object as Api, () => config) };
}

function rowOf(store: ReturnType<typeof createSessionStore>) {
  const found = store.get("a", KEY);
  if (found === undefined) throw new Error("no such session");
  return found;
}

function read(over: Entry = {}, sessionKey = KEY) {
  const unreadable: string[] = [];
  const { store } = hostStore({ [sessionKey]: { ...ENTRY, ...over } });
  const rows = [...store.list("a", (key) => unreadable.push(key))];
  return rows[0] ?? unreadable;
}

describe("a row", () => {
  it("has what a resume needs of the entry, and not updatedAt", () => {
    expect(read()).toEqual({
      agentId: "a",
      sessionKey: KEY,
      sessionId: "session-1",
      conversation: {
        key: KEY,
        kind: "direct",
        channel: "telegram",
        accountId: "main",
        peer: KEY.split(":").at(-1),
        threadId: undefined,
      },
      chatKind: "direct",
      status: "running",
      abortedLastRun: true,
      lastInteractionAtMs: 100,
      stoppedAtMs: 80,
      startedAtMs: 50,
      route: { channel: "telegram", to: "1", accountId: "main", threadId: 7 },
      archived: false,
      pinned: false,
      lastRunError: undefined,
      marks: {
        pendingFinalDelivery: false,
        messageToolOnly: false,
        harnessCompletion: false,
        deliveryReceipt: false,
        recoveryTombstone: false,
        modelSelectionLocked: false,
        cliBacked: false,
        pluginOwned: false,
        spawned: false,
      },
    });
  });

  it.each([
    ["its owner's", { label: "Trip", origin: { label: "Ada id:1" } }, "Trip"],
    ["that of its chat", { delivery: { kind: "external", origin: { label: "Ada id:1" } } }, "Ada id:1"],
    ["that of its chat, as older hosts have it", { origin: { label: "Ada id:1" }, label: " " }, "Ada id:1"],
    ["not one made of what was said", { displayName: "Please summarise" }, undefined],
    ["200 letters of a long one", { label: `${"x".repeat(199)}\u{1f600}` }, `${"x".repeat(199)}\ufffd`],
  ])("is called by a name: %s", (_what, fields, name) => {
    expect(read(fields)).toMatchObject({ name });
  });

  it.each([
    ["direct", "direct"],
    ["group", "group"],
    ["channel", "group"],
    ["thread", "other"],
    [undefined, "other"],
    [5, "other"],
  ])("of chat type %s is of kind %s", (chatType, chatKind) => {
    expect(read({ chatType })).toMatchObject({ chatKind });
  });

  it("has the size of its conversation, where the host has counted", () => {
    expect(read({ totalTokens: 1234 })).toMatchObject({ totalTokens: 1234 });
    for (const totalTokens of ["1234", 0, -1, Number.NaN, null]) {
      expect(read({ totalTokens })).toMatchObject({ totalTokens: undefined });
    }
  });

  it.each(["100", 0, -1, Number.NaN, Number.POSITIVE_INFINITY, null, {}])("takes the time %s as absent", (time) => {
    expect(read({ lastInteractionAt: time, abortCutoffTimestamp: time, sessionStartedAt: time })).toMatchObject({
      lastInteractionAtMs: undefined,
      stoppedAtMs: undefined,
      startedAtMs: undefined,
    });
  });

  it.each([1, null, {}, ""])("takes the status %s as absent", (status) => {
    expect(read({ status })).toMatchObject({ status: undefined });
  });

  it.each(["true", 1, null])("takes the aborted mark %s as not set", (abortedLastRun) => {
    expect(read({ abortedLastRun })).toMatchObject({ abortedLastRun: false });
  });
});

describe("the channel", () => {
  it("is the route's", () => {
    expect(read({}, "agent:a:main")).toMatchObject({ conversation: { channel: "telegram" } });
    expect(read({}, "agent:a:signal:group:1")).toMatchObject({ conversation: { channel: "telegram" } });
  });

  it.each([
    ["agent:a:signal:group:1", "signal"],
    ["agent:a:matrix:channel:!room:server.org", "matrix"],
    ["agent:a:main", undefined],
    ["main", undefined],
    ["telegram:group:1", "telegram"],
    ["", undefined],
  ])("is told by the key %s where there is no route", (key, channel) => {
    expect(read({ delivery: undefined }, key)).toMatchObject({ conversation: { channel } });
  });

  // The key names a peer, not a channel: a direct chat of any channel.
  it("is not told by the key of a direct chat across channels", () => {
    expect(read({ delivery: undefined }, "agent:a:direct:7")).toMatchObject({ conversation: { channel: undefined } });
  });
});

it("is pinned when the entry says so", () => {
  expect(read({ pinnedAt: 5 })).toMatchObject({ pinned: true });
});

it("is archived when the entry says so", () => {
  expect(read({ archivedAt: 5 })).toMatchObject({ archived: true });
});

describe("the last run's error", () => {
  it.each([
    ["401 Incorrect API key provided", { kind: "authentication", permanent: true }],
    ["429 rate limit", { kind: "rate-limit", permanent: false }],
    ["the model said no", { kind: "unknown", permanent: false }],
  ])("is what kind of error %s is", (lastRunError, error) => {
    expect(read({ lastRunError })).toMatchObject({ lastRunError: error });
  });

  it.each([undefined, null, "", 401, {}])("is none when the entry has %j", (lastRunError) => {
    expect(read({ lastRunError })).toMatchObject({ lastRunError: undefined });
  });
});

describe("the conversation of a session", () => {
  it("is acp or heartbeat when the entry says so", () => {
    expect(read({ acp: {} })).toMatchObject({ conversation: { kind: "acp" } });
    expect(read({ heartbeatIsolatedBaseSessionKey: "agent:a:main" })).toMatchObject({
      conversation: { kind: "heartbeat" },
    });
  });
});

describe("the mark", () => {
  it.each([
    ["pendingFinalDelivery", { pendingFinalDelivery: true }],
    ["messageToolOnly", { restartRecoverySourceReplyDeliveryMode: "message_tool_only" }],
    ["harnessCompletion", { restartRecoveryHarnessCompletion: {} }],
    ["deliveryReceipt", { restartRecoveryDeliveryReceiptState: "sent" }],
    ["recoveryTombstone", { mainRestartRecovery: { tombstone: {} } }],
    ["modelSelectionLocked", { modelSelectionLocked: true }],
    ["cliBacked", { cliSessionBindings: {} }],
    ["cliBacked", { cliSessionIds: { claude: "1" } }],
    ["cliBacked", { claudeCliSessionId: "1" }],
    ["pluginOwned", { pluginOwnerId: "other" }],
    ["spawned", { spawnDepth: 1 }],
    ["spawned", { subagentRole: "worker" }],
  ])("%s is set by %j, and alone", (mark, over) => {
    const found = read(over);
    const marks = "marks" in found ? Object.entries(found.marks) : [];
    expect(marks.filter(([, set]) => set).map(([name]) => name)).toEqual([mark]);
  });

  it.each([
    { restartRecoverySourceReplyDeliveryMode: "automatic" },
    { mainRestartRecovery: {} },
    { modelSelectionLocked: false },
    { spawnDepth: 0 },
    { pluginOwnerId: null },
    { claudeCliSessionId: null },
  ])("of none is set by %j", (over) => {
    const found = read(over);
    expect("marks" in found && Object.values(found.marks).some(Boolean)).toBe(false);
  });
});

describe("the route", () => {
  it.each([
    ["no delivery", undefined],
    ["an internal one", { kind: "internal", context: { channel: "webchat", to: "1" } }],
    ["no channel", { kind: "external", context: { to: "1" } }],
    ["no recipient", { kind: "external", context: { channel: "telegram" } }],
    ["an odd context", { kind: "external", context: "telegram" }],
  ])("is unknown with %s", (_name, delivery) => {
    expect(read({ delivery })).toMatchObject({ route: undefined });
  });

  it("has no account and no thread when the entry names none", () => {
    const delivery = { kind: "external", context: { channel: "telegram", to: "1", threadId: {} } };
    const found = read({ delivery });
    expect("route" in found ? found.route : found).toEqual({ channel: "telegram", to: "1" });
  });

  const CONTEXT = { channel: "telegram", to: "telegram:1", accountId: "main", threadId: 7 };
  const OLDER = { lastChannel: "telegram", lastTo: "telegram:1", lastAccountId: "main", lastThreadId: 7 };

  it.each([
    ["the delivery context", { deliveryContext: CONTEXT }, CONTEXT],
    ["the last channel", OLDER, CONTEXT],
    [
      "the delivery context before the last channel",
      { ...OLDER, deliveryContext: { ...CONTEXT, to: "telegram:2" } },
      { ...CONTEXT, to: "telegram:2" },
    ],
    ["nothing that can be sent to", { deliveryContext: { ...CONTEXT, channel: "webchat" } }, undefined],
  ])("of an older host is %s", (_name, over, route) => {
    expect(read({ delivery: undefined, ...over })).toMatchObject({ route });
  });

  it("is not that of an older host where there is a delivery", () => {
    expect(read({ ...OLDER, delivery: { kind: "internal" } })).toMatchObject({ route: undefined });
  });
});

describe("list", () => {
  it.each([[null], ["text"], [{}], [{ sessionId: "" }], [{ sessionId: 5 }]])(
    "leaves out the entry %j and names it",
    (entry) => {
      const unreadable: string[] = [];
      const { store } = hostStore({ broken: entry, [KEY]: ENTRY });
      const rows = [...store.list("a", (key) => unreadable.push(key))];
      expect(rows.map(({ sessionKey }) => sessionKey)).toEqual([KEY]);
      expect(unreadable).toEqual(["broken"]);
    },
  );

  it("asks the host at once, and reads each row when it is asked for", () => {
    const entries = Object.fromEntries(["a", "b"].map((key) => [key, { ...ENTRY }]));
    const { store, asked } = hostStore({ ...entries, broken: {} });
    const unreadable: string[] = [];
    const rows = store.list("a", (key) => unreadable.push(key))[Symbol.iterator]();
    expect([asked.length, rows.next().value?.sessionKey, unreadable]).toEqual([1, "a", []]);
    expect([rows.next().value?.sessionKey, rows.next().done, unreadable]).toEqual(["b", true, ["broken"]]);
  });

  it("reads only, and without the skill snapshots", () => {
    const { store, asked } = hostStore({});
    store.list("a", () => undefined);
    expect(asked).toEqual([{ agentId: "a", readOnly: true, hydrateSkillPromptRefs: false }]);
  });
});

describe("get", () => {
  it("finds one session, or none", () => {
    const { store } = hostStore({ [KEY]: ENTRY });
    expect(store.get("a", KEY)?.sessionId).toBe("session-1");
    expect(store.get("a", "unknown")).toBeUndefined();
  });
});

describe("routeOf", () => {
  const ROUTE = { channel: "telegram", to: "1", accountId: "main", threadId: 7 };
  const routeOf = (config: Config, over: Entry = {}) => {
    const { store } = hostStore({ [KEY]: { ...ENTRY, ...over } }, config);
    return store.routeOf(rowOf(store));
  };
  const denied = (match: object): Config => ({ session: { sendPolicy: { rules: [{ action: "deny", match }] } } });

  it("is the row's route when the operator has said nothing", () => {
    expect(routeOf({})).toEqual(ROUTE);
  });

  it.each([
    ["everything", { session: { sendPolicy: { default: "deny" } } } satisfies Config],
    ["the channel", denied({ channel: "telegram" })],
    ["the chat type", denied({ chatType: "direct" })],
    ["the session's key", denied({ keyPrefix: "telegram:direct" })],
  ])("is none when the operator denies %s", (_name, config) => {
    expect(routeOf(config)).toBeUndefined();
  });

  it.each([
    ["channel", denied({ channel: "discord" })],
    ["chat type", denied({ chatType: "group" })],
  ])("is the row's when the operator denies another %s", (_name, config) => {
    expect(routeOf(config)).toEqual(ROUTE);
  });

  it("goes by the session's own policy before the operator's", () => {
    expect(routeOf({}, { sendPolicy: "deny" })).toBeUndefined();
    expect(routeOf({ session: { sendPolicy: { default: "deny" } } }, { sendPolicy: "allow" })).toEqual(ROUTE);
  });

  it("goes by what the entry says by then", () => {
    const { store, entries } = hostStore({ [KEY]: ENTRY });
    const before = rowOf(store);
    entries[KEY] = { ...ENTRY, sendPolicy: "deny" };
    expect(store.routeOf(before)).toBeUndefined();
  });

  it("is none of a row without one, and of a session that is gone", () => {
    expect(routeOf({}, { delivery: undefined })).toBeUndefined();
    const { store, entries } = hostStore({ [KEY]: ENTRY });
    const before = rowOf(store);
    delete entries[KEY];
    expect(store.routeOf(before)).toBeUndefined();
  });
});

describe("runContext", () => {
  const CHANNEL = {
    chatType: "direct",
    messageChannel: "telegram",
    messageProvider: "telegram",
    agentAccountId: "main",
    messageTo: "1",
    messageThreadId: 7,
  };
  const contextOf = (over: Entry = {}) => {
    const { store } = hostStore({ [KEY]: { ...ENTRY, ...over } });
    return store.runContext(rowOf(store));
  };

  it("is the channel, and nothing given as undefined, when the session has nothing of its own", () => {
    const context = contextOf();
    expect(context).toEqual({ ...CHANNEL, execSession: {} });
    expect(Object.values(context)).not.toContain(undefined);
  });

  it("is no channel without a route", () => {
    const context = contextOf({ delivery: undefined, chatType: undefined });
    expect(Object.keys(context)).toEqual(["execSession"]);
  });

  it("has the model that the session was switched to, with its provider", () => {
    expect(contextOf({ modelOverride: "m", providerOverride: "p" })).toMatchObject({ model: "m", provider: "p" });
  });

  it("has no provider without a model of the session's own", () => {
    const context = contextOf({ providerOverride: "p", model: "last used", modelProvider: "last used" });
    expect(Object.keys(context)).not.toContain("provider");
    expect(Object.keys(context)).not.toContain("model");
  });

  it.each([
    [undefined, "user"],
    ["user", "user"],
    ["auto", "auto"],
  ])("has the auth profile, chosen by %s as by %s", (source, expected) => {
    const context = contextOf({ authProfileOverride: "work", authProfileOverrideSource: source });
    expect(context).toMatchObject({ authProfileId: "work", authProfileIdSource: expected });
  });

  it("has no source of an auth profile without one", () => {
    expect(Object.keys(contextOf({ authProfileOverrideSource: "auto" }))).not.toContain("authProfileIdSource");
  });

  it("has the permissions of the session", () => {
    const permissions = { permissionMode: "ask", sessionRoot: "/srv/x", toolOverrides: { deny: ["exec"] } };
    const exec = { execHost: "node", execNode: "n1", execCwd: "/srv", sandbox: { mode: "all" } };
    expect(contextOf({ ...permissions, ...exec })).toMatchObject({
      ...permissions,
      execSession: { ...exec, permissionMode: "ask" },
    });
  });

  it("has how the session thinks and speaks", () => {
    const levels = { reasoningLevel: "on", verboseLevel: "off", fastMode: true };
    const own = { thinkingLevel: "high", agentHarnessId: "h", agentRuntimeOverride: "r" };
    expect(contextOf({ ...levels, ...own })).toMatchObject({
      ...levels,
      thinkLevel: "high",
      agentHarnessId: "h",
      agentHarnessRuntimeOverride: "r",
    });
  });

  it("has the group of a group chat", () => {
    expect(contextOf({ chatType: "group", groupId: "g", groupChannel: "#c", space: "s" })).toMatchObject({
      chatType: "group",
      groupId: "g",
      groupChannel: "#c",
      groupSpace: "s",
    });
  });

  it("names no sender: owner rights end with the turn", () => {
    const context = contextOf({ senderId: "1", origin: { from: "1" }, senderIsOwner: true });
    expect(Object.keys(context).filter((field) => /sender|owner/i.test(field))).toEqual([]);
  });

  it("is empty of a session that is gone", () => {
    const { store, entries } = hostStore({ [KEY]: ENTRY });
    const before = rowOf(store);
    delete entries[KEY];
    expect(store.runContext(before)).toEqual({});
  });
});

describe("claim", () => {
  const RECOVERY: Entry = {
    mainRestartRecovery: { attempts: 1 },
    restartRecoveryRuns: 1,
    restartRecoveryDeliveryRunId: "r",
    restartRecoveryDeliverySourceRunId: "r",
    restartRecoveryDeliveryContext: {},
    restartRecoveryForceSafeTools: true,
  };

  it("takes the session from the host's recovery and touches nothing else", async () => {
    const { store, entries, asked } = hostStore({ [KEY]: { ...ENTRY, ...RECOVERY, other: 1 } });
    expect(await store.claim(rowOf(store))).toEqual(store.forecast(rowOf(store)));
    expect(entries[KEY]).toEqual({ ...ENTRY, other: 1, status: "killed", abortedLastRun: false });
    expect(asked).toMatchObject([{ agentId: "a", sessionKey: KEY, preserveActivity: true }]);
  });

  it("asks for no cleanup: no row was added", async () => {
    const { store, asked } = hostStore({ [KEY]: ENTRY });
    await store.claim(rowOf(store));
    expect(asked).toMatchObject([{ maintenanceConfig: { mode: "warn" } }]);
  });

  it.each([{ sessionId: "session-2" }, { status: "done" }, { lastInteractionAt: 101 }])(
    "leaves a session alone that has changed to %j meanwhile",
    async (change) => {
      const { store, entries } = hostStore({ [KEY]: ENTRY });
      const before = rowOf(store);
      entries[KEY] = { ...ENTRY, ...change };
      expect(await store.claim(before)).toBeUndefined();
      expect(entries[KEY]).toEqual({ ...ENTRY, ...change });
    },
  );

  it("does not take a session that is gone", async () => {
    const { store, entries } = hostStore({ [KEY]: ENTRY });
    const before = rowOf(store);
    delete entries[KEY];
    expect(await store.claim(before)).toBeUndefined();
  });

  it("rejects when the entry cannot be read any more", async () => {
    const { store, entries } = hostStore({ [KEY]: ENTRY });
    const before = rowOf(store);
    entries[KEY] = { status: "running" };
    await expect(store.claim(before)).rejects.toThrow("no session id");
  });
});

describe("finish", () => {
  const CLAIMED: Entry = { ...ENTRY, status: "killed", abortedLastRun: false, other: 1 };

  it("says of a session that is as it was claimed that its turn has ended well", async () => {
    const { store, entries, asked } = hostStore({ [KEY]: CLAIMED });
    expect(await store.finish(rowOf(store))).toBe(true);
    expect(entries[KEY]).toEqual({ ...CLAIMED, status: "done" });
    expect(asked).toMatchObject([{ agentId: "a", sessionKey: KEY, preserveActivity: true }]);
  });

  it.each(["done", "running", "failed"])("leaves one alone of which the host says %j", async (status) => {
    const { store, entries } = hostStore({ [KEY]: { ...CLAIMED, status } });
    expect(await store.finish(rowOf(store))).toBe(false);
    expect(entries[KEY]).toEqual({ ...CLAIMED, status });
  });

  it("leaves one alone that its user has continued meanwhile", async () => {
    const { store, entries } = hostStore({ [KEY]: CLAIMED });
    const before = rowOf(store);
    entries[KEY] = { ...CLAIMED, status: "running" };
    expect(await store.finish(before)).toBe(false);
    expect(entries[KEY]).toEqual({ ...CLAIMED, status: "running" });
  });
});

describe("release", () => {
  const CLAIMED: Entry = { ...ENTRY, status: "killed", abortedLastRun: false, other: 1 };

  it.each([
    ["now", true],
    ["at-next-start", false],
  ] as const)(
    "gives the session back with the marks that the host's recovery knows (%s), and touches nothing else",
    async (when, abortedLastRun) => {
      const { store, entries, asked } = hostStore({ [KEY]: { ...CLAIMED, abortedLastRun: !abortedLastRun } });
      expect(await store.release(rowOf(store), when)).toBe(true);
      expect(entries[KEY]).toEqual({ ...CLAIMED, status: "running", abortedLastRun });
      expect(asked).toMatchObject([{ agentId: "a", sessionKey: KEY, preserveActivity: true }]);
    },
  );

  it("undoes a claim", async () => {
    const { store, entries } = hostStore({ [KEY]: ENTRY });
    await store.claim(rowOf(store));
    await store.release(rowOf(store), "now");
    expect(entries[KEY]).toEqual(ENTRY);
  });

  describe.each(["now", "at-next-start"] as const)("%s", (when) => {
    it.each([{ sessionId: "session-2" }, { status: "done" }, { lastInteractionAt: 101 }])(
      "leaves a session alone that has changed to %j meanwhile",
      async (change) => {
        const { store, entries } = hostStore({ [KEY]: CLAIMED });
        const before = rowOf(store);
        entries[KEY] = { ...CLAIMED, ...change };
        expect(await store.release(before, when)).toBe(false);
        expect(entries[KEY]).toEqual({ ...CLAIMED, ...change });
      },
    );

    it("does not give back a session that is gone", async () => {
      const { store, entries } = hostStore({ [KEY]: CLAIMED });
      const before = rowOf(store);
      delete entries[KEY];
      expect(await store.release(before, when)).toBe(false);
    });
  });
});

describe("a forecast", () => {
  const PRICED = {
    agents: { list: [{ id: "a" }], defaults: { model: { primary: "stub/m" } } },
    models: { providers: { stub: { models: [{ id: "m", cost: { input: 2 } }] } } },
  } as unknown as Config;
  const forecast = (entries: Record<string, unknown>, over: object = {}) => {
    const { store } = hostStore({ [KEY]: ENTRY });
    const row = { ...rowOf(store), totalTokens: 500_000, ...over };
    return hostStore(entries, PRICED).store.forecast(row);
  };

  it("is the provider that the session's next run asks, and its conversation at the price of the model", () => {
    expect(forecast({ [KEY]: ENTRY })).toEqual({ provider: "stub", estimate: { tokens: 500_000, costUsd: 1 } });
  });

  it("comes with the claim", async () => {
    const { store } = hostStore({ [KEY]: ENTRY }, PRICED);
    expect(await store.claim({ ...rowOf(store), totalTokens: 500_000 })).toEqual(forecast({ [KEY]: ENTRY }));
  });

  it("is that of the session's own model, as its entry is now", () => {
    const entry = { ...ENTRY, providerOverride: "else", modelOverride: "big" };
    expect(forecast({ [KEY]: entry })).toEqual({ provider: "else", estimate: { tokens: 500_000, costUsd: 0 } });
  });

  it("is made without what is not known, and never stands in the way", () => {
    const nothing = { provider: undefined, estimate: { tokens: 500_000, costUsd: 0 } };
    expect(forecast({})).toEqual(nothing);
    expect(forecast({ [KEY]: ENTRY }, { totalTokens: undefined })).toMatchObject({ estimate: { tokens: 0 } });
    const broken = createSessionStore(
      {
        getSessionEntry: () => {
          throw new Error("unreadable");
        },
      } as object as Api,
      () => PRICED,
    );
    expect(broken.forecast({ ...rowOf(hostStore({ [KEY]: ENTRY }).store), totalTokens: 500_000 })).toEqual(nothing);
  });
});
