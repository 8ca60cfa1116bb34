import type { LaneClock } from "../../../src/lane/resume-lane.ts";

/** A clock that moves only when nothing is runnable, and only as far as it is told. */
export class FakeClock implements LaneClock {
  #nowMs: number;
  #ids = 0;
  readonly #timers = new Set<{ readonly atMs: number; readonly callback: () => void }>();

  constructor(nowMs = 0) {
    this.#nowMs = nowMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, callback };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  newRunId(): string {
    this.#ids += 1;
    return `run-${this.#ids}`;
  }

  get pendingTimers(): number {
    return this.#timers.size;
  }

  /** Lets everything runnable run; time stands still. */
  async settle(): Promise<void> {
    // Every microtask runs before the event loop comes to the next immediate.
    await new Promise<void>((resolve) => setImmediate(resolve));
  }

  /** Moves on by `ms`, stopping at each timer that is due and letting everything runnable run there. */
  async elapse(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await this.settle();
    for (let next = this.#nextDue(untilMs); next !== undefined; next = this.#nextDue(untilMs)) {
      this.#timers.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.callback();
      await this.settle();
    }
    this.#nowMs = untilMs;
  }

  #nextDue(untilMs: number) {
    const due = [...this.#timers].filter(({ atMs }) => atMs <= untilMs);
    return due.toSorted((left, right) => left.atMs - right.atMs)[0];
  }
}
