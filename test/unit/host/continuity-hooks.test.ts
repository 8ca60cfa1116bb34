import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { OpenClawPluginApi } from "openclaw/plugin-sdk/plugin-entry";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ResumeService } from "../../../src/host/service.ts";
import { EventBus } from "../../../src/domain/events.ts";

const KEY = "agent:main:telegram:direct:1";
const ON = { continuity: { enabled: true } };
const GRANTED = { allowConversationAccess: true };

let stateDir: string;
let sessionsDir: string;
/** The host's own reader of transcripts, where it has one. */
let reader: ((scope: object) => unknown[]) | undefined;
let told: string[];

beforeEach(() => {
  stateDir = mkdtempSync(path.join(tmpdir(), "continuity-hooks-"));
  sessionsDir = path.join(stateDir, "sessions");
  mkdirSync(sessionsDir);
  reader = undefined;
  told = [];
});
afterEach(() => {
  vi.doUnmock("../../../src/host/sdk.ts");
  vi.resetModules();
  rmSync(stateDir, { recursive: true });
});

type Hook = (event: object, context: object) => unknown;

/** Registers as the host would, and returns the hooks by name. */
async function register(over: { mode?: string; settings?: unknown; hooks?: object } = {}): Promise<Map<string, Hook>> {
  vi.resetModules();
  vi.doMock("../../../src/host/sdk.ts", () => ({ loadTranscriptEventsSync: reader }));
  const { inProcess } = await import("../../../src/host/in-process.ts");
  delete inProcess.carryOvers;
  const events = new EventBus();
  inProcess.service = { events } as ResumeService;
  events.onAny((name, event) => told.push(`${name} ${"reason" in event ? String(event.reason) : ""}`.trim()));
  const { registerContinuity } = await import("../../../src/host/continuity-hooks.ts");
  const { mode = "full", settings = ON, hooks: permissions = GRANTED } = over;
  const hooks = new Map<string, Hook>();
  registerContinuity({
    id: "resume-scheduler",
    registrationMode: mode,
    pluginConfig: settings,
    config: { plugins: { entries: { "resume-scheduler": { hooks: permissions } } } },
    runtime: {
      state: { resolveStateDir: () => stateDir },
      agent: { session: { resolveStorePath: () => path.join(sessionsDir, "sessions.json") } },
    },
    on: (name: string, hook: Hook) => hooks.set(name, hook),
  } as unknown as OpenClawPluginApi);
  return hooks;
}

describe("registers", () => {
  it.each([
    ["all in full mode", {}, ["session_end", "before_prompt_build", "agent_end"]],
    ["those of the prompt in discovery mode", { mode: "discovery" }, ["before_prompt_build", "agent_end"]],
    ["none when it is off", { settings: {} }, []],
    ["none without settings", { settings: null }, []],
    ["none when the settings are wrong", { settings: { ...ON, mode: 1 } }, []],
    ["none without the permission", { hooks: {} }, []],
    ["none when prompts must not be touched", { hooks: { ...GRANTED, allowPromptInjection: false } }, []],
    ["all when they expressly may be", { hooks: { ...GRANTED, allowPromptInjection: true } }, 3],
  ])("%s", async (_, over, expected) => {
    const names = [...(await register(over)).keys()];
    expect(typeof expected === "number" ? names.length : names).toEqual(expected);
  });
});

const said = (text: string) => ({ type: "message", timestamp: Date.now(), message: { role: "user", content: text } });
const write = (name: string, text: string) => {
  const file = path.join(sessionsDir, name);
  writeFileSync(file, `${JSON.stringify(said(text))}\n`);
  return file;
};

/** What the first turn gets after a session has ended so. */
async function after(ended: object): Promise<string | undefined> {
  const hooks = await register();
  const context = { agentId: "main", sessionKey: KEY };
  const event = { sessionId: "old", sessionKey: KEY, reason: "idle", nextSessionId: "new", ...ended };
  hooks.get("session_end")?.(event, { ...context, sessionId: "old" });
  const built = hooks.get("before_prompt_build")?.({ messages: [] }, { ...context, sessionId: "new" });
  hooks.get("agent_end")?.({ success: true }, { ...context, sessionId: "new" });
  return (built as { prependContext: string } | undefined)?.prependContext;
}

describe("finds the transcript", () => {
  it("in the file that the host names", async () => {
    write("old.jsonl", "another");
    const sessionFile = write("old.jsonl.reset.2026-11-26T10-47-34.876Z", "the one");
    expect(await after({ sessionFile })).toContain("the one");
    expect(told).toEqual(["carriedOver"]);
  });

  it("by the host's own reader", async () => {
    reader = (scope) => [said(JSON.stringify(scope))];
    const scope = {
      agentId: "main",
      sessionKey: KEY,
      sessionId: "old",
      storePath: path.join(sessionsDir, "sessions.json"),
    };
    expect(await after({ sessionFile: "sqlite" })).toContain(JSON.stringify(JSON.stringify(scope)));
    reader = () => [];
    expect(await after({})).toBeUndefined();
    expect(told.at(-1)).toBe("notCarriedOver no-transcript");
  });

  it.each([
    ["its folder", {}],
    ["the folder of a file that is gone", { sessionFile: "gone.jsonl" }],
  ])("by its name in %s: the newest", async (_, { sessionFile }: { sessionFile?: string }) => {
    utimesSync(write("old.jsonl.reset.2026-11-25T00-00-00.000Z", "before"), 1, 1);
    write("old.jsonl.reset.2026-11-26T00-00-00.000Z", "the one");
    write("old.jsonl.lock", "no transcript");
    write("older.jsonl", "another's");
    const named = sessionFile === undefined ? {} : { sessionFile: path.join(sessionsDir, sessionFile) };
    expect(await after(named)).toContain("the one");
  });

  it("of a topic", async () => {
    write("old-topic-7.jsonl.reset.2026-11-26T00-00-00.000Z", "the one");
    expect(await after({})).toContain("the one");
  });

  it("or says that there is none", async () => {
    expect(await after({})).toBeUndefined();
    rmSync(sessionsDir, { recursive: true });
    expect(await after({})).toBeUndefined();
    expect(told).toEqual(["notCarriedOver no-transcript", "notCarriedOver no-transcript"]);
  });
});

it("what the host takes for a secret is not carried, also where its log is not redacted", async () => {
  const sessionFile = write("old.jsonl", "my key is sk-abcdefghijklmnopqrstuvwxyz0123456789ABCD");
  const block = await after({ sessionFile });
  expect(block).toContain("my key is sk-");
  expect(block).not.toContain("ijklmnop");
});

describe("at a start what waits", () => {
  const DAY = 24 * 3_600_000;
  const waiting = (toId: string, agoMs: number) => ({
    agentId: "main",
    sessionKey: `${KEY}${toId}`,
    fromId: "old",
    toId,
    block: "said",
    atMs: Date.now() - agoMs,
  });

  it.each([
    ["is forgotten after a day", ON, GRANTED, ["young"]],
    ["is forgotten when the feature is off", {}, GRANTED, []],
    ["is forgotten when it is not permitted any more", ON, {}, []],
  ])("%s", async (_name, settings, hooks, left) => {
    vi.doMock("../../../src/host/sdk.ts", () => ({ loadTranscriptEventsSync: reader }));
    const { sweepCarryOvers } = await import("../../../src/host/continuity-hooks.ts");
    const { CarryOvers } = await import("../../../src/record/carry-overs.ts");
    const store = new CarryOvers(stateDir);
    store.put(waiting("young", DAY / 2));
    store.put(waiting("old", 2 * DAY));
    const config = { plugins: { entries: { "resume-scheduler": { hooks } } } };
    const api = { id: "resume-scheduler", pluginConfig: settings, config };
    sweepCarryOvers(api as unknown as OpenClawPluginApi, stateDir);
    expect(store.all().map(({ toId }) => toId)).toEqual(left);
  });
});

describe("a start forgets", () => {
  const DAY = 24 * 3_600_000;
  const KEYS = ["young", "old"];

  /** Which of two that wait are left. */
  async function leftAfter(over: { settings?: unknown; hooks?: object } = {}): Promise<(string | undefined)[]> {
    const { CarryOvers } = await import("../../../src/record/carry-overs.ts");
    const { sweepCarryOvers } = await import("../../../src/host/continuity-hooks.ts");
    const store = new CarryOvers(stateDir);
    for (const [index, sessionKey] of KEYS.entries()) {
      const atMs = Date.now() - index * (DAY + 1000);
      store.put({ agentId: "main", sessionKey, fromId: "old", toId: "new", block: "x", atMs });
    }
    sweepCarryOvers(apiOf(over), stateDir);
    return store.all().map(({ sessionKey }) => sessionKey);
  }

  const apiOf = ({ settings = ON as unknown, hooks = GRANTED as object }) =>
    ({
      id: "resume-scheduler",
      pluginConfig: settings,
      config: { plugins: { entries: { "resume-scheduler": { hooks } } } },
    }) as unknown as OpenClawPluginApi;

  it.each([
    ["what has waited for more than a day", {}, ["young"]],
    ["everything when it is off", { settings: {} }, []],
    ["everything when the settings are wrong", { settings: { ...ON, mode: 1 } }, []],
    ["everything without the permission", { hooks: {} }, []],
  ])("%s", async (_, over, left) => {
    expect(await leftAfter(over)).toEqual(left);
  });

  it("nothing where there is nothing, and is not kept from starting", async () => {
    const { sweepCarryOvers } = await import("../../../src/host/continuity-hooks.ts");
    sweepCarryOvers(apiOf({ settings: {} }), stateDir);
    expect(readdirSync(stateDir)).toEqual(["sessions"]);
    mkdirSync(path.join(stateDir, "resume-scheduler"));
    const file = path.join(stateDir, "resume-scheduler", "record.sqlite");
    writeFileSync(file, "no database, and long enough to be looked at as one".repeat(100));
    sweepCarryOvers(apiOf({}), stateDir);
    sweepCarryOvers({} as OpenClawPluginApi, stateDir);
    expect(readFileSync(file, "utf8")).toContain("no database");
  });
});
