/** What became of the sessions of one scenario. */
import type { Outcome } from "../../src/domain/reasons.ts";

export class Tally {
  /** Sessions that have not ended yet. */
  open: number;
  /** From the moment at which its gateway was ready to the end of its resume, milliseconds. */
  readonly recoveredMs: number[] = [];
  /** Sessions resumed, by second since the first restart. */
  readonly recovered: number[] = [];
  readonly held = new Map<string, number>();
  preemptions = 0;
  users = 0;
  /** Resumes that run in all gateways. */
  #running = 0;
  mostRunning = 0;

  constructor(sessions: number) {
    this.open = sessions;
  }

  started(): void {
    this.#running += 1;
    this.mostRunning = Math.max(this.mostRunning, this.#running);
  }

  ended(): void {
    this.#running -= 1;
  }

  settled(outcome: Outcome, reason: string, sinceReadyMs: number, nowMs: number): void {
    this.open -= 1;
    if (outcome !== "completed") return this.hold(reason);
    this.recoveredMs.push(sinceReadyMs);
    const second = Math.floor(nowMs / 1000);
    this.recovered[second] = (this.recovered[second] ?? 0) + 1;
  }

  hold(reason: string, sessions = 1): void {
    this.held.set(reason, (this.held.get(reason) ?? 0) + sessions);
  }
}
