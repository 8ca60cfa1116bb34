/**
 * A Telegram Bot API on loopback, faithful where it matters for restarts: updates are delivered by long poll and stay
 * queued until the bot confirms them with a higher offset, update ids never start anew, a second poll ends the first
 * with 409. One object serves any number of bots (one per token) and keeps them apart; it survives gateway restarts
 * because its port and its tokens stay.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { sendJson, serveLoopback, type LoopbackServer } from "./loopback.ts";
import { sleep, waitFor } from "./wait.ts";

/** The bot of the only, or the first, account. Always the same, so that a copied state stays valid for it. */
export const DEFAULT_BOT_TOKEN = botToken(0);

/** The token of the nth bot (0 is the default one). */
export function botToken(index: number): string {
  return `${7_000_000_001 + index}:AAFakeFakeFakeFakeFakeFakeFakeFake${String(index).padStart(2, "0")}`;
}

/** A call by which the bot did something visible in a chat. */
export type BotCall = {
  /** `sendMessage`, `editMessageText`, `deleteMessage`, `sendChatAction`, ... */
  method: string;
  token: string;
  chatId: string;
  text: string;
  /** Epoch milliseconds. */
  atMs: number;
  /** The message sent, edited or deleted. */
  messageId?: number;
  /** `pending` while a send hook delays or hangs it. `lost`: delivered, but the bot never got the answer. */
  outcome: "delivered" | "lost" | "failed" | "pending";
  params: Record<string, unknown>;
};

/** A message as the user sees it now. */
export type Reply = {
  chatId: string;
  /** After all edits. */
  text: string;
  /** When it first appeared, epoch milliseconds. */
  atMs: number;
  messageId: number;
  token: string;
  /** Not an answer: the host's own recovery announces that it goes on ("I'm continuing your interrupted request"). */
  isNotice: boolean;
};

/** What becomes of a call. Undefined: it is delivered at once. */
export type SendFate =
  | { kind: "delay"; delayMs: number }
  /** Never answered; `seen`: the user has it all the same. */
  | { kind: "hang"; seen?: boolean }
  | { kind: "fail"; status?: number; description?: string; retryAfterS?: number }
  /** The user sees it, but the connection is cut before the bot gets the answer. */
  | { kind: "loseAnswer" }
  | undefined;

export type UserMessage = {
  chatId: number | string;
  text: string;
  /** The user's first name. */
  name?: string;
  /** Which bot is written to (default: the default bot). */
  token?: string;
  /** Default `private`. In a group pass a negative `chatId`. */
  chatType?: "private" | "group" | "supergroup";
  /** Group title. */
  title?: string;
  /** Who writes, in a group (default: user 1). In a private chat it is the chat's id. */
  userId?: number;
  /** In a group: put `@<bot username>` in front, as a real mention. */
  mention?: boolean;
  /** In a supergroup, which is a forum then. */
  topicId?: number;
};

export type ReplyFilter = {
  /** Only of this bot. */
  token?: string;
  /** Only those that appeared at this time or later, epoch milliseconds. */
  afterMs?: number;
};

type Update = { update_id: number; message: Record<string, unknown> };

type Bot = {
  token: string;
  queue: Update[];
  /** Wakes the open long poll, if any. */
  wake?: (() => void) | undefined;
  /** Ends the open long poll with 409, because another one began. */
  conflict?: (() => void) | undefined;
  lastPollAtMs?: number;
};

const HOST_NOTICE = /^I'm continuing your interrupted request now/;
const VISIBLE_METHODS = /^(send|edit|delete|forward|copy)(?!.*(Command|Webhook))/;

export class FakeBotApi {
  /** Decides the fate of visible calls (sendMessage and the like, not sendChatAction); replace it at any time. */
  fate: (call: BotCall) => SendFate = () => undefined;
  /** Every visible call, in order of arrival. */
  readonly calls: BotCall[] = [];

  readonly #bots = new Map<string, Bot>();
  #server!: LoopbackServer;
  // Like the real ids, ours go up for ever: across restarts of the gateway and across FakeBotApi objects (a state
  // copied from another run remembers the last id it saw and ignores lower ones).
  #lastId = Math.floor((Date.now() - Date.UTC(2025, 0, 1)) / 20);

  private constructor() {}

  static async start(): Promise<FakeBotApi> {
    const api = new FakeBotApi();
    api.#server = await serveLoopback((request, response, body) => api.#handle(request, response, body));
    return api;
  }

  /** For `channels.telegram.apiRoot`. */
  get url(): string {
    return this.#server.url;
  }

  readonly token = DEFAULT_BOT_TOKEN;

  /** A user writes to a bot. Returns the time of sending, epoch milliseconds. */
  userSays(message: UserMessage): number {
    const bot = this.#bot(message.token ?? this.token);
    const chatType = message.chatType ?? "private";
    const chatId = Number(message.chatId);
    const userId = chatType === "private" ? chatId : (message.userId ?? 1);
    const name = message.name ?? `User ${userId}`;
    const mention = message.mention ? `@${usernameOf(bot.token)} ` : "";
    const isInTopic = message.topicId !== undefined;
    const atMs = Date.now();
    bot.queue.push({
      update_id: this.#nextId(),
      message: {
        message_id: this.#nextId(),
        date: Math.floor(atMs / 1000),
        from: { id: userId, is_bot: false, first_name: name, language_code: "en" },
        chat:
          chatType === "private"
            ? { id: chatId, type: "private", first_name: name }
            : {
                id: chatId,
                type: chatType,
                title: message.title ?? `Group ${chatId}`,
                ...(isInTopic ? { is_forum: true } : {}),
              },
        ...(isInTopic ? { message_thread_id: message.topicId, is_topic_message: true } : {}),
        text: mention + message.text,
        ...(mention ? { entities: [{ type: "mention", offset: 0, length: mention.length - 1 }] } : {}),
      },
    });
    bot.wake?.();
    return atMs;
  }

  /** What the chat's user sees now from the bot: deleted messages are gone, edited ones show their last text. */
  replies(chatId: number | string, options: ReplyFilter = {}): Reply[] {
    const visible = new Map<number, Reply>();
    for (const call of this.calls) {
      if (call.chatId !== String(chatId) || call.messageId === undefined) continue;
      if (options.token !== undefined && call.token !== options.token) continue;
      if (call.outcome !== "delivered" && call.outcome !== "lost") continue;
      const known = visible.get(call.messageId);
      if (call.method.startsWith("delete")) visible.delete(call.messageId);
      else if (call.method.startsWith("edit")) {
        if (known && call.text) known.text = call.text;
      } else visible.set(call.messageId, pickReply(call, call.messageId));
    }
    return [...visible.values()].filter((reply) => reply.atMs >= (options.afterMs ?? 0));
  }

  /** The replies that answer the user: without the host's notices. */
  answers(chatId: number | string, options: ReplyFilter = {}): Reply[] {
    return this.replies(chatId, options).filter((reply) => !reply.isNotice);
  }

  /** Waits for an answer in the chat (at `afterMs` or later, and matching, if given). */
  waitForReply(
    chatId: number | string,
    options: ReplyFilter & { matching?: RegExp; timeoutMs: number },
  ): Promise<Reply> {
    return waitFor(() => this.answers(chatId, options).find((reply) => options.matching?.test(reply.text) ?? true), {
      timeoutMs: options.timeoutMs,
      what: `a reply in chat ${chatId}${options.matching ? ` matching ${String(options.matching)}` : ""}`,
      lastState: () => this.describe(),
    });
  }

  /** Waits until a bot polls for updates, that is: its channel is up. */
  waitForPoll(options: { afterMs?: number; token?: string; timeoutMs: number }): Promise<number> {
    const bot = this.#bot(options.token ?? this.token);
    return waitFor(
      () => bot.lastPollAtMs !== undefined && bot.lastPollAtMs >= (options.afterMs ?? 0) && bot.lastPollAtMs,
      {
        timeoutMs: options.timeoutMs,
        what: `a getUpdates poll of bot ${bot.token.split(":", 1)[0]}`,
      },
    );
  }

  /** Updates a bot has not confirmed yet. */
  unconfirmed(token: string = this.token): number {
    return this.#bot(token).queue.length;
  }

  /** Forgets recorded calls; queued updates stay. */
  reset(): void {
    this.calls.length = 0;
  }

  /** One line per visible call, for error messages. */
  describe(): string {
    const first = this.calls[0]?.atMs ?? 0;
    const lines = this.calls
      .filter((call) => call.method !== "sendChatAction")
      .slice(-40)
      .map(
        (call) =>
          `bot +${call.atMs - first} ms ${call.method} chat=${call.chatId} ${call.outcome} ${JSON.stringify(call.text.slice(0, 120))}`,
      );
    const waiting = [...this.#bots.values()].map(
      (bot) => `bot ${bot.token.split(":", 1)[0]}: ${bot.queue.length} unconfirmed`,
    );
    return [...lines, ...waiting].join("\n");
  }

  async close(): Promise<void> {
    await this.#server.close();
  }

  #nextId(): number {
    return (this.#lastId += 1);
  }

  #bot(token: string): Bot {
    let bot = this.#bots.get(token);
    if (!bot) this.#bots.set(token, (bot = { token, queue: [] }));
    return bot;
  }

  async #handle(request: IncomingMessage, response: ServerResponse, body: string): Promise<void> {
    const url = new URL(request.url ?? "/", this.url);
    const [, token, method] = /^\/bot([^/]+)\/(\w+)$/.exec(decodeURIComponent(url.pathname)) ?? [];
    if (!token || !method) {
      sendJson(response, 404, { ok: false, error_code: 404, description: "Not Found" });
      return;
    }
    const bot = this.#bot(token);
    const params = {
      ...Object.fromEntries(url.searchParams),
      ...parseBody(request.headers["content-type"] ?? "", body),
    };
    if (method === "getUpdates") return this.#getUpdates(bot, response, params);
    if (method === "getMe") return ok(response, botUser(bot.token));
    if (method === "getWebhookInfo") {
      return ok(response, { url: "", has_custom_certificate: false, pending_update_count: bot.queue.length });
    }
    if (method === "getChat")
      return ok(response, {
        id: Number(params["chat_id"]),
        type: "private",
        accent_color_id: 0,
        max_reaction_count: 11,
      });
    if (!VISIBLE_METHODS.test(method)) return ok(response, true);
    return this.#visible(bot, method, params, response);
  }

  async #getUpdates(bot: Bot, response: ServerResponse, params: Record<string, unknown>): Promise<void> {
    const offset = Number(params["offset"] ?? 0);
    const timeoutMs = Number(params["timeout"] ?? 0) * 1000;
    const limit = Number(params["limit"] ?? 100);
    bot.lastPollAtMs = Date.now();
    if (offset > 0) bot.queue = bot.queue.filter((update) => update.update_id >= offset);
    if (offset < 0) bot.queue = bot.queue.slice(offset);
    bot.conflict?.();
    if (bot.queue.length === 0 && timeoutMs > 0) {
      const end = await new Promise<"updates" | "timeout" | "conflict" | "gone">((resolve) => {
        const timer = setTimeout(() => resolve("timeout"), timeoutMs);
        timer.unref();
        response.on("close", () => resolve("gone"));
        bot.wake = () => resolve("updates");
        bot.conflict = () => resolve("conflict");
      });
      if (end === "conflict") {
        const description =
          "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running";
        sendJson(response, 409, { ok: false, error_code: 409, description });
        return;
      }
      bot.wake = undefined;
      bot.conflict = undefined;
      if (end === "gone") return;
    }
    ok(response, bot.queue.slice(0, limit));
  }

  async #visible(bot: Bot, method: string, params: Record<string, unknown>, response: ServerResponse): Promise<void> {
    const isNew = !/^(edit|delete|sendChatAction)/.test(method);
    const call: BotCall = {
      method,
      token: bot.token,
      chatId: asText(params["chat_id"]),
      text: textOfCall(params),
      atMs: Date.now(),
      outcome: "pending",
      params,
    };
    if (method !== "sendChatAction") call.messageId = isNew ? this.#nextId() : Number(params["message_id"]);
    this.calls.push(call);
    const fate = method === "sendChatAction" ? undefined : this.fate(call);
    if (fate?.kind === "hang") {
      if (fate.seen === true) call.outcome = "lost";
      else response.on("close", () => (call.outcome = "failed"));
      return;
    }
    if (fate?.kind === "delay") await sleep(fate.delayMs);
    if (fate?.kind === "fail") {
      call.outcome = "failed";
      const status = fate.status ?? 500;
      sendJson(response, status, {
        ok: false,
        error_code: status,
        description: fate.description ?? "Internal Server Error",
        ...(fate.retryAfterS === undefined ? {} : { parameters: { retry_after: fate.retryAfterS } }),
      });
      return;
    }
    if (fate?.kind === "loseAnswer") {
      call.outcome = "lost";
      response.destroy();
      return;
    }
    call.outcome = "delivered";
    const chatId = Number(params["chat_id"]);
    const message = {
      message_id: call.messageId,
      date: Math.floor(call.atMs / 1000),
      from: botUser(bot.token),
      chat: { id: chatId, type: chatId < 0 ? "group" : "private" },
      text: call.text,
    };
    const answersWithMessage = isNew || method.startsWith("edit");
    ok(response, method === "sendMessageDraft" || !answersWithMessage ? true : message);
  }
}

function pickReply(call: BotCall, messageId: number): Reply {
  const isNotice = HOST_NOTICE.test(call.text);
  return { chatId: call.chatId, text: call.text, atMs: call.atMs, messageId, token: call.token, isNotice };
}

function usernameOf(token: string): string {
  return `fake_${token.split(":", 1)[0]}_bot`;
}

function botUser(token: string): Record<string, unknown> {
  return {
    id: Number(token.split(":", 1)[0]),
    is_bot: true,
    first_name: "Fake Bot",
    username: usernameOf(token),
    can_join_groups: true,
    can_read_all_group_messages: true,
    supports_inline_queries: false,
  };
}

function ok(response: ServerResponse, result: unknown): void {
  sendJson(response, 200, { ok: true, result });
}

function asText(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

/** The text of a call: plain, a caption, or anything readable in a rich message. */
function textOfCall(params: Record<string, unknown>): string {
  for (const name of ["text", "caption"]) if (typeof params[name] === "string") return params[name];
  const rich = params["rich_message"] ?? params["message"];
  return rich === undefined ? "" : typeof rich === "string" ? rich : JSON.stringify(rich);
}

function parseBody(contentType: string, body: string): Record<string, unknown> {
  if (!body) return {};
  if (contentType.includes("json")) return JSON.parse(body) as Record<string, unknown>;
  if (contentType.includes("x-www-form-urlencoded")) return Object.fromEntries(new URLSearchParams(body));
  const fields: Record<string, string> = {};
  for (const [, name, value] of body.matchAll(/name="([^"]+)"\r\n\r\n([\s\S]*?)\r\n--/g)) fields[name!] = value!;
  return fields;
}
