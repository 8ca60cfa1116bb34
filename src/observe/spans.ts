/** When something was so, milliseconds. */
export interface Span {
  readonly fromMs: number;
  /** `null`: it goes on. */
  readonly toMs: number | null;
}

/** When something that comes and goes was so: the newest spans, a limited number of them. */
export class Spans {
  readonly #most: number;
  readonly #ended: Span[] = [];
  #sinceMs: number | undefined;
  #forgotSome = false;

  constructor(most: number) {
    this.#most = most;
  }

  /** From now on it is so, or it is not. */
  set(isSo: boolean, nowMs: number): void {
    if (isSo) this.#sinceMs ??= nowMs;
    else if (this.#sinceMs !== undefined) {
      this.#ended.push({ fromMs: this.#sinceMs, toMs: nowMs });
      this.#sinceMs = undefined;
      if (this.#ended.length > this.#most) this.#forgotSome = this.#ended.shift() !== undefined;
    }
  }

  /** There were others before. */
  get forgotSome(): boolean {
    return this.#forgotSome;
  }

  /** Oldest first. */
  all(): Span[] {
    const open = this.#sinceMs === undefined ? [] : [{ fromMs: this.#sinceMs, toMs: null }];
    return [...this.#ended, ...open];
  }
}
