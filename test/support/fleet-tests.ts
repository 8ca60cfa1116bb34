/** What the tests of a fleet of real gateways share. */
import type { FleetView, StatusView } from "../../src/operate/views.ts";
import { answer, type RestartedGateway } from "./restarted-gateway.ts";
import type { ModelBehaviour } from "./stub-model.ts";
import { waitFor } from "./wait.ts";

export const CHATS = 10;
/** Three gateways at once on two cores, and perhaps the crash that they start from. */
export const START_MS = 300_000;
export const SETTINGS = {
  lane: { quietMs: 100 },
  // Three gateways on two cores have slow loops.
  budget: { maxConcurrent: 2, startIntervalMs: 0, startsPerMinute: 0, maxEventLoopDelayMs: 0 },
  // Not aged within this test: an aged one may stay beside users.
  preemption: { maxPreemptions: 100 },
};

export const slowly =
  (delayMs: number): ModelBehaviour =>
  (request) => ({ ...answer(request), delayMs: request.isResume ? delayMs : 0 });

export const fleetOf = async ({ gateway }: RestartedGateway): Promise<FleetView["state"] | undefined> =>
  (await gateway.call<StatusView>("resumes.status", {})).fleet?.state;

export const waitForFleet = (all: readonly RestartedGateway[], state: FleetView["state"]) =>
  waitFor(async () => (await Promise.all(all.map(fleetOf))).every((one) => one === state), {
    timeoutMs: 60_000,
    what: `each gateway's fleet to be ${state}`,
    everyMs: 200,
    lastState: () => all.map(({ gateway }) => gateway.logTail()).join("\n"),
  });

/** Warms up the reply path of each: the first user turn of a gateway takes seconds that have nothing to do with resumes. */
export const askEach = (all: readonly RestartedGateway[], chatId: number) =>
  Promise.all(all.map((restarted) => restarted.ask(chatId)));
