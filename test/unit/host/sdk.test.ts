import type { OpenClawConfig } from "openclaw/plugin-sdk/plugin-entry";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

/** A host without what not every host has. */
const LACKING = ["agent-scope-runtime", "diagnostic-runtime", "session-store-runtime", "state-paths"] as const;

const config = (parts: object) => parts as OpenClawConfig;

describe("on a host that lacks them", () => {
  beforeEach(() => {
    vi.resetModules();
    vi.doMock("openclaw/plugin-sdk/agent-scope-runtime", () => {
      throw new Error("no such module");
    });
    vi.doMock("openclaw/plugin-sdk/model-session-runtime", () => ({ resolveSessionModelRef: undefined }));
    vi.doMock("openclaw/plugin-sdk/session-store-runtime", () => ({
      loadTranscriptEventsSync: undefined,
      readRecentUserAssistantTextForSession: undefined,
      readTranscriptStatsSync: undefined,
      getConversationSession: undefined,
    }));
    vi.doMock("openclaw/plugin-sdk/state-paths", () => ({
      resolveConfigPath: undefined,
      resolveStateDir: () => "/state",
    }));
    vi.doMock("openclaw/plugin-sdk/diagnostic-runtime", () => ({
      areDiagnosticsEnabledForProcess: undefined,
      isDiagnosticsEnabled: ({ diagnostics }: OpenClawConfig) => diagnostics?.enabled !== false,
    }));
  });
  afterEach(() => {
    for (const name of [...LACKING, "model-session-runtime"]) vi.doUnmock(`openclaw/plugin-sdk/${name}`);
    vi.unstubAllEnvs();
    vi.resetModules();
  });

  const load = async () => {
    const sdk = await import("../../../src/host/sdk.ts");
    await sdk.loadSdk();
    return sdk;
  };

  it.each([
    [{}, ["main"], "main"],
    [{ agents: { list: [] } }, ["main"], "main"],
    [{ agents: { list: [{ id: "Ops" }, null, {}, { id: "ops" }, { id: "b", default: true }] } }, ["ops", "b"], "b"],
    [{ agents: { entries: { a: {}, b: {} } } }, ["a", "b"], "a"],
  ])("the agents of %j are told by the configuration", async (agents, ids, byDefault) => {
    const { defaultAgentId, listAgentIds } = await load();
    expect(listAgentIds(config(agents))).toEqual(ids);
    expect(defaultAgentId(config(agents))).toBe(byDefault);
  });

  it("diagnostics are what the configuration says", async () => {
    const { areDiagnosticsEnabled } = await load();
    expect(areDiagnosticsEnabled(config({}))).toBe(true);
    expect(areDiagnosticsEnabled(config({ diagnostics: { enabled: false } }))).toBe(false);
  });

  it("the configuration file is the one that is named, or in the state folder", async () => {
    const { configPath } = await load();
    vi.stubEnv("OPENCLAW_CONFIG_PATH", " /some/where.json ");
    expect(configPath()).toBe("/some/where.json");
    vi.stubEnv("OPENCLAW_CONFIG_PATH", "");
    expect(configPath()).toBe("/state/openclaw.json");
  });

  it("transcripts are files", async () => {
    expect((await load()).keepsTranscriptFiles).toBe(true);
  });

  it("a session that is released until the next start has the mark that the host then looks for", async () => {
    await load();
    const { createSessionStore } = await import("../../../src/host/session-store.ts");
    const entry = { sessionId: "s", status: "killed" };
    const written: unknown[] = [];
    const api = {
      getSessionEntry: () => entry,
      patchSessionEntry: ({ update }: { update: (now: object) => object }) => written.push(update(entry)),
    } as unknown as Parameters<typeof createSessionStore>[0];
    const store = createSessionStore(api, () => config({}));
    await store.release(store.get("a", "agent:a:chat")!, "at-next-start");
    expect(written).toEqual([{ status: "running", abortedLastRun: true }]);
  });

  it("a claim leaves the entry the chat that the host would send its answer to", async () => {
    await load();
    const { createSessionStore } = await import("../../../src/host/session-store.ts");
    const entry = {
      sessionId: "s",
      status: "running",
      restartRecoveryDeliveryContext: { channel: "telegram", to: "1" },
    };
    const written: object[] = [];
    const api = {
      getSessionEntry: () => entry,
      patchSessionEntry: ({ update }: { update: (now: object) => object }) => written.push(update(entry)),
    } as unknown as Parameters<typeof createSessionStore>[0];
    const store = createSessionStore(api, () => config({}));
    await store.claim(store.get("a", "agent:a:chat")!);
    expect(written).toHaveLength(1);
    expect(written[0]).toMatchObject({ status: "killed", restartRecoveryDeliveryRunId: undefined });
    expect(written[0]).not.toHaveProperty("restartRecoveryDeliveryContext");
  });

  it("the entry does not tell whether the host recovers a session, whatever stands there of runs", async () => {
    await load();
    const { createSessionStore } = await import("../../../src/host/session-store.ts");
    const isRecovery = (entry: object) => {
      const api = { getSessionEntry: () => entry } as unknown as Parameters<typeof createSessionStore>[0];
      return createSessionStore(api, () => config({})).isRecovery("a", "agent:a:chat", "run-1");
    };
    expect(isRecovery({})).toBeUndefined();
    expect(isRecovery({ restartRecoveryRuns: [{ runId: "run-2" }] })).toBeUndefined();
  });

  it("a reset is guarded, if the host has what that needs", async () => {
    const { setActiveEmbeddedRun } = await import("openclaw/plugin-sdk/agent-harness-runtime");
    expect((await (await load()).loadActiveRuns())?.setActiveEmbeddedRun).toBe(setActiveEmbeddedRun);
    vi.resetModules();
    vi.doMock("openclaw/plugin-sdk/agent-harness-runtime", () => {
      throw new Error("no such module");
    });
    expect(await (await load()).loadActiveRuns()).toBeUndefined();
    vi.doUnmock("openclaw/plugin-sdk/agent-harness-runtime");
  });

  it("an unanswered message is moved where transcripts are no files", async () => {
    expect((await load()).movesUnanswered).toBe(false);
    vi.resetModules();
    vi.doMock("openclaw/plugin-sdk/session-store-runtime", () => ({
      loadTranscriptEventsSync: () => [],
      readRecentUserAssistantTextForSession: undefined,
      readTranscriptStatsSync: undefined,
      getConversationSession: undefined,
    }));
    expect((await load()).movesUnanswered).toBe(true);
  });

  describe("the model of a session", () => {
    const agents = {
      list: [
        { id: "a", model: { primary: "own/x" } },
        { id: "b", model: "fast" },
      ],
      defaults: { model: { primary: "stub/m/1" } },
    };
    const last = { modelProvider: "last", model: "l" };

    it.each([
      ["its own", "a", { ...last, providerOverride: "p", modelOverride: "m" }, { provider: "p", model: "m" }],
      ["its own, of the agent's provider", "a", { ...last, modelOverride: "m" }, { provider: "own", model: "m" }],
      ["the agent's", "a", last, { provider: "own", model: "x" }],
      ["everybody's", "c", last, { provider: "stub", model: "m/1" }],
      ["the last that was asked, where the agent's is an alias", "b", last, { provider: "last", model: "l" }],
      ["not known, where nothing was asked", "b", {}, undefined],
    ])("is %s", async (_name, agentId, entry, expected) => {
      const { modelOf, modelToName } = await import("../../../src/host/model-use.ts");
      const known = entry as Parameters<typeof modelOf>[1];
      expect(modelOf(config({ agents }), known, agentId)).toEqual(expected);
      expect(modelToName(config({ agents }), known, agentId)).toEqual(expected ?? {});
    });
  });
});

describe("on a host that has them", () => {
  it("the host is asked", async () => {
    const sdk = await import("../../../src/host/sdk.ts");
    const { modelToName } = await import("../../../src/host/model-use.ts");
    await sdk.loadSdk();
    vi.stubEnv("OPENCLAW_CONFIG_PATH", "/some/where.json");
    expect(sdk.configPath()).toBe("/some/where.json");
    vi.unstubAllEnvs();
    expect(sdk.listAgentIds(config({}))).toEqual(["main"]);
    expect(sdk.defaultAgentId(config({}))).toBe("main");
    expect(sdk.areDiagnosticsEnabled(config({}))).toBe(true);
    expect([sdk.keepsTranscriptFiles, sdk.movesUnanswered, sdk.abortsOwnReset]).toEqual([false, false, false]);
    expect(await sdk.loadActiveRuns()).toBeUndefined();
    expect(modelToName(config({}), { sessionId: "s", updatedAt: 0, modelOverride: "m" }, "a")).toEqual({});
  });
});
