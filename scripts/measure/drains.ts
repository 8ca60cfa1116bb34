/** D50: from the user's signal to the drained run, by the plugin's own log lines and by its histogram. */
import { RestartedGateway, resumesHang } from "../../test/support/restarted-gateway.ts";
import { waitFor } from "../../test/support/wait.ts";
import { ask, NewChats } from "./ask.ts";
import { median, ms, percentile, type Row, type Say } from "./row.ts";

const PREEMPTIONS = 50;
const MAX_DRAIN_MS = 500;
/** Every so many messages one goes to a chat that is being resumed; the others to new chats. */
const OWN_USER_EVERY = 6;

/** Not the defaults: nothing ages (by default a resume is spared after 3 preemptions), and resumes start again sooner. */
const SETTINGS = { lane: { quietMs: 300 }, preemption: { maxPreemptions: 1000, maxWaitMs: 86_400_000 } };

export async function drains(say: Say): Promise<Row[]> {
  await using restarted = await RestartedGateway.start({ behaviour: resumesHang, settings: SETTINGS });
  const newChats = new NewChats(1);
  for (let message = 1; drainsOf(restarted).length < PREEMPTIONS; message += 1) {
    say(`${drainsOf(restarted).length} of ${PREEMPTIONS} preemptions`);
    const open = await restarted.waitForResumes(2);
    const chat = message % OWN_USER_EVERY === 0 ? restarted.chat(open[0]!.chat!) : newChats.next();
    await ask(restarted.botApi, chat);
  }
  await waitFor(() => drainsOf(restarted).length === cancelledBy(restarted), {
    timeoutMs: 5_000,
    what: "the last drain",
    lastState: () => restarted.gateway.logTail(),
  });
  const logged = drainsOf(restarted);
  const metrics = await restarted.metrics();
  const histogram = (suffix: string) => metrics.get(`openclaw_resume_preemption_seconds_${suffix}`) ?? Number.NaN;
  const [counted, inTime] = [histogram("count"), histogram('bucket{le="0.5"}')];
  const p99 = percentile(logged, 0.99);
  return [
    {
      what: `user signal to resume drained, ${logged.length} preemptions`,
      figure: `p99 ${ms(p99)}, median ${ms(median(logged))}; histogram: ${inTime} of ${counted} within 0.5 s`,
      bar: `p99 < ${MAX_DRAIN_MS} ms, the histogram agrees`,
      pass: p99 < MAX_DRAIN_MS && counted === logged.length && inTime === countWithin(logged),
      data: { drainedMs: logged, histogram: { count: counted, within500Ms: inTime, sumMs: histogram("sum") * 1000 } },
    },
  ];
}

const countWithin = (drained: number[]): number => drained.filter((value) => value <= MAX_DRAIN_MS).length;

function cancelledBy(restarted: RestartedGateway): number {
  return restarted.log().filter(({ msg }) => msg === "resume cancelled").length;
}

function drainsOf(restarted: RestartedGateway): number[] {
  return restarted
    .log()
    .flatMap(({ msg, drainedMs }) => (msg === "resume ended" && typeof drainedMs === "number" ? [drainedMs] : []));
}
