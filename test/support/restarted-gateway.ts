/**
 * What most gateway tests start from: a state that was really crashed, restarted with our plugin (or without), with its
 * Telegram chats and its model at hand.
 */
import { canonicalKey } from "../../src/domain/session-key.ts";
import { SessionRefs } from "../../src/observe/session-ref.ts";
import { RecordStore } from "../../src/record/record-store.ts";
import { copyCrashedState, type CrashedChat, type CrashedStateOptions, type CrashedTemplate } from "./crashed-state.ts";
import { FakeBotApi } from "./fake-bot-api.ts";
import { Gateway, type GatewayStop } from "./gateway.ts";
import {
  gatewayConfig,
  type GatewayConfig,
  type GatewayConfigOptions,
  type ModelCost,
  type PluginInConfig,
} from "./gateway-config.ts";
import { stagePlugin } from "./stage-plugin.ts";
import { complaintsIn } from "./complaints.ts";
import { clearBootHistory, readSessionEntries } from "./state-store.ts";
import { type ModelBehaviour, type ModelRequest, StubModel } from "./stub-model.ts";
import { waitFor } from "./wait.ts";

export type RestartOptions = Partial<CrashedStateOptions> & {
  /** Settings of our plugin. */
  settings?: Record<string, unknown>;
  /** `null`: without our plugin. */
  plugins?: PluginInConfig[] | null;
  behaviour?: ModelBehaviour;
  /** Loaded before ours. */
  beside?: PluginInConfig[];
  ageMs?: number;
  ages?: Record<number, number>;
  /** What to copy; left out: the cached one for these numbers of chats and agents. */
  template?: CrashedTemplate;
  otherModel?: string;
  /** Agents with a model of their own, as `other/stub-1`. */
  agentModels?: GatewayConfigOptions["agentModels"];
  /** Of every model. */
  cost?: ModelCost;
  /** A model that several gateways share, and what this one is called there; whoever made it closes it. */
  shared?: { model: StubModel; gateway: string };
  extra?: GatewayConfig;
  /** How long a start may take (default 60 s). */
  readyTimeoutMs?: number;
  /** Changes the copied state before the gateway starts. */
  prepare?: (stateDir: string) => void;
};

type BootOptions = {
  settings?: Record<string, unknown>;
  env?: Record<string, string>;
  withoutPlugin?: boolean;
  beside?: PluginInConfig[];
};

/** A resumed turn hangs, a user's turn is answered at once: the incident. */
export const resumesHang: ModelBehaviour = (request) => (request.isResume ? { kind: "hang" } : answer(request));

/** A user's message can carry the prompt of a cancelled resume as quoted context; then it is still the user's turn. */
export const detectResume = (text: string, beside = ""): boolean =>
  (text + beside).includes("interrupted by a gateway restart") && !text.includes(USER_MARK);
/** In every message that a test writes after the restart. */
export const USER_MARK = "(after the restart)";

/** Names the chat and whether a resume or a user's turn was answered. */
export const answer = (request: ModelRequest): { kind: "reply"; text: string; delayMs?: number } => ({
  kind: "reply",
  text: `${request.isResume ? "Resumed" : "Answered"} [chat ${request.chat ?? "?"}]`,
});

/** A test starts more resumes in a minute than a gateway should; one that is about the pace sets it. */
function withoutPace(settings: Record<string, unknown>): Record<string, unknown> {
  const { budget = {} } = settings;
  if (typeof budget !== "object" || budget === null || Array.isArray(budget)) return settings;
  return { ...settings, budget: { startIntervalMs: 0, startsPerMinute: 0, ...budget } };
}

export class RestartedGateway implements AsyncDisposable {
  readonly chats: CrashedChat[];
  readonly botApi: FakeBotApi;
  readonly model: StubModel;
  readonly stateDir: string;
  gateway!: Gateway;
  /** What gateways that are gone have logged, and our own lines of that. */
  #pastLog = "";
  readonly #pastLines: Record<string, unknown>[] = [];
  /** Session keys by what stands for them in the log of this boot. */
  #keys = new Map<unknown, string>();
  readonly #options: RestartOptions;

  private constructor(
    parts: { chats: CrashedChat[]; botApi: FakeBotApi; model: StubModel; stateDir: string },
    options: RestartOptions,
  ) {
    this.chats = parts.chats;
    this.botApi = parts.botApi;
    this.model = parts.model;
    this.stateDir = parts.stateDir;
    this.#options = options;
  }

  /** Copies the crashed state and starts a gateway on it. */
  static async start(options: RestartOptions = {}, boot: BootOptions = {}): Promise<RestartedGateway> {
    const restarted = await RestartedGateway.prepare(options);
    try {
      await restarted.boot(boot);
    } catch (error) {
      await restarted[Symbol.asyncDispose]();
      throw error;
    }
    return restarted;
  }

  /** Copies the crashed state; the caller boots it. */
  static async prepare(options: RestartOptions): Promise<RestartedGateway> {
    const { stateDir, chats } = await copyCrashedState({
      chats: options.chats ?? 8,
      agents: options.agents ?? 1,
      ...(options.ageMs === undefined ? {} : { ageMs: options.ageMs }),
      ...(options.ages === undefined ? {} : { ages: options.ages }),
      ...(options.template === undefined ? {} : { template: options.template }),
    });
    options.prepare?.(stateDir);
    const botApi = await FakeBotApi.start();
    const model =
      options.shared?.model ?? (await StubModel.start({ behaviour: options.behaviour ?? answer, detectResume }));
    return new RestartedGateway({ chats, botApi, model, stateDir }, options);
  }

  /** Starts the gateway (again) on the state as it is, and waits until it is ready. */
  async boot(options: BootOptions = {}): Promise<void> {
    await this.spawn(options);
    try {
      await this.gateway.waitUntilReady(this.#options.readyTimeoutMs ?? 60_000);
    } catch (error) {
      await this.gateway.stop("SIGKILL");
      throw error;
    }
  }

  /** The same without waiting: for a gateway that is killed while it boots. */
  async spawn(options: BootOptions = {}): Promise<void> {
    // Tests that kill often would otherwise run into the host's crash-loop breaker.
    clearBootHistory(this.stateDir);
    this.#pastLog += this.gateway?.log ?? "";
    if (this.gateway !== undefined) this.#pastLines.push(...this.log());
    const settings = options.settings ?? this.#options.settings ?? {};
    const own = options.withoutPlugin === true ? [] : [stagePlugin({ config: withoutPace(settings) })];
    const beside = options.beside ?? this.#options.beside ?? [];
    const plugins = this.#options.plugins === undefined ? [...beside, ...own] : this.#options.plugins;
    const { agentModels, cost, shared } = this.#options;
    const config = gatewayConfig({
      botApi: this.botApi,
      model: {
        url: this.model.urlOf("stub", shared?.gateway),
        ...(agentModels === undefined ? {} : { otherUrl: this.model.urlOf("other", shared?.gateway) }),
      },
      agents: this.#options.agents ?? 1,
      ...(agentModels === undefined ? {} : { agentModels }),
      ...(cost === undefined ? {} : { cost }),
      ...(plugins === null ? {} : { plugins }),
      ...(this.#options.otherModel === undefined ? {} : { otherModel: this.#options.otherModel }),
      ...(this.#options.extra ? { extra: this.#options.extra } : {}),
    });
    this.gateway = await Gateway.spawn({
      stateDir: this.stateDir,
      config,
      ...(options.env === undefined ? {} : { env: options.env }),
    });
  }

  stop(signal: "SIGTERM" | "SIGKILL"): Promise<GatewayStop> {
    return this.gateway.stop(signal);
  }

  chat(chatId: number): CrashedChat {
    const found = this.chats.find((chat) => chat.chatId === chatId);
    if (found === undefined) throw new Error(`chat ${chatId} was not interrupted`);
    return found;
  }

  /** A Telegram user writes; resolves with how long the first answer took, milliseconds. */
  async ask(chatId: number, options: { token?: string; timeoutMs?: number } = {}): Promise<number> {
    const token = options.token ?? this.chats.find((chat) => chat.chatId === chatId)?.token ?? this.botApi.token;
    const atMs = this.botApi.userSays({ chatId, token, text: `And now? ${USER_MARK} [chat ${chatId}]` });
    const reply = await this.botApi.waitForReply(chatId, {
      token,
      afterMs: atMs,
      matching: /Answered/,
      timeoutMs: options.timeoutMs ?? 30_000,
    });
    return reply.atMs - atMs;
  }

  /** Waits until the model's answer to every interrupted chat has arrived this many times. */
  async waitForReplies(count: number, timeoutMs: number): Promise<void> {
    await waitFor(() => this.chats.every((chat) => this.repliesTo(chat).length >= count), {
      timeoutMs,
      what: `${count} reply in each chat`,
      lastState: () => `${this.describeReplies()}\n${this.model.describe()}\n${this.gateway.logTail()}`,
    });
  }

  /** What this gateway has asked the model for. */
  requests(): ModelRequest[] {
    return this.model.requests.filter(({ gateway }) => gateway === this.#options.shared?.gateway);
  }

  /** Waits until this many resumed turns are open at the model. */
  async waitForResumes(count: number, timeoutMs = 60_000): Promise<ModelRequest[]> {
    return waitFor(
      () => {
        const open = this.requests().filter(({ isResume, outcome }) => isResume && outcome === undefined);
        return open.length >= count && open;
      },
      {
        timeoutMs,
        what: `${count} resumes at the model`,
        lastState: () => `${this.model.describe()}\n${this.gateway.logTail()}`,
      },
    );
  }

  /** The model's answers that a chat got; the host's own notices are left out. */
  repliesTo(chat: CrashedChat): string[] {
    const texts = this.botApi.replies(chat.chatId, { token: chat.token }).map(({ text }) => text);
    return texts.filter((text) => /^(Resumed|Answered) /.test(text));
  }

  describeReplies(): string {
    return this.chats.map((chat) => `${chat.chatId}: ${JSON.stringify(this.repliesTo(chat))}`).join("\n");
  }

  /** The session entries of all chats, by session key. */
  entries(): Map<string, Record<string, unknown>> {
    const agents = new Set(this.chats.map(({ agentId }) => agentId));
    const rows = [...agents].flatMap((agentId) => readSessionEntries(this.stateDir, agentId));
    return new Map(rows.map(({ sessionKey, entry }) => [sessionKey, entry as Record<string, unknown>]));
  }

  /** A scrape, as `series{labels}` to value. */
  async metrics(): Promise<Map<string, number>> {
    const response = await this.gateway.fetch("/plugins/resume-scheduler/metrics");
    const text = await response.text();
    if (!response.ok) throw new Error(`scrape answered ${response.status}: ${text}`);
    const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    return new Map(
      lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ") + 1))]),
    );
  }

  /** Waits until a scraped series has this value. */
  async waitForMetric(
    series: string,
    accept: (value: number | undefined) => boolean,
    timeoutMs = 30_000,
  ): Promise<void> {
    let last: number | undefined;
    await waitFor(
      async () => {
        last = (await this.metrics()).get(`openclaw_resume_${series}`);
        return accept(last);
      },
      { timeoutMs, what: `metric ${series}`, lastState: () => `it is ${last}\n${this.gateway.logTail()}` },
    );
  }

  /** The plugin's own log lines, of this boot or of all, each with the key of its session beside what stands for it. */
  log(boots: "this boot" | "all boots" = "this boot"): Record<string, unknown>[] {
    const lines = [...this.gateway.log.matchAll(/\[plugins\] (\{.*\})$/gm)].map(
      ([, text]) => JSON.parse(text!) as Record<string, unknown>,
    );
    if (lines.some(({ sessionRef }) => sessionRef !== undefined && !this.#keys.has(sessionRef))) {
      this.#keys = this.#keysByRef();
    }
    for (const line of lines) line["sessionKey"] = this.#keys.get(line["sessionRef"]);
    return boots === "all boots" ? [...this.#pastLines, ...lines] : lines;
  }

  /** Of all sessions of this gateway's agents, by what stands for them in its log. */
  #keysByRef(): Map<unknown, string> {
    const key = RecordStore.peek(this.stateDir, ({ facts }) => facts.get("logKeys")?.[0], undefined);
    if (key === undefined) return new Map();
    const refs = new SessionRefs(key);
    const agents = new Set(this.chats.map(({ agentId }) => agentId));
    const rows = [...agents].flatMap((agentId) => {
      const entries = readSessionEntries(this.stateDir, agentId);
      return entries.map(({ sessionKey }) => [refs.of(canonicalKey(agentId, sessionKey)), sessionKey] as const);
    });
    return new Map(rows);
  }

  /** Fails when one of its gateways has said that something leaks, or that an error was handled by nobody. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.gateway?.stop("SIGKILL");
    await this.botApi.close();
    if (this.#options.shared === undefined) await this.model.close();
    const complaints = complaintsIn(this.#pastLog + (this.gateway?.log ?? ""));
    if (complaints.length > 0) throw new Error(`the gateway complained:\n${complaints.join("\n")}`);
  }
}
