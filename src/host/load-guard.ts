import { monitorEventLoopDelay } from "node:perf_hooks";
import type { EventBus } from "../domain/events.ts";
import type { ResumeLane } from "../lane/resume-lane.ts";

export interface LoadLimits {
  /** 0 is no limit. */
  readonly maxEventLoopDelayMs: number;
  /** MiB of resident memory; `undefined` is no limit. */
  readonly maxMemoryMb: number | undefined;
}

export interface LoadGuardOptions {
  readonly lane: Pick<ResumeLane, "pause" | "unpause">;
  readonly events: Pick<EventBus, "on">;
  /** Those in force when they are asked for. */
  readonly limits: () => LoadLimits;
  readonly memoryBytes?: () => number;
}

/** How often it looks. Short, so that a gateway with a hitch now and then still has quiet moments. */
const LOOK_MS = 500;
const RESOLUTION_MS = 20;
const MIB = 1024 * 1024;

/** Keeps the lane from starting anything while the gateway itself is busy. It looks only while something is queued. */
export class LoadGuard {
  readonly #options: LoadGuardOptions;
  readonly #stopListening: () => void;
  #stopLooking: (() => void) | undefined;

  constructor(options: LoadGuardOptions) {
    this.#options = options;
    this.#stopListening = options.events.on("load", ({ queued }) => {
      if (queued === 0) this.#rest();
      else if (this.#stopLooking === undefined) this.#begin();
    });
  }

  stop(): void {
    this.#stopListening();
    this.#stopLooking?.();
  }

  #begin(): void {
    // First of all: what it finds is a load of the lane's, too.
    this.#stopLooking = this.#look();
    this.#judge(0);
  }

  #look(): () => void {
    // Two by turns, each for two looks: what blocks while one is begun or read is seen by the other.
    const monitors = [startMonitor(), startMonitor()];
    const timer = setInterval(() => {
      const oldest = monitors.shift();
      monitors.push(startMonitor());
      oldest?.disable();
      // The longest: one long block is one sample.
      this.#judge((oldest?.max ?? 0) / 1e6 - RESOLUTION_MS);
    }, LOOK_MS);
    timer.unref();
    return () => {
      clearInterval(timer);
      for (const monitor of monitors) monitor.disable();
    };
  }

  #rest(): void {
    if (this.#stopLooking === undefined) return;
    this.#stopLooking();
    this.#stopLooking = undefined;
    this.#options.lane.unpause("event-loop");
    this.#options.lane.unpause("memory");
  }

  #judge(delayMs: number): void {
    const { lane, limits, memoryBytes = residentMemory } = this.#options;
    const { maxEventLoopDelayMs, maxMemoryMb } = limits();
    const set = (cause: "event-loop" | "memory", isOver: boolean) => (isOver ? lane.pause(cause) : lane.unpause(cause));
    set("event-loop", maxEventLoopDelayMs > 0 && delayMs > maxEventLoopDelayMs);
    set("memory", maxMemoryMb !== undefined && memoryBytes() > maxMemoryMb * MIB);
  }
}

const residentMemory = (): number => process.memoryUsage.rss();

function startMonitor(): ReturnType<typeof monitorEventLoopDelay> {
  const monitor = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  monitor.enable();
  return monitor;
}
