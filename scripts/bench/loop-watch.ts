/**
 * How long the event loop does not get round, with the garbage collector's pauses and without.
 *
 * A pause is known by the clock, a block by what the thread has worked: on a busy machine too much is taken off.
 */
import { PerformanceObserver } from "node:perf_hooks";
import { workNs } from "./clock.ts";

/** The longest block, nanoseconds. */
export type Longest = { ns: number; withoutPausesNs: number };

type Span = { fromMs: number; toMs: number };
type Block = Span & { ns: number };

/** Shorter ones are not worth a look. */
const NOTED_NS = 1e6;

export class LoopWatch {
  readonly #pauses: Span[] = [];
  #blocks: Block[] = [];
  #sinceNs = 0;
  #sinceMs = 0;
  #next: NodeJS.Immediate | undefined;

  constructor() {
    const collected = new PerformanceObserver((list) => {
      for (const { startTime, duration } of list.getEntries()) {
        this.#pauses.push({ fromMs: startTime, toMs: startTime + duration });
      }
    });
    collected.observe({ entryTypes: ["gc"] });
  }

  start(): void {
    this.#blocks = [];
    this.#pauses.length = 0;
    this.#begin();
    this.#look();
  }

  stop(): void {
    this.#note();
    clearImmediate(this.#next);
  }

  /** Of what was between start and stop; right once the loop has gone round after the stop. */
  longest(): Longest {
    const longest = { ns: 0, withoutPausesNs: 0 };
    for (const block of this.#blocks) {
      longest.ns = Math.max(longest.ns, block.ns);
      longest.withoutPausesNs = Math.max(longest.withoutPausesNs, block.ns - this.#pausedNs(block));
    }
    return longest;
  }

  /** Leaves out what this takes. */
  without<Value>(step: () => Value): Value {
    this.#note();
    const value = step();
    this.#begin();
    return value;
  }

  #pausedNs({ fromMs, toMs }: Span): number {
    const within = this.#pauses.map((pause) => Math.min(pause.toMs, toMs) - Math.max(pause.fromMs, fromMs));
    return within.reduce((sum, ms) => sum + Math.max(0, ms), 0) * 1e6;
  }

  #look(): void {
    this.#next = setImmediate(() => {
      this.#note();
      this.#look();
    });
  }

  #note(): void {
    const ns = workNs() - this.#sinceNs;
    if (ns >= NOTED_NS) this.#blocks.push({ fromMs: this.#sinceMs, toMs: performance.now(), ns });
    this.#begin();
  }

  #begin(): void {
    this.#sinceNs = workNs();
    this.#sinceMs = performance.now();
  }
}
