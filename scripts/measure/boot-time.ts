/** B7: what the plugin adds to the gateway's start, nothing interrupted. */
import { stageEmptyPlugin, stagePlugin } from "../../test/support/stage-plugin.ts";
import { FreshGateway } from "./fresh-gateway.ts";
import { median, ms, type Row, type Say } from "./row.ts";

const RUNS = 7;
const MAX_SHARE = 0.03;
const MAX_MS = 200;

export async function bootTime(say: Say): Promise<Row[]> {
  await using ours = await FreshGateway.create({ agents: 1, plugin: stagePlugin() });
  await using empty = await FreshGateway.create({ agents: 1, plugin: stageEmptyPlugin() });
  const times = { ours: [] as number[], empty: [] as number[] };
  // Run 0 is the first boot of each state, with the host's migrations: not counted.
  for (let run = 0; run <= RUNS; run += 1) {
    for (const [name, gateway] of [["ours", ours] as const, ["empty", empty] as const]) {
      say(`boot ${run} of ${RUNS}, ${name === "ours" ? "resume-scheduler" : "an empty plugin"}`);
      const readyMs = await gateway.boot();
      await gateway.stop();
      if (run > 0) times[name].push(readyMs);
    }
  }
  const [withPlugin, withEmpty] = [median(times.ours), median(times.empty)];
  const addedMs = withPlugin - withEmpty;
  return [
    {
      what: `gateway ready time, nothing interrupted, median of ${RUNS}`,
      figure: `${ms(withPlugin)} against ${ms(withEmpty)} with an empty plugin: ${addedMs < 0 ? "" : "+"}${ms(addedMs)}`,
      bar: `<= ${MAX_SHARE * 100} % or ${MAX_MS} ms more, whichever is larger`,
      pass: addedMs <= Math.max(MAX_SHARE * withEmpty, MAX_MS),
      data: { readyMs: times.ours, emptyReadyMs: times.empty },
    },
  ];
}
