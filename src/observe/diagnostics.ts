import { channel } from "node:diagnostics_channel";
import type { EventBus } from "../domain/events.ts";

/** The `node:diagnostics_channel` of every step; its messages are `{ name, event }`. */
export const EVENT_CHANNEL = "openclaw-resume-scheduler";

/** Publishes every step to who listens in the same process: a tracer, or a test that kills the gateway at one of them. */
export function publishEvents(events: EventBus): void {
  const steps = channel(EVENT_CHANNEL);
  events.onAny((name, event) => {
    if (steps.hasSubscribers) steps.publish({ name, event });
  });
}
