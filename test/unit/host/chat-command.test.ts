import { describe, expect, it } from "vitest";
import { isOwnCommand, statusText } from "../../../src/host/chat-command.ts";
import { heldItem, queued, runningItem, statusView, totals } from "../cli/sample-views.ts";

describe("a message", () => {
  it.each(["/resumes", " /resumes ", "/RESUMES", "/resumes@my_bot", "/resumes please", "\n/resumes\tnow"])(
    "%j is our own command",
    (text) => expect(isOwnCommand(text)).toBe(true),
  );

  it.each([undefined, "", "resumes", "/resume", "/resumesx", "/resumes-all", "say /resumes", "/resumes@", "//resumes"])(
    "%j is a user's message",
    (text) => expect(isOwnCommand(text)).toBe(false),
  );
});

describe("the status in a chat", () => {
  it.each(["observe", "off", "misconfigured", "failed"] as const)("of a plugin that is %s is one line", (state) => {
    expect(statusText(statusView({ state }))).toBe(`Resumes: ${state}. Nothing is claimed.`);
  });

  it("of an idle lane is zeros", () => {
    const idle = statusView({ budget: { slots: 2, used: 0, perAgent: null } });
    expect(statusText(idle).split("\n")).toEqual([
      "Resumes: active, 0 of 2 slots used",
      "Running 0, queued 0, held 0",
      "This boot: 0 admitted, 0 completed, 0 continued by their users",
    ]);
  });

  it("of a busy one is numbers only, with what it waits for", () => {
    const view = statusView({
      lane: { name: "startup-resume", mode: "waiting", pausedSinceMs: null, fusedUntilMs: null, waitingFor: "users" },
      queue: [queued(), queued({ sessionKey: "agent:a:secret" })],
      running: [runningItem()],
      held: [heldItem(), heldItem(), heldItem()],
      totals: totals({ admit: 5, hold: 3 }, { completed: 2, superseded: 1, held: 3 }),
    });
    const text = statusText(view);
    expect(text.split("\n")).toEqual([
      "Resumes: active, 1 of 2 slots used",
      "Running 1, queued 2 (waiting: users), held 3",
      "This boot: 5 admitted, 2 completed, 1 continued by their users",
    ]);
    expect(text).not.toMatch(/agent:|chat|secret/);
  });

  it("of a paused one says so, and what it waits for only where something waits", () => {
    const lane = {
      name: "startup-resume",
      mode: "waiting",
      pausedSinceMs: 5,
      fusedUntilMs: null,
      waitingFor: "operator",
    } as const;
    expect(statusText(statusView({ lane }))).toContain("Resumes: paused, ");
    expect(statusText(statusView({ lane }))).toContain("queued 0, held");
    expect(statusText(statusView({ lane, queue: [queued()] }))).toContain("queued 1 (waiting: operator), held");
  });

  // A hot change of the mode leaves what is claimed in the lane: it waits for `mode`.
  it.each(["observe", "off"] as const)("of one that was set to %s with sessions claimed tells of them", (state) => {
    const lane = {
      name: "startup-resume",
      mode: "waiting",
      pausedSinceMs: null,
      fusedUntilMs: null,
      waitingFor: "mode",
    } as const;
    const text = statusText(statusView({ state, lane, queue: [queued()], running: [runningItem()] }));
    expect(text).not.toContain("Nothing is claimed");
  });
});
