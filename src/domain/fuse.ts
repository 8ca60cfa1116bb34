/** After this many gateways that died while resumes ran, each soon after the one before it, resuming may be the cause. */
export const FUSE_DEATHS = 3;
/** Within this time, and for this long, unless the operator says otherwise. */
export const FUSE_MS = 600_000;

/**
 * The deaths that still count, and whether they keep the lane from starting anything.
 *
 * `deathsMs` are the times of the boots that found a resume which had never ended, epoch milliseconds. Times in the future
 * were written by a clock that has been set back since, and say nothing.
 */
export function fuse(
  deathsMs: readonly number[],
  nowMs: number,
): { readonly counted: readonly number[]; readonly blown: boolean } {
  const counted = deathsMs.filter((atMs) => atMs <= nowMs && nowMs - atMs < FUSE_MS);
  return { counted, blown: counted.length >= FUSE_DEATHS };
}
