import { createHmac } from "node:crypto";

/** Enough to tell ten thousand sessions apart, few enough to be read aloud. */
const REF_DIGITS = 12;

/** Each step of a run asks for the same one: of so many sessions it is kept. */
const RECENT = 256;

/** Whether this may be what stands for a session in the log. */
export const looksLikeRef = (text: string): boolean => new RegExp(`^[0-9a-f]{${REF_DIGITS}}$`).test(text);

/**
 * What stands for a session in the log: a keyed hash of its canonical key. A plain hash would not do, because chat ids and
 * phone numbers are few enough to try them all.
 */
export class SessionRefs {
  readonly key: string;
  /** By canonical key, the newest last. */
  readonly #recent = new Map<string, string>();

  constructor(key: string) {
    this.key = key;
  }

  of(canonicalKey: string): string {
    const known = this.#recent.get(canonicalKey);
    if (known !== undefined) return known;
    const ref = createHmac("sha256", this.key).update(canonicalKey).digest("hex").slice(0, REF_DIGITS);
    this.#recent.set(canonicalKey, ref);
    const [oldest = canonicalKey] = this.#recent.keys();
    if (this.#recent.size > RECENT) this.#recent.delete(oldest);
    return ref;
  }
}
