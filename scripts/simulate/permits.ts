/** What grants starts, as Bottleneck does it; on the simulation's clock. */
import { LazyHeap } from "../../src/domain/lazy-heap.ts";
import { hasPace, type PaceLimits } from "../../src/lane/pace.ts";
import type { Permit } from "../../src/lane/permits.ts";
import type { VirtualClock } from "./clock.ts";
import type { FleetLimits } from "./world.ts";

const MINUTE_MS = 60_000;

/** `granted` is called once, never at once: what it is asked by is still deciding. One ask at a time. */
export interface Permits {
  ask(granted: (permit: Permit) => void): void;
}

/** Starts in each minute since `sinceMs`; the rest of a minute is lost. */
class Reservoir {
  readonly #amount: number;
  #left: number;
  #sinceMs: number;

  constructor(amount: number, sinceMs: number) {
    this.#amount = amount;
    this.#left = amount;
    this.#sinceMs = sinceMs;
  }

  left(nowMs: number): number {
    const minutes = Math.floor((nowMs - this.#sinceMs) / MINUTE_MS);
    if (minutes > 0) this.#left = this.#amount;
    this.#sinceMs += minutes * MINUTE_MS;
    return this.#left;
  }

  take(): void {
    this.#left -= 1;
  }

  putBack(): void {
    this.#left = Math.min(this.#amount, this.#left + 1);
  }

  get nextAtMs(): number {
    return this.#sinceMs + MINUTE_MS;
  }
}

/** The pace of one gateway. */
export class PaceModel implements Permits {
  readonly #clock: VirtualClock;
  readonly #limits: PaceLimits;
  /** Its minutes begin when it is first asked. */
  #reservoir: Reservoir | undefined;
  #nextAtMs = -Infinity;
  #hasSpare = false;

  constructor(limits: PaceLimits, clock: VirtualClock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  ask(granted: (permit: Permit) => void): void {
    const permit = { end: () => undefined, giveBack: () => void (this.#hasSpare = true) };
    const needsNone = this.#hasSpare || !hasPace(this.#limits);
    this.#hasSpare = false;
    if (needsNone) this.#clock.after(0, () => granted(permit));
    else this.#register(() => granted(permit));
  }

  #register(granted: () => void): void {
    const { nowMs } = this.#clock;
    const { startIntervalMs, startsPerMinute } = this.#limits;
    if (startsPerMinute > 0) {
      this.#reservoir ??= new Reservoir(startsPerMinute, nowMs);
      if (this.#reservoir.left(nowMs) === 0) {
        this.#clock.after(this.#reservoir.nextAtMs - nowMs, () => this.#register(granted));
        return;
      }
      this.#reservoir.take();
    }
    const atMs = Math.max(nowMs, this.#nextAtMs);
    this.#nextAtMs = atMs + startIntervalMs;
    this.#clock.after(atMs - nowMs, granted);
  }
}

interface Member {
  readonly id: string;
  running: number;
  /** Its last grant, counted; 0: none yet. */
  registered: number;
  granted: ((permit: Permit) => void) | undefined;
  /** Its place among those that wait. */
  waits: Waiting | undefined;
}

interface Waiting {
  readonly member: Member;
  /** The member's, when it began to wait: that one can change while this still lies in the heap. */
  readonly registered: number;
  hasLeft: boolean;
}

/** Whoever has the fewest running first; of several the one that has had no grant for longest. */
class InTurn extends LazyHeap<Waiting> {
  add(member: Member): void {
    member.waits = { member, registered: member.registered, hasLeft: false };
    this.push(member.waits, member.running);
  }

  /** Says whether it waited. */
  remove(member: Member): boolean {
    if (member.waits === undefined) return false;
    member.waits.hasLeft = true;
    member.waits = undefined;
    this.oneLeft();
    return true;
  }

  pop(): Member | undefined {
    const member = this.peek()?.member;
    if (member !== undefined) this.remove(member);
    return member;
  }

  protected override isBefore(left: Waiting, right: Waiting): boolean {
    return left.registered === right.registered ? left.member.id < right.member.id : left.registered < right.registered;
  }
}

/** The budget of all gateways: a free slot goes to the one with the fewest running, of several to the one that has had none for longest. */
export class FleetModel {
  readonly #clock: VirtualClock;
  readonly #limits: FleetLimits;
  readonly #reservoir: Reservoir | undefined;
  readonly #waiting = new InTurn();
  #running = 0;
  #grants = 0;
  #members = 0;
  #waitsForMinute = false;

  constructor(limits: FleetLimits, clock: VirtualClock) {
    this.#limits = limits;
    this.#clock = clock;
    const { startsPerMinute } = limits;
    this.#reservoir = startsPerMinute === undefined ? undefined : new Reservoir(startsPerMinute, clock.nowMs);
  }

  /** For one more gateway. */
  join(): Permits {
    const member: Member = {
      id: String(this.#members++).padStart(6, "0"),
      running: 0,
      registered: 0,
      granted: undefined,
      waits: undefined,
    };
    return {
      ask: (granted) => {
        member.granted = granted;
        this.#waiting.add(member);
        this.#serve();
      },
    };
  }

  #serve(): void {
    while (this.#waiting.size > 0 && this.#running < this.#limits.maxConcurrent && this.#hasStart()) {
      const member = this.#waiting.pop();
      if (member !== undefined) this.#grant(member);
    }
  }

  #hasStart(): boolean {
    if (this.#reservoir === undefined || this.#reservoir.left(this.#clock.nowMs) > 0) return true;
    if (this.#waitsForMinute) return false;
    this.#waitsForMinute = true;
    this.#clock.after(this.#reservoir.nextAtMs - this.#clock.nowMs, () => {
      this.#waitsForMinute = false;
      this.#serve();
    });
    return false;
  }

  #grant(member: Member): void {
    const { granted } = member;
    member.granted = undefined;
    member.running += 1;
    member.registered = this.#grants += 1;
    this.#running += 1;
    this.#reservoir?.take();
    const free = () => {
      this.#running -= 1;
      // Its place among those that wait depends on it.
      const isWaiting = this.#waiting.remove(member);
      member.running -= 1;
      if (isWaiting) this.#waiting.add(member);
      this.#serve();
    };
    const giveBack = () => {
      this.#reservoir?.putBack();
      free();
    };
    this.#clock.after(0, () => granted?.({ end: free, giveBack }));
  }
}
