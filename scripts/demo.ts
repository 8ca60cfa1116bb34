// npm run demo [-- --sessions N --wait SECONDS --keep --json --help]
//
// What a restart does to users, without and with the plugin, on the real gateway.
import { crashInto, type CrashedTemplate } from "../test/support/crashed-state.ts";
import { buildPlugin } from "../test/support/stage-plugin.ts";
import { makeTempDir, removeLeftovers } from "../test/support/temp.ts";
import { keptText, whereToLook } from "./demo/keep.ts";
import { type DemoOptions, HELP, readOptions } from "./demo/options.ts";
import { Progress } from "./demo/progress.ts";
import { recoverRest } from "./demo/recovery.ts";
import { allAnswered, type DemoResult, recoveryText, resultTable } from "./demo/report.ts";
import { runSide } from "./demo/side.ts";
import { untilStopped } from "./demo/until-stopped.ts";
import { optionsOrExit } from "./demo/usage.ts";

const options = optionsOrExit(HELP, readOptions);
const progress = new Progress();
const say = (text: string) => progress.step(text);

async function demo({ sessions, agents, waitMs, json, keep }: DemoOptions): Promise<number> {
  removeLeftovers();
  say("compiling the plugin");
  buildPlugin();
  say(`interrupting ${sessions} chat${sessions === 1 ? "" : "s"}: they all wait for the model, then SIGKILL`);
  const template: CrashedTemplate = await crashInto(makeTempDir("crash"), { chats: sessions, agents });
  const host = await hostAlone(template, waitMs);
  const { restarted, replies } = await runSide({ template, withPlugin: true, waitMs, say });
  const recovery = await recoverRest(restarted, say);
  const result: DemoResult = { sessions, agents, waitMs, host, plugin: replies, recovery };
  const kept = keep ? whereToLook(restarted.gateway) : undefined;
  progress.clear();
  if (json) console.log(JSON.stringify({ ...result, ok: allAnswered(result), ...(kept ? { kept } : {}) }, null, 2));
  else console.log(`${resultTable(result)}\n\n${recoveryText(result)}${kept ? `\n\n${keptText(kept)}` : ""}`);
  if (keep) await restarted.gateway.exited;
  await restarted[Symbol.asyncDispose]();
  return allAnswered(result) ? 0 : 1;
}

async function hostAlone(template: CrashedTemplate, waitMs: number): Promise<DemoResult["host"]> {
  const { restarted, replies } = await runSide({ template, withPlugin: false, waitMs, say });
  await restarted[Symbol.asyncDispose]();
  return replies;
}

await untilStopped(progress, () => demo(options));
