/** R8, R66: first replies while resumes hang, against the same gateway with nothing interrupted, asked in turns. */
import { RestartedGateway, resumesHang } from "../../test/support/restarted-gateway.ts";
import { stagePlugin } from "../../test/support/stage-plugin.ts";
import { ask, type Chat, NewChats } from "./ask.ts";
import { FreshGateway } from "./fresh-gateway.ts";
import { median, ms, type Row, type Say } from "./row.ts";

const MAX_RATIO = 1.5;
const MAX_REPLY_MS = 5_000;
/** `budget.maxConcurrent` by default. */
const SLOTS = 2;

type Times = { new: number[]; queued: number[]; resuming: number[]; baseNew: number[]; baseKnown: number[] };

/**
 * The plugin, but for its pace, and the host run with their defaults. `perKind`: how many chats of each kind are asked; the queued and the
 * resuming ones are used up, so at most half of the interrupted chats.
 */
export async function replyTimes(options: { chats: number; agents: 1 | 3; perKind: number }, say: Say): Promise<Row[]> {
  const { chats, agents, perKind } = options;
  say("a gateway with nothing interrupted");
  await using fresh = await FreshGateway.create({ agents, plugin: stagePlugin() });
  await fresh.boot();
  const freshChats = new NewChats(agents);
  // The others were there before the restart, too: their first message after it costs more than the second.
  const known = Array.from({ length: 2 * perKind }, () => freshChats.next());
  for (const chat of known) await ask(fresh.botApi, chat);
  await fresh.stop();
  await fresh.boot();
  await freshChats.warm(fresh.botApi);
  say(`a gateway with ${chats} interrupted chats`);
  await using restarted = await RestartedGateway.start({ chats, agents, behaviour: resumesHang });
  const newChats = new NewChats(agents);
  const choose = chooser(restarted);
  await choose.steady();
  await newChats.warm(restarted.botApi);

  const times: Times = { new: [], queued: [], resuming: [], baseNew: [], baseKnown: [] };
  for (const [index, knownChat] of known.entries()) {
    const round = index + 1;
    say(`message ${round} of ${known.length} of each kind`);
    // Not while the other gateway starts resumes: it would slow this one down.
    await choose.steady();
    times.baseNew.push(await ask(fresh.botApi, freshChats.next()));
    times.baseKnown.push(await ask(fresh.botApi, knownChat));
    if (round <= perKind) {
      await choose.steady();
      times.new.push(await ask(restarted.botApi, newChats.next()));
    }
    // All queued ones first: at the end nothing is queued any more, but something still runs.
    const kind = round <= perKind ? "queued" : "resuming";
    times[kind].push(await ask(restarted.botApi, await choose.chat(kind)));
  }
  return [
    row(`new chat, ${chats} interrupted`, times.new, times.baseNew),
    row(`queued chat, ${chats} interrupted`, times.queued, times.baseKnown),
    row(`resuming chat, ${chats} interrupted`, times.resuming, times.baseKnown),
  ];
}

/** Picks interrupted chats that were not asked yet. */
function chooser(restarted: RestartedGateway) {
  const asked = new Set<number>();
  const left = () => {
    const settled = new Set(restarted.log().flatMap(({ msg, sessionKey }) => (msg === "settled" ? [sessionKey] : [])));
    return restarted.chats.filter(({ chatId, sessionKey }) => !asked.has(chatId) && !settled.has(sessionKey));
  };
  const steady = () => restarted.waitForResumes(Math.min(SLOTS, left().length), 90_000);
  const chat = async (kind: "queued" | "resuming"): Promise<Chat> => {
    const open = new Set((await steady()).map((request) => request.chat));
    const found = left().find(({ chatId }) => open.has(chatId) === (kind === "resuming"));
    if (found === undefined) throw new Error(`no ${kind} chat is left\n${restarted.model.describe()}`);
    asked.add(found.chatId);
    return found;
  };
  return { steady, chat };
}

function row(what: string, times: number[], baseline: number[]): Row {
  const reply = median(times);
  const base = median(baseline);
  const slowest = Math.max(...times);
  const ratio = reply / base;
  return {
    what: `first reply: ${what}`,
    figure: `${ms(reply)}, ${ratio.toFixed(2)}x of ${ms(base)} (${times.length} chats, slowest ${ms(slowest)})`,
    bar: `<= ${MAX_RATIO}x, each < ${MAX_REPLY_MS / 1000} s`,
    pass: ratio <= MAX_RATIO && slowest < MAX_REPLY_MS,
    data: { timesMs: times, baselineMs: baseline, ratio },
  };
}
