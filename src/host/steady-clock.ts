/**
 * Epoch milliseconds that never jump: the wall clock as it is now, moved on by the monotonic clock.
 *
 * What waits, rests or is quiet is measured by it, so that a machine that was suspended or whose clock was set starts and
 * cancels nothing because of that. What is compared with the host's own times needs the wall clock.
 */
export function steadyClock(
  wallMs: () => number = Date.now,
  monotonicMs: () => number = () => performance.now(),
): () => number {
  const originMs = wallMs() - monotonicMs();
  return () => Math.floor(originMs + monotonicMs());
}
