import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { expect, it } from "vitest";
import { EventBus } from "../../../src/domain/events.ts";
import { EVENT_CHANNEL, publishEvents } from "../../../src/observe/diagnostics.ts";

it("publishes every step on the diagnostics channel, and nothing once nobody listens", () => {
  const events = new EventBus();
  publishEvents(events);
  const heard: unknown[] = [];
  const listener = (message: unknown) => heard.push(message);
  subscribe(EVENT_CHANNEL, listener);
  events.emit("claimed", { agentId: "main", sessionKey: "agent:main:main" });
  unsubscribe(EVENT_CHANNEL, listener);
  events.emit("mainWaited", { waitMs: 1 });
  expect(heard).toEqual([{ name: "claimed", event: { agentId: "main", sessionKey: "agent:main:main" } }]);
});
