import type { EventBus, ResumeEvents } from "../domain/events.ts";

/** Who watches. */
export interface ChangeListener {
  /** Something that can be seen has changed. */
  changed(): void;
  /** Nothing is told any more. */
  closed(): void;
}

/** What changes who is queued, runs or is held. */
const MOVES: ReadonlySet<keyof ResumeEvents> = new Set(["judged", "queued", "started", "ended", "settled", "asked"]);

/** Tells that something has changed, so that nobody has to ask again and again. */
export class Changes {
  readonly #listeners = new Set<ChangeListener>();
  #moves = 0;
  #isClosed = false;

  constructor(events: EventBus) {
    events.onAny((name) => {
      if (MOVES.has(name)) this.#moves += 1;
      for (const listener of this.#listeners) listener.changed();
    });
  }

  /** How often a session has moved from one list to another. */
  get moves(): number {
    return this.#moves;
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  /** The returned function ends it. */
  listen(listener: ChangeListener): () => void {
    if (this.#isClosed) {
      listener.closed();
      return () => undefined;
    }
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  close(): void {
    this.#isClosed = true;
    for (const listener of this.#listeners) listener.closed();
    this.#listeners.clear();
  }
}
