import { describe, expect, it } from "vitest";
import { conversationOf, type KeyRules, kindOfKey } from "../../../src/domain/conversation.ts";

const RULES: KeyRules = {
  mainKey: "main",
  globalScope: false,
  dmScope: "per-channel-peer",
  identityLinks: {},
  adoptsMain: false,
};
const NOTHING = { channel: undefined, accountId: undefined, peer: undefined, threadId: undefined };

function read(sessionKey: string, rules: Partial<KeyRules> = {}, over: object = {}) {
  return conversationOf({ agentId: "a", sessionKey, route: undefined, ...over }, { ...RULES, ...rules });
}

describe("the kind of a conversation", () => {
  it.each([
    ["agent:a:main", "main"],
    ["main", "main"],
    ["global", "main"],
    ["agent:a:telegram:direct:7", "direct"],
    ["agent:a:telegram:dm:7", "direct"],
    ["agent:a:telegram:work:direct:7", "direct"],
    ["agent:a:direct:7", "direct"],
    ["agent:a:telegram:group:-100", "group"],
    ["agent:a:slack:channel:c1", "group"],
    ["agent:a:telegram:group:-100:topic:42", "thread"],
    ["agent:a:slack:channel:c1:thread:17.5", "thread"],
    ["agent:a:cron:job:run:1", "cron"],
    ["agent:a:hook:abc", "hook"],
    ["agent:a:subagent:1", "subagent"],
    ["subagent:1", "subagent"],
    ["agent:a:acp:1", "acp"],
    ["agent:a:main:heartbeat", "heartbeat"],
    ["agent:a:conversation:pair:user_a::user_b:space:space_123", "other"],
    ["agent:a:telegram:direct", "other"],
    ["agent:a:telegram:direct:", "other"],
    ["agent:a::direct:7", "other"],
    ["agent:a:one:two:three:direct:7", "other"],
    ["agent:a:agent:b:direct:7", "other"],
    ["unknown", "other"],
    ["", "other"],
  ])("of %s is %s", (key, kind) => {
    expect(kindOfKey(key)).toBe(kind);
    expect(read(key).kind).toBe(kind);
  });

  it("is its owner's when the entry names one that the key does not", () => {
    expect(read("agent:a:telegram:direct:7", {}, { owner: "acp" }).kind).toBe("acp");
  });

  it("of a main session goes by the name that the host gives it", () => {
    expect(read("agent:a:home", { mainKey: "Home" }).kind).toBe("main");
    expect(read("agent:a:home").kind).toBe("other");
  });
});

describe("channel, account, peer and thread", () => {
  it.each([
    ["agent:a:telegram:work:direct:7", { channel: "telegram", accountId: "work", peer: "7" }],
    ["agent:a:matrix:direct:@alice:server.org", { channel: "matrix", peer: "@alice:server.org" }],
    ["agent:a:telegram:group:-100:topic:42", { channel: "telegram", peer: "-100", threadId: "42" }],
    ["agent:a:telegram:direct:7:thread:9", { channel: "telegram", peer: "7", threadId: "9" }],
    ["agent:a:signal:group:AbC=", { channel: "signal", peer: "AbC=" }],
    ["agent:a:main", {}],
  ])("are read off %s", (key, parts) => {
    expect(read(key)).toMatchObject({ ...NOTHING, ...parts });
  });

  it("are the route's where the key does not name them", () => {
    const route = { channel: "telegram", accountId: "work" };
    expect(read("agent:a:direct:7", {}, { route })).toMatchObject({ channel: "telegram", accountId: "work" });
  });
});

describe("the key of a conversation", () => {
  it.each([
    ["conversation:pair:user_a::user_b:space:space_123", "agent:a:conversation:pair:user_a::user_b:space:space_123"],
    ["Agent:A:Telegram:Direct:7", "agent:a:telegram:direct:7"],
    [" main ", "agent:a:main"],
    ["global", "global"],
  ])("of %s is %s", (key, today) => {
    expect(read(key).key).toBe(today);
  });

  it("is that of another agent when the row names it", () => {
    expect(read("agent:ops:main").key).toBe("agent:ops:main");
  });

  it("of a main session is the one name that the host has for it", () => {
    const keys = ["main", "agent:a:main", "agent:a:home"].map((key) => read(key, { mainKey: "home" }).key);
    expect(keys).toEqual(["agent:a:home", "agent:a:home", "agent:a:home"]);
    expect(read("agent:a:main", { globalScope: true }).key).toBe("global");
  });

  it("of an agent that is no more is its own, and its main session belongs to the store that it is in", () => {
    expect(read("agent:main:main", { adoptsMain: true }).key).toBe("agent:a:main");
    expect(read("agent:main:telegram:direct:7", { adoptsMain: true }).key).toBe("agent:main:telegram:direct:7");
  });

  const route = { channel: "telegram", accountId: "work" };
  const shapes = ["direct:7", "telegram:direct:7", "telegram:work:direct:7"].map((rest) => `agent:a:${rest}`);

  it.each([
    ["per-peer", shapes[0]],
    ["per-channel-peer", shapes[1]],
    ["per-account-channel-peer", shapes[2]],
  ] as const)("of a direct chat is where it is kept under dmScope %s, whatever it was kept under", (dmScope, today) => {
    expect(shapes.map((key) => read(key, { dmScope }, { route }).key)).toEqual([today, today, today]);
  });

  it("of a direct chat stays what it is when all share the main session, or when its channel is not known", () => {
    expect(shapes.map((key) => read(key, { dmScope: "main" }, { route }).key)).toEqual(shapes);
    expect(read("agent:a:direct:7").key).toBe("agent:a:direct:7");
  });

  it("of a person with several ids is theirs", () => {
    const identityLinks = { Alice: ["telegram:7", "slack:u1"], bob: ["8"] };
    const keys = ["telegram:direct:7", "slack:direct:u1", "slack:direct:7", "telegram:direct:8"].map(
      (rest) => read(`agent:a:${rest}`, { dmScope: "per-peer", identityLinks }).key,
    );
    expect(keys).toEqual(["agent:a:direct:alice", "agent:a:direct:alice", "agent:a:direct:7", "agent:a:direct:bob"]);
  });

  it.each([
    ["a name that is none", { " ": ["7"] }],
    ["ids that are none", { alice: "7" as never, carol: [7 as never] }],
  ])("is not changed by %s", (_what, identityLinks) => {
    expect(read("agent:a:telegram:direct:7", { identityLinks }).key).toBe("agent:a:telegram:direct:7");
  });
});
