import type Bottleneck from "bottleneck/light.js";
import type { Permit, PermitSource } from "./permits.ts";

/** How fast resumes may start; 0 is no limit. */
export interface PaceLimits {
  /** Shortest time between two starts. */
  readonly startIntervalMs: number;
  readonly startsPerMinute: number;
}

const MINUTE_MS = 60_000;

/** Whether there is any pace: without one nobody is asked. */
export const hasPace = ({ startIntervalMs, startsPerMinute }: PaceLimits): boolean =>
  startIntervalMs > 0 || startsPerMinute > 0;

/**
 * The pace of one gateway, by Bottleneck: it decides when, and never who. It costs milliseconds per job, so it holds no queue:
 * it is asked for one start at a time.
 */
export class Pace implements PermitSource {
  #limits: PaceLimits;
  /** Made when it is first asked: it has a timer of its own. */
  #limiter: Bottleneck | undefined;
  readonly #after: (delayMs: number, callback: () => void) => () => void;
  #isAsked = false;
  #isClosed = false;
  /** Loaded when it is first asked: most gateways have nothing to resume. */
  #Limiter: LimiterClass | undefined;
  /** A start that was granted and not used. */
  #spare = false;
  #cancelLongest: () => void = () => undefined;

  /** `after` is a steady timer: the returned function cancels. */
  constructor(limits: PaceLimits, after: (delayMs: number, callback: () => void) => () => void) {
    this.#limits = limits;
    this.#after = after;
  }

  get waitsFor(): "pace" | undefined {
    return this.#isAsked ? "pace" : undefined;
  }

  /** For the starts that are asked for from now on. */
  setLimits(limits: PaceLimits): void {
    const { startIntervalMs, startsPerMinute } = this.#limits;
    this.#limits = limits;
    const isSame = limits.startIntervalMs === startIntervalMs && limits.startsPerMinute === startsPerMinute;
    if (isSame || this.#Limiter === undefined || this.#limiter === undefined) return;
    this.#replaceLimiter(this.#Limiter, this.#limiter);
  }

  async ask(): Promise<Permit> {
    if (!this.#spare && hasPace(this.#limits)) {
      this.#isAsked = true;
      this.#Limiter ??= (await import("bottleneck/light.js")).default;
      await this.#granted(this.#Limiter);
      this.#isAsked = false;
    }
    this.#spare = false;
    return { end: () => undefined, giveBack: () => (this.#spare = true) };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelLongest();
    if (this.#limiter !== undefined) await stop(this.#limiter);
  }

  #granted(Limiter: LimiterClass): Promise<void> {
    return new Promise((resolve) => {
      if (this.#isClosed) return;
      // Bottleneck goes by the wall clock: one that was set back would keep it waiting for as long.
      const longestMs = Math.max(MINUTE_MS, this.#limits.startIntervalMs) + 1_000;
      this.#cancelLongest = this.#after(longestMs, () => {
        if (this.#limiter !== undefined) this.#replaceLimiter(Limiter, this.#limiter);
      });
      const grant = () => {
        this.#cancelLongest();
        resolve();
      };
      const ask = () => {
        const limiter = (this.#limiter ??= newLimiter(Limiter, this.#limits));
        const retry = () => (limiter === this.#limiter ? undefined : ask());
        // One that is replaced or closed drops the ask.
        limiter.schedule(() => Promise.resolve()).then(grant, retry);
      };
      ask();
    });
  }

  /** What was asked of the old one is asked of the new one. */
  #replaceLimiter(Limiter: LimiterClass, old: Bottleneck): void {
    this.#limiter = newLimiter(Limiter, this.#limits);
    void stop(old);
  }
}

type LimiterClass = typeof Bottleneck;

function newLimiter(Limiter: LimiterClass, { startIntervalMs, startsPerMinute }: PaceLimits): Bottleneck {
  const perMinute = {
    reservoir: startsPerMinute,
    reservoirRefreshAmount: startsPerMinute,
    reservoirRefreshInterval: MINUTE_MS,
  };
  return new Limiter({ minTime: startIntervalMs, ...(startsPerMinute > 0 ? perMinute : {}) });
}

async function stop(limiter: Bottleneck): Promise<void> {
  // It throws when it has been stopped already.
  await limiter.stop({ dropWaitingJobs: true }).catch(() => undefined);
  await limiter.disconnect(false);
}
