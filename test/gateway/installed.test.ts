import { afterAll, beforeAll, expect, it } from "vitest";
import { installPlugin } from "../support/installed-plugin.ts";
import { testedHost } from "../support/hosts.ts";
import { needs } from "../support/needs.ts";
import { openclaw } from "../support/openclaw.ts";
import { answer, RestartedGateway, resumesHang } from "../support/restarted-gateway.ts";
import type { CrashedChat } from "../support/crashed-state.ts";
import { waitFor } from "../support/wait.ts";

const ID = "resume-scheduler";
/** The bar of the project: nobody waits longer than this for a first reply. */
const REPLY_BOUND_MS = 5_000;
/** A chat that nobody has interrupted. */
const NEW_CHAT = 900;

/** From a file of this machine, and nobody vouches for it: that is all that the host remarks on. */
const TRUST = { trust: { reason: "origin-path" } };
/** What the operator agrees to with `--accept-capabilities`. */
const CONSENT = {
  acceptedSurface: {
    channels: [],
    providers: [],
    tools: [],
    contracts: ["gatewayMethodDispatch: authenticated-request"],
    hooks: [],
    mcpServers: [],
    cliCommands: ["resumes"],
    cliBackends: [],
    skills: [],
    dangerousConfigFlags: [],
  },
};
/** What a gateway serves at once, whatever its version. */
const INTERRUPTED_AGAIN = 4;

const { features } = testedHost();

let restarted: RestartedGateway;

beforeAll(async () => {
  const config = { lane: { quietMs: 300 }, budget: { startIntervalMs: 0, startsPerMinute: 0 } };
  restarted = await RestartedGateway.start({
    prepare: installPlugin,
    plugins: null,
    behaviour: resumesHang,
    extra: { plugins: { entries: { [ID]: { enabled: true, config } } } },
  });
});
afterAll(() => restarted?.[Symbol.asyncDispose]());

const repliesTo = (chats: readonly CrashedChat[]) =>
  new Map(chats.map((chat) => [chat.chatId, restarted.repliesTo(chat)]));

/**
 * Both kinds of users are answered while resumes hang: of a new chat, and of an interrupted one whose resume waits. Returns
 * the latter.
 */
async function usersComeFirst(interrupted: readonly CrashedChat[]): Promise<CrashedChat> {
  const resuming = (await restarted.waitForResumes(2)).map(({ chat }) => chat);
  // The first user turn of a gateway loads its reply path: seconds that have nothing to do with resumes.
  await restarted.ask(NEW_CHAT);
  const waiting = interrupted.find(({ chatId }) => !resuming.includes(chatId))!;
  expect(await restarted.ask(NEW_CHAT)).toBeLessThan(REPLY_BOUND_MS);
  expect(await restarted.ask(waiting.chatId)).toBeLessThan(REPLY_BOUND_MS);
  return waiting;
}

function allAreAnswered(): void {
  restarted.model.behaviour = answer;
  restarted.model.release(answer);
}

/** Nothing is queued or running any more, and every interrupted chat has got one more reply than before. */
async function everyChatHasOneMoreThan(then: ReadonlyMap<number, string[]>): Promise<Map<number, string>> {
  const chats = restarted.chats.filter(({ chatId }) => then.has(chatId));
  const isAnswered = (chat: CrashedChat) => restarted.repliesTo(chat).length > then.get(chat.chatId)!.length;
  await waitFor(() => chats.every(isAnswered), {
    timeoutMs: 60_000,
    what: "one more reply in each chat",
    lastState: () => `${restarted.describeReplies()}\n${restarted.model.describe()}\n${restarted.gateway.logTail()}`,
  });
  await restarted.waitForMetric('queue_depth{lane="startup-resume"}', (value) => value === 0);
  await restarted.waitForMetric('running{lane="startup-resume"}', (value) => value === 0);
  const more = [...repliesTo(chats)].map(([chatId, texts]) => [chatId, texts.slice(then.get(chatId)!.length)] as const);
  expect(more.filter(([, texts]) => texts.length !== 1)).toEqual([]);
  return new Map(more.map(([chatId, [text]]) => [chatId, text!]));
}

let before: Map<number, string[]>;
let served: CrashedChat;

it("users come first", async () => {
  before = repliesTo(restarted.chats);
  served = await usersComeFirst(restarted.chats);
  expect(restarted.repliesTo(served)).toEqual([`Answered [chat ${served.chatId}]`]);
}, 60_000);

it(
  "`plugins reload` loses and repeats no resume: not while some run, not while some wait",
  { ...needs("plugin-reload"), timeout: 120_000 },
  async () => {
    await restarted.waitForResumes(2);
    // The host replaces no plugin whose runs go on.
    await expect(restarted.gateway.call("plugins.reload", { plugins: [{ pluginId: ID }] })).rejects.toThrow(
      "active retained work",
    );
    await restarted.gateway.call("resumes.pause", {});
    allAreAnswered();
    await restarted.waitForMetric('running{lane="startup-resume"}', (value) => value === 0);
    const waiting = (await restarted.metrics()).get('openclaw_resume_queue_depth{lane="startup-resume"}')!;
    expect(waiting).toBeGreaterThan(2);
    const reload = await openclaw(restarted.stateDir, ["plugins", "reload", ID, "--json"]);
    expect(reload.json()).toMatchObject({ ok: true, pluginIds: [ID], restartRequired: false });
    expect(reload.code).toBe(0);
    await restarted.waitForMetric('queue_depth{lane="startup-resume"}', (value) => value === waiting);
    await restarted.gateway.call("resumes.unpause", {});
  },
);

it("each chat has got one reply: that of its resume, or of the user who came first", async () => {
  allAreAnswered();
  const expected = restarted.chats.map(({ chatId }) => {
    return [chatId, `${chatId === served.chatId ? "Answered" : "Resumed"} [chat ${chatId}]`] as const;
  });
  expect(await everyChatHasOneMoreThan(before)).toEqual(new Map(expected));
}, 90_000);

it(
  "`plugins inspect --runtime` shows all that it registers, and finds no fault with it",
  needs("runtime-inspection"),
  async () => {
    const { code, stderr, json } = await openclaw(restarted.stateDir, [
      "plugins",
      "inspect",
      ID,
      "--runtime",
      "--json",
    ]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(json()).toMatchObject({
      plugin: {
        id: ID,
        status: "loaded",
        imported: true,
        activated: true,
        ...(features.has("plugin-trust") ? TRUST : {}),
      },
      services: [ID],
      gatewayMethods: [
        "resumes.metrics",
        "resumes.status",
        "resumes.page",
        "resumes.plan",
        "resumes.show",
        "resumes.doctor",
        "resumes.gc",
        "resumes.resume",
        "resumes.hold",
        "resumes.discard",
        "resumes.release",
        "resumes.pause",
        "resumes.unpause",
      ],
      httpRouteCount: features.has("guarded-frames") ? 2 : 1,
      typedHooks: [
        { name: "gateway_start" },
        { name: "message_received" },
        ...(features.has("safe-resets") ? [] : [{ name: "session_start" }]),
      ],
      customHooks: [],
      tools: [],
      commands: ["resumes"],
      cliCommands: ["resumes"],
      diagnostics: [],
      compatibility: [],
      install: { source: "npm", artifactKind: "npm-pack", ...(features.has("capability-consent") ? CONSENT : {}) },
    });
    expect(restarted.gateway.log.split("\n").filter((line) => line.includes(ID) && /warn|verify/i.test(line))).toEqual(
      [],
    );
  },
);

it(
  "chats are interrupted again, and after the restart users come first again",
  { tags: "long", timeout: 180_000 },
  async () => {
    const again = restarted.chats.slice(0, INTERRUPTED_AGAIN);
    restarted.model.behaviour = () => ({ kind: "hang" });
    for (const { chatId, token } of again) {
      restarted.botApi.userSays({ chatId, token, text: `And then? [chat ${chatId}]` });
    }
    const isRunning = ({ sessionKey }: CrashedChat) => restarted.entries().get(sessionKey)?.["status"] === "running";
    await waitFor(() => restarted.model.running >= INTERRUPTED_AGAIN && again.every(isRunning), {
      timeoutMs: 30_000,
      what: "interrupted turns",
      lastState: () => restarted.model.describe(),
    });
    await restarted.stop("SIGKILL");
    restarted.model.behaviour = resumesHang;
    before = repliesTo(again);
    await restarted.boot();
    served = await usersComeFirst(again);
    allAreAnswered();
    const more = await everyChatHasOneMoreThan(before);
    expect(more.get(served.chatId)).toBe(`Answered [chat ${served.chatId}]`);
    // A message that the channel had not yet ticked off when the gateway died comes in again: then its user's turn answers.
    expect([...more.values()].filter((text) => text.startsWith("Resumed")).length).toBeGreaterThan(1);
  },
);
