/**
 * A plugin that looks at its gateway from within: heap, timers, listeners. Loaded before ours, so that it sees all that
 * ours does.
 */
import fs from "node:fs";
import path from "node:path";
import { EVENT_CHANNEL } from "../../src/observe/diagnostics.ts";
import type { PluginInConfig } from "./gateway-config.ts";
import type { Gateway } from "./gateway.ts";
import { stageSource } from "./stage-plugin.ts";

/** After a full garbage collection. */
export type Sample = {
  /** Without what the engine has compiled: that grows with every function that gets warm. */
  heapBytes: number;
  /** Timers that our plugin has started and that are still to fire. */
  timers: number;
  /** On the host's diagnostics and its agent events. */
  listeners: { diagnostics: number; agentEvents: number };
  /** Resumes that were started although a user was waiting, and had not aged. */
  impolite: number;
};

/** Stages it, to be loaded before ours. */
export function stageProbe(): PluginInConfig {
  return stageSource("probe", SOURCE);
}

export const sample = (gateway: Gateway): Promise<Sample> => gateway.call<Sample>("probe.sample", {}, 60_000);

/** How many objects of each class (by name) are alive in the gateway. */
export async function countObjects(gateway: Gateway, classes: readonly string[]): Promise<Record<string, number>> {
  const file = path.join(gateway.stateDir, `heap-${Date.now()}.heapsnapshot`);
  await gateway.call("probe.snapshot", { file }, 180_000);
  const { snapshot, nodes, strings } = JSON.parse(fs.readFileSync(file, "utf8")) as Snapshot;
  fs.rmSync(file);
  const fields = snapshot.meta.node_fields;
  const [typeAt, nameAt] = [fields.indexOf("type"), fields.indexOf("name")];
  const objectType = snapshot.meta.node_types[typeAt]!.indexOf("object");
  const counts = new Map(classes.map((name) => [strings.indexOf(name), 0]));
  for (let at = 0; at < nodes.length; at += fields.length) {
    const count = counts.get(nodes[at + nameAt]!);
    if (count !== undefined && nodes[at + typeAt] === objectType) counts.set(nodes[at + nameAt]!, count + 1);
  }
  return Object.fromEntries(classes.map((name) => [name, counts.get(strings.indexOf(name)) ?? 0]));
}

type Snapshot = {
  snapshot: { meta: { node_fields: string[]; node_types: string[][] } };
  nodes: number[];
  strings: string[];
};

const SOURCE = `
import { createHook } from "node:async_hooks";
import { subscribe } from "node:diagnostics_channel";
import v8 from "node:v8";
import vm from "node:vm";

v8.setFlagsFromString("--expose-gc");
const collectGarbage = vm.runInNewContext("gc");

const timers = new Set();
createHook({
  trackPromises: false,
  init(id, type) {
    if (type !== "Timeout") return;
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 30;
    if (/-plugin-\\w+\\/dist\\//.test(new Error().stack)) timers.add(id);
    Error.stackTraceLimit = limit;
  },
  destroy(id) {
    timers.delete(id);
  },
}).enable();

function dataHeapBytes() {
  const spaces = v8.getHeapSpaceStatistics().filter(({ space_name: name }) => !/^(code|trusted|read_only)/.test(name));
  return spaces.reduce((sum, { space_used_size: used }) => sum + used, 0);
}

let usersWait = false;
let impolite = 0;
subscribe(${JSON.stringify(EVENT_CHANNEL)}, ({ name, event }) => {
  if (name === "load") usersWait = event.usersWaiting > 0;
  if (name === "started" && usersWait && !event.aged) impolite += 1;
});

const stateOf = (name) => globalThis[Symbol.for(name)];
export default {
  id: "probe",
  name: "Probe",
  register(api) {
    if (api.registrationMode !== "full") return;
    const scope = { scope: "operator.read" };
    api.registerGatewayMethod("probe.sample", async ({ respond }) => {
      for (let round = 0; round < 3; round += 1) {
        collectGarbage();
        await new Promise(setImmediate);
      }
      respond(true, {
        heapBytes: dataHeapBytes(),
        timers: timers.size,
        listeners: {
          diagnostics: stateOf("openclaw.diagnosticEvents.state.v1").listeners.size,
          agentEvents: stateOf("openclaw.agentEvents.state").listeners.size,
        },
        impolite,
      });
    }, scope);
    api.registerGatewayMethod("probe.snapshot", ({ params, respond }) => {
      v8.writeHeapSnapshot(params.file);
      respond(true, {});
    }, scope);
  },
};
`;
