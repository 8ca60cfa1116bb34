/** V60: how long users of resumed chats wait for a resume, by the same metric: the host alone, then the plugin. */
import { RestartedGateway, resumesHang } from "../../test/support/restarted-gateway.ts";
import { inSeconds, type Row, type Say } from "./row.ts";

const HOST_BOUND_S = 60;
const PLUGIN_BOUND_S = 1;
const STARVED = 'starvation_seconds_total{lane="main"}';

export async function starvation(say: Say): Promise<Row[]> {
  const host = await hostAlone(say);
  const plugin = await withPlugin(say);
  return [
    {
      what: "users kept waiting by resumes, 8 interrupted chats, hanging model",
      figure: `host alone ${inSeconds(host)} and counting; with the plugin ${inSeconds(plugin)} in all, 3 users`,
      bar: `host alone > ${HOST_BOUND_S} s, plugin < ${PLUGIN_BOUND_S} s`,
      pass: host > HOST_BOUND_S && plugin < PLUGIN_BOUND_S,
      data: { hostS: host, pluginS: plugin },
    },
  ];
}

/** The plugin only observes: it changes nothing, and measures. */
async function hostAlone(say: Say): Promise<number> {
  say(`host alone: the user of the chat that is being resumed writes and waits for ${HOST_BOUND_S} s`);
  await using restarted = await RestartedGateway.start({ behaviour: resumesHang, settings: { mode: "observe" } });
  const [resuming] = (await restarted.waitForResumes(1)).map(({ chat }) => chat!);
  restarted.botApi.userSays({ chatId: resuming!, text: `And now? [chat ${resuming}]` });
  await restarted.waitForMetric(STARVED, (value) => value! > HOST_BOUND_S, (HOST_BOUND_S + 30) * 1000);
  return await starvedSeconds(restarted);
}

/** A new chat, one that waits for its resume, and one that is being resumed. */
async function withPlugin(say: Say): Promise<number> {
  say("with the plugin: users of a new, a queued and a resuming chat write");
  await using restarted = await RestartedGateway.start({ behaviour: resumesHang });
  const resumingNow = async () => (await restarted.waitForResumes(2, 90_000)).map(({ chat }) => chat!);
  await resumingNow();
  await restarted.ask(900);
  const resuming = await resumingNow();
  await restarted.ask(restarted.chats.find(({ chatId }) => !resuming.includes(chatId))!.chatId);
  const [last] = await resumingNow();
  await restarted.ask(last!);
  return await starvedSeconds(restarted);
}

const starvedSeconds = async (restarted: RestartedGateway): Promise<number> =>
  (await restarted.metrics()).get(`openclaw_resume_${STARVED}`)!;
