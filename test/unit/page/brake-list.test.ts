import { describe, expect, it } from "vitest";
import type { PageView } from "../../../src/operate/page-views.ts";
import { brakesOf, brakesSummary } from "../../../src/page/brake-list.ts";
import { pageView } from "./page-view.ts";

const view = pageView();
const nowMs = view.atMs;
const on = (over: Parameters<typeof pageView>[0]) =>
  brakesOf(pageView(over), nowMs)
    .filter(({ isOn }) => isOn)
    .map(({ name, text, command }) => [name, text, command?.text ?? null]);

describe("brakesOf", () => {
  it("names every brake even when none is on", () => {
    const brakes = brakesOf(view, nowMs);
    expect(brakes.map(({ name }) => name)).toEqual([
      "Settings",
      "Operator pause",
      "Fuse",
      "Queue",
      "Model providers",
      "Fleet",
      "Tokens",
      "Cost",
    ]);
    expect(brakes.every(({ isOn, command }) => !isOn && command === null)).toBe(true);
    expect(brakesSummary(brakes, "active")).toBe("Nothing holds resumes back.");
    expect(brakesSummary(brakes, "observe")).toContain("only observing");
  });

  it("has the command that ends a pause", () => {
    const lane = {
      ...view.lane,
      pausedSinceMs: nowMs - 65_000,
      fusedUntilMs: nowMs + 500,
      waitingFor: "operator",
    } as const;
    expect(on({ lane })).toMatchObject([
      ["Operator pause", "paused for 1m 5s: running resumes finish, none start", "openclaw resumes unpause"],
      ["Fuse", expect.stringContaining("nothing starts for 1s"), "openclaw resumes unpause"],
    ]);
  });

  it("has no command for a lane that is not there, but the one that says what is wrong", () => {
    const over = { ...view, lane: { ...view.lane, pausedSinceMs: nowMs }, takesCommands: false };
    const settingsErrors = [{ path: "mode", message: "got 1" }];
    expect(on({ ...over, state: "misconfigured", settingsErrors })).toMatchObject([
      ["Setting mode", "got 1", "openclaw resumes doctor"],
      ["Operator pause", expect.stringContaining("paused"), null],
    ]);
  });

  it("tells of providers, the fleet, spending and settings", () => {
    const cooldowns = [{ provider: "p\u{202e}", fault: "billing", untilMs: nowMs + 90_000, refusals: 2 } as const];
    const fleet = {
      namespace: "prod",
      state: "lost",
      reason: "refused",
      maxConcurrent: 8,
      fallbackConcurrent: 1,
    } as const;
    const spend = { tokens: 600, maxTokens: 500, costUsd: 0.5, maxCostUsd: 2 };
    const settingsErrors = [{ path: "filter.idleHours", message: "must be above 0" }];
    expect(on({ state: "misconfigured", cooldowns, fleet, spend, settingsErrors })).toEqual([
      ["Setting filter.idleHours", "must be above 0", "openclaw resumes doctor"],
      ["Provider p\u{fffd}", "refuses (billing, 2 times in a row): no resume for 1m 30s", null],
      ["Fleet prod", "Redis is lost, at most 1 here until it is back: refused", "openclaw resumes doctor"],
      ["Tokens", "600 of 500 used in this boot: the rest is held", "openclaw resumes resume --all-held"],
    ]);
  });

  it("does not count wrong settings while those before them stay in force", () => {
    const settingsErrors = [{ path: "filter.idleHours", message: "must be above 0" }];
    const found = brakesOf(pageView({ settingsErrors }), nowMs).find(({ name }) => name.startsWith("Setting"));
    expect(found).toMatchObject({ isOn: false, command: { text: "openclaw resumes doctor" } });
    expect(found?.text).toContain("those before stay in force: must be above 0");
  });

  it("tells what the queue waits for", () => {
    const said = (over: Partial<PageView>) =>
      brakesOf(pageView(over), nowMs).find(({ name }) => name === "Queue")?.text;
    const counts = { queued: 3, running: 2, held: 0 };
    expect(said({})).toBe("empty: nothing waits for a start");
    expect(said({ counts, budget: { slots: 2, used: 1, perAgent: null } })).toBe("something may start now");
    expect(said({ counts, budget: { slots: 2, used: 2, perAgent: null } })).toBe("waits for a slot");
    expect(said({ counts, lane: { ...view.lane, waitingFor: "users" } })).toBe("waits: users go first");
  });
});
