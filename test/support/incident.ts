/**
 * The incident that the dashboard is for, on a real gateway and watched by a real Prometheus: interrupted chats whose
 * resumes hang, users who write all the same, a model that recovers, and a second restart.
 */
import { GATEWAY_TOKEN } from "./gateway-config.ts";
import { freePort } from "./loopback.ts";
import { Prometheus } from "./prometheus.ts";
import type { PrometheusPrograms } from "./promtool.ts";
import { answer, RestartedGateway, resumesHang, USER_MARK } from "./restarted-gateway.ts";
import type { ModelBehaviour } from "./stub-model.ts";
import { waitFor } from "./wait.ts";

export type IncidentOptions = {
  programs: PrometheusPrograms;
  scrapeIntervalMs?: number;
  /** How often a user of each kind writes while resumes hang (default 1). */
  rounds?: number;
  /** How many scrapes each stage lasts at least (default 2): the more, the more the charts show. */
  scrapesPerStage?: number;
  /** How many runs of resumes are to time out before the model answers again (default 0). */
  timeouts?: number;
  /** How long the model takes for an answer once it answers again, milliseconds (default 300). */
  answerMs?: number;
  /** Of the plugin, on top of what the incident sets. */
  settings?: Record<string, unknown>;
  say?: (text: string) => void;
};

/** From before a gateway was ready until it was killed, or until the incident's end. */
export type Boot = { startMs: number; endMs: number };

export type Incident = AsyncDisposable & {
  /** Still up. */
  restarted: RestartedGateway;
  prometheus: Prometheus;
  boots: readonly [Boot, Boot];
  /** What a chart of it shows: from shortly before the first gateway judged its sessions. */
  range: { startMs: number; endMs: number };
};

/** Idle for hours: one chat is held, the others are resumed. */
const STALE_MS = 3 * 3_600_000;
const STALE_CHAT = 108;
/** A chat that nobody has interrupted. */
const NEW_CHAT = 900;
const AGAIN = 3;
const LEAD_MS = 2_000;

/** Plays the incident, about half a minute; the caller disposes of what is left running. */
export async function playIncident(options: IncidentOptions): Promise<Incident> {
  await using made = new AsyncDisposableStack();
  const say = options.say ?? (() => undefined);
  const port = await freePort();
  // First: it takes five seconds to its first scrape.
  const prometheus = made.use(
    await Prometheus.start({
      programs: options.programs,
      target: { port, token: GATEWAY_TOKEN },
      ...(options.scrapeIntervalMs === undefined ? {} : { scrapeIntervalMs: options.scrapeIntervalMs }),
    }),
  );
  say("the gateway restarts with 8 interrupted chats");
  const startMs = Date.now();
  const restarted = made.use(
    await RestartedGateway.start({
      behaviour: resumesHang,
      ages: { [STALE_CHAT]: STALE_MS },
      settings: { lane: { quietMs: 300 }, ...options.settings },
      extra: { gateway: { port } },
    }),
  );
  const bootedMs = (await restarted.metrics()).get("openclaw_resume_boot_timestamp_seconds")! * 1_000;
  const seen = () => prometheus.waitForScrapes(options.scrapesPerStage ?? 2);
  await usersWrite(restarted, { rounds: options.rounds ?? 1, seen, say });
  if (options.timeouts !== undefined) {
    say("nobody writes, and resumes time out");
    await timeOut(restarted, options.timeouts);
    await seen();
  }
  say("the model answers again");
  await modelRecovers(restarted, options.answerMs ?? 300);
  await seen();
  say(`${AGAIN} more turns are interrupted, and the gateway restarts once more`);
  await interruptAgain(restarted);
  const killedMs = Date.now();
  await restarted.stop("SIGKILL");
  restarted.model.behaviour = slowly(options.answerMs ?? 300);
  await restarted.boot();
  await restarted.ask(NEW_CHAT);
  await untilSettled(restarted);
  await seen();
  const endMs = Date.now();
  const parts = made.move();
  return {
    restarted,
    prometheus,
    boots: [
      { startMs, endMs: killedMs },
      { startMs: killedMs, endMs },
    ],
    range: { startMs: bootedMs - LEAD_MS, endMs },
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

/** A new chat, one that waits for its resume, and one that is being resumed: each is answered. */
async function usersWrite(
  restarted: RestartedGateway,
  { rounds, seen, say }: { rounds: number; seen: () => Promise<void>; say: (text: string) => void },
): Promise<void> {
  const written = new Set<number>([STALE_CHAT]);
  const next = async (isResuming: boolean): Promise<number> => {
    const resuming = new Set((await restarted.waitForResumes(2)).map(({ chat }) => chat));
    const left = restarted.chats.filter(({ chatId }) => !written.has(chatId));
    const chatId = left.find((chat) => resuming.has(chat.chatId) === isResuming)?.chatId;
    if (chatId === undefined) throw new Error("too few interrupted chats for this many rounds");
    written.add(chatId);
    return chatId;
  };
  await restarted.waitForResumes(2);
  await seen();
  for (let round = 1; round <= rounds; round += 1) {
    say(`resumes hang; users write${rounds === 1 ? "" : `, round ${round} of ${rounds}`}`);
    await restarted.ask(NEW_CHAT + round);
    await seen();
    await restarted.ask(await next(false));
    await seen();
    await restarted.ask(await next(true));
    await seen();
  }
}

async function timeOut(restarted: RestartedGateway, count: number): Promise<void> {
  await restarted.waitForMetric('attempts_total{result="timed-out"}', (value) => (value ?? 0) >= count, 120_000);
}

async function modelRecovers(restarted: RestartedGateway, answerMs: number): Promise<void> {
  restarted.model.behaviour = slowly(answerMs);
  restarted.model.release(answer);
  await untilSettled(restarted);
}

const slowly =
  (delayMs: number): ModelBehaviour =>
  (request) => ({ ...answer(request), delayMs });

/** User turns that the next kill cuts off. */
async function interruptAgain(restarted: RestartedGateway): Promise<void> {
  const chats = restarted.chats.slice(0, AGAIN);
  restarted.model.behaviour = () => ({ kind: "hang" });
  for (const { chatId, token } of chats) {
    restarted.botApi.userSays({ chatId, token, text: `And then? ${USER_MARK} [chat ${chatId}]` });
  }
  const isRunning = ({ sessionKey }: { sessionKey: string }) =>
    restarted.entries().get(sessionKey)?.["status"] === "running";
  await waitFor(() => restarted.model.running >= AGAIN && chats.every(isRunning), {
    timeoutMs: 30_000,
    what: `${AGAIN} user turns that run`,
    lastState: () => `${restarted.model.describe()}\n${restarted.gateway.logTail()}`,
  });
}

async function untilSettled(restarted: RestartedGateway): Promise<void> {
  await restarted.waitForMetric('queue_depth{lane="startup-resume"}', (value) => value === 0, 60_000);
  await restarted.waitForMetric('running{lane="startup-resume"}', (value) => value === 0, 60_000);
}
