import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { commandFor, openMessage, shellWord } from "../../../src/page/commands.ts";

const HOSTILE = [
  "agent:main:x'; touch /tmp/pwned; '",
  'agent:main:"$(id)`id`\\n%s%d!x',
  "agent:main:a\nreboot\tb\u{1b}[31m",
  "agent:main:!!\u{202e}evil\u{2066}%n\\",
  "agent:main:größe 日本語 🦞 \u{200d}",
  "agent:main:*?[a]{b,c}~#;&|<>()",
  "agent:main:\u{7f}\u{85}\u{2028}'",
];

describe("shellWord", () => {
  it.each(["sh", "bash"])("says every key to %s as it is", (shell) => {
    for (const key of HOSTILE) {
      const said = execFileSync(shell, ["-c", `printf %s ${shellWord(key)}`], { encoding: "utf8" });
      expect(said).toBe(key);
    }
  });

  it("writes nothing that ends the line, moves the cursor or turns the text around", () => {
    for (const key of HOSTILE) expect(shellWord(key)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  });

  it("leaves a plain key as it is", () => {
    expect(shellWord("agent:main:telegram:direct:12345")).toBe("agent:main:telegram:direct:12345");
  });

  it("has no word for what no argument can hold", () => {
    expect([shellWord("a\0b"), shellWord("a\u{d800}b")]).toEqual([null, null]);
  });
});

describe("commandFor", () => {
  it("names the agent of a key that does not", () => {
    expect(commandFor("resume", { agentId: "home", sessionKey: "global" })).toBe(
      "openclaw resumes resume agent:home:global",
    );
  });

  it("is never an option", () => {
    expect(commandFor("release", { agentId: "main", sessionKey: "--all" })).toBe(
      "openclaw resumes release agent:main:--all",
    );
  });
});

describe("openMessage", () => {
  const type = "openclaw-plugin-session-open";
  const of = (sessionKey: string, agentId = "main") => openMessage({ agentId, sessionKey });

  it("names an agent only where the key does not", () => {
    expect(of("agent:main:x")).toEqual({ type, sessionKey: "agent:main:x" });
    expect(of("global")).toEqual({ type, sessionKey: "global", agentId: "main" });
  });

  it("is none for what the Control UI would not take", () => {
    const refused = ["", " agent:main:x", "agent:main:x\n", "agent:main:\u{d800}", "//evil.example", "https://evil"];
    expect([...refused, `agent:main:${"k".repeat(502)}`].map((key) => of(key))).toEqual(Array(7).fill(null));
    expect(of("global", "no agent")).toBeNull();
    expect(of(`agent:main:${"k".repeat(501)}`)).not.toBeNull();
  });
});
