/** A gateway of an older host with the plugin, killed, and the tested host's on the same state: what was held stays held. */
import fs from "node:fs";
import path from "node:path";
import { expect, it, type TestContext } from "vitest";
import type { HeldItem, StatusView } from "../../src/operate/views.ts";
import { RecordStore } from "../../src/record/record-store.ts";
import { FakeBotApi } from "../support/fake-bot-api.ts";
import { Gateway } from "../support/gateway.ts";
import { gatewayConfig } from "../support/gateway-config.ts";
import { type Host, hostAt, testedHost } from "../support/hosts.ts";
import { needs } from "../support/needs.ts";
import { openclaw } from "../support/openclaw.ts";
import { answer, detectResume, resumesHang } from "../support/restarted-gateway.ts";
import { skipWithout } from "../support/skip-without.ts";
import { stagePlugin } from "../support/stage-plugin.ts";
import { hasSessionsFile } from "../support/session-files.ts";
import { clearBootHistory, readSessionEntries } from "../support/state-store.ts";
import { hangForever, StubModel } from "../support/stub-model.ts";
import { makeTempDir } from "../support/temp.ts";
import { waitFor } from "../support/wait.ts";

const FROM = "2026.7.1-2";
/** In the order in which they write: of those the newest are resumed first, as many as a boot may. */
const OVER_THE_LIMIT = [101, 102];
const BY_THE_OPERATOR = 103;
const RESUMING = [104, 105];
/** Is interrupted after the plugin has looked. */
const LATE = 106;
const INTERRUPTED = [...OVER_THE_LIMIT, BY_THE_OPERATOR, ...RESUMING];
const keyOf = (chatId: number): string => `agent:main:telegram:direct:${chatId}`;
const SETTINGS = {
  lane: { quietMs: 300 },
  budget: { startIntervalMs: 0, startsPerMinute: 0 },
  // A resume that a user cuts off ages, and then runs beside users.
  preemption: { maxPreemptions: 0 },
};

/** One state folder, and the gateways of different hosts on it. */
class UpgradedGateway implements AsyncDisposable {
  readonly stateDir = makeTempDir("upgrade");
  readonly botApi: FakeBotApi;
  readonly model: StubModel;
  gateway!: Gateway;

  private constructor(botApi: FakeBotApi, model: StubModel) {
    this.botApi = botApi;
    this.model = model;
  }

  static async prepare(): Promise<UpgradedGateway> {
    return new UpgradedGateway(await FakeBotApi.start(), await StubModel.start({ behaviour: answer, detectResume }));
  }

  async boot(host: Host, settings: Record<string, unknown>, port?: number): Promise<void> {
    const { stateDir, botApi, model } = this;
    const config = gatewayConfig({
      botApi,
      model,
      host,
      maxConcurrent: 8,
      plugins: [stagePlugin({ config: settings })],
      ...(port === undefined ? {} : { extra: { gateway: { port } } }),
    });
    const { openclawMjs } = host;
    this.gateway = await Gateway.start({ stateDir, config, openclawMjs, timeoutMs: 150_000 });
  }

  /** The tested host; one that wants its doctor first (2026.8.2; the newer do it by themselves) gets it. */
  async bootAsToldTo(settings: Record<string, unknown>): Promise<void> {
    try {
      await this.boot(testedHost(), settings);
    } catch (error) {
      if (!String(error).includes('Run "openclaw doctor --fix"')) throw error;
      const { code, stdout, stderr } = await openclaw(this.stateDir, ["doctor", "--fix", "--non-interactive"], 180_000);
      expect(code, stdout + stderr).toBe(0);
      // The start that was refused is the third that ended badly: the host would keep its channels down.
      clearBootHistory(this.stateDir);
      // On the port that the doctor has written: the host goes by its own file where it finds another.
      await this.boot(testedHost(), settings, this.#writtenPort);
    }
  }

  get #writtenPort(): number {
    const written = fs.readFileSync(path.join(this.stateDir, "openclaw.json"), "utf8");
    return (JSON.parse(written) as { gateway: { port: number } }).gateway.port;
  }

  async ask(chatId: number): Promise<void> {
    const afterMs = this.botApi.userSays({ chatId, text: `Good morning [chat ${chatId}]` });
    await this.botApi.waitForReply(chatId, { afterMs, matching: /^Answered/, timeoutMs: 60_000 });
    await this.waitForStatus("done", chatId);
  }

  /** The user writes, and the answer hangs. */
  async hang(chatId: number): Promise<void> {
    this.botApi.userSays({ chatId, text: `Please summarise our plan [chat ${chatId}]` });
    await this.waitForModel((chat) => chat === chatId);
    await this.waitForStatus("running", chatId);
  }

  async waitForModel(isMeant: (chat: number | undefined) => boolean, count = 1): Promise<void> {
    await this.model.waitForRequests(count, 60_000, ({ chat, outcome }) => outcome === undefined && isMeant(chat));
  }

  waitForStatus(status: string, chatId: number): Promise<unknown> {
    return waitFor(() => this.entry(chatId)?.status === status, {
      timeoutMs: 30_000,
      what: `status ${status} of chat ${chatId}`,
      lastState: () => JSON.stringify(this.entry(chatId)),
    });
  }

  async kill(): Promise<void> {
    await this.gateway.stop("SIGKILL");
    await waitFor(() => this.model.running === 0, { timeoutMs: 10_000, what: "its requests to end" });
  }

  entry(chatId: number) {
    return readSessionEntries(this.stateDir).find(({ sessionKey }) => sessionKey === keyOf(chatId))?.entry;
  }

  async held(): Promise<HeldItem[]> {
    const { held } = await this.gateway.call<StatusView>("resumes.status", {});
    return held.toSorted((one, other) => one.sessionKey.localeCompare(other.sessionKey));
  }

  /** What the plugin's own record keeps of the held ones. */
  heldRecords() {
    const held = (store: RecordStore) => store.all().filter(({ outcome }) => outcome === "held");
    return RecordStore.peek(this.stateDir, held, [])
      .map(({ sessionKey, reason, heldBecause, heldSinceMs, claimedAtMs, sessionId }) => {
        return { sessionKey, reason, heldBecause, heldSinceMs, claimedAtMs, sessionId };
      })
      .toSorted((one, other) => one.sessionKey.localeCompare(other.sessionKey));
  }

  replies(chatId: number): string[] {
    return this.botApi.replies(chatId).map(({ text }) => text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.gateway?.stop("SIGKILL");
    await Promise.all([this.botApi.close(), this.model.close()]);
  }
}

it(
  `from ${FROM}: interrupted sessions are resumed once, held ones stay held with their reason and since when`,
  { tags: "long", timeout: 400_000, ...needs("sqlite-sessions") },
  async (context: TestContext) => {
    const older = await hostAt(FROM);
    skipWithout(context, older);
    await using upgraded = await UpgradedGateway.prepare();
    await upgraded.boot(older, SETTINGS);
    // Before its first answer such a host has nothing of a conversation on disk.
    for (const chatId of [...INTERRUPTED, LATE]) await upgraded.ask(chatId);
    upgraded.model.behaviour = hangForever;
    for (const chatId of INTERRUPTED) await upgraded.hang(chatId);
    await upgraded.kill();

    upgraded.model.behaviour = resumesHang;
    await upgraded.boot(older, { ...SETTINGS, budget: { ...SETTINGS.budget, maxPerBoot: 3, maxConcurrent: 2 } });
    await upgraded.waitForModel((chat) => RESUMING.includes(chat ?? 0), 2);
    await upgraded.gateway.call("resumes.hold", { key: keyOf(BY_THE_OPERATOR) });
    upgraded.model.behaviour = hangForever;
    await upgraded.hang(LATE);
    const held = await upgraded.held();
    expect(held.map(({ sessionKey, reason }) => [sessionKey, reason])).toEqual([
      ...OVER_THE_LIMIT.map((chatId) => [keyOf(chatId), "over-boot-limit"]),
      [keyOf(BY_THE_OPERATOR), "by-operator"],
    ]);
    await upgraded.kill();
    const records = upgraded.heldRecords();
    expect(records.map(({ sessionKey }) => sessionKey)).toEqual(held.map(({ sessionKey }) => sessionKey));
    for (const { heldSinceMs } of records) expect(heldSinceMs).toBeGreaterThan(upgraded.gateway.startedAtMs);
    expect(hasSessionsFile(upgraded.stateDir, "main")).toBe(true);
    const before = new Map(INTERRUPTED.map((chatId) => [chatId, upgraded.replies(chatId)]));

    upgraded.model.behaviour = answer;
    await upgraded.bootAsToldTo(SETTINGS);
    // The host has taken over what it found.
    expect(hasSessionsFile(upgraded.stateDir, "main")).toBe(false);
    for (const chatId of [...RESUMING, LATE]) {
      await upgraded.botApi.waitForReply(chatId, { matching: /^Resumed/, timeoutMs: 90_000 });
    }
    await waitFor(
      async () => {
        const { queue, running } = await upgraded.gateway.call<StatusView>("resumes.status", {});
        return queue.length === 0 && running.length === 0;
      },
      { timeoutMs: 60_000, what: "the end of all resumes", lastState: () => upgraded.gateway.logTail() },
    );
    expect(await upgraded.held()).toEqual(held);
    expect(upgraded.heldRecords()).toEqual(records);
    const shown = await openclaw(upgraded.stateDir, ["resumes", "status", "--json"]);
    expect((shown.json() as StatusView).held).toHaveLength(held.length);
    for (const chatId of [...OVER_THE_LIMIT, BY_THE_OPERATOR]) {
      expect(upgraded.replies(chatId)).toEqual(before.get(chatId));
      expect(upgraded.entry(chatId)).toMatchObject({ status: "killed" });
    }
    for (const chatId of [...RESUMING, LATE]) {
      expect(upgraded.replies(chatId)).toEqual([`Answered [chat ${chatId}]`, `Resumed [chat ${chatId}]`]);
    }
    // A held one goes on with all that was said on the older host.
    const afterMs = upgraded.botApi.userSays({ chatId: 101, text: "And now? (after the restart) [chat 101]" });
    await upgraded.botApi.waitForReply(101, { afterMs, matching: /^Answered/, timeoutMs: 60_000 });
    const asked = JSON.stringify(upgraded.model.requests.findLast(({ chat }) => chat === 101)?.messages);
    for (const said of ["Good morning [chat 101]", "Answered [chat 101]", "Please summarise our plan [chat 101]"]) {
      expect(asked).toContain(said);
    }
  },
);
