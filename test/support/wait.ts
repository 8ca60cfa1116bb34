/**
 * Waiting for a condition, never for a length of time: poll until it holds or the deadline passes, and say then
 * what was last seen.
 */

export type WaitOptions = {
  /** Give up after this many milliseconds. */
  timeoutMs: number;
  /** Milliseconds between two looks (default 25). */
  everyMs?: number;
  /** What is waited for, as it should read in the error. */
  what: string;
  /** The last state, shown in the error (for example the end of a log). */
  lastState?: () => string;
  /** A reason to give up early (for example: the process has exited). */
  giveUpWhen?: () => string | undefined;
};

export class WaitTimeout extends Error {
  override name = "WaitTimeout";
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Resolves with the first value of `look` that is neither `undefined` nor `false`. */
export async function waitFor<T>(
  look: () => T | undefined | false | Promise<T | undefined | false>,
  options: WaitOptions,
): Promise<T> {
  const startedAtMs = performance.now();
  const fail = (why: string): never => {
    const state = options.lastState?.();
    throw new WaitTimeout(`${why}: ${options.what}${state ? `\n--- last state ---\n${state}` : ""}`);
  };
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    const reason = options.giveUpWhen?.();
    if (reason !== undefined) fail(`gave up (${reason})`);
    if (performance.now() - startedAtMs > options.timeoutMs) fail(`not within ${options.timeoutMs} ms`);
    await sleep(options.everyMs ?? 25);
  }
}

/** The same promise, rejecting with a clear error if it takes longer than `timeoutMs`. */
export async function within<T>(promise: Promise<T>, timeoutMs: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new WaitTimeout(`not within ${timeoutMs} ms: ${what}`)), timeoutMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
