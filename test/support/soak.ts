/** Hours of a busy gateway in minutes: many interrupted chats, users who write when they like, a model that has bad days. */
import { fc } from "@fast-check/vitest";
import fs from "node:fs";
import path from "node:path";
import { expect } from "vitest";
import type { StatusView } from "../../src/operate/views.ts";
import { countObjects, sample, type Sample, stageProbe } from "./probe.ts";
import { RestartedGateway, USER_MARK } from "./restarted-gateway.ts";
import { agentOfChat } from "./gateway-config.ts";
import type { ModelBehaviour, ModelRequest } from "./stub-model.ts";
import { sleep, waitFor } from "./wait.ts";

export type SoakOptions = {
  chats: number;
  /** How long users write. */
  durationMs: number;
  seed: number;
};

const SETTINGS = {
  budget: { maxConcurrent: 4, maxPerBoot: 1_000 },
  lane: { quietMs: 200 },
  resume: { timeoutMs: 4_000, retryDelayMs: 1_000, maxAttempts: 3 },
};
/** Chats that nobody interrupted. */
const STRANGERS = 12;
const USER_PAUSE_MS = 2_500;
const LATENCY_MS = 800;
const ERRORS = 0.05;
const HANGS = 0.05;

/** Runs it, and checks what must hold all the while and in the end. Resolves with what was measured. */
export async function soak(options: SoakOptions): Promise<Record<string, unknown>> {
  const random = randomFrom(options.seed);
  const behaviour: ModelBehaviour = (request) => {
    const delayMs = Math.round(random() * LATENCY_MS);
    const question = questionIn(request);
    if (question !== undefined) return { kind: "reply", text: `Answered ${question}`, delayMs };
    const luck = random();
    if (luck < ERRORS) return { kind: "error", status: 503, delayMs };
    return luck < ERRORS + HANGS ? { kind: "hang" } : { kind: "reply", text: "Resumed", delayMs };
  };
  await using restarted = await RestartedGateway.start({
    chats: options.chats,
    agents: 3,
    behaviour,
    settings: SETTINGS,
    beside: [stageProbe()],
  });
  const { gateway, model } = restarted;
  const users = new Users(restarted, random);
  const scraper = new Scraper(restarted);
  const completed = async () =>
    (await restarted.metrics()).get('openclaw_resume_outcomes_total{outcome="completed"}') ?? 0;
  let view!: StatusView;
  const status = async () => (view = await gateway.call<StatusView>("resumes.status", {}));
  const isIdle = async () => (await status()).running.length === 0 && users.unanswered().length === 0;
  const describe = () =>
    [
      `seed ${options.seed}, waiting users: ${users.unanswered().join()}`,
      JSON.stringify({ ...view, held: undefined }),
      restarted.botApi.describe(),
      restarted.model.describe(),
      gateway.logTail(100),
    ].join("\n");

  // What the first turns load and remember stays for good: it is no growth.
  const writing = users.writeFor(options.durationMs);
  await waitFor(async () => (await completed()) >= Math.min(10, options.chats / 4), {
    timeoutMs: 120_000,
    what: "a warm gateway",
  });
  users.pause();
  await gateway.call("resumes.pause", {});
  await waitFor(isIdle, { timeoutMs: 60_000, what: "an idle gateway", lastState: describe });
  const before = await sample(gateway);
  users.goOn();
  await gateway.call("resumes.unpause", {});

  await writing;
  await waitFor(async () => (await isIdle()) && view.queue.length === 0, {
    timeoutMs: 60_000 + options.chats * 2_000,
    what: "every resume's end",
    lastState: describe,
  });
  const scrapes = await scraper.stop();
  const after = await sample(gateway);
  const { held, totals } = await status();

  // Nothing lost, nothing twice.
  const isHeld = new Set(held.map(({ sessionKey }) => sessionKey));
  for (const chat of restarted.chats) {
    const replies = repliesIn(restarted, chat.chatId, chat.token);
    const resumed = replies.filter((text) => text === "Resumed").length;
    const asked = users.wrote(chat.chatId);
    const found = `chat ${chat.chatId}: ${JSON.stringify(replies)}, asked ${asked} times, seed ${options.seed}`;
    expect(resumed, found).toBeLessThanOrEqual(1);
    expect(resumed > 0 || asked > 0 || isHeld.has(chat.sessionKey), found).toBe(true);
  }
  expect(users.answeredTwice(), `seed ${options.seed}`).toEqual([]);
  expect(users.unanswered(), `seed ${options.seed}`).toEqual([]);
  expect(model.peakRunning).toBeGreaterThan(0);
  expect(after.impolite, `seed ${options.seed}`).toBe(0);
  expect(after.listeners).toEqual(before.listeners);
  expect(after.timers, JSON.stringify({ before, after })).toBeLessThanOrEqual(before.timers);
  const growth = after.heapBytes / before.heapBytes - 1;
  const measured = {
    seed: options.seed,
    interrupted: options.chats,
    messages: users.total,
    requests: model.requests.length,
    scrapes,
    peakResumes: scraper.peakRunning,
    totals,
    held: held.length,
    heapMiB: [before, after].map(({ heapBytes }) => Math.round(heapBytes / 2 ** 20)),
    growth: `${(growth * 100).toFixed(1)} %`,
    timers: [before.timers, after.timers],
    listeners: after.listeners,
  };
  expect(growth, JSON.stringify(measured)).toBeLessThan(0.05);
  await expectNothingLeftBehind(restarted, after);
  expect(scraper.peakRunning).toBeLessThanOrEqual(SETTINGS.budget.maxConcurrent);
  return measured;
}

/** Edits of the settings replace the plugin in process: of the one before nothing is alive any more. */
async function expectNothingLeftBehind(restarted: RestartedGateway, before: Sample): Promise<void> {
  const starts = () => restarted.log().filter(({ msg }) => msg === "booted").length;
  const file = path.join(restarted.stateDir, "openclaw.json");
  for (const retryDelayMs of [2_000, 3_000, 4_000]) {
    const already = starts();
    const text = fs.readFileSync(file, "utf8");
    fs.writeFileSync(file, text.replace(/"retryDelayMs": \d+/, `"retryDelayMs": ${retryDelayMs}`));
    const lastState = () => restarted.gateway.logTail();
    await waitFor(() => starts() > already, { timeoutMs: 60_000, what: "a replaced plugin", lastState });
  }
  const { listeners, timers } = await sample(restarted.gateway);
  expect({ listeners, timers }).toEqual({ listeners: before.listeners, timers: before.timers });
  const classes = ["ResumeLane", "UserSignals", "HeldNotices", "LaneFuse", "Metrics"];
  const alive = await countObjects(restarted.gateway, classes);
  expect(alive).toEqual(Object.fromEntries(classes.map((name) => [name, 1])));
}

/** Users who write to random chats, each again only when they have been answered. */
class Users {
  readonly #restarted: RestartedGateway;
  readonly #random: () => number;
  readonly #wrote = new Map<number, number>();
  readonly #tokens = new Map<number, string>();
  #paused = false;

  constructor(restarted: RestartedGateway, random: () => number) {
    this.#restarted = restarted;
    this.#random = random;
    for (const { chatId, token } of restarted.chats) this.#tokens.set(chatId, token);
    for (let index = 0; index < STRANGERS; index += 1) this.#tokens.set(901 + index, agentOfChat(index, 3).token);
  }

  get total(): number {
    return [...this.#wrote.values()].reduce((sum, count) => sum + count, 0);
  }

  wrote(chatId: number): number {
    return this.#wrote.get(chatId) ?? 0;
  }

  unanswered(): number[] {
    return [...this.#wrote.keys()].filter((chatId) => this.#answers(chatId).size < this.wrote(chatId));
  }

  answeredTwice(): number[] {
    return [...this.#wrote.keys()].filter((chatId) => this.#replies(chatId).length > this.#answers(chatId).size);
  }

  pause(): void {
    this.#paused = true;
  }

  goOn(): void {
    this.#paused = false;
  }

  async writeFor(durationMs: number): Promise<void> {
    const chatIds = [...this.#tokens.keys()];
    const endAtMs = performance.now() + durationMs;
    while (performance.now() < endAtMs) {
      await sleep(this.#random() * 2 * USER_PAUSE_MS);
      const strangers = this.#random() < 0.6;
      const among = strangers ? chatIds.slice(-STRANGERS) : chatIds;
      const chatId = among[Math.floor(this.#random() * among.length)]!;
      if (this.#paused || this.#answers(chatId).size < this.wrote(chatId)) continue;
      this.#wrote.set(chatId, this.wrote(chatId) + 1);
      const token = this.#tokens.get(chatId)!;
      const text = `And now? ${USER_MARK} [chat ${chatId}] [question ${this.wrote(chatId)}]`;
      this.#restarted.botApi.userSays({ chatId, token, text });
    }
  }

  /** The questions that were answered. */
  #answers(chatId: number): Set<string> {
    return new Set(this.#replies(chatId));
  }

  #replies(chatId: number): string[] {
    const replies = repliesIn(this.#restarted, chatId, this.#tokens.get(chatId)!);
    return replies.filter((text) => text.startsWith("Answered "));
  }
}

/** The newest question of a user in a request; none is in what a resume asks, not even when the host repeats it. */
function questionIn({ messages }: ModelRequest): string | undefined {
  const asked = JSON.stringify(messages.filter(({ role }) => role === "user")).matchAll(/\[question (\d+)\]/g);
  const newest = Math.max(0, ...[...asked].map(([, number]) => Number(number)));
  return newest === 0 ? undefined : `[question ${newest}]`;
}

const repliesIn = ({ botApi }: RestartedGateway, chatId: number, token: string): string[] =>
  botApi.replies(chatId, { token }).map(({ text }) => text);

/** A Prometheus that asks every second. */
class Scraper {
  peakRunning = 0;
  readonly #restarted: RestartedGateway;
  readonly #ended: Promise<number>;
  #done = false;

  constructor(restarted: RestartedGateway) {
    this.#restarted = restarted;
    this.#ended = this.#scrape();
  }

  /** How many scrapes there were. Rejects when one has failed. */
  async stop(): Promise<number> {
    this.#done = true;
    return this.#ended;
  }

  async #scrape(): Promise<number> {
    const counters = new Map<string, number>();
    let scrapes = 0;
    while (!this.#done) {
      const series = await this.#restarted.metrics();
      scrapes += 1;
      this.peakRunning = Math.max(this.peakRunning, series.get('openclaw_resume_running{lane="startup-resume"}') ?? 0);
      for (const [name, value] of series) {
        if (!/_(total|count|sum|bucket)\b/.test(name)) continue;
        expect(value, name).toBeGreaterThanOrEqual(counters.get(name) ?? 0);
        counters.set(name, value);
      }
      await sleep(1_000);
    }
    return scrapes;
  }
}

/** Numbers from 0 to 1, the same for the same seed. */
function randomFrom(seed: number): () => number {
  const drawn: number[] = [];
  const millionths = fc.noBias(fc.integer({ min: 0, max: 999_999 }));
  let rounds = 0;
  return () => {
    if (drawn.length === 0) drawn.push(...fc.sample(millionths, { numRuns: 1_000, seed: seed + (rounds += 1) }));
    return drawn.pop()! / 1_000_000;
  };
}
