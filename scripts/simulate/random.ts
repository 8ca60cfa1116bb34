/** Seeded randomness: the same for the same seed, on every machine. */

/** Numbers from 0 to below 1. */
export type Random = () => number;

/**
 * Depends on the seed and on what the numbers are for (`of`), and on nothing that happens: every scenario meets the same
 * sessions and the same users.
 */
export function randomOf(seed: number, ...of: readonly number[]): Random {
  let state = [seed, ...of].reduce((mixed, part) => mix(mixed ^ part), 0x9e3779b9);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    return mix(state) / 2 ** 32;
  };
}

/** A time with this mean, log-normal; `spread` is the standard deviation of its logarithm, 0: always the mean. */
export function logNormal(random: Random, mean: number, spread: number): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return mean * Math.exp(spread * normal - spread ** 2 / 2);
}

/** A time between two events that happen independently of each other, with this mean. */
export const exponential = (random: Random, mean: number): number => -Math.log(1 - random()) * mean;

/** Spreads a change of one bit over all 32 (the end of MurmurHash3). */
function mix(value: number): number {
  let mixed = value | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
