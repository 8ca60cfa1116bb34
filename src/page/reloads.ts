/** How long after the last time the page may load itself anew: each time in a row waits longer. */
const WAITS_MS = [2_000, 5_000, 15_000] as const;
const LONGEST_MS = 60_000;
const RELOADED = /^#reloaded-(\d+)-(\d+)$/;

/**
 * The address's fragment for loading the page anew, in which it is remembered; `null` while that would be too soon. An opaque
 * origin has no storage, and its history entries lose their state; its address stays the same.
 */
export function nextReload(fragment: string, nowMs: number): string | null {
  const [, last = "0", inARow = "0"] = RELOADED.exec(fragment) ?? [];
  const sinceMs = Math.abs(nowMs - Number(last));
  if (sinceMs < (WAITS_MS[Number(inARow)] ?? LONGEST_MS)) return null;
  return `#reloaded-${nowMs}-${sinceMs > LONGEST_MS ? 0 : Number(inARow) + 1}`;
}
