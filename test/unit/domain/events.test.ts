import { expect, it } from "vitest";
import { EventBus } from "../../../src/domain/events.ts";

it("tells every listener of that event, in the order in which they came", () => {
  const bus = new EventBus();
  const heard: string[] = [];
  bus.on("mainWaited", ({ waitMs }) => heard.push(`first ${waitMs}`));
  bus.on("mainWaited", ({ waitMs }) => heard.push(`second ${waitMs}`));
  bus.on("booted", () => heard.push("booted"));
  bus.emit("mainWaited", { waitMs: 5 });
  expect(heard).toEqual(["first 5", "second 5"]);
});

it("drops what a listener throws and tells the others", () => {
  const bus = new EventBus();
  const heard: number[] = [];
  bus.on("mainWaited", () => {
    throw new Error("broken metric");
  });
  bus.on("mainWaited", ({ waitMs }) => heard.push(waitMs));
  bus.emit("mainWaited", { waitMs: 5 });
  expect(heard).toEqual([5]);
});

it("tells a listener nothing after it has gone", () => {
  const bus = new EventBus();
  const heard: number[] = [];
  const leave = bus.on("mainWaited", ({ waitMs }) => heard.push(waitMs));
  bus.emit("mainWaited", { waitMs: 1 });
  leave();
  bus.emit("mainWaited", { waitMs: 2 });
  expect(heard).toEqual([1]);
});

it("tells those who hear everything last, and drops what they throw", () => {
  const bus = new EventBus();
  const heard: unknown[] = [];
  bus.onAny(() => {
    throw new Error("broken tracer");
  });
  const leave = bus.onAny((name, event) => heard.push([name, event]));
  bus.on("mainWaited", () => heard.push("first"));
  bus.emit("mainWaited", { waitMs: 1 });
  leave();
  bus.emit("mainWaited", { waitMs: 2 });
  expect(heard).toEqual(["first", ["mainWaited", { waitMs: 1 }], "first"]);
});
