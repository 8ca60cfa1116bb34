import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { registerGatewayMethods } from "../../../src/host/gateway-methods.ts";
import { makeTempDir, removeTempDir } from "../../support/temp.ts";
import { FakeOffice, keyOf } from "../support/fake-office.ts";
import { NOW } from "../support/makers.ts";

type Api = Parameters<typeof registerGatewayMethods>[0];
type Handler = Parameters<Api["registerGatewayMethod"]>[1];

let dir: string;
let office: FakeOffice;
let handlers: Map<string, Handler>;
let scopes: Record<string, string | undefined>;
/** How many answers were made where the plugin may start runs. */
let served: number;

beforeEach(() => {
  dir = makeTempDir("gateway-methods");
  office = new FakeOffice(dir);
  handlers = new Map();
  scopes = {};
  served = 0;
  registerGatewayMethods(
    {
      registerGatewayMethod: (name, handler, options) => {
        handlers.set(name, handler);
        scopes[name] = options?.scope;
      },
    },
    (answer) => {
      served += 1;
      return answer(office.desk);
    },
  );
});

afterEach(() => {
  office.close();
  removeTempDir(dir);
});

/** What the method responds: `[true, answer]` or `[false, error]`. */
async function call(
  name: string,
  params: object = {},
  client: object | null = { connect: { scopes: ["operator.write"] } },
) {
  const answers: [ok: boolean, answer: unknown][] = [];
  const respond = (ok: boolean, payload?: unknown, error?: unknown) => answers.push([ok, ok ? payload : error]);
  const request = { params, client, respond } as object as Parameters<Handler>[0];
  await handlers.get(`resumes.${name}`)?.(request);
  expect(answers).toHaveLength(1);
  return answers[0];
}

const refusal = (message: string, reason: string) => [false, { code: "INVALID_REQUEST", message, details: { reason } }];

it("ask for no more than reading to read, and for the whole lane an administrator", () => {
  expect(scopes).toEqual({
    "resumes.status": "operator.read",
    "resumes.page": "operator.read",
    "resumes.plan": "operator.read",
    "resumes.show": "operator.read",
    "resumes.doctor": "operator.read",
    "resumes.gc": "operator.read",
    "resumes.resume": "operator.write",
    "resumes.hold": "operator.write",
    "resumes.discard": "operator.write",
    "resumes.release": "operator.write",
    "resumes.pause": "operator.admin",
    "resumes.unpause": "operator.admin",
  });
});

describe("an answer", () => {
  const sessions = [{ agentId: "a", sessionKey: keyOf("chat"), now: "queued" }];

  it.each([
    ["status", {}, { state: "active", held: [{ sessionKey: keyOf("chat") }] }],
    ["plan", {}, { of: "boot", sessions: [] }],
    ["plan", { now: false }, { of: "boot" }],
    ["plan", { now: true }, { of: "now", state: "active", sessions: [{ reason: "held-earlier" }] }],
    ["plan", { config: { mode: "off" } }, { of: "now", state: "off" }],
    ["plan", { now: true, config: {} }, { of: "now", state: "active" }],
    ["show", { key: "chat" }, { sessionKey: keyOf("chat"), place: "held" }],
    ["doctor", {}, { source: "gateway" }],
    ["gc", {}, { applied: false, summary: { before: 1, kept: 1 } }],
    ["gc", { apply: true, activeKey: keyOf("chat") }, { applied: true, summary: { before: 1, kept: 1 } }],
    ["resume", { key: "chat" }, { action: "resume", done: sessions, refused: [] }],
    ["resume", { key: "chat", allHeld: false }, { done: sessions }],
    ["resume", { allHeld: true }, { done: sessions }],
    ["hold", { key: "chat" }, { done: [], refused: [{ reason: "already-held" }] }],
    ["discard", { key: keyOf("chat") }, { done: [{ now: "discarded" }] }],
    ["release", { key: "chat", all: false }, { done: [{ now: "released" }] }],
    ["pause", {}, { pausedSinceMs: NOW }],
    ["unpause", {}, { pausedSinceMs: null }],
  ])("of %s with %j", async (name, params, answer) => {
    office.hold("chat");
    expect(await call(name, params)).toMatchObject([true, answer]);
    expect(served).toBe(1);
  });

  it.each(["status", "doctor", "plan", "pause"])(
    "of %s needs no client: the method's own scope was asked for",
    async (name) => {
      expect(await call(name, {}, null)).toMatchObject([true, {}]);
    },
  );
});

describe("release of every session", () => {
  const admin = { connect: { scopes: ["operator.write", "operator.admin"] } };

  it.each<readonly [string, object | null]>([
    ["may write only", { connect: { scopes: ["operator.read", "operator.write"] } }],
    ["has no scopes", { connect: {} }],
    ["is unknown", null],
  ])("is forbidden to a client that %s", async (_name, client) => {
    office.hold("chat");
    expect(await call("release", { all: true }, client)).toEqual([
      false,
      {
        code: "FORBIDDEN",
        message: "missing scope: operator.admin",
        details: { code: "MISSING_SCOPE", missingScope: "operator.admin" },
      },
    ]);
    expect([office.recordOf("chat")?.outcome, served]).toEqual(["held", 0]);
  });

  it("of one and of all at once is refused", async () => {
    office.hold("chat");
    const answer = refusal('give either "key" or "all", not both', "invalid-request");
    expect(await call("release", { key: "chat", all: true }, admin)).toEqual(answer);
  });

  it("is an administrator's", async () => {
    for (const name of ["one", "two"]) office.hold(name);
    expect(await call("release", { all: true }, admin)).toMatchObject([true, { done: [{}, {}], refused: [] }]);
  });
});

describe("retiring", () => {
  it.each([["operator.write"], ["operator.admin"]])("is for a client with the scope %s", async (scope) => {
    const client = { connect: { scopes: [scope] } };
    expect(await call("gc", { apply: true }, client)).toMatchObject([true, { applied: true }]);
  });

  it("is forbidden to one that may only read, and the dry run is not", async () => {
    const client = { connect: { scopes: ["operator.read"] } };
    const details = { code: "MISSING_SCOPE", missingScope: "operator.write" };
    expect(await call("gc", { apply: true }, client)).toMatchObject([false, { details }]);
    expect(await call("gc", { apply: false }, client)).toMatchObject([true, { applied: false }]);
  });
});

describe("a request that is wrong", () => {
  const NO_KEY = '"key" is missing; expected a session key';

  it.each([
    ["show", {}, NO_KEY],
    ["show", { key: "" }, '"key" is ""; expected a session key'],
    ["show", { key: 5 }, '"key" is 5; expected a session key'],
    ["show", { key: null }, '"key" is null; expected a session key'],
    ["resume", {}, NO_KEY],
    ["resume", { allHeld: false }, NO_KEY],
    ["resume", { allHeld: "yes" }, '"allHeld" is "yes"; expected true or false'],
    ["hold", { keys: ["chat"] }, NO_KEY],
    ["discard", { key: ["chat"] }, '"key" is ["chat"]; expected a session key'],
    ["release", {}, NO_KEY],
    ["release", { all: 1 }, '"all" is 1; expected true or false'],
    ["resume", { key: "chat", allHeld: true }, 'give either "key" or "allHeld", not both'],
    ["plan", { now: "true" }, '"now" is "true"; expected true or false'],
    ["gc", { apply: "yes" }, '"apply" is "yes"; expected true or false'],
    ["gc", { activeKey: 5 }, '"activeKey" is 5; expected a session key'],
    ["show", { key: { a: "x".repeat(200) } }, `"key" is {"a":"${"x".repeat(74)}; expected a session key`],
  ])("%s with %j is refused", async (name, params, message) => {
    office.hold("chat");
    expect(await call(name, params)).toEqual(refusal(message, "invalid-request"));
    expect(office.recordOf("chat")?.outcome).toBe("held");
  });

  it.each(["show", "resume", "hold", "discard", "release"])("%s of an unknown session is refused", async (name) => {
    expect(await call(name, { key: "zz" })).toEqual(refusal("no session has the key zz", "unknown-session"));
  });

  it("settings that are wrong are told", async () => {
    expect(await call("plan", { config: { mode: 1 } })).toMatchObject([
      false,
      { code: "INVALID_REQUEST", details: { reason: "invalid-settings" } },
    ]);
  });

  it.each([
    ["resume", { key: "chat" }],
    ["resume", { allHeld: true }],
    ["gc", { apply: true }],
    ["pause", {}],
    ["unpause", {}],
  ])("%s with nothing claimed is refused", async (name, params) => {
    office.over = { active: undefined, state: "off" };
    const message = "this plugin resumes nothing in this gateway, so there is nothing to change: it is off";
    expect(await call(name, params)).toEqual(refusal(message, "not-active"));
  });
});

it("leave an error that is no operator's to the gateway", async () => {
  const request = { params: {}, client: null } as object as Parameters<Handler>[0];
  office.over = {
    get active(): never {
      throw new Error("database is not open");
    },
  };
  await expect(async () => handlers.get("resumes.status")?.(request)).rejects.toThrow("database is not open");
});
