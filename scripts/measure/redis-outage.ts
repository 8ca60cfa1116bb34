/** F30: gateways of one fleet whose Redis is away for half a minute: their users, and their resumes. */
import { redisPrograms, RedisServer } from "../../test/support/redis.ts";
import { answer, type RestartedGateway } from "../../test/support/restarted-gateway.ts";
import { SeveralGateways } from "../../test/support/several-gateways.ts";
import { sleep, waitFor } from "../../test/support/wait.ts";
import { median, ms, type Row, type Say } from "./row.ts";

const OUTAGE_MS = 30_000;
const GATEWAYS = 2;
const CHATS = 45;
const ASKS = 6;
const SLOWER = 1.5;
/** About a minute after it is ready the host has work of its own: one reply takes a second longer then, with Redis or without. */
const SETTLED_MS = 75_000;
const COMPLETED = 'openclaw_resume_outcomes_total{outcome="completed"}';

export async function redisOutage(say: Say): Promise<Row[]> {
  const programs = await redisPrograms();
  if ("why" in programs) throw new Error(programs.why);
  await using redis = await RedisServer.start();
  await using fleet = await SeveralGateways.start({
    gateways: GATEWAYS,
    chats: CHATS,
    // Long enough for resumes to go on through all of it.
    behaviour: (request) => ({ ...answer(request), delayMs: request.isResume ? 2_000 : 0 }),
    settings: {
      lane: { quietMs: 500 },
      preemption: { maxPreemptions: 1000 },
      fleet: { redisUrl: redis.url, maxConcurrent: GATEWAYS },
    },
  });
  const readyAtMs = Date.now();
  await askEach(fleet.each, 900, 1);
  say("waiting until the gateways have settled");
  await sleep(Math.max(0, readyAtMs + SETTLED_MS - Date.now()));
  say("users of each gateway, with Redis");
  const withRedis = await askEach(fleet.each, 901, ASKS);
  const before = await completed(fleet.each);
  await redis.stop();
  const stoppedAtMs = Date.now();
  say("Redis is stopped: users of each gateway");
  const without = await askEach(fleet.each, 920, ASKS);
  await sleep(Math.max(0, stoppedAtMs + OUTAGE_MS - Date.now()));
  const during = (await completed(fleet.each)) - before;
  await redis.restart();
  say("Redis is back");
  await waitFor(async () => (await shared(fleet.each)) === GATEWAYS, {
    timeoutMs: 30_000,
    what: "each gateway to share the budget again",
    everyMs: 500,
  });
  // Slowest against slowest: now and then the host takes a second more for a reply, with Redis or without.
  const ratio = Math.max(...without) / Math.max(...withRedis);
  return [
    {
      what: `${GATEWAYS} gateways of a fleet, Redis stopped for 30 s: users' replies, and resumes`,
      figure: `slowest of ${without.length} replies ${ms(Math.max(...without))}, ${ratio.toFixed(2)}x the slowest with Redis (${ms(Math.max(...withRedis))}); medians ${ms(median(without))} and ${ms(median(withRedis))}; ${during} resumes completed meanwhile`,
      bar: `slowest at most ${SLOWER}x, resumes go on`,
      pass: ratio <= SLOWER && during > 0,
      data: { withRedis, without, during },
    },
  ];
}

/** One after the other, so that gateways do not keep each other from the processor. */
async function askEach(each: readonly RestartedGateway[], firstChat: number, times: number): Promise<number[]> {
  const took: number[] = [];
  for (let nth = 0; nth < times; nth += 1) {
    for (const restarted of each) {
      took.push(await restarted.ask(firstChat + nth));
      // Resumes run in between.
      await sleep(1_000);
    }
  }
  return took;
}

async function completed(each: readonly RestartedGateway[]): Promise<number> {
  const counts = await Promise.all(each.map(async (restarted) => (await restarted.metrics()).get(COMPLETED) ?? 0));
  return counts.reduce((sum, count) => sum + count, 0);
}

async function shared(each: readonly RestartedGateway[]): Promise<number> {
  const states = await Promise.all(
    each.map(async (restarted) => (await restarted.metrics()).get('openclaw_resume_fleet{state="shared"}') ?? 0),
  );
  return states.reduce((sum, state) => sum + state, 0);
}
