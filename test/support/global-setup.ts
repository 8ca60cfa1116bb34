/** Before the gateway tests (vitest `globalSetup`): sweep, compile the plugin, make the crashed state they start from. */
import { prepareCrashedState, removeStaleTemplates } from "./crashed-state.ts";
import { buildPlugin, removeStaleBuilds } from "./stage-plugin.ts";
import { removeLeftovers } from "./temp.ts";

/** Returns the teardown. */
export default async function setup(): Promise<() => void> {
  const swept = removeLeftovers();
  if (swept > 0) say(`removed ${swept} temporary folder(s) of processes that are gone`);
  removeStaleTemplates();
  removeStaleBuilds();
  await timed("plugin compiled and collected", buildPlugin);
  await timed("8 crashed chats prepared", () => prepareCrashedState({ chats: 8, agents: 1 }));
  // vitest ends its workers by a signal, so their own clean-up does not run.
  return () => void removeLeftovers();
}

async function timed(what: string, work: () => unknown): Promise<void> {
  const startedAtMs = performance.now();
  await work();
  say(`${what} in ${((performance.now() - startedAtMs) / 1000).toFixed(1)} s`);
}

function say(text: string): void {
  process.stderr.write(`[setup] ${text}\n`);
}
