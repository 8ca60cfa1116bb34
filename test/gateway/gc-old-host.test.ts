/** A store that a real host has written, collected while it is down, and what the same host makes of it then. */
import fs from "node:fs";
import path from "node:path";
import { describe, expect, it, type TestContext } from "vitest";
import { FakeBotApi, type UserMessage } from "../support/fake-bot-api.ts";
import { gatewayConfig } from "../support/gateway-config.ts";
import { Gateway, hostEnv, PROJECT_ROOT } from "../support/gateway.ts";
import { UNDO_FOLDERS } from "../support/gc-stores.ts";
import { type Host, hostAt, testedHost } from "../support/hosts.ts";
import { runToEnd, type RunResult } from "../support/processes.ts";
import { skipWithout } from "../support/skip-without.ts";
import { StubModel } from "../support/stub-model.ts";
import { makeTempDir } from "../support/temp.ts";
import { waitFor } from "../support/wait.ts";

/** The tested host where it keeps a `sessions.json`, or the oldest. */
const VERSION = testedHost().features.has("sqlite-sessions") ? "2026.6.5" : testedHost().version;
const HOUR_MS = 3_600_000;

/** Chats, each with a word that only its history knows. */
type Chat = Pick<UserMessage, "chatId" | "chatType" | "topicId"> & { readonly key: string; readonly word: string };
const FRESH: Chat = { chatId: 201, key: "agent:main:telegram:direct:201", word: "walnut" };
const STALE: Chat = { chatId: 202, key: "agent:main:telegram:direct:202", word: "hazelnut" };
const RETURNING: Chat = { chatId: 203, key: "agent:main:telegram:direct:203", word: "chestnut" };
const GROUP: Chat = { chatId: -301, chatType: "group", key: "agent:main:telegram:group:-301", word: "almond" };
const TOPIC: Chat = {
  chatId: -1_001_000_302,
  chatType: "supergroup",
  topicId: 7,
  key: "agent:main:telegram:group:-1001000302:topic:7",
  word: "pecan",
};
const CHATS = [FRESH, STALE, RETURNING, GROUP, TOPIC];

type Entry = Record<string, unknown> & { sessionId: string };

class OldHost implements AsyncDisposable {
  readonly stateDir = makeTempDir("gc-old-host");
  /** Where it keeps its lock; a service can have a temporary folder of its own. */
  readonly temporary = makeTempDir("gc-old-host-tmp");
  readonly #host: Host;
  readonly #botApi: FakeBotApi;
  readonly #model: StubModel;
  gateway: Gateway | undefined;

  private constructor(host: Host, botApi: FakeBotApi, model: StubModel) {
    this.#host = host;
    this.#botApi = botApi;
    this.#model = model;
  }

  static async start(context: TestContext): Promise<OldHost> {
    const host = await hostAt(VERSION);
    skipWithout(context, host);
    const old = new OldHost(host, await FakeBotApi.start(), await StubModel.start());
    await old.boot();
    return old;
  }

  async boot(): Promise<void> {
    const groups = { groupPolicy: "open", groups: { "*": { requireMention: false } } };
    const config = gatewayConfig({
      botApi: this.#botApi,
      model: this.#model,
      host: this.#host,
      // By its default the host begins every session anew each morning.
      extra: { channels: { telegram: groups } },
    });
    const { openclawMjs } = this.#host;
    const env = { TMPDIR: this.temporary };
    this.gateway = await Gateway.start({ stateDir: this.stateDir, config, env, openclawMjs, timeoutMs: 90_000 });
  }

  async stop(): Promise<void> {
    await this.gateway?.stop("SIGTERM");
    this.gateway = undefined;
  }

  /**
   * A user writes and is answered. Resolves with what the model was shown of the turns before. (The last message itself has
   * what Telegram's channel remembers of the chat, whatever becomes of its session.)
   */
  async ask({ chatId, chatType, topicId }: Chat, text: string): Promise<string> {
    const marked = `${text} [chat ${chatId}]`;
    const afterMs = this.#botApi.userSays({
      chatId,
      text: marked,
      ...(chatType === undefined ? {} : { chatType }),
      ...(topicId === undefined ? {} : { topicId }),
    });
    await this.#botApi.waitForReply(chatId, { afterMs, matching: /^Answer/, timeoutMs: 60_000 });
    const request = this.#model.requests.findLast(({ lastUserText }) => lastUserText.includes(marked));
    return (request?.messages ?? [])
      .filter(({ role }) => role !== "system")
      .slice(0, -1)
      .map(({ content }) => JSON.stringify(content))
      .join("\n");
  }

  /** The tool's command line, as an operator runs it. */
  gc(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<RunResult> {
    const bin = path.join(PROJECT_ROOT, "src/bin.ts");
    return runToEnd(process.execPath, [bin, "gc", "--state-dir", this.stateDir, ...args], {
      timeoutMs: 30_000,
      env: { PATH: process.env["PATH"], TMPDIR: process.env["TMPDIR"], ...env },
    });
  }

  openclaw(...args: string[]): Promise<RunResult> {
    const where = { cwd: this.stateDir, env: hostEnv(this.stateDir), timeoutMs: 60_000 };
    return runToEnd(process.execPath, [this.#host.openclawMjs, ...args], where);
  }

  get folder(): string {
    return path.join(this.stateDir, "agents/main/sessions");
  }

  entries(): Record<string, Entry> {
    return JSON.parse(fs.readFileSync(path.join(this.folder, "sessions.json"), "utf8")) as Record<string, Entry>;
  }

  /** When the turns are over: hosts write down how they ended after the answer. */
  async settled(): Promise<Record<string, Entry>> {
    const isOver = ({ status }: Entry) => status === "done";
    await waitFor(() => CHATS.every(({ key }) => isOver(this.entries()[key]!)), {
      timeoutMs: 20_000,
      what: "the ends of the turns in the store",
      lastState: () => JSON.stringify(this.entries()),
    });
    return this.entries();
  }

  /** Makes it that much longer ago that anything was done in them. */
  age(chats: readonly Chat[], byMs: number): void {
    const entries = this.entries();
    for (const { key } of chats) {
      for (const [field, value] of Object.entries(entries[key]!)) {
        if (typeof value === "number" && value > Date.now() - HOUR_MS) entries[key]![field] = value - byMs;
      }
    }
    fs.writeFileSync(path.join(this.folder, "sessions.json"), JSON.stringify(entries, null, 2));
  }

  /** Files of a session's transcript, with their content. */
  transcripts(sessionId: string): Record<string, string> {
    const names = fs.readdirSync(this.folder).filter((name) => name.startsWith(`${sessionId}.jsonl`));
    return Object.fromEntries(names.map((name) => [name, fs.readFileSync(path.join(this.folder, name), "utf8")]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.gateway?.stop("SIGKILL");
    await Promise.all([this.#botApi.close(), this.#model.close()]);
  }
}

describe(`the store of a gateway of ${VERSION}`, () => {
  it(
    "is collected while that is down, served by it afterwards, and merged with what went",
    { tags: "long", timeout: 240_000 },
    async (context) => {
      await using old = await OldHost.start(context);
      const { gateway } = old;
      await Promise.all(CHATS.map((chat) => old.ask(chat, `The word is ${chat.word}.`)));
      const written = await old.settled();
      expect(Object.keys(written)).toEqual(expect.arrayContaining(CHATS.map(({ key }) => key)));

      // Its lock, and where that is not to be seen, its process.
      for (const env of [{ TMPDIR: old.temporary }, {}]) {
        expect(await old.gc(["--idle-hours", "24", "--apply"], env)).toEqual({
          code: 3,
          stdout: "",
          stderr: `error: a gateway is running on ${old.stateDir} (process ${gateway!.pid}): stop it first, or run \`openclaw sessions cleanup\`\n`,
        });
      }
      expect(Object.keys(old.entries())).toEqual(Object.keys(written));
      expect(fs.existsSync(path.join(old.stateDir, UNDO_FOLDERS))).toBe(false);

      await old.stop();
      old.age([STALE, RETURNING, GROUP, TOPIC], 100 * HOUR_MS);
      const aged = old.entries();
      const before = [STALE, RETURNING].map(({ key }) => old.transcripts(aged[key]!.sessionId));
      const applied = await old.gc(["--idle-hours", "24", "--missing", "--apply", "--json"]);
      expect(applied).toMatchObject({ code: 0, stderr: "" });
      const { undo } = JSON.parse(applied.stdout) as { undo: string };
      const { [STALE.key]: stale, [RETURNING.key]: returning, ...kept } = aged;
      expect(old.entries()).toEqual(kept);
      const archives = [stale, returning].map((entry) => old.transcripts(entry!.sessionId));
      expect(archives.map(Object.values)).toEqual(before.map(Object.values));
      for (const names of archives.map(Object.keys))
        expect(names).toEqual([expect.stringMatching(/\.jsonl\.deleted\.\d{4}-/)]);
      // What is left is nothing that the host itself would tidy up.
      const cleanup = await old.openclaw("sessions", "cleanup", "--dry-run", "--json");
      expect(cleanup.code).toBe(0);
      expect(JSON.parse(cleanup.stdout)).toMatchObject({
        beforeCount: 3,
        afterCount: 3,
        missing: 0,
        wouldMutate: false,
      });

      await old.boot();
      expect(await old.ask(FRESH, "Which word?")).toContain(FRESH.word);
      expect(await old.ask(GROUP, "Which word?")).toContain(GROUP.word);
      expect(await old.ask(TOPIC, "Which word?")).toContain(TOPIC.word);
      expect(await old.ask(RETURNING, "Which word?")).toBe("");
      await old.stop();
      expect([stale, returning].map((entry) => old.transcripts(entry!.sessionId))).toEqual(archives);

      const since = old.entries();
      expect(since[RETURNING.key]!.sessionId).not.toBe(returning!.sessionId);
      const undone = await old.gc(["--undo", undo, "--json"]);
      expect(undone).toMatchObject({ code: 0, stderr: "" });
      expect(JSON.parse(undone.stdout)).toMatchObject({
        stores: [{ agentId: "main", how: "merged", keysInUse: [RETURNING.key], filesLost: [] }],
      });
      expect(old.entries()).toEqual({ ...since, [STALE.key]: stale });
      // The transcript of a chat that has begun anew is nobody\'s and stays where it is.
      expect(old.transcripts(stale!.sessionId)).toEqual(before[0]);
      expect(old.transcripts(returning!.sessionId)).toEqual(archives[1]);

      await old.boot();
      expect(await old.ask(STALE, "Which word?")).toContain(STALE.word);
      expect(await old.ask(FRESH, "And again?")).toContain(FRESH.word);
      expect(old.entries()[STALE.key]!.sessionId).toBe(stale!.sessionId);
    },
  );
});
