/**
 * A signal that neither a turn nor an end follows is forgotten after this time, unless turns wait for a slot of the host's
 * lane `main`: then it may be one of them, for as long as `LONGEST_WAIT_MS`. Or the host's own recovery of its session
 * holds it up.
 */
const SIGNAL_TTL_MS = 15_000;
const LONGEST_WAIT_MS = 600_000;

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
  /** Those of them that only the host's own recovery of their session keeps waiting: nothing of ours can make room. */
  readonly #heldUp = new Set<string>();
  /** Run id to canonical session key. */
  readonly #running = new Map<string, string>();
  /** Runs of the host's own recovery, by run id: a user's turn on the same session waits for them. */
  readonly #recoveries = new Map<string, string>();
  #lastSeenAtMs = -Infinity;
  #mainQueued = 0;

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
    this.#waitsNoMore(key);
    this.#running.set(runId, key);
  }

  runEnded(runId: string, nowMs: number): void {
    const key = this.#running.get(runId);
    if (key === undefined) return;
    this.#running.delete(runId);
    this.#lastSeenAtMs = nowMs;
    // A message that was steered into the run that has just ended gets no run of its own.
    this.#waitsNoMore(key);
  }

  /**
   * The host is done with a user's message: answered, steered into a running turn, a command, or filtered out. Or it takes
   * the message after its own recovery of the session (`waitsForHost`).
   */
  served(key: string, nowMs: number, waitsForHost: boolean): void {
    if (!this.#waiting.has(key)) return;
    this.#lastSeenAtMs = nowMs;
    if (waitsForHost) this.#heldUp.add(key);
    else this.#waitsNoMore(key);
  }

  /** How many turns wait for a slot of the host's lane `main`, whosever they are. */
  mainQueued(turns: number): void {
    this.#mainQueued = turns;
  }

  /** Whether this run is a user's. */
  hasRun(runId: string): boolean {
    return this.#running.has(runId);
  }

  /** The host recovers this session by itself. */
  recoveryStarted(runId: string, key: string): void {
    this.#recoveries.set(runId, key);
  }

  recoveryEnded(runId: string): void {
    const key = this.#recoveries.get(runId);
    if (key === undefined) return;
    this.#recoveries.delete(runId);
    // Its turn starts now, or there is none.
    if (this.#heldUp.has(key)) this.#waitsNoMore(key);
  }

  /** Forgets signals that nothing followed, but for those that the host's own recovery holds up. */
  advance(nowMs: number): void {
    for (const { key, sinceMs } of this.#waiting.values()) {
      if (this.#heldUp.has(key)) {
        // No recovery has come.
        if (nowMs - sinceMs >= LONGEST_WAIT_MS && !this.#isRecovering(key)) this.#waitsNoMore(key);
        continue;
      }
      if (nowMs - sinceMs < this.#ttlMs) return;
      this.#lastSeenAtMs = nowMs;
      if (this.#isRecovering(key)) this.#heldUp.add(key);
      else this.#waitsNoMore(key);
    }
  }

  /** Recoveries of the host's that keep a user waiting. */
  get recoveriesInTheWay(): number {
    return [...this.#recoveries.values()].filter((key) => this.#waiting.has(key)).length;
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

  /** Those of them for whom resumes make room. */
  get waitingForRoomCount(): number {
    return this.#waiting.size - this.#heldUp.size;
  }

  get runningCount(): number {
    return this.#running.size;
  }

  oldestWaitingSinceMs(): number | undefined {
    return this.#waiting.values().next().value?.sinceMs;
  }

  /** When users will have been quiet for `quietMs`, if nothing more happens; `undefined` while one is being served. */
  quietAtMs(quietMs: number): number | undefined {
    return this.waitingForRoomCount + this.#running.size > 0 ? undefined : this.#lastSeenAtMs + quietMs;
  }

  /** When `advance` has something to do next. */
  nextChangeAtMs(): number | undefined {
    for (const { key, sinceMs } of this.#waiting.values()) if (!this.#heldUp.has(key)) return sinceMs + this.#ttlMs;
    return undefined;
  }

  get #ttlMs(): number {
    return this.#mainQueued > 0 ? LONGEST_WAIT_MS : SIGNAL_TTL_MS;
  }

  #waitsNoMore(key: string): void {
    this.#waiting.delete(key);
    this.#heldUp.delete(key);
  }

  #isRecovering(key: string): boolean {
    for (const recovering of this.#recoveries.values()) if (recovering === key) return true;
    return false;
  }
}
