import { beforeEach, expect, it } from "vitest";
import { EventBus } from "../../../src/domain/events.ts";
import { Changes } from "../../../src/observe/changes.ts";

let events: EventBus;
let changes: Changes;
let told: string[];
const listener = { changed: () => void told.push("changed"), closed: () => void told.push("closed") };

beforeEach(() => {
  events = new EventBus();
  changes = new Changes(events);
  told = [];
});

const queue = () => events.emit("queued", { agentId: "a", sessionKey: "k", attempts: 0 });

it("tells of every event until nobody listens any more", () => {
  const stop = changes.listen(listener);
  queue();
  events.emit("mainWaited", { waitMs: 1 });
  stop();
  queue();
  expect(told).toEqual(["changed", "changed"]);
});

it("tells that nothing is told any more, also whoever comes later", () => {
  changes.listen(listener);
  changes.close();
  queue();
  changes.listen(listener)();
  expect(told).toEqual(["closed", "closed"]);
});
