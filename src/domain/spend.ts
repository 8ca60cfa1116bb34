import type { HeldReason } from "./reasons.ts";

/** What one run has used, or is thought to. */
export interface Usage {
  readonly tokens: number;
  /** US dollars; 0 where no price is known. */
  readonly costUsd: number;
}

export const NOTHING_USED: Usage = { tokens: 0, costUsd: 0 };

/** What resumes may use in one boot; `undefined` is no limit. */
export interface SpendLimits {
  readonly maxTokensPerBoot: number | undefined;
  /** US dollars. */
  readonly maxCostPerBoot: number | undefined;
}

/** What is used up of the limits, as the reason to hold the rest. */
export function usedUp({ tokens, costUsd }: Usage, limits: SpendLimits): HeldReason | undefined {
  if (tokens >= (limits.maxTokensPerBoot ?? Infinity)) return "over-token-budget";
  return costUsd >= (limits.maxCostPerBoot ?? Infinity) ? "over-cost-budget" : undefined;
}

export const addUsage = (left: Usage, right: Usage): Usage => ({
  tokens: left.tokens + right.tokens,
  costUsd: left.costUsd + right.costUsd,
});
