import { setImmediate as nextTurn, setTimeout as delay } from "node:timers/promises";

/** The event loop is held up for no longer than this and what one step takes; then others have their turn. */
export const SLICE_MS = 3;
/** Without a rest there would be nothing left of the processor for them. */
const REST_MS = 5;
/** The same where somebody waits for the work, and others get no rest but a turn: the garbage collector may add its own. */
const TURN_MS = 1;

/** Work that can be left alone for a while at every `yield`. */
export type Steps<Result> = Generator<void, Result, void>;

/** Cuts work into slices between which others have their turn. */
export class Slices {
  readonly #restMs: number;
  readonly #lengthMs: number;
  #untilMs: number;

  /** `restMs`: how long others have it to themselves; 0 where somebody waits for the work, and they get one turn each. */
  constructor(restMs = 0) {
    this.#restMs = restMs;
    this.#lengthMs = restMs === 0 ? TURN_MS : SLICE_MS;
    this.#untilMs = performance.now() + this.#lengthMs;
  }

  get isOver(): boolean {
    return performance.now() >= this.#untilMs;
  }

  /** To be awaited between two steps: ends a slice that has lasted long enough. */
  async between(): Promise<void> {
    if (!this.isOver) return;
    await (this.#restMs === 0 ? nextTurn() : delay(this.#restMs));
    this.#untilMs = performance.now() + this.#lengthMs;
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
