import { KeyedHeap } from "./keyed-heap.ts";
import type { QueuedResume } from "./queued-resume.ts";
import { compareRanks } from "./rank.ts";

/** What makes a resume aged. */
export interface AgingLimits {
  readonly maxPreemptions: number;
  readonly maxWaitMs: number;
}

/**
 * The queued resumes, in the order in which they may start.
 *
 * A resume is in exactly one of three places: resting (a retry whose delay is not over), fresh, or aged. Aged ones go
 * before fresh ones; within each place agents take turns, and within an agent the rank decides.
 */
export class WaitingRoom {
  readonly #limits: AgingLimits;
  readonly #resting = new KeyedHeap<QueuedResume>(
    keyOf,
    byTime((resume) => resume.notBeforeMs),
  );
  readonly #fresh = new TurnTaking();
  readonly #aged = new TurnTaking();
  /** All of them by waiting time, for ageing and for the oldest. */
  readonly #byWait = new KeyedHeap<QueuedResume>(
    keyOf,
    byTime((resume) => resume.queuedAtMs),
  );
  /** The not yet aged ones by waiting time. */
  readonly #ageing = new KeyedHeap<QueuedResume>(
    keyOf,
    byTime((resume) => resume.queuedAtMs),
  );

  constructor(limits: AgingLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#byWait.size;
  }

  /** The one that has waited longest. */
  oldest(): QueuedResume | undefined {
    return this.#byWait.peek();
  }

  values(): Iterable<QueuedResume> {
    return this.#byWait.values();
  }

  add(resume: QueuedResume, nowMs: number): void {
    this.remove(resume.key);
    this.#byWait.push(resume);
    if (resume.notBeforeMs > nowMs) this.#resting.push(resume);
    else this.#admit(resume, nowMs);
  }

  remove(key: string): QueuedResume | undefined {
    this.#resting.remove(key);
    this.#ageing.remove(key);
    const found = this.#byWait.remove(key);
    if (found !== undefined) {
      this.#fresh.remove(found);
      this.#aged.remove(found);
    }
    return found;
  }

  /** Takes the next one whose agent may start another; `undefined` when there is none. */
  take(want: "any" | "aged", mayStart: (agentId: string) => boolean): QueuedResume | undefined {
    const next = this.#aged.next(mayStart) ?? (want === "any" ? this.#fresh.next(mayStart) : undefined);
    if (next !== undefined) this.remove(next.key);
    return next;
  }

  /** Moves what has rested long enough, or has aged, to where it now belongs. */
  advance(nowMs: number): void {
    for (
      let next = this.#resting.peek();
      next !== undefined && next.notBeforeMs <= nowMs;
      next = this.#resting.peek()
    ) {
      this.#resting.remove(next.key);
      this.#admit(next, nowMs);
    }
    for (let next = this.#ageing.peek(); next !== undefined && this.isAged(next, nowMs); next = this.#ageing.peek()) {
      this.#ageing.remove(next.key);
      this.#fresh.remove(next);
      this.#aged.add(next);
    }
  }

  isAged(resume: QueuedResume, nowMs: number): boolean {
    return resume.preemptions >= this.#limits.maxPreemptions || nowMs - resume.queuedAtMs >= this.#limits.maxWaitMs;
  }

  /** When `advance` has something to do next, epoch milliseconds. */
  nextChangeAtMs(): number | undefined {
    const rested = this.#resting.peek()?.notBeforeMs ?? Infinity;
    const ageing = this.#ageing.peek();
    const next = Math.min(rested, ageing === undefined ? Infinity : ageing.queuedAtMs + this.#limits.maxWaitMs);
    return next === Infinity ? undefined : next;
  }

  #admit(resume: QueuedResume, nowMs: number): void {
    if (this.isAged(resume, nowMs)) {
      this.#aged.add(resume);
    } else {
      this.#fresh.add(resume);
      this.#ageing.push(resume);
    }
  }
}

/** Ranked resumes per agent; agents take turns, the one served longest ago first. */
class TurnTaking {
  /** Insertion order is the order of turns. */
  readonly #agents = new Map<string, KeyedHeap<QueuedResume>>();

  add(resume: QueuedResume): void {
    let heap = this.#agents.get(resume.agentId);
    if (heap === undefined) {
      heap = new KeyedHeap(keyOf, compareRanks);
      this.#agents.set(resume.agentId, heap);
    }
    heap.push(resume);
  }

  remove(resume: QueuedResume): void {
    const heap = this.#agents.get(resume.agentId);
    heap?.remove(resume.key);
    if (heap?.size === 0) this.#agents.delete(resume.agentId);
  }

  /** The next one; its agent goes to the end of the turns. */
  next(mayStart: (agentId: string) => boolean): QueuedResume | undefined {
    for (const [agentId, heap] of this.#agents) {
      if (!mayStart(agentId)) continue;
      this.#agents.delete(agentId);
      this.#agents.set(agentId, heap);
      return heap.peek();
    }
    return undefined;
  }
}

function keyOf(resume: QueuedResume): string {
  return resume.key;
}

function byTime(timeOf: (resume: QueuedResume) => number) {
  return (left: QueuedResume, right: QueuedResume): number =>
    timeOf(left) - timeOf(right) || (left.key < right.key ? -1 : left.key > right.key ? 1 : 0);
}
