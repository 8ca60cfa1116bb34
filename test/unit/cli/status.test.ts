import { describe, expect, it } from "vitest";
import { progressBar, statusScreen } from "../../../src/cli/status.ts";
import type { WaitCause } from "../../../src/domain/wait-cause.ts";
import type { StatusView } from "../../../src/operate/views.ts";
import { FakeTerminal, run } from "./harness.ts";
import { heldItem, NOW, queued, runningItem, statusView, totals } from "./sample-views.ts";

const screen = (view: StatusView, columns = 100) =>
  statusScreen(view, Object.assign(new FakeTerminal(), { columns })).join("\n");

describe("the status screen", () => {
  it("says everything that is empty in few lines", () => {
    const text = screen(statusView({ bootedAtMs: null }));
    expect(text).toContain("resume-scheduler 0.2.0: active");
    expect(text).toMatch(/lane +startup-resume$/m);
    expect(text).toMatch(/budget +1 of 2 slots used$/m);
    expect(text).toMatch(/users +0 waiting, 1 running$/m);
    expect(text).toMatch(/judged +not at this boot$/m);
    expect(text).toMatch(/verdicts +none$/m);
    expect(text).toContain("Queued: 0");
    expect(text).not.toContain("Wrong settings");
  });

  it("shows the queue with why and how long, and what is special about each", () => {
    const view = statusView({
      queue: [
        queued({ requested: true, preemptions: 2, attempts: 1 }),
        queued({ position: 2, sessionKey: "agent:a:other", aged: true, restsMs: 5000 }),
      ],
    });
    const text = screen(view);
    expect(text).toMatch(/# +KEY +WAITED +REASON +ATTEMPTS +FLAGS/);
    expect(text).toMatch(/1 +agent:a:chat +1m 5s +interrupted +1 +requested, preempted 2x$/m);
    expect(text).toMatch(/2 +agent:a:other +1m 5s +interrupted +0 +aged, rests 5s$/m);
  });

  it("shows the running ones with their time, the held ones by reason, and the totals", () => {
    const view = statusView({
      budget: { slots: 2, used: 2, perAgent: 1 },
      running: [runningItem()],
      held: [heldItem(), heldItem({ sessionKey: "agent:a:2" }), heldItem({ reason: "failing" })],
      totals: totals({ admit: 4, hold: 3 }, { completed: 2 }),
    });
    const text = screen(view);
    expect(text).toMatch(/1 +agent:a:running +1 +5s of 10m/);
    expect(text).toContain("Held: 3 (idle-too-long 2, failing 1)");
    expect(text).toMatch(/agent:a:held +idle-too-long +1h ago/);
    expect(text).toContain("2 of 2 slots used, at most 1 per agent");
    expect(text).toMatch(/verdicts +admit 4, hold 3$/m);
    expect(text).toMatch(/outcomes +completed 2$/m);
  });

  it("keeps long tables to a screen", () => {
    const many = Array.from({ length: 25 }, (_, at) => queued({ position: at + 1, sessionKey: `agent:a:${at + 1}` }));
    const held = Array.from({ length: 7 }, (_, at) => heldItem({ sessionKey: `agent:a:held-${at}` }));
    const text = screen(statusView({ queue: many, held }));
    expect(text).toContain("agent:a:20");
    expect(text).not.toContain("agent:a:21");
    expect(text).toContain("... and 5 more");
    expect(text).toContain("... and 2 more");
  });

  it("says why nothing starts", () => {
    const lane = (pausedSinceMs: number | null, waitingFor: WaitCause | null, fusedUntilMs: number | null = null) =>
      screen(
        statusView({ lane: { name: "startup-resume", mode: "waiting", pausedSinceMs, fusedUntilMs, waitingFor } }),
      );
    expect(lane(NOW - 60_000, "operator")).toContain(
      "startup-resume, paused for 1m: `openclaw resumes unpause` goes on",
    );
    expect(lane(null, "users")).toContain("startup-resume, waiting: users go first");
    expect(lane(null, null, NOW)).toContain("gateways died while resumes ran; `openclaw resumes unpause` goes on");
  });

  it.each<[cause: WaitCause, said: string]>([
    ["memory", "the gateway uses more memory than budget.maxMemoryMb"],
    ["event-loop", "the gateway is busy: its event loop is held up for longer than budget.maxEventLoopDelayMs"],
    ["cooldown", "the model provider refuses requests"],
    ["probe", "the model provider has yet to answer the first one"],
    ["pace", "the next start is due later: budget.startIntervalMs, budget.startsPerMinute"],
    ["fleet", "other gateways use the slots of the fleet"],
  ])("says what is waited for: %s", (waitingFor, said) => {
    const lane = { name: "lane", mode: "waiting", pausedSinceMs: null, fusedUntilMs: null, waitingFor } as const;
    expect(screen(statusView({ lane }), 200)).toContain(`lane, waiting: ${said}`);
  });

  it("shows what was used, and of what, only where something is limited or was used", () => {
    const spend = (over: Partial<StatusView["spend"]>) =>
      /spend +(.*)$/m.exec(screen(statusView({ spend: { ...statusView().spend, ...over } })))?.[1];
    expect(spend({})).toBeUndefined();
    expect(spend({ tokens: 12_345 })).toBe("12,345 tokens used");
    expect(spend({ tokens: 10, costUsd: 0.256 })).toBe("10 tokens, $0.26 used");
    expect(spend({ maxTokens: 5000 })).toBe("0 of 5,000 tokens used");
    expect(spend({ tokens: 4999, maxTokens: 5000, maxCostUsd: 2 })).toBe("4,999 of 5,000 tokens, $0.00 of $2.00 used");
    expect(spend({ tokens: 5000, maxTokens: 5000 })).toBe("5,000 of 5,000 tokens used: the rest is held");
    expect(spend({ tokens: 1, costUsd: 2, maxCostUsd: 2 })).toBe("1 tokens, $2.00 of $2.00 used: the rest is held");
  });

  it("shows each provider that refuses, with why, how often and for how long still", () => {
    const text = screen(
      statusView({
        cooldowns: [
          { provider: "stub", fault: "rate-limit", untilMs: NOW + 90_000, refusals: 1 },
          { provider: "other", fault: "billing", untilMs: NOW - 1, refusals: 3 },
        ],
      }),
    );
    expect(text).toMatch(/provider +stub refuses \(rate-limit\): no resume for 1m 30s$/m);
    expect(text).toMatch(/provider +other refuses \(billing, 3 times in a row\): no resume for 0s$/m);
    expect(screen(statusView())).not.toContain("provider");
  });

  it("shows the fleet, where there is one, and what goes for it without Redis", () => {
    const fleet = (over: Partial<NonNullable<StatusView["fleet"]>> = {}) => {
      const shared = {
        namespace: "n",
        state: "shared",
        reason: null,
        maxConcurrent: 8,
        fallbackConcurrent: 1,
      } as const;
      return /fleet +(.*)$/m.exec(screen(statusView({ fleet: { ...shared, ...over } })))?.[1];
    };
    expect(fleet()).toBe("n: at most 8 in all gateways");
    expect(fleet({ state: "connecting" })).toBe("n: at most 8 in all gateways, connecting");
    expect(fleet({ state: "lost", reason: "connection refused" })).toBe(
      "n: Redis is lost, at most 1 here until it is back: connection refused",
    );
    expect(screen(statusView())).not.toContain("fleet");
  });

  it("shows wrong settings", () => {
    const settingsErrors = [
      { path: "filter.idleHours", message: "got -1; expected a number" },
      { path: "", message: "got 7; expected an object" },
    ];
    const text = screen(statusView({ state: "misconfigured", settingsErrors }));
    expect(text).toContain("  filter.idleHours: got -1; expected a number");
    expect(text).toContain("  settings: got 7; expected an object");
  });

  it.each([60, 80, 100])("fits a table with a long key into %d columns", (columns) => {
    const key = `agent:a:${"x".repeat(300)}:end`;
    const line = screen(statusView({ running: [runningItem({ sessionKey: key })] }), columns)
      .split("\n")
      .find((one) => one.includes(":end"));
    expect(line).toMatch(/agent.*\u{2026}.*:end/u);
    expect(line!.length).toBeLessThanOrEqual(columns);
  });
});

describe("the progress bar", () => {
  const bar = (admit: number, outcomes: Parameters<typeof totals>[1]) =>
    progressBar(statusView({ totals: totals({ admit }, outcomes) }), new FakeTerminal());

  it("counts final outcomes only", () => {
    const all = { completed: 1, superseded: 1, held: 1, discarded: 1, released: 1 };
    expect(bar(10, all)).toBe(`[${"#".repeat(20)}${"-".repeat(20)}] 5 of 10 finished (50 %)`);
  });

  it("never passes the end", () => {
    expect(bar(2, { completed: 2, held: 3 })).toBe(`[${"#".repeat(40)}] 2 of 2 finished (100 %)`);
    expect(bar(0, {})).toBe(`[${"#".repeat(40)}] 0 of 0 finished (100 %)`);
  });

  it("is full only at the end", () => expect(bar(1000, { completed: 999 })).toContain("(99 %)"));
});

describe("openclaw resumes status", () => {
  it("colours through the terminal only", async () => {
    const terminal = Object.assign(new FakeTerminal(), { colours: true });
    const { stdout } = await run(["status"], { terminal, answer: () => statusView() });
    expect(stdout).toContain("<green>active</green>");
  });

  it("prints the view as it is with --json", async () => {
    const view = statusView({ queue: [queued({ sessionKey: "\u{1b}[2J\u{202e}" })] });
    const { json, calls, exitCode } = await run(["status", "--json"], { answer: () => view });
    expect(json()).toEqual(view);
    expect([calls[0]?.slice(0, 2), exitCode]).toEqual([["resumes.status", {}], 0]);
  });
});
