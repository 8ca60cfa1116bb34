/** The two lanes that starvation is measured for: the host's user turns and our resumes. */
export const LANES = ["main", "startup-resume"] as const;
export type LaneLabel = (typeof LANES)[number];

/** What the scheduler looks like between two moments. */
export interface LaneLoad {
  readonly usersWaiting: number;
  readonly queued: number;
  readonly running: number;
}

/**
 * Adds up how long each lane had waiting work and was served by nobody.
 *
 * `main` starves while a user turn waits and a resume runs; `startup-resume` while work is queued and nothing runs.
 */
export class StarvationMeter {
  readonly #totalMs: Record<LaneLabel, number> = { main: 0, "startup-resume": 0 };
  #load: LaneLoad = { usersWaiting: 0, queued: 0, running: 0 };
  #sinceMs: number;

  constructor(nowMs: number) {
    this.#sinceMs = nowMs;
  }

  /** From now on the load is this. */
  observe(load: LaneLoad, nowMs: number): void {
    this.#addUp(nowMs);
    this.#load = load;
  }

  /** Milliseconds of starvation up to now. */
  totalMs(lane: LaneLabel, nowMs: number): number {
    this.#addUp(nowMs);
    return this.#totalMs[lane];
  }

  #addUp(nowMs: number): void {
    const elapsedMs = Math.max(0, nowMs - this.#sinceMs);
    const { usersWaiting, queued, running } = this.#load;
    if (usersWaiting > 0 && running > 0) this.#totalMs.main += elapsedMs;
    if (queued > 0 && running === 0) this.#totalMs["startup-resume"] += elapsedMs;
    this.#sinceMs = nowMs;
  }
}
