/**
 * A plugin that kills its own gateway at one exact step: from within the call that announces it, so that nothing happens
 * after it. Steps of ours come from our diagnostics channel, those of the host's runs from its agent events.
 */
import { EVENT_CHANNEL } from "../../src/observe/diagnostics.ts";
import type { PluginInConfig } from "./gateway-config.ts";
import { stageSource } from "./stage-plugin.ts";

export type KillAt = {
  /**
   * `service`: before our service starts, when the host has marked its sessions. `run`: a phase of a host's run.
   * Otherwise the name of one of our events.
   */
  step: string;
  /** What the event must contain. */
  with?: Record<string, unknown>;
  /** Which of them, from 1 (the default). */
  nth?: number;
  /** Then at the latest: where an earlier death has left no such step to be taken. */
  orElse?: string;
};

/** Stages it, to be loaded before ours. */
export function stageKiller(at: KillAt, signal: "SIGTERM" | "SIGKILL"): PluginInConfig {
  return stageSource("killer", source({ nth: 1, with: {}, orElse: "", ...at }, signal));
}

const source = (at: Required<KillAt>, signal: string): string => `
import { subscribe } from "node:diagnostics_channel";
const at = ${JSON.stringify(at)};
let seen = 0;
function step(name, event) {
  if (name === at.orElse) seen = Math.max(seen, at.nth - 1);
  else if (name !== at.step || !Object.entries(at.with).every(([key, value]) => event[key] === value)) return;
  seen += 1;
  if (seen === at.nth) process.kill(process.pid, ${JSON.stringify(signal)});
}
export default {
  id: "killer",
  name: "Killer",
  register(api) {
    if (api.registrationMode !== "full") return;
    subscribe(${JSON.stringify(EVENT_CHANNEL)}, ({ name, event }) => step(name, event));
    api.registerService({
      id: "killer",
      start() {
        step("service", {});
        api.runtime.events.onAgentEvent(({ stream, data }) => {
          if (stream === "lifecycle") step("run", data);
        });
      },
    });
  },
};
`;
