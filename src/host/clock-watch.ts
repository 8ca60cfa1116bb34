import { readFileSync } from "node:fs";
import { uptime } from "node:os";
import { type ClockJump, type ClockMark, jumpBetween, recentJumps } from "../domain/clock-jumps.ts";
import type { Facts } from "../record/facts.ts";
import { RecordStore } from "../record/record-store.ts";

/** How often a running gateway looks. */
const LOOK_EVERY_MS = 60_000;
/** No session is held for longer than a year (`gc.heldDays`), and none resumed, by any settings that make sense. */
const KEPT_MS = 366 * 24 * 3_600_000;

/** The clocks as they are now; `undefined` where the machine does not tell its starts apart (all but Linux). */
export function clockMark(): ClockMark | undefined {
  try {
    const machine = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    return { wallMs: Date.now(), uptimeMs: Math.round(uptime() * 1_000), machine };
  } catch {
    return undefined;
  }
}

/** Every jump that is known of, the one since the newest mark included. Changes nothing. */
export function clockJumps(facts: Pick<Facts, "get">, now: ClockMark | undefined): readonly ClockJump[] {
  const known = facts.get("clockJumps") ?? [];
  const mark = facts.get("clock");
  const found = mark === undefined || now === undefined ? undefined : jumpBetween(mark, now);
  return found === undefined ? known : [...known, found];
}

/** The same of the record in this state folder. */
export const knownJumps = (stateDir: string): readonly ClockJump[] =>
  RecordStore.peek(stateDir, ({ facts }) => clockJumps(facts, clockMark()), []);

/**
 * Remembers how far the wall clock is set, now and while the gateway runs, so that no session looks older or younger for
 * it. Returns how to stop.
 */
export function watchClock(options: {
  readonly facts: Pick<Facts, "get" | "set">;
  readonly read: () => ClockMark | undefined;
  readonly failed: (error: unknown) => void;
}): () => void {
  const look = () => {
    try {
      remember(options.facts, options.read());
    } catch (error) {
      options.failed(error);
    }
  };
  look();
  const timer = setInterval(look, LOOK_EVERY_MS).unref();
  return () => clearInterval(timer);
}

function remember(facts: Pick<Facts, "get" | "set">, now: ClockMark | undefined): void {
  if (now === undefined) return;
  const before = facts.get("clockJumps") ?? [];
  const jumps = recentJumps(clockJumps(facts, now), now.wallMs, KEPT_MS);
  if (jumps.length !== before.length) facts.set("clockJumps", jumps);
  facts.set("clock", now);
}
