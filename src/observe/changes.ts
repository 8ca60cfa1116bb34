import type { EventBus } from "../domain/events.ts";

/** Who watches. */
export interface ChangeListener {
  /** Something that can be seen has changed. */
  changed(): void;
  /** Nothing is told any more. */
  closed(): void;
}

/** Tells that something has changed, so that nobody has to ask again and again. */
export class Changes {
  readonly #listeners = new Set<ChangeListener>();
  #isClosed = false;

  constructor(events: EventBus) {
    events.onAny(() => {
      for (const listener of this.#listeners) listener.changed();
    });
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
