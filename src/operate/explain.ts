import { noteOf, reasonsOf, VERDICTS, type VerdictKind } from "../domain/reasons.ts";
import { rowName } from "../domain/session.ts";
import type { Verdict } from "../domain/verdict.ts";
import type { BootVerdict } from "../record/verdicts.ts";
import type { Explanation, PlanItem, SessionName } from "./views.ts";

/** A verdict with everything that explains it. */
export function explain({ kind, reason, found, limit }: Verdict): Explanation {
  const { meaning, remedy, unit = null } = noteOf(kind, reason);
  // What held it then holds it still.
  const isOldHold = kind === "hold" && reason === "held-earlier" && reasonsOf("hold").includes(String(found));
  const { rule } = noteOf(kind, isOldHold ? String(found) : reason);
  return { verdict: kind, reason, meaning, rule, found, limit, unit, remedy };
}

export const toPlanItem = ({ agentId, sessionKey, verdict, estimatedTokens }: BootVerdict): PlanItem => ({
  agentId,
  sessionKey,
  ...explain(verdict),
  estimatedTokens: estimatedTokens ?? null,
});

const byRow = new WeakMap<readonly BootVerdict[], ReadonlyMap<string, BootVerdict>>();

/** What a boot has said of a session. Of a boot with thousands it is found fast, however often. */
export function verdictOn(session: SessionName, verdicts: readonly BootVerdict[] = []): BootVerdict | undefined {
  let known = byRow.get(verdicts);
  if (known === undefined) {
    known = new Map(verdicts.map((one) => [rowName(one), one]));
    byRow.set(verdicts, known);
  }
  return known.get(rowName(session));
}

/** How many sessions each verdict has. */
export function countVerdicts(verdicts: readonly BootVerdict[]): Record<VerdictKind, number> {
  const counts = Object.fromEntries(Object.keys(VERDICTS).map((kind) => [kind, 0])) as Record<VerdictKind, number>;
  for (const { verdict } of verdicts) counts[verdict.kind] += 1;
  return counts;
}
