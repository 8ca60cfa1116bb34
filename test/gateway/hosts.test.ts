import fs from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { FakeBotApi } from "../support/fake-bot-api.ts";
import { gatewayConfig } from "../support/gateway-config.ts";
import { Gateway } from "../support/gateway.ts";
import { type Host, hostAt } from "../support/hosts.ts";
import { skipWithout } from "../support/skip-without.ts";
import { stagePlugin } from "../support/stage-plugin.ts";
import { readSessionEntries } from "../support/state-store.ts";
import { hangForever, type ModelRequest, StubModel } from "../support/stub-model.ts";
import { makeTempDir, removeTempDir } from "../support/temp.ts";
import { waitFor } from "../support/wait.ts";

const CHAT = 101;
const OTHER_CHAT = 102;
const QUESTION = "Please summarise our plan";

/** Our prompt is the last message, or what the host says beside the user's own. */
const isResume = ({ messages }: ModelRequest): boolean =>
  JSON.stringify(messages.slice(-2)).includes("interrupted by a gateway restart");

const reply = (request: ModelRequest): { kind: "reply"; text: string } => ({
  kind: "reply",
  text: `${isResume(request) ? "Resumed" : "Answered"} [chat ${request.chat ?? "?"}]`,
});

/** A gateway of an older host, with our plugin, a Telegram channel and a model. */
class OlderGateway implements AsyncDisposable {
  readonly botApi: FakeBotApi;
  readonly model: StubModel;
  readonly #host: Host;
  readonly #stateDir = makeTempDir("older-host");
  gateway!: Gateway;

  private constructor(host: Host, botApi: FakeBotApi, model: StubModel) {
    this.#host = host;
    this.botApi = botApi;
    this.model = model;
  }

  static async start(host: Host): Promise<OlderGateway> {
    const model = await StubModel.start({ behaviour: reply });
    const older = new OlderGateway(host, await FakeBotApi.start(), model);
    await older.boot();
    return older;
  }

  async boot(): Promise<void> {
    const { botApi, model } = this;
    const plugin = stagePlugin({ config: { lane: { quietMs: 300 } } });
    const config = gatewayConfig({ botApi, model, plugins: [plugin], hostVersion: this.#host.version });
    const { openclawMjs } = this.#host;
    this.gateway = await Gateway.start({ stateDir: this.#stateDir, config, openclawMjs, timeoutMs: 90_000 });
  }

  /** A user writes and is answered. */
  async ask(chatId: number): Promise<void> {
    const afterMs = this.botApi.userSays({ chatId, text: `Hello [chat ${chatId}]` });
    await this.botApi.waitForReply(chatId, { afterMs, matching: /^Answered/, timeoutMs: 60_000 });
  }

  /** Kills the gateway in the middle of the chat's turn. */
  async interrupt(chatId: number): Promise<void> {
    this.model.behaviour = hangForever;
    this.botApi.userSays({ chatId, text: `${QUESTION} [chat ${chatId}]` });
    await this.model.waitForRequests(1, 60_000, ({ outcome }) => outcome === undefined);
    await waitFor(() => this.#hasRunningEntry(), { timeoutMs: 10_000, what: "an entry that says running" });
    await this.gateway.stop("SIGKILL");
  }

  /** Whether the turn that is under way has come into the session's entry. */
  #hasRunningEntry(): boolean {
    const file = path.join(this.#stateDir, "agents/main/sessions/sessions.json");
    const inDatabase = () => readSessionEntries(this.#stateDir).map(({ entry }) => entry);
    const entries = fs.existsSync(file)
      ? Object.values(JSON.parse(fs.readFileSync(file, "utf8")) as Record<string, { status?: string }>)
      : inDatabase();
    return entries.some(({ status }) => status === "running");
  }

  repliesTo(chatId: number): string[] {
    return this.botApi.replies(chatId).map(({ text }) => text);
  }

  /** The plugin's own lines of the gateway that runs. */
  log(): Record<string, unknown>[] {
    const lines = this.gateway.log.matchAll(/\[plugins\] (\{.*\})$/gm);
    return Array.from(lines, ([, text]) => JSON.parse(text!) as Record<string, unknown>);
  }

  /** What the host and we say of ourselves when something goes wrong. */
  failures(): string[] {
    const lines = this.gateway.log.split("\n").filter((line) => /resume-scheduler|\[plugins\] \{/.test(line));
    return lines.filter((line) => /failed|"level":"(error|warn)"|ERR_|cannot|unknown hook/i.test(line));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.gateway?.stop("SIGKILL");
    await Promise.all([this.botApi.close(), this.model.close()]);
    removeTempDir(this.#stateDir);
  }
}

describe.concurrent("an older OpenClaw", () => {
  it.for(["2026.8.2", "2026.7.1-2", "2026.6.5"])(
    "%s serves users with the plugin, which resumes an interrupted chat below them and answers it once",
    // On a new machine each host is installed first.
    { timeout: 300_000 },
    async (version, context) => {
      const host = await hostAt(version);
      skipWithout(context, host);
      await using older = await OlderGateway.start(host);
      // The first answer of a conversation: before it hosts with transcripts as files have none of it on disk.
      await older.ask(CHAT);
      expect(older.failures()).toEqual([]);
      await older.interrupt(CHAT);

      older.model.behaviour = (request) => (isResume(request) ? { kind: "hang" } : reply(request));
      await older.boot();
      await older.model.waitForRequests(1, 60_000, isResume);
      await older.ask(OTHER_CHAT);
      older.model.behaviour = reply;
      older.model.release(reply);
      await older.botApi.waitForReply(CHAT, { matching: /^Resumed/, timeoutMs: 60_000 });
      await older.gateway.waitForLog(/"step":"settled"/, 10_000);
      // The older hosts begin their own recovery five seconds after the start.
      await sleep(Math.max(0, older.gateway.startedAtMs + older.gateway.readyMs + 7_000 - Date.now()));

      expect(older.repliesTo(CHAT)).toEqual([`Answered [chat ${CHAT}]`, `Resumed [chat ${CHAT}]`]);
      const resumes = older.model.requests.filter(isResume);
      expect(resumes.map(({ outcome }) => outcome)).toEqual(["aborted", "answered"]);
      // A cancelled attempt has taken nothing out of the conversation.
      for (const { messages } of resumes) expect(JSON.stringify(messages)).toContain(QUESTION);
      expect(older.log().filter(({ step }) => step === "settled")).toMatchObject([
        { outcome: "completed", reason: "replied" },
      ]);
      expect(older.failures()).toEqual([]);
    },
  );
});
