import type { AsyncLocalStorage } from "node:async_hooks";
import type { BootFacts } from "../observe/metrics.ts";
import type { SchedulerMemory } from "../domain/scheduler.ts";
import type { WaitingCarryOver } from "../record/carry-overs.ts";
import type { ResumeService } from "./service.ts";
import type { LiveSettings } from "../settings/live.ts";
import { toldToStop } from "./told-to-stop.ts";

/**
 * What outlives a plugin that is replaced in process, even by a second copy of this module: whether this process has
 * started it before, the settings that were last right, the context of the gateway's start, the signal of its stop, the key
 * of what stands for a session in the log, what is known of the gateway's start, what its lane has learnt since, and what
 * waits to be carried over (a host registers the end of a session and its next prompt with two of these).
 */
export const inProcess = ((globalThis as Record<symbol, unknown>)[Symbol.for("openclaw-resume-scheduler")] ??= {
  started: false,
}) as {
  started: boolean;
  lastRight?: LiveSettings["lastRight"];
  context?: ReturnType<typeof AsyncLocalStorage.snapshot> | undefined;
  stopping?: AbortSignal | undefined;
  /** The host gives no such signal, and tells of its start once: not again to a plugin that replaces one (before 2026.9). */
  startIsToldOnce?: boolean;
  logKey?: string;
  boot?: GatewayBoot | undefined;
  lane?: SchedulerMemory | undefined;
  /** That runs, or could not start: a host may send hooks to a registration whose service it never starts (2026.7.1-2). */
  service?: ResumeService | undefined;
  /** By canonical key; undefined until the record has been read. */
  carryOvers?: Map<string, WaitingCarryOver>;
  /** Prompts (the host's events) that have got theirs. */
  carriedInto?: WeakSet<object>;
};

/** What is known of the start of the gateway that runs. */
export interface GatewayBoot extends BootFacts {
  /** By `performance.now()`. */
  readyAtMs?: number;
  firstReplyMs?: number;
}

/**
 * Remembers which gateway this is until it stops: one that restarts in its process is another. Every plugin that replaces
 * one gets a signal of its own; each tells the end of the same gateway. Returns the one to go by.
 */
export function belongTo(given: AbortSignal | undefined): AbortSignal {
  const { stopping } = inProcess;
  if (stopping !== undefined && !stopping.aborted) return given ?? stopping;
  const signal = given ?? toldToStop();
  // A gateway can be told to stop before it has told of its start.
  if (signal.aborted) forgetContext();
  else signal.addEventListener("abort", forgetContext, { once: true });
  inProcess.startIsToldOnce = given === undefined;
  return (inProcess.stopping = signal);
}

/** No part of a service: that may have been replaced by then. */
function forgetContext(): void {
  inProcess.context = undefined;
}
