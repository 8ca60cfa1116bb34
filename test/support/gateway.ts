/** A real OpenClaw gateway in its own process group, on loopback, on a temporary state folder. */
import { spawn, type ChildProcess } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { GatewayClient, type ClientOptions } from "./gateway-client.ts";
import type { GatewayConfig } from "./gateway-config.ts";
import { testedHost } from "./hosts.ts";
import { freePort } from "./loopback.ts";
import { killGroup, killWhenThisProcessDies } from "./processes.ts";
import { waitFor, within } from "./wait.ts";

export { PROJECT_ROOT } from "./project.ts";
/** The command line of the host that the tests run on. */
export const OPENCLAW_MJS = testedHost().openclawMjs;

export type GatewayOptions = {
  /** The state folder; `openclaw.json` is written into it. */
  stateDir: string;
  config: GatewayConfig;
  env?: Record<string, string>;
  /** Until `/readyz` says ready (default 60 s). */
  timeoutMs?: number;
  /** `openclaw.mjs` of another host than the one that the tests run on. */
  openclawMjs?: string;
};

export type GatewayExit = { code: number | null; signal: NodeJS.Signals | null };
export type GatewayStop = GatewayExit & {
  /** From the signal to the process's end. */
  exitMs: number;
};

const live = new Set<Gateway>();

/** Kills every gateway of this process that is still up, and waits for their ends: for a script that was told to stop. */
export async function killAllGateways(): Promise<void> {
  await Promise.all([...live].map((gateway) => gateway.stop("SIGKILL")));
}

export class Gateway {
  readonly stateDir: string;
  readonly port: number;
  readonly token: string;
  readonly pid: number;
  /** Epoch milliseconds of the spawn. */
  readonly startedAtMs: number;
  /** From the spawn to the first successful `/readyz`. */
  readyMs = Number.NaN;
  /** Everything written to stdout and stderr so far. */
  log = "";
  /** Resolves when the process has ended, however. */
  readonly exited: Promise<GatewayExit>;

  readonly #child: ChildProcess;
  /** What it last said of itself. */
  #readiness: string | undefined;
  #exit: GatewayExit | undefined;
  #client: Promise<GatewayClient> | undefined;

  private constructor(child: ChildProcess, options: { stateDir: string; port: number; token: string }) {
    this.#child = child;
    this.stateDir = options.stateDir;
    this.port = options.port;
    this.token = options.token;
    this.pid = child.pid!;
    this.startedAtMs = Date.now();
    child.stdout?.on("data", (chunk: Buffer) => (this.log += chunk.toString("utf8")));
    child.stderr?.on("data", (chunk: Buffer) => (this.log += chunk.toString("utf8")));
    const stopWatching = killWhenThisProcessDies(this.pid);
    live.add(this);
    this.exited = new Promise((resolve) => {
      child.once("exit", (code, signal) => {
        // Whatever the gateway started in its group must not outlive it.
        killGroup(this.pid, "SIGKILL");
        stopWatching();
        live.delete(this);
        this.#exit = { code, signal };
        resolve(this.#exit);
      });
    });
  }

  /** Starts a gateway and waits until it is ready. On failure nothing is left running. */
  static async start(options: GatewayOptions): Promise<Gateway> {
    const gateway = await Gateway.spawn(options);
    try {
      await gateway.waitUntilReady(options.timeoutMs ?? 60_000);
    } catch (error) {
      await gateway.stop("SIGKILL");
      throw error;
    }
    return gateway;
  }

  /** Starts a gateway without waiting: for tests that kill it while it boots. */
  static async spawn(options: GatewayOptions): Promise<Gateway> {
    const config = structuredClone(options.config) as {
      gateway?: { port?: number; auth?: { token?: string } };
      logging?: { file?: string };
    };
    const port = config.gateway?.port ?? (await freePort());
    config.gateway = { ...config.gateway, port };
    // The host's default is one file in /tmp for all gateways.
    config.logging = { file: path.join(options.stateDir, "gateway.log"), ...config.logging };
    const configPath = path.join(options.stateDir, "openclaw.json");
    const home = path.join(options.stateDir, "home");
    fs.mkdirSync(home, { recursive: true });
    fs.writeFileSync(configPath, JSON.stringify(config, null, 2));
    const child = spawn(process.execPath, [options.openclawMjs ?? OPENCLAW_MJS, "gateway", "run"], {
      cwd: options.stateDir,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...hostEnv(options.stateDir), ...options.env },
    });
    await new Promise<void>((resolve, reject) => {
      child.once("spawn", resolve);
      child.once("error", reject);
    });
    return new Gateway(child, { stateDir: options.stateDir, port, token: config.gateway.auth?.token ?? "" });
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get running(): boolean {
    return this.#exit === undefined;
  }

  async waitUntilReady(timeoutMs: number): Promise<void> {
    await this.#waitFor("/readyz", timeoutMs, async () => {
      const response = await this.fetch("/readyz", { signal: AbortSignal.timeout(2000) }).catch(() => undefined);
      this.#readiness = await response?.text();
      return response?.status === 200;
    });
    this.readyMs = Date.now() - this.startedAtMs;
  }

  /** Waits for a line of the log; resolves with the match. */
  waitForLog(pattern: RegExp, timeoutMs: number): Promise<RegExpExecArray> {
    return this.#waitFor(`log line ${String(pattern)}`, timeoutMs, () => pattern.exec(this.log) ?? undefined);
  }

  /** The end of the log, for error messages. */
  logTail(lines = 40): string {
    return this.log.split("\n").slice(-lines).join("\n");
  }

  /** HTTP to the gateway, with its bearer token. */
  fetch(pathAndQuery: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    if (!headers.has("authorization")) headers.set("authorization", `Bearer ${this.token}`);
    return fetch(this.url + pathAndQuery, { ...init, headers });
  }

  /** A websocket of its own to this gateway (the caller closes it). */
  connect(options?: Partial<ClientOptions>): Promise<GatewayClient> {
    return GatewayClient.connect({ url: this.url, token: this.token, ...options });
  }

  /** Calls a gateway method over a shared websocket: `chat.send`, `agent`, ... */
  async call<T = Record<string, unknown>>(method: string, params: unknown, timeoutMs = 30_000): Promise<T> {
    this.#client ??= this.connect();
    const client = await this.#client;
    return client.call<T>(method, params, timeoutMs);
  }

  /** A message on the OpenAI-compatible endpoint, to an existing session. Resolves with the answer's text. */
  async chatCompletion(options: {
    sessionKey: string;
    text: string;
    agentId?: string;
    signal?: AbortSignal;
  }): Promise<string> {
    const response = await this.fetch("/v1/chat/completions", {
      method: "POST",
      headers: { "content-type": "application/json", "x-openclaw-session-key": options.sessionKey },
      body: JSON.stringify({
        model: `openclaw/${options.agentId ?? "main"}`,
        messages: [{ role: "user", content: options.text }],
      }),
      ...(options.signal ? { signal: options.signal } : {}),
    });
    const body = (await response.json()) as { choices?: { message: { content: string } }[] };
    if (!response.ok || !body.choices?.[0])
      throw new Error(`/v1/chat/completions ${response.status}: ${JSON.stringify(body)}`);
    return body.choices[0].message.content;
  }

  /** Ends the gateway and everything it started, and waits for the end. After `timeoutMs` it is killed. */
  async stop(signal: "SIGTERM" | "SIGKILL" = "SIGTERM", timeoutMs = 30_000): Promise<GatewayStop> {
    const startedAt = performance.now();
    const client = this.#client;
    this.#client = undefined;
    if (this.#exit === undefined) {
      if (signal === "SIGKILL") killGroup(this.pid, "SIGKILL");
      else this.#child.kill(signal);
    }
    try {
      await within(this.exited, timeoutMs, `the gateway's exit after ${signal}`);
    } catch (error) {
      killGroup(this.pid, "SIGKILL");
      await this.exited;
      throw new Error(`${String(error)}\n--- log ---\n${this.logTail()}`, { cause: error });
    } finally {
      void client?.then((open) => open.close()).catch(() => undefined);
    }
    const exit = await this.exited;
    return { ...exit, exitMs: performance.now() - startedAt };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop("SIGKILL");
  }

  #waitFor<T>(
    what: string,
    timeoutMs: number,
    look: () => T | undefined | false | Promise<T | undefined | false>,
  ): Promise<T> {
    return waitFor(look, {
      timeoutMs,
      everyMs: 50,
      what: `gateway on port ${this.port}: ${what}`,
      lastState: () => [this.logTail(), ...(this.#readiness === undefined ? [] : [this.#readiness])].join("\n"),
      giveUpWhen: () => (this.#exit ? `exited, code ${this.#exit.code}, signal ${this.#exit.signal}` : undefined),
    });
  }
}

/** The environment of everything of the host's that works on this state folder. */
export function hostEnv(stateDir: string): Record<string, string> {
  return {
    PATH: `${path.dirname(process.execPath)}:${process.env["PATH"] ?? ""}`,
    LANG: "C.UTF-8",
    TMPDIR: process.env["TMPDIR"] ?? "/tmp",
    HOME: path.join(stateDir, "home"),
    OPENCLAW_STATE_DIR: stateDir,
    OPENCLAW_CONFIG_PATH: path.join(stateDir, "openclaw.json"),
    OPENCLAW_NO_RESPAWN: "1",
    // See complaints.ts: whose warning it is.
    NODE_OPTIONS: "--trace-warnings",
    OPENCLAW_DISABLE_BONJOUR: "1",
    // Every step of the plugin, whatever the host's log leaves out.
    OPENCLAW_RESUME_LOG: "debug",
    NO_COLOR: "1",
  };
}
