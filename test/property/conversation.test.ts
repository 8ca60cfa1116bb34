import { readdirSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { fc, it } from "@fast-check/vitest";
import {
  buildAgentMainSessionKey,
  buildAgentSessionKey,
  isAcpSessionKey,
  isCronSessionKey,
  isSubagentSessionKey,
  parseAgentSessionKey,
  parseThreadSessionSuffix,
  resolveThreadSessionKeys,
} from "openclaw/plugin-sdk/routing";
import { describe, expect } from "vitest";
import { conversationOf, type DmScope, type KeyRules, kindOfKey } from "../../src/domain/conversation.ts";
import { canonicalKey, foldKey, parseKey, splitThread } from "../../src/domain/session-key.ts";

/** "10,000 of 10,000 equal". */
const CASES = 10_000;

type StoredKey = (params: { cfg: object; agentId: string; sessionKey: string }) => string;

/** How the host's gateway finds a stored row: not part of its SDK, so looked up by name in the version that is pinned. */
const hostStoredKey = await (async (): Promise<StoredKey> => {
  const dist = path.join(import.meta.dirname, "../../node_modules/openclaw/dist");
  for (const name of readdirSync(dist).filter((file) => /^session-store-key-.*\.m?js$/.test(file))) {
    const module = (await import(pathToFileURL(path.join(dist, name)).href)) as Record<string, unknown>;
    const found = Object.values(module).find(
      (value) => typeof value === "function" && value.name === "resolveStoredSessionKeyForAgentStore",
    );
    if (found !== undefined) return found as StoredKey;
  }
  throw new Error("this host resolves stored session keys elsewhere: look for resolveStoredSessionKeyForAgentStore");
})();

const SCOPES = ["main", "per-peer", "per-channel-peer", "per-account-channel-peer"] as const;

const agentId = fc.constantFrom("main", "ops", "sales-2", "x_y", "a".repeat(64));
const channel = fc.constantFrom("telegram", "slack", "signal", "matrix", "whatsapp", "nostr", "Discord");
const accountId = fc.constantFrom("default", "work", "Bot-2", "two words", "ünï");
/** Ids of people and rooms: numbers, addresses with colons, names in any alphabet. */
const peer = fc.oneof(
  fc.integer({ min: 1, max: 9_999_999_999 }).map(String),
  fc.constantFrom(
    "@Alice:Server.org",
    "!Room:Home",
    "AbC=",
    "+49 170 1",
    "user_a::user_b",
    "Ünïcödé",
    "İstanbul",
    "朋友",
  ),
  fc
    .string({ unit: "grapheme", minLength: 1, maxLength: 12 })
    .filter((text) => text.trim() !== "" && !text.startsWith(":")),
);
/** Ids of which the host itself cannot say where they begin in a key. */
const readablePeer = peer.filter((id) => !/(^|:)\s*(direct|dm|thread|topic|group|channel)\s*(:|$)/i.test(id));
/** In lower case they are longer, and the host then misplaces a thread behind an id whose case counts (2026.9.6). */
const keepsLength = (text: string) => text.toLowerCase().length === text.length;
const word = fc.constantFrom(
  "agent",
  "main",
  "home",
  "direct",
  "dm",
  "group",
  "channel",
  "thread",
  "topic",
  "cron",
  "subagent",
  "acp",
  "hook",
  "heartbeat",
  "signal",
  "matrix",
  "telegram",
  "global",
  "unknown",
  "Main",
  "",
  " ",
  "ABC",
  "conversation",
  "x",
);
/** Keys of every shape and of none. */
const anyKey = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.array(fc.oneof(word, peer), { minLength: 1, maxLength: 8 }).map((words) => words.join(":")),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(agentId, fc.array(fc.oneof(word, peer), { minLength: 1, maxLength: 6 }))
      .map(([id, words]) => `agent:${id}:${words.join(":")}`),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(agentId, fc.constantFrom("main", "home", "MAIN", "global"))
      .map(([id, rest]) => `agent:${id}:${rest}`),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(peer, peer, peer).map(([a, b, space]) => `conversation:pair:${a}::${b}:space:${space}`),
  },
);

const rules = (over: Partial<KeyRules> = {}): KeyRules => ({
  mainKey: "main",
  globalScope: false,
  dmScope: "per-channel-peer",
  identityLinks: {},
  adoptsMain: false,
  ...over,
});
const row = (sessionKey: string, over: object = {}) => ({ agentId: "main", sessionKey, route: undefined, ...over });

describe("a key is read as the host reads it", () => {
  it.prop([anyKey], { numRuns: CASES })("its agent and the rest", (key) => {
    expect(parseKey(key) ?? null).toEqual(parseAgentSessionKey(key));
  });

  it.prop([anyKey], { numRuns: CASES })("its thread", (key) => {
    const { baseSessionKey, threadId } = parseThreadSessionSuffix(key);
    expect(splitThread(key.trim())).toEqual({ base: baseSessionKey ?? "", threadId });
  });

  it.prop([agentId, anyKey], { numRuns: CASES })("its kind, once an agent is named in it", (id, raw) => {
    const key = canonicalKey(id, raw);
    const kind = kindOfKey(key);
    expect([kind === "cron", kind === "subagent", kind === "acp"]).toEqual([
      isCronSessionKey(key),
      isSubagentSessionKey(key),
      isAcpSessionKey(key),
    ]);
  });

  it.prop([anyKey], { numRuns: CASES })("however often it is folded", (key) => {
    expect(foldKey(foldKey(key))).toBe(foldKey(key));
  });
});

describe("the canonical key is the one under which the host looks the row up", () => {
  // Direct chats keep their own keys here: the host's look-up does not move them when the scope is changed.
  const store = fc.record({
    id: agentId,
    key: anyKey,
    mainKey: fc.constantFrom("main", "home", "Home ", ""),
    global: fc.boolean(),
    hasMain: fc.boolean(),
  });

  // Behind an id whose lower case is longer, the host misplaces the thread (2026.9.6); the key is the host's all the same.
  const settings = { id: "main", mainKey: "main" as const, global: false, hasMain: false };
  const examples = ["agent", "İİ", "İSTANBUL:Thread:İ"].map((thread): [typeof settings & { key: string }] => [
    { ...settings, key: `matrix:group:İstanbul:thread:${thread}` },
  ]);

  it.prop([store], { numRuns: CASES, examples })(
    "whatever the key looks like",
    ({ id, key, mainKey, global, hasMain }) => {
      const agents = [...new Set([id, ...(hasMain ? ["main"] : ["other"])])];
      const cfg = {
        agents: { list: agents.map((agent) => ({ id: agent })) },
        session: { mainKey, scope: global ? "global" : "per-sender", dmScope: "main" },
      };
      const expected = hostStoredKey({ cfg, agentId: id, sessionKey: key });
      fc.pre(expected !== "");
      const ours = conversationOf(row(key, { agentId: id }), {
        ...rules({ mainKey, globalScope: global, dmScope: "main" }),
        adoptsMain: !agents.includes("main"),
      });
      expect(ours.key).toBe(expected);
    },
  );
});

describe("the keys that the host builds", () => {
  const chat = fc.record({ id: agentId, channel, accountId, peer: readablePeer });

  it.prop([chat, fc.constantFrom<DmScope>(...SCOPES), fc.constantFrom<DmScope>(...SCOPES)], { numRuns: CASES })(
    "for direct chats: a row of any scope is found under the key of today's",
    (one, before, today) => {
      const build = (dmScope: DmScope) => buildAgentSessionKey({ ...parts(one), dmScope });
      fc.pre(before !== "main" && today !== "main");
      const route = { channel: one.channel, accountId: one.accountId };
      const found = conversationOf(row(build(before), { agentId: one.id, route }), rules({ dmScope: today }));
      expect(found).toMatchObject({ key: build(today), kind: "direct", peer: lower(one.peer) });
    },
  );

  it.prop([chat, fc.constantFrom<DmScope>(...SCOPES), fc.constantFrom("main", "home")], { numRuns: CASES })(
    "for direct chats: what they tell by themselves",
    (one, dmScope, mainKey) => {
      const key = buildAgentSessionKey({ ...parts(one), dmScope, mainKey });
      const found = conversationOf(row(key, { agentId: one.id }), rules({ dmScope, mainKey }));
      const isShared = dmScope === "main";
      expect(found).toEqual({
        key,
        kind: isShared ? "main" : "direct",
        channel: dmScope.includes("channel") ? lower(one.channel) : undefined,
        accountId: dmScope === "per-account-channel-peer" ? key.split(":")[3] : undefined,
        peer: isShared ? undefined : lower(one.peer),
        threadId: undefined,
      });
    },
  );

  it.prop([chat, fc.constantFrom<DmScope>("per-peer", "per-channel-peer", "per-account-channel-peer"), fc.boolean()], {
    numRuns: CASES,
  })("for people who are linked: rows of before and after the link are one", (one, dmScope, byChannel) => {
    const id = byChannel ? `${one.channel}:${one.peer}` : one.peer;
    const identityLinks = { nobody: ["x-1"], Alice: ["y-2", id] };
    const before = buildAgentSessionKey({ ...parts(one), dmScope });
    const after = buildAgentSessionKey({ ...parts(one), dmScope, identityLinks });
    const route = { channel: one.channel, accountId: one.accountId };
    const keyOf = (key: string) =>
      conversationOf(row(key, { agentId: one.id, route }), rules({ dmScope, identityLinks })).key;
    expect([keyOf(before), keyOf(after)]).toEqual([after, after]);
  });

  it.prop([chat, fc.constantFrom("group", "channel")], { numRuns: CASES })("for groups", (one, kind) => {
    const key = buildAgentSessionKey({ ...parts(one), peer: { kind: kind as "group", id: one.peer } });
    const found = conversationOf(row(key, { agentId: one.id }), rules());
    const stored = storedForm(key, one.id);
    expect(found).toMatchObject({ key: stored, kind: "group", channel: lower(one.channel) });
    expect(stored.endsWith(`:${found.peer}`)).toBe(true);
  });

  it.prop([chat, fc.constantFrom("group", "direct"), fc.integer({ min: 1 })], { numRuns: CASES })(
    "for threads of them",
    (one, kind, threadId) => {
      fc.pre(keepsLength(one.peer));
      const peerOf = { kind: kind as "group", id: one.peer };
      const base = buildAgentSessionKey({ ...parts(one), peer: peerOf, dmScope: "per-channel-peer" });
      const key = resolveThreadSessionKeys({ baseSessionKey: base, threadId: String(threadId) }).sessionKey;
      const found = conversationOf(row(key, { agentId: one.id }), rules());
      expect(found).toMatchObject({
        key: storedForm(key, one.id),
        kind: "thread",
        channel: lower(one.channel),
        threadId: String(threadId),
      });
    },
  );

  it.prop([agentId, fc.constantFrom("main", "home", " Home ")], { numRuns: 100 })(
    "for main sessions",
    (id, mainKey) => {
      const key = buildAgentMainSessionKey({ agentId: id, mainKey });
      const aliases = ["main", mainKey, `agent:${id}:main`, key];
      const found = aliases.map((alias) => conversationOf(row(alias, { agentId: id }), rules({ mainKey })));
      expect(found.map((one) => [one.kind, one.key])).toEqual(aliases.map(() => ["main", key]));
    },
  );
});

function parts(one: { id: string; channel: string; accountId: string; peer: string }) {
  return {
    agentId: one.id,
    channel: one.channel,
    accountId: one.accountId,
    peer: { kind: "direct" as const, id: one.peer },
  };
}

/** What the host makes of a key that it has built itself: a group's id with a colon in it does not stay as it was. */
const storedForm = (sessionKey: string, id: string) =>
  hostStoredKey({ cfg: { agents: { list: [{ id }] } }, agentId: id, sessionKey });

const lower = (text: string): string => text.trim().toLowerCase();
