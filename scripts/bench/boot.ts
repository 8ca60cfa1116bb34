/** B1: what the plugin adds to the start of the real gateway, and to its users' first minute, by how many were interrupted. */
import fs from "node:fs";
import path from "node:path";
import { crashedChats, prepareCrashedState } from "../../test/support/crashed-state.ts";
import type { PluginInConfig } from "../../test/support/gateway-config.ts";
import { type RestartOptions, RestartedGateway, resumesHang } from "../../test/support/restarted-gateway.ts";
import { stageEmptyPlugin, stagePlugin } from "../../test/support/stage-plugin.ts";
import { copySession, editSessionEntry } from "../../test/support/state-store.ts";
import { makeTempDir } from "../../test/support/temp.ts";
import { sleep } from "../../test/support/wait.ts";
import { ask, NewChats } from "../measure/ask.ts";
import type { Say } from "./benches.ts";
import { runQueueDelayMsOf } from "./clock.ts";
import { median } from "../measure/row.ts";
import type { Figure } from "./figure.ts";

const RUNS = 7;
const WARM_UPS = 1;
const MAX_SHARE = 0.03;
const MAX_MS = 200;
const FIRST_MINUTE_MS = 60_000;
const BETWEEN_USERS_MS = 1_500;
const MAX_SLOWER = 1.5;

export async function boot(say: Say): Promise<Figure[]> {
  return [
    await readyTimes(0, say),
    await readyTimes(66, say),
    ...(await firstMinute(1_000, say)),
    ...(await firstMinute(5_000, say)),
  ];
}

type Side = "ours" | "empty";

/** The two, loaded in the same way. */
const plugins = (): Record<Side, PluginInConfig> => ({ ours: stagePlugin(), empty: stageEmptyPlugin() });

/** Each pair is started back to back, as this machine is faster at one time than at another, and in turns the other way about. */
async function readyTimes(interrupted: number, say: Say): Promise<Figure> {
  const options = await crashedWith(interrupted);
  const times: Record<Side, number[]> = { ours: [], empty: [] };
  for (let run = 1 - WARM_UPS; run <= RUNS; run += 1) {
    const sides = ["ours", "empty"] as const;
    for (const side of run % 2 === 0 ? sides : sides.toReversed()) {
      say(`${interrupted} interrupted, ${side}, start ${run} of ${RUNS}`);
      await using restarted = await started(options, side);
      const { readyMs, pid } = restarted.gateway;
      if (run > 0) times[side].push(readyMs - runQueueDelayMsOf(pid));
    }
  }
  const empty = median(times.empty);
  return {
    what: `added to the ready time, ${interrupted} interrupted`,
    value: median(times.ours.map((ms, run) => ms - times.empty[run]!)),
    unit: "ms",
    bar: { atMost: Math.max(MAX_MS, MAX_SHARE * empty) },
    from: `median of ${RUNS} pairs; medians of the two: ${seconds(median(times.ours))} against ${seconds(empty)} with an empty plugin`,
  };
}

/** With the log as it is in use: the tests' own has a line for every step. */
const started = (options: RestartOptions, side: Side): Promise<RestartedGateway> =>
  RestartedGateway.start({ ...options, plugins: [plugins()[side]] }, { env: { OPENCLAW_RESUME_LOG: "info" } });

/** New chats write one after another, from the moment on that the channel listens. */
async function firstMinute(interrupted: number, say: Say): Promise<Figure[]> {
  const options = await crashedWith(interrupted);
  const seen = { empty: await minuteWith("empty"), ours: await minuteWith("ours") };
  const [ours, empty] = [seen.ours.replies, seen.empty.replies];
  const ready = `ready after ${seconds(seen.ours.readyMs)} against ${seconds(seen.empty.readyMs)} with an empty plugin`;
  const at = `first minute with ${interrupted} interrupted`;
  return [
    {
      what: `slowest user reply, ${at}`,
      value: Math.max(...ours) / Math.max(...empty),
      unit: "x",
      bar: { atMost: MAX_SLOWER },
      from: `${seconds(Math.max(...ours))} of ${ours.length} against ${seconds(Math.max(...empty))} of ${empty.length}; ${ready}`,
    },
    {
      what: `median user reply, ${at}`,
      value: median(ours) / median(empty),
      unit: "x",
      bar: { atMost: MAX_SLOWER },
      from: `${seconds(median(ours))} against ${seconds(median(empty))}`,
    },
  ];

  async function minuteWith(side: Side): Promise<{ readyMs: number; replies: number[] }> {
    say(`${interrupted} interrupted, the first minute, ${side}`);
    await using restarted = await started({ ...options, behaviour: resumesHang, readyTimeoutMs: 300_000 }, side);
    const { botApi, gateway } = restarted;
    const untilMs = gateway.startedAtMs + gateway.readyMs + FIRST_MINUTE_MS;
    const writers = new NewChats(1);
    const replies: number[] = [];
    while (Date.now() < untilMs) {
      replies.push(await ask(botApi, writers.next()));
      await sleep(BETWEEN_USERS_MS);
    }
    return { readyMs: gateway.readyMs, replies };
  }
}

/**
 * A state with so many interrupted sessions, made once: 8 or 66 that were really cut off, the others copies of one. Every
 * start gets a copy of its own.
 */
async function crashedWith(interrupted: number): Promise<RestartOptions> {
  const chats = interrupted === 66 ? 66 : 8;
  const agents = interrupted === 66 ? 3 : 1;
  const template = await prepareCrashedState({ chats, agents });
  if (interrupted === 66) return { chats, agents };
  const folder = path.join(makeTempDir(`interrupted-${interrupted}`), "state");
  fs.cpSync(template.stateDir, folder, { recursive: true });
  const keys = crashedChats({ chats, agents }).map(({ sessionKey }) => sessionKey);
  if (interrupted === 0) {
    for (const key of keys) editSessionEntry(folder, key, { status: "done", abortedLastRun: false });
  } else {
    const copies = Array.from(
      { length: interrupted - chats },
      (_, nth) => `agent:main:telegram:direct:${50_000 + nth}`,
    );
    copySession(folder, keys[0]!, copies);
  }
  return { chats, agents, template: { ...template, stateDir: folder } };
}

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(2)} s`;
