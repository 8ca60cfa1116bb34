/** A plugin that keeps its gateway's event loop busy, most of the time, until it is told to stop. */
import type { PluginInConfig } from "./gateway-config.ts";
import type { Gateway } from "./gateway.ts";
import { stageSource } from "./stage-plugin.ts";

/** Stages it. It begins when the gateway has started: a start takes long enough. */
export function stageBlocker(): PluginInConfig {
  return stageSource("blocker", SOURCE);
}

export const stopBlocking = (gateway: Gateway): Promise<unknown> => gateway.call("blocker.stop", {}, 60_000);

const SOURCE = `
const BLOCKED_MS = 300;
const EVERY_MS = 500;
let timer;
const block = () => {
  const until = performance.now() + BLOCKED_MS;
  while (performance.now() < until);
};
export default {
  id: "blocker",
  name: "Blocker",
  register(api) {
    if (api.registrationMode !== "full") return;
    const stop = () => clearInterval(timer);
    api.registerGatewayMethod("blocker.stop", ({ respond }) => {
      stop();
      respond(true, {});
    }, { scope: "operator.read" });
    api.on("gateway_start", () => void (timer ??= setInterval(block, EVERY_MS)));
    api.on("gateway_stop", stop);
  },
};
`;
