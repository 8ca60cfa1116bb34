/**
 * An OpenAI-compatible model on loopback whose answers a test decides, and which remembers who asked what and when. One
 * stub can stand for several providers and serve several gateways: each has a base path of its own.
 */
import type { ServerResponse } from "node:http";
import { sendJson, serveLoopback, type LoopbackServer } from "./loopback.ts";
import { sleep, waitFor } from "./wait.ts";

export type ChatMessage = { role: string; content?: unknown; tool_calls?: unknown; tool_call_id?: string };

/** What a reply says that it has used. */
export type ModelUsage = { prompt_tokens: number; completion_tokens: number; total_tokens: number };

export type ModelAnswer =
  /** `streamMs`: how long a streamed answer takes from its first words to its last. */
  | { kind: "reply"; text: string; delayMs?: number; streamMs?: number; usage?: ModelUsage }
  | { kind: "hang" }
  | { kind: "error"; status: number; body?: unknown; headers?: Record<string, string>; delayMs?: number }
  | { kind: "toolCall"; name: string; args: Record<string, unknown>; delayMs?: number };

/** The providers that one stub stands for. */
export type StubProvider = "stub" | "other";

export type ModelRequest = {
  id: number;
  /** By the path that it came by, like the next. */
  provider: StubProvider;
  /** The name of the gateway, where several share the stub. */
  gateway?: string;
  /** Epoch milliseconds. */
  atMs: number;
  endedAtMs?: number;
  /** `aborted`: the client went away first. Undefined while running. */
  outcome?: "answered" | "aborted" | "failed";
  /** The text of the last message with role `user`, without the host's own runtime context. */
  lastUserText: string;
  messages: ChatMessage[];
  toolNames: string[];
  /** From the last `[chat N]` marker in all user text. */
  chat?: number;
  /**
   * The last user message is a resume prompt (see `detectResume`). The host's own repeat of a refused request has another,
   * so it is not counted as one.
   */
  isResume: boolean;
  /** The request body as sent. */
  body: Record<string, unknown>;
};

export type ModelBehaviour = (request: ModelRequest) => ModelAnswer;

export type StubModelOptions = {
  behaviour?: ModelBehaviour;
  /** Told the last user message, and what the host says beside it under a headline of its own. */
  detectResume?: (lastUserText: string, beside: string) => boolean;
};

/** Answers at once, naming the chat: the default behaviour. */
export const answerAtOnce: ModelBehaviour = (request) => ({
  kind: "reply",
  text: `Answer [chat ${request.chat ?? "?"}]`,
});
export const hangForever: ModelBehaviour = () => ({ kind: "hang" });

const RESUME_MARKER = "interrupted by a gateway restart";

export class StubModel {
  /** Decides each answer; replace it at any time (a request that hangs stays hanging, see `release`). */
  behaviour: ModelBehaviour;
  readonly requests: ModelRequest[] = [];
  /** The highest number of requests that were open at once since the last `reset`, and of resumes among them. */
  peakRunning = 0;
  peakResumes = 0;

  readonly #detectResume: (text: string, beside: string) => boolean;
  readonly #hanging = new Map<ModelRequest, (answer: ModelAnswer) => void>();
  #server!: LoopbackServer;
  #lastId = 0;

  private constructor(options: StubModelOptions) {
    this.behaviour = options.behaviour ?? answerAtOnce;
    this.#detectResume = options.detectResume ?? ((text, beside) => (text + beside).includes(RESUME_MARKER));
  }

  static async start(options: StubModelOptions = {}): Promise<StubModel> {
    const model = new StubModel(options);
    model.#server = await serveLoopback(async (request, response, body) => {
      if (request.method === "GET") {
        sendJson(response, 200, { object: "list", data: [{ id: STUB_MODEL_ID, object: "model" }] });
        return;
      }
      await model.#answer(response, whoAsks(request.url ?? ""), JSON.parse(body) as Record<string, unknown>);
    });
    return model;
  }

  /** The base URL for `models.providers.<id>.baseUrl`. */
  urlOf(provider: StubProvider, gateway?: string): string {
    const names = [...(gateway === undefined ? [] : [gateway]), ...(provider === "stub" ? [] : [provider])];
    return [this.#server.url, ...names, "v1"].join("/");
  }

  /** That of the first provider, for a gateway that has the stub to itself. */
  get url(): string {
    return this.urlOf("stub");
  }

  /** How many requests are open now. */
  get running(): number {
    return this.runningRequests.length;
  }

  get runningRequests(): ModelRequest[] {
    return this.requests.filter((request) => request.outcome === undefined);
  }

  /** Waits until `count` requests (that match) have arrived since the last `reset`; resolves with them. */
  waitForRequests(
    count: number,
    timeoutMs: number,
    matching: (request: ModelRequest) => boolean = () => true,
  ): Promise<ModelRequest[]> {
    return waitFor(
      () => {
        const seen = this.requests.filter(matching);
        return seen.length >= count && seen;
      },
      { timeoutMs, what: `${count} model request(s)`, lastState: () => this.describe() },
    );
  }

  /** Answers hanging requests (all, or those that match) now. Returns how many. */
  release(answer: ModelAnswer | ModelBehaviour, matching: (request: ModelRequest) => boolean = () => true): number {
    const chosen = [...this.#hanging].filter(([request]) => matching(request));
    for (const [request, settle] of chosen) settle(typeof answer === "function" ? answer(request) : answer);
    return chosen.length;
  }

  /** Forgets ended requests and starts the peaks anew; open requests stay. */
  reset(): void {
    this.requests.splice(0, this.requests.length, ...this.runningRequests);
    this.peakRunning = 0;
    this.peakResumes = 0;
    this.#countPeaks();
  }

  /** One line per request, for error messages. */
  describe(): string {
    if (this.requests.length === 0) return "model: no requests";
    return this.requests
      .map(
        (r) =>
          `model #${r.id} +${r.atMs - this.requests[0]!.atMs} ms ${r.gateway ?? ""} ${r.provider} ` +
          `chat=${r.chat ?? "?"} resume=${r.isResume} ` +
          `${r.outcome ?? "running"} ${JSON.stringify(r.lastUserText.slice(-100))}`,
      )
      .join("\n");
  }

  async close(): Promise<void> {
    await this.#server.close();
  }

  async #answer(response: ServerResponse, from: WhoAsks, body: Record<string, unknown>): Promise<void> {
    const request = this.#record(from, body);
    const settled = new Promise<ModelAnswer>((resolve) => {
      this.#hanging.set(request, resolve);
    });
    response.on("close", () => {
      // It comes before whoever has waited for the end of the answer goes on.
      if (request.outcome === undefined) this.#end(request, response.writableFinished ? "answered" : "aborted");
    });
    let answer: ModelAnswer;
    try {
      answer = this.behaviour(request);
    } catch (error) {
      answer = { kind: "error", status: 500, body: { error: { message: String(error) } } };
    }
    if (answer.kind === "hang") {
      answer = await settled;
    } else if (answer.delayMs) {
      await Promise.race([sleep(answer.delayMs), settled]);
    }
    if (request.outcome !== undefined || answer.kind === "hang") return;
    if (answer.kind === "error") {
      this.#end(request, "failed");
      sendJson(
        response,
        answer.status,
        answer.body ?? { error: { message: "stub model error", type: "server_error" } },
        answer.headers,
      );
      return;
    }
    await respond(response, request, answer);
    if (request.outcome === undefined) this.#end(request, "answered");
  }

  #record(from: WhoAsks, body: Record<string, unknown>): ModelRequest {
    const messages = Array.isArray(body["messages"]) ? (body["messages"] as ChatMessage[]) : [];
    const userTexts = messages.filter((message) => message.role === "user").map((message) => textOf(message.content));
    // The host adds a user message of its own after the real one (runtime context between two marker lines).
    const lastUserText = userTexts.map(withoutHostContext).findLast((text) => text !== "") ?? "";
    const chat = [...userTexts.join("\n").matchAll(/\[chat (-?\d+)\]/g)].at(-1)?.[1];
    const tools = Array.isArray(body["tools"]) ? (body["tools"] as { function?: { name?: string } }[]) : [];
    const request: ModelRequest = {
      id: (this.#lastId += 1),
      ...from,
      atMs: Date.now(),
      lastUserText,
      messages,
      toolNames: tools.flatMap((tool) => tool.function?.name ?? []),
      ...(chat === undefined ? {} : { chat: Number(chat) }),
      isResume: this.#detectResume(lastUserText, saidBeside(messages)),
      body,
    };
    this.requests.push(request);
    this.#countPeaks();
    return request;
  }

  #countPeaks(): void {
    const open = this.runningRequests;
    this.peakRunning = Math.max(this.peakRunning, open.length);
    this.peakResumes = Math.max(this.peakResumes, open.filter(({ isResume }) => isResume).length);
  }

  #end(request: ModelRequest, outcome: NonNullable<ModelRequest["outcome"]>): void {
    request.endedAtMs = Date.now();
    request.outcome = outcome;
    this.#hanging.delete(request);
  }
}

/** The one model the stub offers. */
export const STUB_MODEL_ID = "stub-1";

type WhoAsks = Pick<ModelRequest, "provider" | "gateway">;

/** From a path as `urlOf` makes it. */
function whoAsks(path: string): WhoAsks {
  const names = path.split("/v1/")[0]!.split("/").filter(Boolean);
  const gateway = names.find((name) => name !== "other");
  return { provider: names.includes("other") ? "other" : "stub", ...(gateway === undefined ? {} : { gateway }) };
}

/** Between two marker lines, and on hosts before 2026.8 under a headline (2026.6.5: and without them, a message by itself). */
const HOST_CONTEXT =
  /(?:^OpenClaw runtime context for[^\n]*\n[^\n]*\n\n)?<<<BEGIN_OPENCLAW_INTERNAL_CONTEXT>>>[\s\S]*?<<<END_OPENCLAW_INTERNAL_CONTEXT>>>|^OpenClaw runtime context for[\s\S]*/g;

/** Without what the host adds for the model: who writes, and what was said lately. */
export function withoutHostContext(text: string): string {
  return text.replace(HOST_CONTEXT, "").trim();
}

/** What the host says beside the last message of the user: on hosts with transcripts in files the prompt of a resume is there. */
function saidBeside(messages: readonly ChatMessage[]): string {
  const turn = messages.slice(messages.findLastIndex(({ role }) => role === "assistant") + 1);
  return turn
    .map(({ content }) => textOf(content))
    .filter((text) => text.startsWith("OpenClaw runtime context for"))
    .join("\n");
}

function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content.map((part: { text?: unknown }) => (typeof part.text === "string" ? part.text : "")).join("\n");
}

const USAGE: ModelUsage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };

async function respond(
  response: ServerResponse,
  request: ModelRequest,
  answer: Extract<ModelAnswer, { kind: "reply" | "toolCall" }>,
): Promise<void> {
  if (response.destroyed) return;
  const base = { id: `stub-${request.id}`, created: Math.floor(Date.now() / 1000), model: STUB_MODEL_ID };
  const usage = (answer.kind === "reply" ? answer.usage : undefined) ?? USAGE;
  const finish = answer.kind === "reply" ? "stop" : "tool_calls";
  const toolCalls = (index: object) =>
    answer.kind === "toolCall"
      ? [
          {
            ...index,
            id: `call_${request.id}`,
            type: "function",
            function: { name: answer.name, arguments: JSON.stringify(answer.args) },
          },
        ]
      : [];
  if (request.body["stream"] !== true) {
    const message =
      answer.kind === "reply"
        ? { role: "assistant", content: answer.text }
        : { role: "assistant", content: null, tool_calls: toolCalls({}) };
    sendJson(response, 200, {
      ...base,
      object: "chat.completion",
      choices: [{ index: 0, message, finish_reason: finish }],
      usage,
    });
    return;
  }
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
  const send = (delta: object, finishReason: string | null, more: object = {}) =>
    response.write(
      `data: ${JSON.stringify({
        ...base,
        object: "chat.completion.chunk",
        choices: [{ index: 0, delta, finish_reason: finishReason }],
        ...more,
      })}\n\n`,
    );
  send({ role: "assistant", content: "" }, null);
  if (answer.kind === "toolCall") {
    send({ tool_calls: toolCalls({ index: 0 }) }, null);
  } else {
    const { text, streamMs } = answer;
    send({ content: text.slice(0, 1) }, null);
    if (streamMs !== undefined) await sleep(streamMs);
    send({ content: text.slice(1) }, null);
  }
  send({}, finish, { usage });
  response.end("data: [DONE]\n\n");
}
