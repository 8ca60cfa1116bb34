/** Clocks differ a little; a time this far in the future is no time. */
export const CLOCK_TOLERANCE_MS = 60_000;

/** The wall clock was set: by hand, by a time server, after a virtual machine was paused. */
export interface ClockJump {
  /** What it showed, or would have shown, when the jump was found; epoch milliseconds. */
  readonly atMs: number;
  /** How far it was set forward; negative: back. Milliseconds. */
  readonly byMs: number;
}

/** The wall clock beside one that only ever runs on, of one start of one machine. */
export interface ClockMark {
  readonly wallMs: number;
  /** Since the machine was started, the time in which it was suspended included; milliseconds. */
  readonly uptimeMs: number;
  /** Which start of which machine. */
  readonly machine: string;
}

/** Less is a clock that is kept right, not one that was set. Milliseconds. */
const TOLERANCE_MS = 30_000;

/** How far the wall clock was set between two marks; `undefined` when it was not, or the marks cannot be compared. */
export function jumpBetween(before: ClockMark, after: ClockMark): ClockJump | undefined {
  if (before.machine !== after.machine || after.uptimeMs < before.uptimeMs) return undefined;
  const atMs = before.wallMs + after.uptimeMs - before.uptimeMs;
  const byMs = after.wallMs - atMs;
  return Math.abs(byMs) > TOLERANCE_MS ? { atMs, byMs } : undefined;
}

/**
 * How long ago something was that the wall clock dates, whatever the clock was set to since. Of a time that the clock has
 * shown twice, the later is meant, unless that is still to come: nobody is held because of a guess.
 */
export function elapsedMs(sinceMs: number, nowMs: number, jumps: readonly ClockJump[] = []): number {
  const before = jumps.filter(
    ({ atMs, byMs }) => sinceMs <= atMs && (byMs > 0 || sinceMs <= atMs + byMs || sinceMs > nowMs),
  );
  return nowMs - sinceMs - before.reduce((sum, { byMs }) => sum + byMs, 0);
}

/** Those of these jumps, the oldest first, that happened less than `keptMs` ago, whatever the clock was set to since. */
export function recentJumps(jumps: readonly ClockJump[], nowMs: number, keptMs: number): ClockJump[] {
  let setSinceMs = 0;
  const recent = jumps.toReversed().filter(({ atMs, byMs }) => {
    setSinceMs += byMs;
    return nowMs - setSinceMs - atMs < keptMs;
  });
  return recent.toReversed();
}

/** Whether the first of two times was after the second. */
export type IsLater = (atMs: number, thanMs: number) => boolean;

/** For a clock that was never set. */
export const plainlyLater: IsLater = (atMs, thanMs) => atMs > thanMs;

/** For times that the wall clock dates, as it is set now. */
export const laterBy =
  (jumps: readonly ClockJump[], nowMs: number): IsLater =>
  (atMs, thanMs) =>
    elapsedMs(atMs, nowMs, jumps) < elapsedMs(thanMs, nowMs, jumps);
