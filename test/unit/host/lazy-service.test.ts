import type { OpenClawPluginApi, OpenClawPluginServiceContext } from "openclaw/plugin-sdk/plugin-entry";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { inProcess } from "../../../src/host/in-process.ts";
import { LazyService } from "../../../src/host/lazy-service.ts";
import { ResumeService } from "../../../src/host/service.ts";
import type { Office } from "../../../src/operate/office.ts";

const CONTEXT = {} as OpenClawPluginServiceContext;

let calls: string[];
let lazy: LazyService;

/** Notes what the service is told; nothing of it runs. */
beforeEach(() => {
  calls = [];
  delete inProcess.service;
  vi.spyOn(ResumeService.prototype, "start").mockImplementation(async () => void calls.push("start"));
  vi.spyOn(ResumeService.prototype, "stop").mockImplementation(async () => void calls.push("stop"));
  vi.spyOn(ResumeService.prototype, "gatewayStarted").mockImplementation(() => void calls.push("gateway started"));
  vi.spyOn(ResumeService.prototype, "messageReceived").mockImplementation((key) => void calls.push(`message ${key}`));
  vi.spyOn(ResumeService.prototype, "office").mockImplementation(() => ({}) as Office);
  lazy = new LazyService({} as OpenClawPluginApi);
});
afterEach(() => {
  vi.restoreAllMocks();
  delete inProcess.service;
});

it("is started once it is loaded, and stopped after that, however soon the stop comes", async () => {
  await Promise.all([lazy.start(CONTEXT), lazy.stop()]);
  expect(calls).toEqual(["start", "stop"]);
});

it("has nothing to stop before it was started", async () => {
  await lazy.stop();
  expect(calls).toEqual([]);
});

it("is told that the gateway has started, even when that comes first", async () => {
  await Promise.all([lazy.gatewayStarted(undefined), lazy.start(CONTEXT)]);
  expect(calls.toSorted()).toEqual(["gateway started", "start"]);
});

it("is told of a message at once, and of none before it was started", async () => {
  lazy.messageReceived("early");
  await lazy.start(CONTEXT);
  lazy.messageReceived("k");
  expect(calls).toEqual(["start", "message k"]);
});

it("has no metrics before it was started", async () => {
  expect(await lazy.expose(undefined)).toBeUndefined();
});

it("passes on to the one that runs, which another registration can have started", async () => {
  const told: unknown[] = [];
  const other = {
    messageReceived: (key: string) => told.push(key),
    sessionStarted: (key: string, sessionId: string) => told.push(`${key} ${sessionId}`),
    gatewayStarted: () => told.push("gateway started"),
    expose: async () => ({ contentType: "text/plain", body: "" }),
    within: (step: () => unknown) => step(),
    office: () => ({}),
  };
  inProcess.service = other as unknown as ResumeService;
  lazy.messageReceived("k");
  lazy.sessionStarted("k", "new");
  await lazy.gatewayStarted(undefined);
  expect(await lazy.expose(undefined)).toEqual({ contentType: "text/plain", body: "" });
  expect(await lazy.answer(() => "answer")).toBe("answer");
  expect([told, calls]).toEqual([["k", "k new", "gateway started"], []]);
});

it("tells who asks of what went wrong", async () => {
  const failing = lazy.answer(() => {
    throw new Error("the resume-scheduler service is not running");
  });
  await expect(failing).rejects.toThrow("not running");
});
