import { describe, expect, it } from "vitest";
import type { QueueEntry, QueueOrder } from "../../../src/operate/page-views.ts";
import { ruleOf, whyThere } from "../../../src/page/why-there.ts";
import { BOOT } from "./page-view.ts";

const entry = (order: Partial<QueueOrder>, restsUntilMs: number | null = null): QueueEntry => ({
  agentId: "main",
  sessionKey: "agent:main:chat",
  name: null,
  position: 1,
  reason: "interrupted",
  attempts: 0,
  preemptions: 0,
  requested: false,
  aged: false,
  queuedAtMs: BOOT,
  restsUntilMs,
  order: { by: "turn", lastActivityAtMs: BOOT - 60_000, direct: true, ...order },
});

describe("whyThere", () => {
  it("gives the reason for the place, by the time that it is now", () => {
    const said = (one: QueueEntry) => whyThere(one, BOOT + 30_000);
    expect(said(entry({}))).toBe("user active 1m 30s ago, direct chat");
    expect(said(entry({ direct: false, lastActivityAtMs: null }))).toBe("user's last activity unknown, group");
    expect(said(entry({ by: "requested" }))).toBe("asked for by the operator: goes first");
    expect(said(entry({ by: "aged" }))).toBe("has waited long: may run beside users");
    expect(said(entry({ by: "resting" }, BOOT + 50_000))).toBe("retry: rests 20s more");
  });

  it("has a rule for each", () => {
    for (const by of ["requested", "aged", "resting", "turn"] as const) expect(ruleOf(entry({ by }))).toMatch(/\.$/);
  });
});
