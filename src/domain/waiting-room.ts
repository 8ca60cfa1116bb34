import { KeyedHeap } from "./keyed-heap.ts";
import type { QueuedResume } from "./queued-resume.ts";
import { compareRanks } from "./rank.ts";

/** What a resume needs that others may be using up: limits are by these. */
export type Source = Pick<QueuedResume, "agentId" | "provider">;

/** What makes a resume aged. */
export interface AgingLimits {
  readonly maxPreemptions: number;
  readonly maxWaitMs: number;
}

/**
 * The queued resumes, in the order in which they may start.
 *
 * A resume is in exactly one of four places: resting (a retry whose delay is not over), requested by the operator, aged,
 * or fresh. They start in this order of places; within each place agents take turns, and within an agent the rank
 * decides.
 */
export class WaitingRoom {
  #limits: AgingLimits;
  readonly #resting = new KeyedHeap<QueuedResume>(
    keyOf,
    byTime((resume) => resume.notBeforeMs),
  );
  /** Requested by the operator; the aged ones among them go first. */
  readonly #requestedAged = new TurnTaking();
  readonly #requested = new TurnTaking();
  readonly #aged = new TurnTaking();
  readonly #fresh = new TurnTaking();
  readonly #places = [this.#requestedAged, this.#requested, this.#aged, this.#fresh];
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

  /** Those that do not rest before a retry. */
  get readyCount(): number {
    return this.size - this.#resting.size;
  }

  /** The one that has waited longest. */
  oldest(): QueuedResume | undefined {
    return this.#byWait.peek();
  }

  get(key: string): QueuedResume | undefined {
    return this.#byWait.get(key);
  }

  /** All of them in the order in which they would start if nothing changed. */
  inOrder(): QueuedResume[] {
    const resting = [...this.#resting.values()].toSorted((left, right) => left.notBeforeMs - right.notBeforeMs);
    return [...this.#places.flatMap((place) => place.inOrder()), ...resting];
  }

  /** From now on these limits say who has aged; nobody loses their place among their likes. */
  setLimits(limits: AgingLimits, nowMs: number): void {
    this.#limits = limits;
    const all = this.inOrder();
    // All out before any goes in, so that agents keep their turns.
    for (const { key } of all) this.remove(key);
    for (const resume of all) this.add(resume, nowMs);
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
      for (const place of this.#places) place.remove(found);
    }
    return found;
  }

  /** The next one of those that may start; `undefined` when there is none. */
  next(want: "any" | "aged", mayStart: (source: Source) => boolean): QueuedResume | undefined {
    const places = want === "aged" ? [this.#requestedAged, this.#aged] : this.#places;
    return firstOf(places, (place) => place.next(mayStart));
  }

  /** It starts: its agent goes to the end of the turns. */
  take(resume: QueuedResume): void {
    for (const place of this.#places) place.endTurn(resume);
    this.remove(resume.key);
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
      this.add(next, nowMs);
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
    const isRequested = resume.requestedAtMs !== undefined;
    if (this.isAged(resume, nowMs)) {
      (isRequested ? this.#requestedAged : this.#aged).add(resume);
      return;
    }
    (isRequested ? this.#requested : this.#fresh).add(resume);
    this.#ageing.push(resume);
  }
}

/** Ranked resumes per agent and provider; agents take turns, the one served longest ago first. */
class TurnTaking {
  /** Insertion order is the order of turns. */
  readonly #agents = new Map<string, Map<string | undefined, KeyedHeap<QueuedResume>>>();

  add(resume: QueuedResume): void {
    const { agentId, provider } = resume;
    const heaps = this.#agents.get(agentId) ?? new Map<string | undefined, KeyedHeap<QueuedResume>>();
    const heap = heaps.get(provider) ?? new KeyedHeap<QueuedResume>(keyOf, compareRanks);
    this.#agents.set(agentId, heaps.set(provider, heap));
    heap.push(resume);
  }

  remove({ agentId, provider, key }: QueuedResume): void {
    const heaps = this.#agents.get(agentId);
    const heap = heaps?.get(provider);
    heap?.remove(key);
    if (heap?.size === 0) heaps?.delete(provider);
    if (heaps?.size === 0) this.#agents.delete(agentId);
  }

  /** All of them, agents in turn. */
  inOrder(): QueuedResume[] {
    const queues = [...this.#agents.values()].map((heaps) =>
      [...heaps.values()].flatMap((heap) => [...heap.values()]).toSorted(compareRanks),
    );
    const rounds = Math.max(0, ...queues.map((queue) => queue.length));
    return Array.from({ length: rounds }, (_, round) => queues.flatMap((queue) => queue[round] ?? [])).flat();
  }

  next(mayStart: (source: Source) => boolean): QueuedResume | undefined {
    return firstOf(this.#agents, ([agentId, heaps]) => {
      const first = [...heaps].flatMap(([provider, heap]) =>
        mayStart({ agentId, provider }) ? (heap.peek() ?? []) : [],
      );
      return first.toSorted(compareRanks)[0];
    });
  }

  endTurn({ agentId, provider, key }: QueuedResume): void {
    const heaps = this.#agents.get(agentId);
    if (heaps?.get(provider)?.get(key) === undefined) return;
    this.#agents.delete(agentId);
    this.#agents.set(agentId, heaps);
  }
}

function firstOf<Item, Found>(items: Iterable<Item>, find: (item: Item) => Found | undefined): Found | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

function keyOf(resume: QueuedResume): string {
  return resume.key;
}

function byTime(timeOf: (resume: QueuedResume) => number) {
  return (left: QueuedResume, right: QueuedResume): number =>
    timeOf(left) - timeOf(right) || (left.key < right.key ? -1 : left.key > right.key ? 1 : 0);
}
