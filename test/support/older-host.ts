/** What every host has to stand: users, an interrupted chat, one that was cut off in its first turn, and our plugin. */
import { setTimeout as sleep } from "node:timers/promises";
import { expect, type TestContext } from "vitest";
import { FakeBotApi } from "./fake-bot-api.ts";
import { gatewayConfig } from "./gateway-config.ts";
import { Gateway } from "./gateway.ts";
import { type Host, hostAt } from "./hosts.ts";
import { skipWithout } from "./skip-without.ts";
import { stagePlugin } from "./stage-plugin.ts";
import { readSessionEntries } from "./state-store.ts";
import { hangForever, type ModelRequest, StubModel } from "./stub-model.ts";
import { makeTempDir, removeTempDir } from "./temp.ts";
import { waitFor } from "./wait.ts";

const CHAT = 101;
const OTHER_CHAT = 102;
/** Cut off in its first turn. */
const NEW_CHAT = 103;
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
    const config = gatewayConfig({ botApi, model, plugins: [plugin], host: this.#host });
    const { openclawMjs } = this.#host;
    this.gateway = await Gateway.start({ stateDir: this.#stateDir, config, openclawMjs, timeoutMs: 90_000 });
  }

  /** A user writes and is answered. */
  async ask(chatId: number): Promise<void> {
    const afterMs = this.botApi.userSays({ chatId, text: `Hello [chat ${chatId}]` });
    await this.botApi.waitForReply(chatId, { afterMs, matching: /^Answered/, timeoutMs: 60_000 });
  }

  /** Kills the gateway in the middle of the chats' turns. */
  async interrupt(...chatIds: number[]): Promise<void> {
    this.model.behaviour = hangForever;
    for (const chatId of chatIds) this.botApi.userSays({ chatId, text: `${QUESTION} [chat ${chatId}]` });
    await this.model.waitForRequests(chatIds.length, 60_000, ({ outcome }) => outcome === undefined);
    await waitFor(() => this.#runningEntries() === chatIds.length, {
      timeoutMs: 10_000,
      what: "entries that say running",
    });
    await this.gateway.stop("SIGKILL");
  }

  /** How many turns that are under way have come into the entries of their sessions. */
  #runningEntries(): number {
    return readSessionEntries(this.#stateDir).filter(({ entry }) => entry.status === "running").length;
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

/** Starts that version, installed first on a new machine, and kills it while it serves. */
export async function expectOlderHostServed(version: string, context: TestContext): Promise<void> {
  const host = await hostAt(version);
  skipWithout(context, host);
  await using older = await OlderGateway.start(host);
  // The first answer of a conversation: before it hosts with transcripts as files have none of it on disk.
  await older.ask(CHAT);
  expect(older.failures()).toEqual([]);
  await older.interrupt(CHAT, NEW_CHAT);

  older.model.behaviour = (request) => (isResume(request) && request.chat === CHAT ? { kind: "hang" } : reply(request));
  await older.boot();
  await older.model.waitForRequests(1, 60_000, (request) => isResume(request) && request.chat === CHAT);
  await older.ask(OTHER_CHAT);
  older.model.behaviour = reply;
  older.model.release(reply);
  await older.botApi.waitForReply(CHAT, { matching: /^Resumed/, timeoutMs: 60_000 });
  // Resumed, or told by its host that nothing is left of it.
  await older.botApi.waitForReply(NEW_CHAT, { matching: /^Resumed|interrupted/i, timeoutMs: 60_000 });
  await older.gateway.waitForLog(/"step":"settled"/, 10_000);
  // The older hosts begin their own recovery five seconds after the start.
  await sleep(Math.max(0, older.gateway.startedAtMs + older.gateway.readyMs + 7_000 - Date.now()));

  expect(older.repliesTo(CHAT)).toEqual([`Answered [chat ${CHAT}]`, `Resumed [chat ${CHAT}]`]);
  expect(older.repliesTo(NEW_CHAT)).toHaveLength(1);
  const resumes = older.model.requests.filter((request) => isResume(request) && request.chat === CHAT);
  expect(resumes.map(({ outcome }) => outcome)).toEqual(["aborted", "answered"]);
  // A cancelled attempt has taken nothing out of the conversation.
  for (const { messages } of resumes) expect(JSON.stringify(messages)).toContain(QUESTION);
  const settled = older.log().filter(({ step }) => step === "settled");
  const left = older.log().filter(({ verdict }) => verdict === "leave");
  for (const line of settled) expect(line).toMatchObject({ outcome: "completed", reason: "replied" });
  expect([settled.length, ...left.map(({ reason }) => reason)]).toEqual(
    host.features.has("sqlite-sessions") ? [2] : [1, "transcript-unwritten"],
  );
  expect(older.failures()).toEqual([]);
}
