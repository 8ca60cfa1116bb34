import { expect, it } from "vitest";
import { hostFeatures, missingFeatures } from "../../../src/host/host-features.ts";

type Runtime = Parameters<typeof hostFeatures>[0];
const has = () => undefined;

const ALL = {
  agent: {
    runEmbeddedAgent: has,
    resolveAgentWorkspaceDir: has,
    session: { listSessionEntries: has, getSessionEntry: has, patchSessionEntry: has },
  },
  events: { onAgentEvent: has },
};
const featuresOf = (runtime: object) => hostFeatures(runtime as Runtime);
const NAMES = [
  "runEmbeddedAgent",
  "resolveAgentWorkspaceDir",
  "listSessionEntries",
  "getSessionEntry",
  "patchSessionEntry",
  "onAgentEvent",
];

it("are all there on a host that has them", () => {
  expect(featuresOf(ALL)).toEqual(Object.fromEntries(NAMES.map((name) => [name, true])));
  expect(missingFeatures(ALL as object as Runtime)).toEqual([]);
});

it.each(NAMES)("lack %s where the host has none, or something that is no function", (name) => {
  for (const found of [undefined, null, "yes", {}]) {
    const { agent, events } = ALL;
    const runtime = {
      agent: { ...agent, [name]: found, session: { ...agent.session, [name]: found } },
      events: { ...events, [name]: found },
    };
    // Only the place that it belongs to counts; there is one of each name.
    expect(featuresOf(runtime)).toEqual(Object.fromEntries(NAMES.map((one) => [one, one !== name])));
    expect(missingFeatures(runtime as object as Runtime)).toEqual([name]);
  }
});
