/** What resumes ask of the provider, second by second; those that it refuses too. */
export class LoadMeter {
  /** Most requests at once, by second. */
  readonly atOnce: number[] = [];
  /** Requests, by second. */
  readonly requests: number[] = [];
  /** To whom 429 was answered. */
  readonly refused = { resume: 0, user: 0 };
  #now = 0;
  #sinceMs = 0;
  /** Requests at once times milliseconds. */
  #area = 0;

  asked(by: "resume" | "user", isAccepted: boolean, nowMs: number): void {
    if (!isAccepted) this.refused[by] += 1;
    if (by === "user") return;
    this.#pass(nowMs);
    this.#now += 1;
    const second = this.atOnce.length - 1;
    this.atOnce[second] = Math.max(this.atOnce[second] ?? 0, this.#now);
    this.requests[second] = (this.requests[second] ?? 0) + 1;
  }

  ended(by: "resume" | "user", nowMs: number): void {
    if (by === "user") return;
    this.#pass(nowMs);
    this.#now -= 1;
  }

  /** Requests at once from 0 to `untilMs`: on average. */
  mean(untilMs: number): number {
    this.#pass(untilMs);
    return untilMs === 0 ? 0 : this.#area / untilMs;
  }

  #pass(nowMs: number): void {
    this.#area += this.#now * (nowMs - this.#sinceMs);
    this.#sinceMs = nowMs;
    const second = Math.floor(nowMs / 1000);
    while (this.atOnce.length <= second) {
      this.atOnce.push(this.#now);
      this.requests.push(0);
    }
  }
}

/** The most in any 60 seconds in a row. */
export function mostPerMinute(bySecond: readonly number[]): number {
  let sum = 0;
  let most = 0;
  for (const [second, count] of bySecond.entries()) {
    sum += count - (bySecond[second - 60] ?? 0);
    most = Math.max(most, sum);
  }
  return most;
}
