import { getEventListeners } from "node:events";
import { mkdtempSync, readdirSync, readlinkSync, rmSync, unwatchFile, watchFile, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { OpenClawPluginApi, OpenClawPluginServiceContext } from "openclaw/plugin-sdk/plugin-entry";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Providers } from "../../../src/domain/providers.ts";
import { ResumeService } from "../../../src/host/service.ts";
import { ResumeLane } from "../../../src/lane/resume-lane.ts";
import { Facts } from "../../../src/record/facts.ts";
import { History } from "../../../src/record/history.ts";
import { entry } from "../support/fake-host.ts";

/** What a service takes of its host and of the process, counted. */
class CountingHost {
  readonly agentEvents = new Set<unknown>();
  readonly sessionEvents = new Set<unknown>();
  readonly gateway = new AbortController();
  entries: readonly { readonly sessionKey: string; readonly entry: unknown }[] = [];
  /** Runs while a session is being claimed. */
  onPatch: () => Promise<void> = async () => undefined;
  settings: unknown = {};
  dmScope = "per-channel-peer";
  /** Whether it has what runs a turn. */
  canRun = true;
  readonly logged: string[] = [];
  readonly #stateDir: string;

  constructor(stateDir: string) {
    this.#stateDir = stateDir;
  }

  get api(): OpenClawPluginApi {
    const subscribe = (to: Set<unknown>) => (listener: unknown) => {
      to.add(listener);
      return () => void to.delete(listener);
    };
    const runtime = {
      config: { current: () => this.#config },
      events: { onAgentEvent: subscribe(this.agentEvents) },
      agent: {
        runEmbeddedAgent: this.canRun ? () => undefined : undefined,
        resolveAgentWorkspaceDir: () => this.#stateDir,
        session: {
          listSessionEntries: () => this.entries,
          getSessionEntry: () => undefined,
          patchSessionEntry: () => this.onPatch(),
          resolveStorePath: () => path.join(this.#stateDir, "sessions.json"),
        },
      },
    };
    return { id: "resume-scheduler", version: "0", runtime } as unknown as OpenClawPluginApi;
  }

  get context(): OpenClawPluginServiceContext {
    const add = (listener: unknown) => {
      this.sessionEvents.add(listener);
      return () => void this.sessionEvents.delete(listener);
    };
    const logger = { debug() {}, info() {}, warn() {}, error: (line: string) => void this.logged.push(line) };
    const gatewayEvents = { onSessionsChanged: add };
    const context = { stateDir: this.#stateDir, config: this.#config, logger, gatewayEvents };
    return context as unknown as OpenClawPluginServiceContext;
  }

  get #config() {
    const entries = { "resume-scheduler": { config: this.settings } };
    return { agents: { list: [{ id: "main" }] }, session: { dmScope: this.dmScope }, plugins: { entries } };
  }
}

let stateDir: string;
let host: CountingHost;
let configFile: string;

beforeEach(() => {
  Reflect.deleteProperty(Reflect.get(globalThis, Symbol.for("openclaw-resume-scheduler")) as object, "stopping");
  stateDir = mkdtempSync(path.join(tmpdir(), "resume-service-"));
  configFile = path.join(stateDir, "openclaw.json");
  writeFileSync(configFile, "{}");
  vi.stubEnv("OPENCLAW_CONFIG_PATH", configFile);
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval"] });
  host = new CountingHost(stateDir);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
  rmSync(stateDir, { recursive: true });
});

/** Whoever looks is counted too. */
function fileWatchers(): number {
  const look = () => undefined;
  const watcher = watchFile(configFile, { persistent: false }, look);
  const count = watcher.listenerCount("change") - 1;
  unwatchFile(configFile, look);
  return count;
}

type DiagnosticsState = { readonly listeners: ReadonlyMap<unknown, unknown> };
const diagnosticListeners = (): number => {
  const state = Reflect.get(globalThis, Symbol.for("openclaw.diagnosticEvents.state.v1")) as
    | DiagnosticsState
    | undefined;
  return state?.listeners.size ?? 0;
};

/** One session to claim. It is held for its key: nothing of the host's own is opened to look further. */
function claimable(): void {
  host.dmScope = "main";
  host.entries = [{ sessionKey: "agent:main:telegram:direct:1", entry: { ...entry(), abortedLastRun: true } }];
}

/** What this process has open of the state folder. */
const openFiles = (): string[] =>
  readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      const file = readlinkSync(`/proc/self/fd/${fd}`);
      return file.startsWith(stateDir) ? [file] : [];
    } catch {
      return [];
    }
  });

const taken = () => ({
  agentEvents: host.agentEvents.size,
  sessionEvents: host.sessionEvents.size,
  diagnostics: diagnosticListeners(),
  stopping: getEventListeners(host.gateway.signal, "abort").length,
  files: fileWatchers(),
  timers: vi.getTimerCount(),
});
const NOTHING = { agentEvents: 0, sessionEvents: 0, diagnostics: 0, stopping: 0, files: 0, timers: 0 };

it("leaves nothing behind: one start, stop, start and stop after the other, each stop asked for twice", async () => {
  const service = new ResumeService(host.api);
  for (let round = 0; round < 3; round += 1) {
    await service.start(host.context);
    service.gatewayStarted(new AbortController().signal);
    expect(taken()).toMatchObject({ agentEvents: 2, sessionEvents: 1, diagnostics: 1, files: 1 });
    expect(service.registry).toBeDefined();
    const first = service.stop();
    expect(service.stop()).toBe(first);
    await first;
    expect(taken()).toEqual(NOTHING);
    expect(service.registry).toBeUndefined();
  }
  await service.stop();
});

it("goes on with what was used when it is replaced, and begins anew with the next gateway", async () => {
  const spentNow = () => service.office().active?.lane.spent;
  const used = { tokens: 700, costUsd: 0.5 };
  let service = new ResumeService(host.api);
  await service.start(host.context);
  service.gatewayStarted(host.gateway.signal);
  expect(spentNow()).toEqual({ tokens: 0, costUsd: 0 });
  const memory = { spent: used, providers: new Providers({ initialMs: 1, maxMs: 1 }) };
  const spied = vi.spyOn(ResumeLane.prototype, "memory", "get").mockReturnValue(memory);
  await service.stop();
  spied.mockRestore();
  service = new ResumeService(host.api);
  await service.start(host.context);
  expect(spentNow()).toEqual(used);
  await service.stop();
  host.gateway.abort();
  service = new ResumeService(host.api);
  await service.start(host.context);
  expect(spentNow()).toEqual({ tokens: 0, costUsd: 0 });
  await service.stop();
});

it("begins anew after a gateway that was told to stop before it had told of its start", async () => {
  let service = new ResumeService(host.api);
  await service.start(host.context);
  service.gatewayStarted(AbortSignal.abort());
  const memory = { spent: { tokens: 700, costUsd: 0 }, providers: new Providers({ initialMs: 1, maxMs: 1 }) };
  const spied = vi.spyOn(ResumeLane.prototype, "memory", "get").mockReturnValue(memory);
  await service.stop();
  spied.mockRestore();
  service = new ResumeService(host.api);
  await service.start(host.context);
  expect(service.office().active?.lane.spent.tokens).toBe(0);
  await service.stop();
});

describe("a plugin that replaces one while the gateway runs", () => {
  const modeAfterReplacement = async (signal: AbortSignal | undefined) => {
    const first = new ResumeService(host.api);
    await first.start(host.context);
    first.gatewayStarted(signal);
    await first.stop();
    const service = new ResumeService(host.api);
    await service.start(host.context);
    const { mode } = service.office().active!.lane;
    await service.stop();
    return mode;
  };

  it("goes on at once where the host tells of the gateway's start once (before 2026.9)", async () => {
    expect(await modeAfterReplacement(undefined)).toBe("waiting");
  });

  it("is told of it where the host gives each plugin a signal of its own", async () => {
    expect(await modeAfterReplacement(host.gateway.signal)).toBe("starting");
    host.gateway.abort();
  });
});

it("leaves one listener on the signals of a gateway that stops, however often it is replaced", async () => {
  const counts: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    // As the host does: each plugin gets another one.
    const signal = AbortSignal.any([host.gateway.signal]);
    const service = new ResumeService(host.api);
    await service.start(host.context);
    service.gatewayStarted(signal);
    const running = getEventListeners(signal, "abort").length;
    await service.stop();
    counts.push(running, getEventListeners(signal, "abort").length);
  }
  // The one that stays tells that the next start is another gateway's.
  expect(counts).toEqual([2, 1, 1, 0, 1, 0]);
  host.gateway.abort();
});

it("releases what a start that fails has taken, and throws so that the host recovers by itself", async () => {
  // A file where the record's folder should be.
  writeFileSync(path.join(stateDir, "resume-scheduler"), "");
  const service = new ResumeService(host.api);
  await expect(service.start(host.context)).rejects.toThrow(/resume-scheduler/);
  expect(taken()).toEqual(NOTHING);
  expect(service.office().state).toBe("failed");
  await service.stop();
  expect(taken()).toEqual(NOTHING);
});

it.each([
  ["the history cannot be tidied", () => vi.spyOn(History.prototype, "prune")],
  ["the fuse cannot be set", () => vi.spyOn(Facts.prototype, "get")],
])("releases the record too, and its timers, when %s", async (_name, spy) => {
  const broken = spy().mockImplementation(() => {
    throw new Error("disk full");
  });
  const service = new ResumeService(host.api);
  await expect(service.start(host.context)).rejects.toThrow("disk full");
  broken.mockRestore();
  expect([taken(), openFiles()]).toEqual([NOTHING, []]);
  await service.stop();
});

it("claims nothing on a host that cannot run a turn, and says so in one line", async () => {
  claimable();
  host.canRun = false;
  const claimed = vi.spyOn(host, "onPatch");
  const service = new ResumeService(host.api);
  await service.start(host.context);
  expect(claimed).not.toHaveBeenCalled();
  expect(host.logged).toEqual([
    expect.stringContaining("nothing is resumed by this plugin: this host lacks runEmbeddedAgent"),
  ]);
  expect(service.office()).toMatchObject({ state: "failed", active: undefined });
  await service.stop();
});

it("does not wait for a claim that hangs longer than the host waits for a stop", { timeout: 20_000 }, async () => {
  claimable();
  const claiming = Promise.withResolvers<void>();
  host.onPatch = () => {
    claiming.resolve();
    return new Promise(() => undefined);
  };
  const service = new ResumeService(host.api);
  void service.start(host.context);
  await claiming.promise;
  let stopped = false;
  void service.stop().then(() => (stopped = true));
  await vi.advanceTimersByTimeAsync(4_500);
  expect([stopped, taken(), openFiles()]).toEqual([true, NOTHING, []]);
});

it("started while it stops: the stop comes to its end first", async () => {
  const service = new ResumeService(host.api);
  await service.start(host.context);
  const stopped = service.stop();
  const started = service.start(host.context);
  await Promise.all([stopped, started]);
  expect(service.registry).toBeDefined();
  expect(taken()).toMatchObject({ agentEvents: 2, sessionEvents: 1, diagnostics: 1, files: 1 });
  await service.stop();
  expect([taken(), openFiles()]).toEqual([NOTHING, []]);
});

it("stopped while it claims: the claim comes to its end first, and nothing is left", async () => {
  claimable();
  const claiming = Promise.withResolvers<void>();
  const claimed = Promise.withResolvers<void>();
  host.onPatch = () => {
    claiming.resolve();
    return claimed.promise;
  };
  const service = new ResumeService(host.api);
  const started = service.start(host.context);
  await claiming.promise;
  const stopped = service.stop();
  claimed.resolve();
  await Promise.all([started, stopped]);
  expect(taken()).toEqual(NOTHING);
});
