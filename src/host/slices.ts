import { setImmediate as nextTurn, setTimeout as delay } from "node:timers/promises";

/** The event loop is held up for no longer than this and what one step takes; then others have their turn. */
export const SLICE_MS = 3;
/** Without a rest there would be nothing left of the processor for them. */
const REST_MS = 5;
/**
 * The same where somebody waits for the work, and others get no rest but a turn: short, as the garbage collector may add its
 * own. Where their turns are long, one after another, as while the gateway starts, so are the slices, for the gateway is ready
 * only when the work is over: with the shortest ones, 66 claims made it so 1.7 s later.
 */
const TURN_MS = { atLeast: 1, atMost: 100 };
/** How much of a busy event loop the work may have, for each ms that others have had. */
const SHARE = 2;

/** Work that can be left alone for a while at every `yield`. */
export type Steps<Result> = Generator<void, Result, void>;

/** Cuts work into slices between which others have their turn. */
export class Slices {
  readonly #restMs: number;
  #beganMs = performance.now();
  #lengthMs: number;
  /** Of what others have left to the work, what it has not had yet. */
  #dueMs = 0;
  /** How long others have taken last. */
  #theirsMs = 0;

  /** `restMs`: how long others have it to themselves; 0 where somebody waits for the work, and they get one turn each. */
  constructor(restMs = 0) {
    this.#restMs = restMs;
    this.#lengthMs = restMs === 0 ? TURN_MS.atLeast : SLICE_MS;
  }

  get isOver(): boolean {
    return performance.now() >= this.#beganMs + this.#lengthMs;
  }

  /** To be awaited between two steps: ends a slice that has lasted long enough. */
  async between(): Promise<void> {
    if (!this.isOver) return;
    const endedMs = performance.now();
    const workedMs = endedMs - this.#beganMs;
    await (this.#restMs === 0 ? nextTurn() : delay(this.#restMs));
    this.#beganMs = performance.now();
    if (this.#restMs > 0) return;
    const theirsMs = this.#beganMs - endedMs;
    // A single long turn may be the garbage collector's, or this machine's.
    const busyMs = Math.min(theirsMs, this.#theirsMs);
    this.#theirsMs = theirsMs;
    this.#dueMs = Math.max(0, this.#dueMs - workedMs) + SHARE * busyMs;
    this.#lengthMs = Math.min(Math.max(this.#dueMs, TURN_MS.atLeast), TURN_MS.atMost);
  }
}

/** Goes through all of them between other work. Each is asked for right before its step: what is read then, is so then. */
export async function inSlices<Item>(items: Iterable<Item>, step: (item: Item) => void): Promise<void> {
  const slices = new Slices(REST_MS);
  for (const item of items) {
    step(item);
    await slices.between();
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
