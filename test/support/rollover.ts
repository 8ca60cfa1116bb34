/** Telegram chats on a real gateway whose sessions are renewed after a silence, and what the model is asked after it. */
import fs from "node:fs";
import path from "node:path";
import { complaintsIn } from "./complaints.ts";
import { FakeBotApi } from "./fake-bot-api.ts";
import { Gateway } from "./gateway.ts";
import { gatewayConfig } from "./gateway-config.ts";
import { withoutQuotes } from "./host-quotes.ts";
import type { Host } from "./hosts.ts";
import { stagePlugin } from "./stage-plugin.ts";
import { type ModelBehaviour, type ModelRequest, StubModel } from "./stub-model.ts";
import { makeTempDir, removeTempDir } from "./temp.ts";
import { waitFor } from "./wait.ts";

/** After so much silence the host begins a new session. */
export const IDLE_MINUTES = 1;

/** What a message led to. */
export type Turn = {
  /** The first request to the model that it led to. */
  request: ModelRequest;
  /** All that request holds of the conversation, one line per message: `user: ...`, `assistant: ...`. */
  seen: string;
};

type Settings = { settings: Record<string, unknown>; hooks?: Record<string, unknown> };

export class RolloverGateway implements AsyncDisposable {
  readonly botApi: FakeBotApi;
  readonly model: StubModel;
  readonly stateDir = makeTempDir("rollover");
  gateway!: Gateway;
  readonly #host: Host | undefined;
  #pastLog = "";

  private constructor(botApi: FakeBotApi, model: StubModel, host: Host | undefined) {
    this.botApi = botApi;
    this.model = model;
    this.#host = host;
  }

  /** `host`: an older one; left out: the one that the project is developed with. */
  static async start(options: Settings & { host?: Host; behaviour: ModelBehaviour }): Promise<RolloverGateway> {
    const model = await StubModel.start({ behaviour: options.behaviour });
    const started = new RolloverGateway(await FakeBotApi.start(), model, options.host);
    try {
      await started.boot(options);
      return started;
    } catch (error) {
      await started[Symbol.asyncDispose]();
      throw error;
    }
  }

  async boot({ settings, hooks = { allowConversationAccess: true } }: Settings): Promise<void> {
    this.#pastLog += this.gateway?.log ?? "";
    const startedAtMs = Date.now();
    const config = gatewayConfig({
      botApi: this.botApi,
      model: this.model,
      plugins: [{ ...stagePlugin({ config: settings }), hooks }],
      maxConcurrent: 12,
      ...(this.#host === undefined ? {} : { host: this.#host }),
      extra: { session: { reset: { mode: "idle", idleMinutes: IDLE_MINUTES } } },
    });
    this.gateway = await Gateway.start({
      stateDir: this.stateDir,
      config,
      timeoutMs: 90_000,
      ...(this.#host === undefined ? {} : { openclawMjs: this.#host.openclawMjs }),
    });
    await this.botApi.waitForPoll({ afterMs: startedAtMs, timeoutMs: 60_000 });
  }

  /** Says something in a chat and waits for the answer: of the model, for the host may have a word of its own to say. */
  async say(chatId: number, text: string): Promise<Turn> {
    const before = new Set(this.model.requests);
    // The host marks lines that look like its own.
    const [firstLine = ""] = text.split("\n", 1);
    const lastState = () => `${this.botApi.describe()}\n${this.model.describe()}\n${this.gateway.logTail()}`;
    this.botApi.userSays({ chatId, text: `${text} [chat ${chatId}]` });
    const request = await waitFor(
      () =>
        this.model.requests.find(
          (one) => !before.has(one) && one.chat === chatId && lastAsked(one).includes(firstLine),
        ),
      { timeoutMs: 60_000, what: `a request of chat ${chatId}`, lastState },
    );
    await waitFor(() => this.botApi.answers(chatId, { afterMs: request.atMs }).length > 0, {
      timeoutMs: 60_000,
      what: `an answer in chat ${chatId}`,
      lastState,
    });
    return { request, seen: seenBy(request) };
  }

  /** Sends a command of the host's, which it answers itself. */
  async command(chatId: number, text: string): Promise<void> {
    const afterMs = this.botApi.userSays({ chatId, text });
    await this.botApi.waitForReply(chatId, { afterMs, timeoutMs: 60_000 });
  }

  /** Waits until the host has written down that these chats' turns are over. */
  async settled(): Promise<void> {
    const isRunning = () => Object.values(this.#readEntries()).some(({ status }) => status === "running");
    await waitFor(() => !isRunning(), { timeoutMs: 20_000, what: "the turns' ends" });
  }

  /** As if nobody had written for five minutes. Only while the gateway is down, and only where the host keeps a file. */
  silence(...chatIds: readonly number[]): void {
    const entries = this.#readEntries();
    for (const chatId of chatIds) {
      const entry = entries[keyOf(chatId)] ?? {};
      for (const name of ["lastInteractionAt", "sessionStartedAt", "updatedAt"]) {
        if (typeof entry[name] === "number") entry[name] -= 5 * 60_000;
      }
    }
    fs.writeFileSync(path.join(this.#sessionsDir, "sessions.json"), JSON.stringify(entries));
  }

  /** The file with a chat's transcript, where the host keeps files. */
  transcriptOf(chatId: number): string {
    return path.join(this.#sessionsDir, `${String(this.#readEntries()[keyOf(chatId)]?.["sessionId"])}.jsonl`);
  }

  /** Our own log lines of this step, of all boots. */
  steps(step: string): Record<string, unknown>[] {
    const log = this.#pastLog + this.gateway.log;
    const lines = [...log.matchAll(/\[plugins\] (\{.*\})$/gm)].map(([, line]) => JSON.parse(line!));
    return (lines as Record<string, unknown>[]).filter((line) => line["step"] === step);
  }

  /** Everything that its gateways have logged. */
  get log(): string {
    return this.#pastLog + this.gateway.log;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.gateway?.stop("SIGKILL");
    await this.botApi.close();
    await this.model.close();
    const complaints = complaintsIn(this.#pastLog + (this.gateway?.log ?? ""));
    removeTempDir(this.stateDir);
    if (complaints.length > 0) throw new Error(`the gateway complained:\n${complaints.join("\n")}`);
  }

  get #sessionsDir(): string {
    return path.join(this.stateDir, "agents/main/sessions");
  }

  #readEntries(): Record<string, Record<string, unknown>> {
    return JSON.parse(fs.readFileSync(path.join(this.#sessionsDir, "sessions.json"), "utf8")) as never;
  }
}

const keyOf = (chatId: number) => `agent:main:telegram:direct:${chatId}`;

/** The host's own context for the model: who writes, and what was said lately in some chats. */
const HOST_CONTEXT =
  /(?:OpenClaw runtime context for[^\n]*\n[^\n]*\n\n)?<<<BEGIN_OPENCLAW_INTERNAL_CONTEXT>>>[\s\S]*?<<<END_OPENCLAW_INTERNAL_CONTEXT>>>/g;

/** All that a request holds of the conversation, as `Turn.seen`. */
export function seenBy({ messages }: Pick<ModelRequest, "messages">): string {
  return messages
    .filter(({ role }) => role !== "system" && role !== "developer")
    .map(({ role, content }) => `${role}: ${withoutQuotes(textOf(content).replaceAll(HOST_CONTEXT, ""))}`)
    .filter((line) => line !== "user: ")
    .join("\n");
}

/** What the user has written last, as the model sees it. */
export const lastAsked = (request: ModelRequest): string =>
  seenBy(request)
    .split(/^user: /m)
    .at(-1) ?? "";

function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content.map((part: { text?: unknown }) => (typeof part.text === "string" ? part.text : "")).join("\n");
}

/** How often it stands there. */
export const count = (text: string, word: string): number => text.split(word).length - 1;
