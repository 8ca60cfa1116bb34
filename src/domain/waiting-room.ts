import { ByWait } from "./by-wait.ts";
import type { QueuedResume } from "./queued-resume.ts";
import { Entry, type Place } from "./waiting-entry.ts";
import { Resting, type Source, TurnTaking } from "./waiting-places.ts";

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
  readonly #entries = new Map<string, Entry>();
  /** Those that can still age where they are, by waiting time. */
  readonly #ageing = new ByWait();
  /** The others, for the oldest of all. */
  readonly #ageless = new ByWait();
  readonly #resting = new Resting(this.#ageless);
  /** Requested by the operator; the aged ones among them go first. */
  readonly #requestedAged = new TurnTaking(this.#ageless);
  readonly #requested = new TurnTaking(this.#ageing);
  readonly #aged = new TurnTaking(this.#ageless);
  readonly #fresh = new TurnTaking(this.#ageing);
  readonly #startable = [this.#requestedAged, this.#requested, this.#aged, this.#fresh];
  readonly #startableAged = [this.#requestedAged, this.#aged];

  constructor(limits: AgingLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Those that do not rest before a retry. */
  get readyCount(): number {
    return this.size - this.#resting.size;
  }

  /** Since when the one has waited that has waited longest, epoch milliseconds. */
  oldestSinceMs(): number | undefined {
    const oldest = Math.min(this.#ageing.oldestSinceMs ?? Infinity, this.#ageless.oldestSinceMs ?? Infinity);
    return oldest === Infinity ? undefined : oldest;
  }

  get(key: string): QueuedResume | undefined {
    return this.#entries.get(key)?.resume;
  }

  /** All of them in the order in which they would start if nothing changed. */
  inOrder(): QueuedResume[] {
    return [...this.#startable.flatMap((place) => place.inOrder()), ...this.#resting.inOrder()];
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
    this.#enter(resume, resume.notBeforeMs > nowMs ? this.#resting : this.#placeOf(resume, nowMs));
  }

  remove(key: string): QueuedResume | undefined {
    const entry = this.#entries.get(key);
    if (entry !== undefined) this.#takeOut(entry);
    return entry?.resume;
  }

  /** The next one of those that may start; `undefined` when there is none. */
  next(want: "any" | "aged", mayStart: (source: Source) => boolean): Entry | undefined {
    const places = want === "aged" ? this.#startableAged : this.#startable;
    for (const place of places) {
      const next = place.isEmpty ? undefined : place.next(mayStart);
      if (next !== undefined) return next;
    }
    return undefined;
  }

  /** It starts: its agent goes to the end of the turns. */
  take(entry: Entry): QueuedResume {
    this.#takeOut(entry);
    entry.ranked?.place.endTurn(entry.resume.agentId);
    return entry.resume;
  }

  /** Moves what has rested long enough, or has aged, to where it now belongs. */
  advance(nowMs: number): void {
    let next: Entry | undefined;
    while ((next = this.#resting.peek()) !== undefined && next.resume.notBeforeMs <= nowMs) this.#move(next, nowMs);
    while ((next = this.#ageing.oldest()) !== undefined && this.isAged(next.resume, nowMs)) this.#move(next, nowMs);
  }

  isAged(resume: QueuedResume, nowMs: number): boolean {
    return resume.preemptions >= this.#limits.maxPreemptions || nowMs - resume.queuedAtMs >= this.#limits.maxWaitMs;
  }

  /** When `advance` has something to do next, epoch milliseconds. */
  nextChangeAtMs(): number | undefined {
    const rested = this.#resting.peek()?.resume.notBeforeMs ?? Infinity;
    const ageing = this.#ageing.oldestSinceMs ?? Infinity;
    const next = Math.min(rested, ageing + this.#limits.maxWaitMs);
    return next === Infinity ? undefined : next;
  }

  #enter(resume: QueuedResume, place: Place): void {
    const entry = new Entry(resume);
    this.#entries.set(resume.key, entry);
    place.enter(entry);
  }

  #takeOut(entry: Entry): void {
    this.#entries.delete(entry.resume.key);
    entry.ranked?.place.leave(entry);
  }

  #move(entry: Entry, nowMs: number): void {
    entry.ranked?.place.leave(entry);
    this.#enter(entry.resume, this.#placeOf(entry.resume, nowMs));
  }

  /** Where one belongs that does not rest. */
  #placeOf(resume: QueuedResume, nowMs: number): TurnTaking {
    const isRequested = resume.requestedAtMs !== undefined;
    if (this.isAged(resume, nowMs)) return isRequested ? this.#requestedAged : this.#aged;
    return isRequested ? this.#requested : this.#fresh;
  }
}
