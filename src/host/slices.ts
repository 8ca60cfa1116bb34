import { setImmediate as nextTurn, setTimeout as delay } from "node:timers/promises";

/** The event loop is held up for no longer than this and what one step takes; then others have their turn. */
export const SLICE_MS = 3;
/** Without a rest there would be nothing left of the processor for them. */
const REST_MS = 5;
/**
 * The same where somebody waits for the work, and others get no rest but a turn: short, as the garbage collector may add its
 * own; as long as this at first and where others' turns are long, as while the gateway starts, for it is ready only when the
 * work is over.
 */
const TURN_MS = { atLeast: 1, atMost: 6 };
const TURNS: SliceLimits = { firstMs: TURN_MS.atMost, atMostMs: TURN_MS.atMost };
/**
 * Of claims, each of which is some 3 ms of the host's own work in one piece. Most of what others do while a gateway starts (its
 * channels connect) they would else do once it is ready, and each turn of theirs makes that later: so the first slice is long
 * enough for some eighty sessions, and only who has more shares with others. From service start to ready 66 sessions took
 * 1.15 s so, 1.4 s with short slices (2026.9.6).
 */
export const CLAIM_SLICES: SliceLimits = { firstMs: 300, atMostMs: 100 };
/** How much of a busy event loop the work may have, for each ms that others have had. */
const SHARE = 2;

/** Work that can be left alone for a while at every `yield`. */
export type Steps<Result> = Generator<void, Result, void>;

export interface SliceLimits {
  /** Before anybody else has a turn. */
  readonly firstMs: number;
  /** How long a slice may be where others' turns are as long. */
  readonly atMostMs: number;
}

/** Cuts work into slices between which others have their turn. */
export class Slices {
  readonly #atMostMs: number;
  #beganMs = performance.now();
  #lengthMs: number;
  /** Of what others have left to the work, what it has not had yet. */
  #dueMs = 0;

  constructor({ firstMs, atMostMs }: SliceLimits = TURNS) {
    this.#lengthMs = firstMs;
    this.#atMostMs = atMostMs;
  }

  get isOver(): boolean {
    return performance.now() >= this.#beganMs + this.#lengthMs;
  }

  /** To be awaited between two steps: ends a slice that has lasted long enough. */
  async between(): Promise<void> {
    if (!this.isOver) return;
    const endedMs = performance.now();
    const workedMs = endedMs - this.#beganMs;
    await nextTurn();
    this.#beganMs = performance.now();
    this.#dueMs = Math.max(0, this.#dueMs - workedMs) + SHARE * (this.#beganMs - endedMs);
    this.#lengthMs = Math.min(Math.max(this.#dueMs, TURN_MS.atLeast), this.#atMostMs);
  }
}

/** Goes through all of them between other work. Each is asked for right before its step: what is read then, is so then. */
export async function inSlices<Item>(items: Iterable<Item>, step: (item: Item) => void): Promise<void> {
  let beganMs = performance.now();
  for (const item of items) {
    step(item);
    if (performance.now() < beganMs + SLICE_MS) continue;
    await delay(REST_MS);
    beganMs = performance.now();
  }
}

/** All of them, each asked for between other work. */
export async function gathered<Item>(items: Iterable<Item>): Promise<Item[]> {
  const slices = new Slices();
  const all: Item[] = [];
  for (const item of items) {
    all.push(item);
    if (slices.isOver) await slices.between();
  }
  return all;
}

/** Goes on with the work at every turn of the event loop, until it is done. */
export async function betweenTurns<Result>(work: Steps<Result>): Promise<Result> {
  const slices = new Slices();
  let next = work.next();
  while (next.done !== true) {
    if (slices.isOver) await slices.between();
    next = work.next();
  }
  return next.value;
}

/** Does all of the work at once. */
export function atOnce<Result>(work: Steps<Result>): Result {
  let next = work.next();
  while (next.done !== true) next = work.next();
  return next.value;
}
