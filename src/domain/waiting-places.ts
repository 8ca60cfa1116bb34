import type { ByWait } from "./by-wait.ts";
import type { QueuedResume } from "./queued-resume.ts";
import { compareRanks, weightOf } from "./rank.ts";
import { type Entry, type Place, Ranked } from "./waiting-entry.ts";

/** What a resume needs that others may be using up: limits are by these. */
export type Source = Pick<QueuedResume, "agentId" | "provider">;

/** Retries whose delay is not over: the first to have rested comes first. */
export class Resting implements Place {
  readonly #byWait: ByWait;
  readonly #ranked = new Ranked(this);

  constructor(byWait: ByWait) {
    this.#byWait = byWait;
  }

  get size(): number {
    return this.#ranked.size;
  }

  peek(): Entry | undefined {
    return this.#ranked.peek();
  }

  enter(entry: Entry): void {
    this.#byWait.add(entry);
    entry.ranked = this.#ranked;
    this.#ranked.push(entry, entry.resume.notBeforeMs);
  }

  leave(entry: Entry): void {
    entry.hasLeft = true;
    this.#byWait.oneLeft(entry);
    this.#ranked.oneLeft();
  }

  /** They have no turns. */
  endTurn(): void {}

  inOrder(): QueuedResume[] {
    return resumesOf(this.#ranked).toSorted(
      (left, right) => left.notBeforeMs - right.notBeforeMs || compareRanks(left, right),
    );
  }
}

/** Of one agent, for each provider; they are few. */
type Lists = Ranked[];

/** Ranked resumes per agent and provider; agents take turns, the one served longest ago first. */
export class TurnTaking implements Place {
  readonly #byWait: ByWait;
  /** By agent and provider. Those that are empty stay: agents and providers are few, and come back. */
  readonly #lists = new Map<string, Lists>();
  /** Of the agents that have any resume here. Insertion order is the order of turns. */
  readonly #turns = new Map<string, Lists>();

  constructor(byWait: ByWait) {
    this.#byWait = byWait;
  }

  enter(entry: Entry): void {
    this.#byWait.add(entry);
    const { agentId, provider } = entry.resume;
    const own = this.#listsOf(agentId);
    entry.ranked = this.#listIn(own, provider);
    entry.ranked.push(entry, weightOf(entry.resume));
    if (entry.ranked.size === 1 && !this.#turns.has(agentId)) this.#turns.set(agentId, own);
  }

  leave(entry: Entry): void {
    entry.hasLeft = true;
    this.#byWait.oneLeft(entry);
    entry.ranked?.oneLeft();
    if (entry.ranked?.size === 0) this.#emptied(entry.resume.agentId);
  }

  endTurn(agentId: string): void {
    // An agent on its own is the next one anyway.
    const own = this.#turns.size > 1 ? this.#turns.get(agentId) : undefined;
    if (own === undefined) return;
    this.#turns.delete(agentId);
    this.#turns.set(agentId, own);
  }

  get isEmpty(): boolean {
    return this.#turns.size === 0;
  }

  next(mayStart: (source: Source) => boolean): Entry | undefined {
    for (const own of this.#turns.values()) {
      let best: Entry | undefined;
      for (const ranked of own) {
        const first = ranked.peek();
        if (first === undefined || !mayStart(first.resume)) continue;
        if (best === undefined || compareRanks(first.resume, best.resume) < 0) best = first;
      }
      if (best !== undefined) return best;
    }
    return undefined;
  }

  /** All of them, agents in turn. */
  inOrder(): QueuedResume[] {
    const queues = [...this.#turns.values()].map((own) => own.flatMap(resumesOf).toSorted(compareRanks));
    const rounds = Math.max(0, ...queues.map((queue) => queue.length));
    return Array.from({ length: rounds }, (_, round) => queues.flatMap((queue) => queue[round] ?? [])).flat();
  }

  #listsOf(agentId: string): Lists {
    const known = this.#lists.get(agentId);
    if (known !== undefined) return known;
    const own: Lists = [];
    this.#lists.set(agentId, own);
    return own;
  }

  #listIn(own: Lists, provider: string | undefined): Ranked {
    for (const ranked of own) if (ranked.provider === provider) return ranked;
    const ranked = new Ranked(this, provider);
    own.push(ranked);
    return ranked;
  }

  #emptied(agentId: string): void {
    if (this.#turns.get(agentId)?.every(({ size }) => size === 0) === true) this.#turns.delete(agentId);
  }
}

const resumesOf = (ranked: Ranked): QueuedResume[] => ranked.values().map(({ resume }) => resume);
