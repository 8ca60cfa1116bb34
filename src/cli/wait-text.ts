import type { WaitCause } from "../domain/wait-cause.ts";
import type { FleetView } from "../operate/views.ts";

const WAITS: Readonly<Record<WaitCause, string>> = {
  "gateway-starting": "the gateway is still starting",
  "gateway-stopping": "the gateway is about to stop",
  operator: "the operator has paused the lane",
  mode: 'the mode is not "active"',
  fuse: "gateways died while resumes ran",
  users: "users go first",
  "host-refused": "the host takes no new work",
  resting: "every queued resume rests before its next attempt",
  memory: "the gateway uses more memory than budget.maxMemoryMb",
  "event-loop": "the gateway is busy: its event loop is held up for longer than budget.maxEventLoopDelayMs",
  cooldown: "the model provider refuses requests",
  probe: "the model provider has yet to answer the first one",
  pace: "the next start is due later: budget.startIntervalMs, budget.startsPerMinute",
  fleet: "other gateways use the slots of the fleet",
  spend: "what one boot may use is used up",
};

/** What a lane waits for. The slots of a fleet are its own while it is lost. */
export function waitText(cause: WaitCause, fleet: FleetView | null): string {
  if (cause !== "fleet" || fleet?.state !== "lost") return WAITS[cause];
  return fleet.fallbackConcurrent === 0
    ? "Redis is lost, and fleet.fallbackConcurrent is 0: nothing starts until it is back"
    : "Redis is lost, and the slots of fleet.fallbackConcurrent are in use";
}
