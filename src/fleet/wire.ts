import type { Socket } from "node:net";
import type { Redis } from "ioredis";
import type { Fault } from "./fault.ts";

/** Between two looks at what has come in. */
export const TICK_MS = 1_000;
/**
 * So many looks without an answer, and nobody is there. Looks and not time: a gateway whose own event loop stood still
 * must not blame Redis. A Redis that takes two seconds for every command is slow and no more.
 */
const PATIENCE_TICKS = 5;

/** One of the two connections: whether what is asked on it is answered. */
export class Wire {
  readonly #connection: Redis;
  #seen = "";
  #quietTicks = 0;

  constructor(connection: Redis) {
    this.#connection = connection;
  }

  /** Looks; a fault when nothing has come back for too long. */
  look(): Fault | undefined {
    const { status, commandQueue } = this.#connection;
    // Not there yet while it looks up the host.
    const stream = this.#connection.stream as Socket | undefined;
    const seen = `${status} ${stream?.connecting} ${stream?.bytesRead}`;
    const isOwed = status !== "ready" || commandQueue.length > 0;
    this.#quietTicks = isOwed && seen === this.#seen ? this.#quietTicks + 1 : 0;
    this.#seen = seen;
    if (this.#quietTicks < PATIENCE_TICKS) return undefined;
    const during = status === "connecting" ? (stream?.connecting === false ? "tls" : "connect") : "talk";
    return { kind: "silent", during, forMs: PATIENCE_TICKS * TICK_MS };
  }
}
