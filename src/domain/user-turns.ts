/**
 * A signal that neither a turn nor an end follows is forgotten after this time. A turn that waits longer than this waits
 * behind other user turns, which are known by themselves.
 */
const SIGNAL_TTL_MS = 15_000;

/** A user turn that the host has announced but not yet started. */
interface WaitingTurn {
  readonly key: string;
  readonly sinceMs: number;
}

/**
 * Which users are being served, from what the host tells: who wrote, whose run started, whose run ended.
 *
 * Keys are canonical session keys; times are epoch milliseconds.
 */
export class UserTurns {
  readonly #waiting = new Map<string, WaitingTurn>();
  /** Run id to canonical session key. */
  readonly #running = new Map<string, string>();
  #lastSeenAtMs = -Infinity;

  /** Quiet is counted from here on, even when no user has been seen: one may have written before we could see it. */
  watchFrom(nowMs: number): void {
    this.#lastSeenAtMs = nowMs;
  }

  /** A user wrote to this session. Says whether that is news: a later signal of the same message is not. */
  wrote(key: string, nowMs: number): boolean {
    this.advance(nowMs);
    this.#lastSeenAtMs = nowMs;
    if (this.#waiting.has(key)) return false;
    this.#waiting.set(key, { key, sinceMs: nowMs });
    return true;
  }

  runStarted(runId: string, key: string, nowMs: number): void {
    this.#lastSeenAtMs = nowMs;
    this.#waiting.delete(key);
    this.#running.set(runId, key);
  }

  runEnded(runId: string, nowMs: number): void {
    const key = this.#running.get(runId);
    if (key === undefined) return;
    this.#running.delete(runId);
    this.#lastSeenAtMs = nowMs;
    // A message that was steered into the run that has just ended gets no run of its own.
    this.#waiting.delete(key);
  }

  /** The host is done with a user's message: answered, steered into a running turn, a command, or filtered out. */
  served(key: string, nowMs: number): void {
    if (this.#waiting.delete(key)) this.#lastSeenAtMs = nowMs;
  }

  /** Forgets signals that nothing followed. */
  advance(nowMs: number): void {
    for (const { key, sinceMs } of this.#waiting.values()) {
      if (nowMs - sinceMs < SIGNAL_TTL_MS) return;
      this.#waiting.delete(key);
      this.#lastSeenAtMs = nowMs;
    }
  }

  isWaiting(key: string): boolean {
    return this.#waiting.has(key);
  }

  isRunning(key: string): boolean {
    for (const running of this.#running.values()) if (running === key) return true;
    return false;
  }

  get waitingCount(): number {
    return this.#waiting.size;
  }

  get runningCount(): number {
    return this.#running.size;
  }

  oldestWaitingSinceMs(): number | undefined {
    return this.#waiting.values().next().value?.sinceMs;
  }

  /** When users will have been quiet for `quietMs`, if nothing more happens; `undefined` while one is being served. */
  quietAtMs(quietMs: number): number | undefined {
    return this.#waiting.size + this.#running.size > 0 ? undefined : this.#lastSeenAtMs + quietMs;
  }

  /** When `advance` has something to do next. */
  nextChangeAtMs(): number | undefined {
    const oldest = this.oldestWaitingSinceMs();
    return oldest === undefined ? undefined : oldest + SIGNAL_TTL_MS;
  }
}
