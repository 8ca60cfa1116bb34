/** Time of a simulation: it moves from one event to the next. */

interface Event {
  readonly atMs: number;
  /** Of two at the same time, the one that was asked for first comes first. */
  readonly order: number;
  /** `undefined`: it was cancelled. */
  callback: (() => void) | undefined;
}

const isBefore = (left: Event, right: Event): boolean =>
  left.atMs < right.atMs || (left.atMs === right.atMs && left.order < right.order);

/** Millions of events pass through: none of them leaves but first, and of two at the same time their order decides. */
export class VirtualClock {
  #nowMs = 0;
  #asked = 0;
  /** A binary heap. */
  readonly #events: Event[] = [];

  get nowMs(): number {
    return this.#nowMs;
  }

  /** Calls back once after `delayMs`; the returned function cancels. */
  after(delayMs: number, callback: () => void): () => void {
    const event: Event = { atMs: this.#nowMs + Math.max(0, delayMs), order: this.#asked, callback };
    this.#asked += 1;
    this.#push(event);
    return () => void (event.callback = undefined);
  }

  /** Lets everything happen until `isOver`, or until the next event is later than `untilMs`. */
  run(isOver: () => boolean, untilMs: number): void {
    while (!isOver()) {
      const event = this.#pop();
      if (event === undefined || event.atMs > untilMs) return;
      if (event.callback === undefined) continue;
      this.#nowMs = event.atMs;
      event.callback();
    }
  }

  #push(event: Event): void {
    const events = this.#events;
    let at = events.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(event, events[parent]!)) break;
      events[at] = events[parent]!;
      at = parent;
    }
    events[at] = event;
  }

  #pop(): Event | undefined {
    const events = this.#events;
    const first = events[0];
    const last = events.pop();
    if (last === undefined || events.length === 0) return first;
    let at = 0;
    for (let child = 1; child < events.length; child = 2 * at + 1) {
      if (child + 1 < events.length && isBefore(events[child + 1]!, events[child]!)) child += 1;
      if (!isBefore(events[child]!, last)) break;
      events[at] = events[child]!;
      at = child;
    }
    events[at] = last;
    return first;
  }
}
