/** One column of the demo: the gateway restarted on its own copy of the crash, with the plugin or without. */
import type { CrashedTemplate } from "../../test/support/crashed-state.ts";
import { RestartedGateway } from "../../test/support/restarted-gateway.ts";
import { resumesHangAt } from "./hanging-model.ts";
import { type FirstReply, firstReply, type Writer, WRITER_NAMES, WRITERS } from "./writers.ts";

export type SideOptions = {
  template: CrashedTemplate;
  withPlugin: boolean;
  /** How long a first reply is waited for, milliseconds. */
  waitMs: number;
  say: (text: string) => void;
};

export type Side = {
  restarted: RestartedGateway;
  /** From the spawn to ready, milliseconds. */
  readyMs: number;
  replies: Record<Writer, FirstReply>;
};

/** Resumes at once at the model: the host takes one after the other, the plugin's default budget is two. */
const SLOTS = { host: 1, plugin: 2 };

/** The gateway stays up: the caller disposes of it. */
export async function runSide(options: SideOptions): Promise<Side> {
  const { template, withPlugin, waitMs, say } = options;
  say(`restarting, ${withPlugin ? "with resume-scheduler (default settings)" : "host alone"}`);
  const restarted: RestartedGateway = await RestartedGateway.start({
    template,
    chats: template.chats,
    agents: template.agents,
    behaviour: resumesHangAt(() => restarted.model),
    ...(withPlugin ? {} : { plugins: null }),
  });
  const name = withPlugin ? "with resume-scheduler" : "host alone";
  const slots = withPlugin ? SLOTS.plugin : SLOTS.host;
  const asked = new Set<number>();
  const ask = async (writer: Writer): Promise<[Writer, FirstReply]> => {
    say(`${name}: ${WRITER_NAMES[writer]} writes, waiting up to ${waitMs / 1000} s for the reply`);
    return [writer, await firstReply(restarted, writer, { slots, waitMs, asked })];
  };
  // With the plugin each message makes the resumes give way: the next one waits until they run again.
  const replies = withPlugin ? await inTurn(WRITERS, ask) : await Promise.all(WRITERS.map(ask));
  return {
    restarted,
    readyMs: restarted.gateway.readyMs,
    replies: Object.fromEntries(replies) as Record<Writer, FirstReply>,
  };
}

async function inTurn<Item, Result>(items: readonly Item[], step: (item: Item) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = [];
  for (const item of items) results.push(await step(item));
  return results;
}
