/**
 * The state folder of a gateway that was really killed while all its chats were being answered: made once by a real
 * gateway (of the host that the tests run on) without our plugin, kept as a template, and copied for each test with its
 * times moved to now.
 */
import { createHash, randomUUID } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { FakeBotApi } from "./fake-bot-api.ts";
import { agentOfChat, gatewayConfig } from "./gateway-config.ts";
import { Gateway, PROJECT_ROOT } from "./gateway.ts";
import { testedHost } from "./hosts.ts";
import { isAlive } from "./processes.ts";
import { checkpoint, readSessionEntries, relocate } from "./state-store.ts";
import { hangForever, StubModel } from "./stub-model.ts";
import { makeTempDir } from "./temp.ts";
import { waitFor } from "./wait.ts";

export type CrashedStateOptions = {
  /** How many chats were interrupted. */
  chats: number;
  /** Over how many agents they are spread (in turn). */
  agents: 1 | 3;
};

export type CrashedChat = {
  /** The Telegram chat, and the number in the message's `[chat N]` marker. */
  chatId: number;
  agentId: string;
  /** The bot that serves it. */
  token: string;
  sessionKey: string;
};

export type CrashedTemplate = CrashedStateOptions & {
  stateDir: string;
  /** The folder it was made in: absolute paths in the data start with it. */
  madeIn: string;
  /** Epoch milliseconds: the gateway's start, and its SIGKILL. */
  startedAtMs: number;
  killedAtMs: number;
};

export type CrashedState = { stateDir: string; chats: CrashedChat[] };

const CACHE = path.join(PROJECT_ROOT, ".cache/crashed-state");
const SHAPED_BY = [
  "crashed-state.ts",
  "state-store.ts",
  "session-files.ts",
  "gateway.ts",
  "gateway-config.ts",
  "fake-bot-api.ts",
  "stub-model.ts",
];
const FIRST_CHAT_ID = 101;
const MINUTE_MS = 60_000;

/** The interrupted chats; their session keys sort in this order within an agent. */
export function crashedChats(options: CrashedStateOptions): CrashedChat[] {
  return Array.from({ length: options.chats }, (_, index) => {
    const chatId = FIRST_CHAT_ID + index;
    const { agentId, token } = agentOfChat(index, options.agents);
    return { chatId, agentId, token, sessionKey: `agent:${agentId}:telegram:direct:${chatId}` };
  });
}

/** The template, made if it is not there yet (a real gateway runs for about 15 s). */
export async function prepareCrashedState(options: CrashedStateOptions): Promise<CrashedTemplate> {
  const dir = path.join(CACHE, nameOf(options));
  if (!fs.existsSync(dir)) await make(options, dir);
  const about = JSON.parse(fs.readFileSync(path.join(dir, "template.json"), "utf8")) as Omit<
    CrashedTemplate,
    "stateDir"
  >;
  return { ...about, stateDir: path.join(dir, "state") };
}

/**
 * A copy in a fresh temporary folder, ready for a gateway at another path, on other ports, with a new fake Bot API.
 * The interruption is `ageMs` old (default 30 s); single chats can be older: `ages: { [chatId]: ms }`.
 */
export async function copyCrashedState(
  options: CrashedStateOptions & { ageMs?: number; ages?: Record<number, number>; template?: CrashedTemplate },
): Promise<CrashedState> {
  const template = options.template ?? (await prepareCrashedState(options));
  const stateDir = makeTempDir(`crashed-${options.chats}`);
  // Where transcripts are files, when they were written counts.
  fs.cpSync(template.stateDir, stateDir, { recursive: true, preserveTimestamps: true });
  const nowMs = Date.now();
  const chats = crashedChats(options);
  const shiftFor = (ageMs: number) => nowMs - ageMs - template.killedAtMs;
  const defaultShiftMs = shiftFor(options.ageMs ?? 30_000);
  const shifts = new Map(
    chats.map((chat) => {
      const ageMs = options.ages?.[chat.chatId];
      return [chat.sessionKey, ageMs === undefined ? defaultShiftMs : shiftFor(ageMs)];
    }),
  );
  relocate(stateDir, {
    from: template.madeIn,
    to: stateDir,
    window: { fromMs: template.startedAtMs - MINUTE_MS, toMs: template.killedAtMs + MINUTE_MS },
    shiftMs: (sessionKey) => shifts.get(sessionKey) ?? defaultShiftMs,
    defaultShiftMs,
  });
  return { stateDir, chats };
}

/** Removes templates that no longer match the harness; those of other hosts are left to the runs on them. */
export function removeStaleTemplates(): void {
  for (const name of fs.existsSync(CACHE) ? fs.readdirSync(CACHE) : []) {
    const building = /^building-(\d+)-/.exec(name);
    const inUse = building ? isAlive(Number(building[1])) : isOfAnotherHost(name) || isCurrent(name);
    if (!inUse) fs.rmSync(path.join(CACHE, name), { recursive: true, force: true });
  }
}

async function make(options: CrashedStateOptions, dir: string): Promise<void> {
  fs.mkdirSync(CACHE, { recursive: true });
  const building = path.join(CACHE, `building-${process.pid}-${randomUUID().slice(0, 8)}`);
  try {
    const { stateDir: _stateDir, ...about } = await crashInto(building, options);
    fs.writeFileSync(path.join(building, "template.json"), JSON.stringify(about, null, 2));
    // Another process may have made the same one meanwhile: then ours goes.
    if (!fs.existsSync(dir)) fs.renameSync(building, dir);
  } finally {
    fs.rmSync(building, { recursive: true, force: true });
  }
}

/**
 * Interrupts the chats for real, in `<folder>/state`: nothing is cached, so the caller decides how long it is kept. Their
 * users can have names of their own, in the order of the chats.
 */
export async function crashInto(
  folder: string,
  { names = [], ...options }: CrashedStateOptions & { names?: readonly string[] },
): Promise<CrashedTemplate> {
  const madeIn = path.join(folder, "state");
  fs.mkdirSync(madeIn, { recursive: true });
  const botApi = await FakeBotApi.start();
  const model = await StubModel.start({ behaviour: hangForever });
  const beginsWithAnswer = !testedHost().features.has("sqlite-sessions");
  try {
    // A slot of `main` for every chat: each turn really runs when it is killed.
    const config = gatewayConfig({ botApi, model, agents: options.agents, maxConcurrent: options.chats });
    const gateway = await Gateway.start({ stateDir: madeIn, config });
    const chats = crashedChats(options);
    try {
      for (const { token } of chats.slice(0, options.agents)) await botApi.waitForPoll({ token, timeoutMs: 30_000 });
      if (beginsWithAnswer) await answerFirst({ botApi, model, gateway, stateDir: madeIn, chats });
      for (const [nth, { chatId, token }] of chats.entries()) {
        const name = names[nth] === undefined ? {} : { name: names[nth] };
        botApi.userSays({ chatId, token, text: `Please summarise our plan [chat ${chatId}]`, ...name });
      }
      await model.waitForRequests(
        options.chats,
        120_000 + options.chats * 1_000,
        ({ outcome }) => outcome === undefined,
      );
      await waitFor(() => interruptedNow(madeIn, chats) === options.chats, {
        timeoutMs: 60_000,
        what: `${options.chats} entries with status "running"`,
        lastState: () => `${interruptedNow(madeIn, chats)} are; ${model.describe()}\n${gateway.logTail()}`,
      });
    } finally {
      await gateway.stop("SIGKILL");
    }
    const killedAtMs = Date.now();
    checkpoint(madeIn);
    for (const name of ["tmp", "cache", "home", "gateway.log"]) {
      fs.rmSync(path.join(madeIn, name), { recursive: true, force: true });
    }
    return { ...options, stateDir: madeIn, madeIn, startedAtMs: gateway.startedAtMs, killedAtMs };
  } finally {
    await Promise.all([botApi.close(), model.close()]);
  }
}

/** A host with transcripts in files has nothing of a conversation on disk before its first answer. */
async function answerFirst(parts: {
  botApi: FakeBotApi;
  model: StubModel;
  gateway: Gateway;
  stateDir: string;
  chats: readonly CrashedChat[];
}): Promise<void> {
  const { botApi, model, gateway, stateDir, chats } = parts;
  model.behaviour = ({ chat }) => ({ kind: "reply", text: `Hello. [chat ${chat}]` });
  for (const { chatId, token } of chats) botApi.userSays({ chatId, token, text: `Good morning [chat ${chatId}]` });
  const agentIds = [...new Set(chats.map(({ agentId }) => agentId))];
  const done = () =>
    agentIds.flatMap((agentId) => readSessionEntries(stateDir, agentId)).filter(({ entry }) => entry.status === "done");
  const isAnswered = ({ chatId, token }: CrashedChat) => botApi.replies(chatId, { token }).length > 0;
  await waitFor(() => done().length === chats.length && chats.every(isAnswered), {
    timeoutMs: 120_000 + chats.length * 1_000,
    what: "an answered turn in each chat",
    lastState: () => `${model.describe()}\n${gateway.logTail()}`,
  });
  model.behaviour = hangForever;
}

function interruptedNow(stateDir: string, chats: CrashedChat[]): number {
  const agentIds = new Set(chats.map((chat) => chat.agentId));
  return [...agentIds]
    .flatMap((agentId) => readSessionEntries(stateDir, agentId))
    .filter((row) => row.entry.status === "running").length;
}

const NAME = /^(?<version>.+)-(?<chats>\d+)-chats-(?<agents>1|3)-agents-\w+$/;

const nameOf = (options: CrashedStateOptions): string =>
  `${testedHost().version}-${options.chats}-chats-${options.agents}-agents-${fingerprint(options)}`;

function isOfAnotherHost(name: string): boolean {
  const { version } = NAME.exec(name)?.groups ?? {};
  return version !== undefined && version !== testedHost().version;
}

function isCurrent(name: string): boolean {
  const { chats, agents } = NAME.exec(name)?.groups ?? {};
  return name === nameOf({ chats: Number(chats), agents: agents === "1" ? 1 : 3 });
}

function fingerprint(options: CrashedStateOptions): string {
  const hash = createHash("sha256");
  hash.update(JSON.stringify([PROJECT_ROOT, options.chats, options.agents]));
  for (const file of SHAPED_BY) hash.update(fs.readFileSync(path.join(import.meta.dirname, file)));
  return hash.digest("hex").slice(0, 12);
}
