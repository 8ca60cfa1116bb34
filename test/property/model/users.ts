const SIGNAL_TTL_MS = 15_000;

/** Who is being served, written down a second time and by time alone. */
export class Users {
  readonly waiting = new Map<string, number>();
  readonly running = new Map<string, string>();
  lastSeenAtMs = -Infinity;

  quietSince(nowMs: number): number | undefined {
    for (const [one, sinceMs] of this.waiting) {
      if (nowMs - sinceMs < SIGNAL_TTL_MS) continue;
      this.waiting.delete(one);
      this.lastSeenAtMs = Math.max(this.lastSeenAtMs, sinceMs + SIGNAL_TTL_MS);
    }
    return this.waiting.size + this.running.size > 0 ? undefined : this.lastSeenAtMs;
  }
}
