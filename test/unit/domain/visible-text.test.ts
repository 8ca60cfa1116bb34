import { describe, expect, it } from "vitest";
import { carryOver } from "../../../src/domain/carry-over.ts";
import { visibleText } from "../../../src/domain/visible-text.ts";

const said = (role: "user" | "assistant", content: string) =>
  visibleText({ type: "message", timestamp: 1, message: { role, content } })?.text;

describe("what the host writes in the user's place", () => {
  it.each([
    "[OpenClaw heartbeat poll]",
    "Read HEARTBEAT.md if it exists (workspace context). Follow it strictly.",
    "[System] Your previous turn was interrupted by a gateway restart while OpenClaw was waiting",
    "A scheduled reminder has been triggered. The reminder content is:\n\nwater the plants",
    "System: [2026-11-26 10:47:34 UTC] Exec finished (gateway id=1, code 0)",
    "[cron:job-1 daily report] Write it",
  ])("is nobody's words: %s", (text) => {
    expect(said("user", text)).toBeUndefined();
  });

  it.each(["heartbeat", "What is [OpenClaw heartbeat poll]?", "Read HEARTBEAT.mdx", "System: is it up?"])(
    "is not what a user writes about it: %s",
    (text) => {
      expect(said("user", text)).toBe(text);
    },
  );

  it("leaves what the user wrote behind it", () => {
    expect(said("user", "System: [2026-11-26 10:47:34 UTC] Exec finished\nSystem: more\n\nand now?")).toBe("and now?");
  });

  it("does not push out what was said before a night of heartbeats", () => {
    const event = (role: string, content: string, hour: number) => ({
      type: "message",
      timestamp: hour * 3_600_000,
      message: { role, content },
    });
    const polls = Array.from({ length: 22 }, (_, index) => [
      event("user", "[OpenClaw heartbeat poll]", 2 + index),
      event("assistant", "HEARTBEAT_OK", 2 + index),
    ]);
    const events = [event("user", "clean up", 1), event("assistant", "Shall I delete it?", 1), ...polls.flat()];
    const limits = { maxMessages: 20, maxChars: 8000, maxAgeMs: 30 * 3_600_000 };
    const around = { nowMs: 30 * 3_600_000, redact: (text: string) => text };
    expect(carryOver(events, limits, around)).toMatchObject({ messages: 2 });
    // How long ago it was is not made younger by them.
    expect(carryOver(events, { ...limits, maxAgeMs: 20 * 3_600_000 }, around)).toBe("too-old");
  });
});

describe("an answer that is sent to nobody", () => {
  it.each([
    "NO_REPLY",
    "**NO_REPLY**",
    "no_reply",
    "NO_REPLY.",
    '"NO_REPLY"',
    '{"action":"NO_REPLY"}',
    "HEARTBEAT_OK",
    "HEARTBEAT_OK all good",
    "<think foo=1>secret</think>NO_REPLY",
  ])("is not carried: %s", (text) => {
    expect(said("assistant", text)).toBeUndefined();
  });

  it.each([
    ["Done.\nNO_REPLY", "Done."],
    ["I say NO_REPLY when there is nothing to say.", "I say NO_REPLY when there is nothing to say."],
    [`HEARTBEAT_OK ${"news ".repeat(80)}`, "news ".repeat(80).trim()],
  ])("is told from one that is: %s", (text, sent) => {
    expect(said("assistant", text)).toBe(sent);
  });
});

describe("a thought", () => {
  it.each([
    ["<think foo=1>secret</think>hi", "hi"],
    ["hi<think>secret that does not end", "hi"],
    ["<thinking>a<think>b</think>c</thinking>hi", "hi"],
    ["<final>hi</final>", "hi"],
    ["secret</think>hi", "hi"],
    ["the tag `<think>` is code", "the tag `<think>` is code"],
  ])("is not what was said: %s", (text, sent) => {
    expect(said("assistant", text)).toBe(sent);
  });

  it("is looked for in no time, whatever stands there", () => {
    const startedMs = performance.now();
    for (const part of ["<think>", "`", "```\n", "</think>", "<", "NO_REPLY ", "HEARTBEAT_OK ", "System: ["]) {
      said("assistant", part.repeat(20_000));
      said("user", part.repeat(20_000));
    }
    expect(performance.now() - startedMs).toBeLessThan(4_000);
  });
});
