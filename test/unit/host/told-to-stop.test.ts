import { EventEmitter } from "node:events";
import { afterEach, expect, it } from "vitest";
import { toldToStop } from "../../../src/host/told-to-stop.ts";

/** Instead of the process's own, to which the tests' runner listens. */
const signals = new EventEmitter();
afterEach(() => void signals.removeAllListeners());

it.each(["SIGTERM", "SIGINT"])("%s: fires once the host has been told", (name) => {
  const told: string[] = [];
  for (const one of ["SIGTERM", "SIGINT"]) signals.on(one, () => told.push("host"));
  toldToStop(signals).addEventListener("abort", () => told.push("plugin"));
  signals.emit(name);
  expect(told).toEqual(["host", "plugin"]);
  expect(["SIGTERM", "SIGINT"].map((one) => signals.listenerCount(one))).toEqual([1, 1]);
});

it("does not fire on SIGUSR1, on which a host may go on", () => {
  signals.on("SIGUSR1", () => undefined);
  const signal = toldToStop(signals);
  signals.emit("SIGUSR1");
  expect(signal.aborted).toBe(false);
});

it("is no first listener: that would keep the process from ending", () => {
  const signal = toldToStop(signals);
  expect(signals.emit("SIGTERM")).toBe(false);
  expect(signal.aborted).toBe(false);
});
