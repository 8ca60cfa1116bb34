import { expect, it } from "vitest";
import type { CrashedChat } from "../support/crashed-state.ts";
import type { BotCall } from "../support/fake-bot-api.ts";
import { RestartedGateway, type RestartOptions } from "../support/restarted-gateway.ts";

const HOUR_MS = 3_600_000;
/** Two chats are too stale to be resumed, the third is the last to be judged; the others are answered. */
const STALE = { 101: 4 * HOUR_MS, 102: 3 * HOUR_MS, 103: 5 * HOUR_MS };
const NOTICE = /^A restart cut off my last turn here\b.*\bwrite to me\b/;

const start = (settings: Record<string, unknown>, extra?: RestartOptions["extra"]): Promise<RestartedGateway> =>
  RestartedGateway.start({ ages: STALE, settings, ...(extra === undefined ? {} : { extra }) });

/** What the bot has sent into a chat so far. */
const sentTo = (restarted: RestartedGateway, chatId: number): BotCall[] =>
  restarted.botApi.calls.filter((call) => call.method === "sendMessage" && call.chatId === String(chatId));

const isStale = ({ chatId }: CrashedChat): boolean => chatId in STALE;

/** Until the five others are answered: the notices go out before that, because they wait for no quiet time. */
const othersAnswered = (restarted: RestartedGateway): Promise<void> =>
  restarted.waitForMetric('outcomes_total{outcome="completed"}', (value) => value === 5, 60_000);

it(
  'notify "held": each held chat is told once, silently, and goes on when its user writes',
  { tags: "long" },
  async () => {
    await using restarted = await start({ notify: "held" });
    for (const chatId of [101, 102, 103]) {
      await restarted.botApi.waitForReply(chatId, { matching: NOTICE, timeoutMs: 30_000 });
      expect(sentTo(restarted, chatId)).toMatchObject([{ params: { disable_notification: true } }]);
    }
    await othersAnswered(restarted);
    const said = restarted.botApi.calls.filter(({ text }) => NOTICE.test(text));
    expect(said.map(({ chatId }) => chatId).toSorted()).toEqual(Object.keys(STALE));
    expect(said.map(({ text }) => text).join(), "nothing of the transcript").not.toMatch(/summarise|plan|\[chat/);
    const told = restarted.log().filter(({ msg }) => msg === "conversation told");
    expect(told.map(({ reason }) => reason)).toEqual(Array(3).fill("idle-too-long"));

    for (const signal of ["SIGTERM", "SIGKILL"] as const) {
      await restarted.stop(signal);
      await restarted.boot();
      // A message that comes after whatever the boot had to say.
      await restarted.ask(signal === "SIGTERM" ? 900 : 101);
      const held = restarted.log().filter(({ msg, verdict }) => msg === "judged" && verdict === "hold");
      expect(held.map(({ reason }) => reason)).toEqual(Array(3).fill("held-earlier"));
    }
    await restarted.stop("SIGTERM");
    expect(sentTo(restarted, 101).map(({ text }) => text)).toEqual([
      expect.stringMatching(NOTICE),
      "Answered [chat 101]",
    ]);
    for (const chatId of [102, 103]) expect(sentTo(restarted, chatId)).toHaveLength(1);
  },
);

it(
  "a gateway that is killed while the notice is on its way does not repeat what the user has seen",
  { tags: "long" },
  async () => {
    await using restarted = await start({ notify: "held", filter: { sessionKeys: { include: ["*:101"] } } });
    restarted.botApi.fate = (call) => (NOTICE.test(call.text) ? { kind: "loseAnswer" } : undefined);
    await restarted.botApi.waitForReply(101, { matching: NOTICE, timeoutMs: 30_000 });
    await restarted.stop("SIGKILL");
    // The channel itself repeats what it lost the answer of, within milliseconds.
    const before = sentTo(restarted, 101).length;
    restarted.botApi.fate = () => undefined;
    await restarted.boot();
    await restarted.ask(900);
    expect(sentTo(restarted, 101)).toHaveLength(before);
  },
);

it(
  "says nothing where the operator's send policy forbids it, nor of what the operator has kept out by a scope",
  { tags: "long" },
  async () => {
    const settings = { notify: "held", filter: { sessionKeys: { exclude: ["*:102"] }, excluded: "hold" } };
    const deny = { action: "deny", match: { rawKeyPrefix: "agent:main:telegram:direct:101" } };
    const extra = { session: { sendPolicy: { rules: [deny] } } };
    const silent = [101, 102];
    await using restarted = await start(settings, extra);
    const told = restarted.chats.filter((chat) => isStale(chat) && !silent.includes(chat.chatId));
    for (const { chatId } of told) {
      await restarted.botApi.waitForReply(chatId, { matching: NOTICE, timeoutMs: 30_000 });
    }
    await othersAnswered(restarted);
    await restarted.stop("SIGTERM");
    for (const chatId of silent) expect(sentTo(restarted, chatId), String(chatId)).toEqual([]);
    const noticed = restarted.botApi.calls.filter(({ text }) => NOTICE.test(text)).map(({ chatId }) => Number(chatId));
    expect(noticed).toEqual(told.map(({ chatId }) => chatId));
    const held = restarted.log().filter(({ msg, verdict }) => msg === "judged" && verdict === "hold");
    expect(held, "they were held all the same").toHaveLength(3);
  },
);
