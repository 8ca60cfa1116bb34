import { describe, expect, it } from "vitest";
import type { Evidence } from "../../../src/domain/verdict.ts";
import { scopeFilter } from "../../../src/settings/scope.ts";
import { resolveSettings } from "../../../src/settings/resolve.ts";
import { row } from "../support/makers.ts";

type Globs = { readonly include?: readonly string[]; readonly exclude?: readonly string[] };

function excludedBy(
  filter: { readonly agents?: Globs; readonly channels?: Globs; readonly sessionKeys?: Globs },
  session: Parameters<typeof row>[0],
): Evidence | undefined {
  const result = resolveSettings({ filter });
  if (!result.ok) throw new Error(JSON.stringify(result.errors));
  return scopeFilter(result.settings.filter)(row(session));
}

const keyMatches = (glob: string, sessionKey: string): boolean =>
  excludedBy({ sessionKeys: { include: [glob] } }, { sessionKey }) === undefined;

describe("a glob matches", () => {
  it.each([
    ["agent:a:main", "agent:a:main"],
    ["*", "agent:a:telegram:group:-100:topic:7"],
    ["agent:*", "agent:a:irc:channel:#a/b/c"],
    ["agent:*:direct:*", "agent:a:telegram:direct:1"],
    ["agent:?:main", "agent:a:main"],
    ["agent:*:{telegram,signal}:*", "agent:a:signal:direct:1"],
    ["*:!room:server.org", "agent:a:matrix:channel:!room:server.org"],
    ["!room", "!room"],
    ["*:direct:+49*", "agent:a:signal:direct:+4917000000"],
    ["+49170", "+49170"],
    ["*:#room", "agent:a:irc:channel:#room"],
    ["*@g.us", "agent:a:whatsapp:group:1-2@g.us"],
    ["*:room[1]", "agent:a:room[1]"],
    ["*:[ab]", "agent:a:b"],
    ["*:.hidden", "agent:a:.hidden"],
    ["*.hidden", "agent:a:.hidden"],
    ["AGENT:A:Main", "agent:a:main"],
    ["agent:a:main", "AGENT:a:MAIN"],
    ["*:a b", "agent:a b"],
    ["*:x$", "agent:x$"],
    ["*:[x", "agent:[x"],
    ["[", "["],
    ["(", "("],
  ])("%s what is %s", (glob, key) => {
    expect(keyMatches(glob, key)).toBe(true);
  });

  it.each([
    ["agent:a:main", "agent:a:main2"],
    ["main", "agent:a:main"],
    ["agent:?:main", "agent:ab:main"],
    ["agent:*:{telegram,signal}:*", "agent:a:discord:direct:1"],
    ["!room", "agent:a:main"],
    ["!agent:*", "other"],
    ["+(a)", "aa"],
    ["a+b", "aab"],
    ["a.b", "axb"],
    ["*:[ab]", "agent:a:c"],
    ["*:", "agent:a:main"],
  ])("%s nothing like %s", (glob, key) => {
    expect(keyMatches(glob, key)).toBe(false);
  });

  // The settings say: "*" is anything, "?" one character, "{a,b}" one of these.
  it.each([
    ["?", "/"],
    ["*:a?c", "agent:a/c"],
    ["*:(x)", "agent:(x)"],
    ["*:a|b", "agent:a|b"],
    ["agent:*", "agent:a:irc:channel:#a/../b"],
  ])("%s what is %s, as the help says", (glob, key) => {
    expect(keyMatches(glob, key)).toBe(true);
  });
});

// Quotes and circumflexes are characters like any other; to the matcher they are not.
describe("a glob with a sign of the matcher's", () => {
  it.each([
    ['"*', '"aa'],
    ["^^*", "^^-a"],
  ])("%s matches what is %s", (glob, key) => {
    expect(keyMatches(glob, key)).toBe(true);
  });

  it("matches nothing that lacks it", () => {
    expect(keyMatches('*"', "agent:a")).toBe(false);
  });
});

describe("the scope", () => {
  it("is everything when nothing is set", () => {
    expect(excludedBy({}, {})).toBeUndefined();
  });

  it.each([
    ["agents", { agentId: "ops" }, "ops"],
    ["channels", { conversation: { channel: "telegram" } }, "telegram"],
    ["sessionKeys", { sessionKey: "agent:a:main" }, "agent:a:main"],
  ])("goes by %s, and says which pattern decided", (name, session, word) => {
    expect(excludedBy({ [name]: { include: [word] } }, session)).toBeUndefined();
    expect(excludedBy({ [name]: { exclude: ["zz"] } }, session)).toBeUndefined();
    expect(excludedBy({ [name]: { include: ["x", "y*"] } }, session)).toEqual({ found: word, limit: "only x, y*" });
    expect(excludedBy({ [name]: { exclude: ["zz", "*"] } }, session)).toEqual({ found: word, limit: "not *" });
  });

  it("is left by exclude before include", () => {
    const agents = { include: ["o*"], exclude: ["ops"] };
    expect(excludedBy({ agents }, { agentId: "office" })).toBeUndefined();
    expect(excludedBy({ agents }, { agentId: "ops" })).toEqual({ found: "ops", limit: "not ops" });
    expect(excludedBy({ agents }, { agentId: "home" })).toEqual({ found: "home", limit: "only o*" });
  });

  it("is nothing with an empty include list, everything with an empty exclude list", () => {
    expect(excludedBy({ agents: { include: [] } }, {})).toEqual({ found: "a", limit: "only " });
    expect(excludedBy({ agents: { exclude: [] } }, {})).toBeUndefined();
  });

  it("asks all three, agents first", () => {
    const none = { exclude: ["*"] };
    const session = { agentId: "ops", conversation: { channel: "telegram" }, sessionKey: "k" };
    expect(excludedBy({ agents: none, channels: none, sessionKeys: none }, session)?.found).toBe("ops");
    expect(excludedBy({ channels: none, sessionKeys: none }, session)?.found).toBe("telegram");
    expect(excludedBy({ sessionKeys: none }, session)?.found).toBe("k");
  });

  it("of named channels has no session without one", () => {
    const main = { conversation: { channel: undefined } };
    expect(excludedBy({ channels: { include: ["telegram"] } }, main)).toEqual({
      found: "none",
      limit: "only telegram",
    });
    expect(excludedBy({ channels: { exclude: ["telegram"] } }, main)).toBeUndefined();
  });

  it("of any channel has the sessions without one too", () => {
    expect(excludedBy({ channels: { include: ["*"] } }, { conversation: { channel: undefined } })).toBeUndefined();
  });

  it("can name the sessions without a channel", () => {
    const main = { conversation: { channel: undefined } };
    expect(excludedBy({ channels: { include: ["none"] } }, main)).toBeUndefined();
    expect(excludedBy({ channels: { exclude: ["none"] } }, main)).toEqual({ found: "none", limit: "not none" });
    expect(excludedBy({ channels: { include: ["none"] } }, { conversation: { channel: "telegram" } })).toEqual({
      found: "telegram",
      limit: "only none",
    });
  });
});
