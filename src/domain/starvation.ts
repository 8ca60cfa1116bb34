/** The two lanes that starvation is measured for: the host's user turns and our resumes. */
export const LANES = ["main", "startup-resume"] as const;
export type LaneLabel = (typeof LANES)[number];

/**
 * When a lane starves: it has waiting work, and something else is served in its place, or nothing at all. In words, for
 * whoever reads the metric; in code below.
 *
 * Users who wait for other users, for the model or for a slot of the host's do not starve: no resume keeps them waiting.
 * Neither does a resume that rests before a retry, or whose own user has just written.
 */
export const STARVES = {
  main: "a user's turn waited while a resume was in its way: one of the same conversation, or one that had to make room and still ran",
  "startup-resume": "a resume was ready to run, and none ran",
} as const satisfies Record<LaneLabel, string>;

const starves: Readonly<Record<LaneLabel, (load: LaneLoad) => boolean>> = {
  main: ({ inTheWay }) => inTheWay > 0,
  "startup-resume": ({ ready, running }) => ready > 0 && running === 0,
};

/** Whether a lane starves while the load is this. */
export const isStarving = (lane: LaneLabel, load: LaneLoad): boolean => starves[lane](load);

/** What the lanes look like between two moments; all are counts. */
export interface LaneLoad {
  readonly usersWaiting: number;
  readonly usersRunning: number;
  /** Resumes, ours or the host's own, that run and keep a user waiting. */
  readonly inTheWay: number;
  readonly queued: number;
  /** Those of the queued ones that would start if nothing kept the lane from it. */
  readonly ready: number;
  readonly running: number;
}

export const NO_LOAD: LaneLoad = { usersWaiting: 0, usersRunning: 0, inTheWay: 0, queued: 0, ready: 0, running: 0 };

/** Adds up how long each lane has starved. */
export class StarvationMeter {
  readonly #totalMs: Record<LaneLabel, number> = { main: 0, "startup-resume": 0 };
  #load = NO_LOAD;
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
    for (const lane of LANES) if (isStarving(lane, this.#load)) this.#totalMs[lane] += elapsedMs;
    this.#sinceMs = nowMs;
  }
}
