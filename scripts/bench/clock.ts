/** A clock for a busy machine. */
import { closeSync, openSync, readFileSync, readSync } from "node:fs";

const buffer = Buffer.alloc(128);
const schedstat = open();

function open(): number | undefined {
  try {
    const file = openSync("/proc/self/schedstat", "r");
    process.once("exit", () => closeSync(file));
    return file;
  } catch {
    // Not Linux, or a kernel without it: then the noise stays in.
    return undefined;
  }
}

/**
 * How long the main thread has been waiting for a processor in all, nanoseconds: the second figure of
 * `/proc/self/schedstat` (Linux, Documentation/scheduler/sched-stats.rst).
 */
function runQueueDelayNs(): number {
  if (schedstat === undefined) return 0;
  const length = readSync(schedstat, buffer, 0, buffer.length, 0);
  return delayNsIn(buffer.toString("latin1", 0, length));
}

const delayNsIn = (stat: string): number => Number(stat.split(" ")[1]);

/** How long the main thread of another process has been waiting for a processor in all, milliseconds. */
export function runQueueDelayMsOf(pid: number): number {
  if (schedstat === undefined) return 0;
  return delayNsIn(readFileSync(`/proc/${pid}/schedstat`, "latin1")) / 1e6;
}

/** Nanoseconds that only go on while this thread does not wait for a processor. For differences. */
export function workNs(): number {
  return Number(process.hrtime.bigint()) - runQueueDelayNs();
}
