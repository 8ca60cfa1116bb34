import { setTimeout as delay } from "node:timers/promises";

/** The event loop is held up for no longer than this and what one step takes; then others have their turn. */
export const SLICE_MS = 3;
/** Without a rest there would be nothing left of the processor for them. */
const REST_MS = 5;

/** Goes through all of them between other work. Each is asked for right before its step: what is read then, is so then. */
export async function inSlices<Item>(items: Iterable<Item>, step: (item: Item) => void): Promise<void> {
  let untilMs = performance.now() + SLICE_MS;
  for (const item of items) {
    step(item);
    if (performance.now() < untilMs) continue;
    await delay(REST_MS);
    untilMs = performance.now() + SLICE_MS;
  }
}
