import { fc, test } from "@fast-check/vitest";
import { expect, it } from "vitest";
import { bindingOf } from "../../src/domain/binding.ts";
import {
  collect,
  type CollectionRules,
  type Decision,
  PROTECT_REASONS,
  RETIRE_REASONS,
} from "../../src/domain/collection.ts";
import type { KeyRules } from "../../src/domain/conversation.ts";
import { AGENT_ID, type MadeRow, madeRows, NOW_MS, rulesFor } from "../support/collection-arbitraries.ts";

const KEY_RULES: KeyRules = {
  mainKey: "main",
  globalScope: false,
  dmScope: "main",
  identityLinks: {},
  adoptsMain: false,
};
const NO_RULES: CollectionRules = { errors: false, missing: false, dmScope: false, activeKeys: [] };

function decide(rows: readonly MadeRow[], rules: CollectionRules): Decision[] {
  const madeOf = new Map(rows.map((row) => [row.key, row]));
  const store = {
    agentId: AGENT_ID,
    bindings: rows.map(({ key, entry }) => bindingOf(key, entry)),
    keyRules: KEY_RULES,
    transcriptOf: ({ key }: { key: string }) => madeOf.get(key)!.transcript,
    isUnsafe: ({ key }: { key: string }) => madeOf.get(key)!.transcript === "unsafe",
    isLocked: ({ key }: { key: string }) => madeOf.get(key)!.isLocked,
  };
  return collect(store, rules, NOW_MS);
}

/** The rows with a decision of this kind. */
const chosen = (rows: readonly MadeRow[], decisions: readonly Decision[], isWanted: (decision: Decision) => boolean) =>
  rows.filter((_, at) => isWanted(decisions[at]!));
const retiredOf = (rows: readonly MadeRow[], rules: CollectionRules): MadeRow[] =>
  chosen(rows, decide(rows, rules), ({ action }) => action === "retire");

/** What issue 8 protects whatever the rules, said once more. */
function isProtected(row: MadeRow, rows: readonly MadeRow[], { activeKeys }: CollectionRules): boolean {
  const isRaw = (key: string) => !/^agent:/i.test(key);
  const canonical = (key: string) => (isRaw(key) ? `agent:${AGENT_ID}:${key}` : key).toLowerCase();
  const isSame = (key: string) => canonical(key) === canonical(row.key);
  const isAlias = rows.some(({ key }) => isRaw(key) !== isRaw(row.key) && isSame(key));
  return (
    row.isShared || row.isPinned || row.isLocked || row.transcript === "unsafe" || isAlias || activeKeys.some(isSame)
  );
}

/** Whether one of the rules but the last speaks of it. */
function isStale(row: MadeRow, { maxAgeMs, idleMs, errors, missing, dmScope }: CollectionRules): boolean {
  const isLonger = (sinceMs: number | undefined, limitMs: number | undefined) =>
    sinceMs !== undefined && limitMs !== undefined && NOW_MS - sinceMs > limitMs;
  return (
    (errors && row.hasFailed) ||
    (missing && ["missing", "empty", "corrupt"].includes(row.transcript)) ||
    (dmScope && row.isOwnDirect) ||
    isLonger(row.startedAtMs ?? row.activeAtMs, maxAgeMs) ||
    isLonger(row.activeAtMs, idleMs)
  );
}

const keysOf = (rows: readonly MadeRow[]): string[] => rows.map(({ key }) => key);
const storeAndRules = madeRows.chain((rows) => fc.tuple(fc.constant(rows), rulesFor(rows)));
const RUNS = { numRuns: 1500 };

it("stale rows go and protected ones stay, for every reason that there is", { timeout: 60_000 }, () => {
  const seen = new Set<string>();
  const property = fc.property(storeAndRules, ([rows, withLimit]) => {
    const rules = { ...withLimit, maxPerAgent: undefined };
    const decisions = decide(rows, rules);
    // Each row has one, in its place.
    expect(decisions.map(({ binding }) => binding.key)).toEqual(keysOf(rows));
    const gone = rows.filter((row) => isStale(row, rules) && !isProtected(row, rows, rules));
    expect(keysOf(retiredOf(rows, rules))).toEqual(keysOf(gone));
    const spared = rows.filter((row) => isStale(row, rules) && isProtected(row, rows, rules));
    expect(keysOf(chosen(rows, decisions, ({ action }) => action === "protect"))).toEqual(keysOf(spared));
    for (const decision of decisions) if (decision.action !== "keep") seen.add(decision.reason);
  });
  fc.assert(property, RUNS);
  const reasons = [...Object.keys(RETIRE_REASONS), ...Object.keys(PROTECT_REASONS)];
  expect(reasons.filter((reason) => !seen.has(reason))).toEqual(["over-agent-limit"]);
});

test.prop([storeAndRules], RUNS)(
  "a limit leaves that many rows, or as many as are protected, and takes the least lately active",
  ([rows, rules]) => {
    const maxPerAgent = rules.maxPerAgent ?? 3;
    const before = retiredOf(rows, { ...rules, maxPerAgent: undefined });
    const decisions = decide(rows, { ...rules, maxPerAgent });
    const kept = chosen(rows, decisions, ({ action }) => action !== "retire");
    const guarded = rows.filter((row) => isProtected(row, rows, rules));
    expect(kept).toEqual(expect.arrayContaining(guarded));
    expect(kept).toHaveLength(Math.min(rows.length - before.length, Math.max(maxPerAgent, guarded.length)));
    const over = chosen(rows, decisions, (one) => one.action === "retire" && one.reason === "over-agent-limit");
    expect(rows.length - kept.length).toBe(before.length + over.length);
    const lastOf = ({ activeAtMs = 0 }: MadeRow) => activeAtMs;
    const free = kept.filter((row) => !guarded.includes(row));
    const earliest = Math.min(...free.map(lastOf));
    for (const row of over) expect(lastOf(row)).toBeLessThanOrEqual(earliest);
  },
  60_000,
);

test.prop([storeAndRules], RUNS)(
  "what is left is left alone by the same collection",
  ([rows, rules]) => {
    const gone = new Set(retiredOf(rows, rules));
    const left = rows.filter((row) => !gone.has(row));
    expect(retiredOf(left, rules)).toEqual([]);
  },
  60_000,
);

test.prop([storeAndRules], RUNS)(
  "no rule retires nothing, and each alone nothing that it would not retire with others",
  ([rows, rules]) => {
    const { activeKeys } = rules;
    expect(decide(rows, { ...NO_RULES, activeKeys }).map(({ action }) => action)).toEqual(rows.map(() => "keep"));
    const together = retiredOf(rows, rules);
    for (const name of ["maxAgeMs", "idleMs", "errors", "missing", "dmScope"] as const) {
      const alone = retiredOf(rows, { ...NO_RULES, activeKeys, [name]: rules[name] });
      expect(together).toEqual(expect.arrayContaining(alone));
    }
  },
  60_000,
);
