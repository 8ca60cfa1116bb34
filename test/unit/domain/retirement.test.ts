import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { dueBeforeMs, heldForMs, type RetirementLimits, retirementOf } from "../../../src/domain/retirement.ts";
import type { ResumeRecord } from "../../../src/domain/record.ts";
import type { SessionRow } from "../../../src/domain/session.ts";
import { HOUR, NOW, record, row } from "../support/makers.ts";

const LIMITS: RetirementLimits = { heldMs: 14 * HOUR, errorMs: 3 * HOUR, clockJumps: [] };
const KILLED = row({ status: "killed" });

const held = (forMs: number, over: Partial<ResumeRecord> = {}): ResumeRecord =>
  record({ phase: "settled", outcome: "held", reason: "too-old", heldSinceMs: NOW - forMs, ...over });
const asked = (one: ResumeRecord, found: SessionRow | "unreadable" | undefined = KILLED, over = {}) =>
  retirementOf(one, () => found, { ...LIMITS, ...over }, NOW);

const OLD = held(15 * HOUR);
const DUE = { action: "retire", reason: "held-too-long" };
const KEEP = { action: "keep" };

describe("a held session", () => {
  it.each([
    ["for just as long as it may be", held(14 * HOUR), KEEP],
    ["for longer", held(14 * HOUR + 1), DUE],
    ["by an error for just as long as that may be", held(3 * HOUR, { reason: "permanent-error" }), KEEP],
    [
      "by an error for longer",
      held(3 * HOUR + 1, { reason: "permanent-error" }),
      { action: "retire", reason: "error-too-long" },
    ],
    ["by an error for longer than anything may be", held(15 * HOUR, { reason: "permanent-error" }), DUE],
    ["by too many errors", held(4 * HOUR, { reason: "failing" }), KEEP],
    ["since a time that is still to come", held(-1), KEEP],
    ["by an older version, claimed long ago", held(0, { heldSinceMs: undefined, claimedAtMs: NOW - 15 * HOUR }), DUE],
    ["only since, although it was claimed long ago", held(1, { claimedAtMs: 0 }), KEEP],
    ["no more", held(15 * HOUR, { outcome: undefined, phase: "claimed" }), KEEP],
    ["no more: it is given back", held(15 * HOUR, { outcome: "released", phase: "released" }), KEEP],
  ] as const)("that was held %s", (_name, one, said) => {
    expect(asked(one)).toEqual(said);
  });

  it.each([
    ["pinned", OLD, row({ status: "killed", pinned: true })],
    ["interrupted", OLD, row({ status: "running" })],
    ["interrupted", OLD, row({ status: "killed", abortedLastRun: true })],
    ["unreadable-entry", OLD, "unreadable"],
    ["reply-owed", held(15 * HOUR, { reason: "delivery-failed" }), KILLED],
    ["reply-owed", held(15 * HOUR, { reply: { parts: [], route: { channel: "x", to: "1" } } }), KILLED],
    ["record-damaged", held(15 * HOUR, { damage: "checksum" }), KILLED],
  ] as const)("is protected: %s", (reason, one, found) => {
    expect(asked(one, found)).toEqual({ action: "protect", reason });
    expect(asked({ ...one, heldSinceMs: NOW }, found), "what is not due needs no protection").toEqual(KEEP);
  });

  it("is protected by its key, however its record has it", () => {
    expect(asked(OLD, KILLED, { activeKey: "agent:a:chat" })).toEqual({ action: "protect", reason: "active-key" });
    expect(asked(record({ ...OLD, sessionKey: "chat" }), KILLED, { activeKey: "agent:a:chat" }).action).toBe("protect");
    expect(asked(OLD, KILLED, { activeKey: "agent:a:other" })).toEqual(DUE);
  });

  it("is retired when its row is gone, or was never in a state to be kept", () => {
    for (const status of [undefined, "done", "failed"]) expect(asked(OLD, row({ status }))).toEqual(DUE);
    expect(retirementOf(OLD, () => undefined, LIMITS, NOW)).toEqual(DUE);
  });

  it("costs its row no look before it is due", () => {
    const look = () => {
      throw new Error("asked");
    };
    expect(retirementOf(held(1), look, LIMITS, NOW)).toEqual(KEEP);
  });
});

describe("a clock that was set", () => {
  it.each([
    ["forward: the time that was skipped does not count", [{ atMs: NOW - 2 * HOUR, byMs: 9 * HOUR }], 6 * HOUR],
    ["back: nobody is held for longer than the clock shows", [{ atMs: NOW - 2 * HOUR, byMs: -2 * HOUR }], 15 * HOUR],
    ["before it was held: nothing changes", [{ atMs: NOW - 20 * HOUR, byMs: 9 * HOUR }], 15 * HOUR],
  ])("%s", (_name, clockJumps, forMs) => {
    expect(heldForMs(OLD, NOW, clockJumps)).toBe(forMs);
    expect(asked(OLD, KILLED, { clockJumps }).action).toBe(forMs > LIMITS.heldMs ? "retire" : "keep");
  });
});

test.prop([
  fc.integer({ min: -100, max: 100 }),
  fc.constantFrom("permanent-error", "too-old"),
  fc.record({ heldMs: fc.integer({ min: 1, max: 80 }), errorMs: fc.integer({ min: 1, max: 80 }) }),
  fc.array(fc.record({ atMs: fc.integer({ min: NOW - 90, max: NOW + 90 }), byMs: fc.integer({ min: -60, max: 60 }) })),
])("nothing that was held after the time before which it is looked for is due", (forMs, reason, times, clockJumps) => {
  const one = held(forMs, { reason });
  const said = retirementOf(one, () => KILLED, { ...times, clockJumps }, NOW);
  if (said.action !== "keep") expect(one.heldSinceMs).toBeLessThan(dueBeforeMs(times, NOW));
});
