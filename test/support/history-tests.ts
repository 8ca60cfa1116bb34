/** What the tests of a conversation's memory share: chats that have a history, and what of it a model request holds. */
import { crashedChats, type CrashedTemplate } from "./crashed-state.ts";
import { FakeBotApi } from "./fake-bot-api.ts";
import { Gateway } from "./gateway.ts";
import { gatewayConfig } from "./gateway-config.ts";
import { detectResume, RestartedGateway, type RestartOptions, resumesHang, USER_MARK } from "./restarted-gateway.ts";
import { withoutQuotes } from "./host-quotes.ts";
import { type LoopbackServer, serveLoopback } from "./loopback.ts";
import { checkpoint, readSessionEntries, readTranscript } from "./state-store.ts";
import { type ChatMessage, StubModel, withoutHostContext } from "./stub-model.ts";
import { makeTempDir } from "./temp.ts";
import { waitFor } from "./wait.ts";

/** The turns of each chat that were answered before the one that was interrupted. */
const EARLIER = [
  { question: "Where shall we go?", reply: "To the sea." },
  { question: "How do we get there?", reply: "By train." },
] as const;
const INTERRUPTED = "Please summarise our plan";
/** What the user writes when a test lets them (`RestartedGateway.ask`), and is answered. */
export const ASKED = `user: And now? ${USER_MARK}`;
export const ANSWERED = "assistant: Answered";

/** What a request must hold of an interrupted chat, in order, up to the question that was never answered. */
export const HISTORY: readonly string[] = [
  ...EARLIER.flatMap(({ question, reply }) => [`user: ${question}`, `assistant: ${reply}`]),
  `user: ${INTERRUPTED}`,
];

/**
 * Chats with two answered turns each, killed in their third: made by a real gateway without our plugin, for
 * `RestartOptions.template`. Lives as long as this process.
 */
export async function crashWithHistory(chats: number): Promise<CrashedTemplate> {
  const about = { chats, agents: 1 as const };
  const stateDir = makeTempDir(`history-${chats}`);
  const botApi = await FakeBotApi.start();
  const model = await StubModel.start({
    behaviour: ({ lastUserText, chat }) => {
      const turn = EARLIER.find(({ question }) => withoutQuotes(lastUserText).includes(question));
      return turn === undefined ? { kind: "hang" } : { kind: "reply", text: `${turn.reply} [chat ${chat}]` };
    },
  });
  try {
    const gateway = await Gateway.start({ stateDir, config: gatewayConfig({ botApi, model, maxConcurrent: chats }) });
    const interrupted = crashedChats(about);
    try {
      await botApi.waitForPoll({ timeoutMs: 30_000 });
      for (const [index, { question }] of EARLIER.entries()) {
        for (const { chatId } of interrupted) botApi.userSays({ chatId, text: `${question} [chat ${chatId}]` });
        await waitFor(() => interrupted.every(({ chatId }) => botApi.replies(chatId).length > index), {
          timeoutMs: 60_000,
          what: `${index + 1} answered turns in each chat`,
          lastState: () => `${model.describe()}\n${gateway.logTail()}`,
        });
      }
      await waitFor(() => statuses(stateDir).every((status) => status === "done"), {
        timeoutMs: 30_000,
        what: "the answered turns to end",
      });
      for (const { chatId } of interrupted) botApi.userSays({ chatId, text: `${INTERRUPTED} [chat ${chatId}]` });
      await waitFor(() => model.running === chats && statuses(stateDir).every((status) => status === "running"), {
        timeoutMs: 60_000,
        what: "every chat to be answered",
        lastState: () => `${model.describe()}\n${gateway.logTail()}`,
      });
    } finally {
      await gateway.stop("SIGKILL");
    }
    const killedAtMs = Date.now();
    checkpoint(stateDir);
    return { ...about, stateDir, madeIn: stateDir, startedAtMs: gateway.startedAtMs, killedAtMs };
  } finally {
    await Promise.all([botApi.close(), model.close()]);
  }
}

const statuses = (stateDir: string) => readSessionEntries(stateDir).map(({ entry }) => entry.status);

/**
 * The conversation that a request holds (what stands only in the host's own context is none of it: it must neither hide that
 * a message is lost nor count as a second one), as `<role>: <sentence>`: one for each `[chat N]` of this chat, so also for each of
 * several messages that the host has merged into one. What names no chat, or another one, is there as it reads.
 */
export function conversationIn(messages: readonly ChatMessage[], chatId: number): string[] {
  return messages
    .filter(({ role }) => role !== "system" && role !== "developer")
    .flatMap(({ role, content, tool_calls: calls }) => {
      const text = withoutQuotes(withoutHostContext(textOf(content)));
      const sentences = [...text.matchAll(/([^\n[\]]*) \[chat (-?\d+)\]/g)].map(([whole, sentence, chat]) =>
        Number(chat) === chatId ? sentence!.trim() : whole.trim(),
      );
      const said = sentences.length > 0 || text === "" ? sentences : [text];
      if (detectResume(text)) said.push("(the prompt of a resume)");
      if (Array.isArray(calls)) said.push("(calls a tool)");
      return said.map((what) => `${role}: ${what}`);
    });
}

/**
 * The messages of a transcript that say something. An older host (2026.8.2) notes each turn that was cut off with an answer
 * that says nothing, and shows it to no model and no user.
 */
export function saidIn(stateDir: string, sessionKey: string): readonly { role: string; content: unknown }[] {
  const messages = readTranscript(stateDir, sessionKey).flatMap(({ message }) => message ?? []);
  return messages.filter(({ content }) => textOf(content) !== "");
}

function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  return Array.isArray(content) ? content.map((part: { text?: string }) => part.text ?? "").join("\n") : "";
}

/** The user writes and is answered; resolves with what the model got to see of the conversation. */
export async function askAndSee(restarted: RestartedGateway, chatId: number, timeoutMs = 30_000): Promise<string[]> {
  const seen = new Set(restarted.model.requests);
  await restarted.ask(chatId, { timeoutMs });
  const [request, ...more] = restarted.model.requests.filter(
    (one) => !seen.has(one) && one.chat === chatId && one.lastUserText.includes(USER_MARK),
  );
  if (request === undefined || more.length > 0) throw new Error(`not one request:\n${restarted.model.describe()}`);
  return conversationIn(request.messages, chatId);
}

/** What a resume has streamed when it is cut off, and what it says if it is let finish. */
export const HALF = "Resumed half of it,";
const OTHER_HALF = "and the rest";
export const WHOLE = `assistant: ${HALF} ${OTHER_HALF}`;

/** The same at the model, once a test lets it. */
export const finish = (restarted: RestartedGateway, chatId: number): number =>
  restarted.model.release({ kind: "reply", text: `${OTHER_HALF} [chat ${chatId}]` }, ({ chat }) => chat === chatId);

/**
 * Stands before the model and has it stream half an answer to each resume at once, however long the other half takes: so
 * that a resume which is cut off has something to leave behind. For `models.providers.stub.baseUrl`.
 */
function serveHalfAnswers(modelUrl: () => string): Promise<LoopbackServer> {
  return serveLoopback(async (request, response, body) => {
    const gone = new AbortController();
    response.on("close", () => gone.abort());
    // Of the whole request: nobody has written yet in a chat whose resume is cut off here.
    const isHalf = detectResume(body);
    if (isHalf) {
      response.writeHead(200, { "content-type": "text/event-stream" });
      const delta = { role: "assistant", content: `${HALF} ` };
      response.write(
        `data: ${JSON.stringify({ id: "half", choices: [{ index: 0, delta, finish_reason: null }] })}\n\n`,
      );
    }
    try {
      const url = new URL(modelUrl()).origin + request.url;
      const answer = await fetch(url, { method: "POST", body, signal: gone.signal });
      if (!isHalf) response.writeHead(answer.status, { "content-type": answer.headers.get("content-type") ?? "" });
      for await (const chunk of answer.body ?? []) response.write(chunk);
      response.end();
    } catch (error) {
      if (!gone.signal.aborted) throw error;
    }
  });
}

/** A gateway whose resumes hang half-way through their answers, on a state of chats that have a history. */
export class HalfWay implements AsyncDisposable {
  readonly restarted: RestartedGateway;
  readonly #proxy: LoopbackServer;

  private constructor(restarted: RestartedGateway, proxy: LoopbackServer) {
    this.restarted = restarted;
    this.#proxy = proxy;
  }

  /** The caller boots it. */
  static async prepare(options: RestartOptions): Promise<HalfWay> {
    let restarted: RestartedGateway | undefined;
    const proxy = await serveHalfAnswers(() => restarted!.model.url);
    try {
      const extra = { models: { providers: { stub: { baseUrl: `${proxy.url}/v1` } } } };
      restarted = await RestartedGateway.prepare({ behaviour: resumesHang, extra, ...options });
      return new HalfWay(restarted, proxy);
    } catch (error) {
      await proxy.close();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.restarted[Symbol.asyncDispose]();
    await this.#proxy.close();
  }
}
