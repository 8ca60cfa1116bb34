import type { Fact } from "../domain/verdict.ts";

/** Control, formatting (bidi, zero width), lone surrogate: nothing of it may reach a terminal from a stranger. */
const HOSTILE = /[\p{Cc}\p{Cf}\p{Cs}]/gu;
const BREAKS = /[\t\n\v\f\r\u0085\u2028\u2029]+/gu;

/** `text` as one harmless line; U+FFFD stands where something was taken out. */
export const clean = (text: string): string => text.replace(BREAKS, " ").replace(HOSTILE, "\u{fffd}");

/** A view with every text in it cleaned, for people to read. */
export function cleaned<Value>(value: Value): Value;
export function cleaned(value: unknown): unknown {
  if (typeof value === "string") return clean(value);
  if (Array.isArray(value)) return value.map((item) => cleaned<unknown>(item));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [clean(key), cleaned<unknown>(item)]));
}

/** What JSON says, or the text itself where it is none. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** JSON that means the same and is as harmless: what `JSON.stringify` lets through is escaped. */
export function toJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(/[\u{7f}-\u{9f}\u{2028}\u{2029}\p{Cf}]/gu, escapeUnits);
}

const escapeUnits = (text: string): string =>
  Array.from({ length: text.length }, (_, at) => `\\u${text.charCodeAt(at).toString(16).padStart(4, "0")}`).join("");

const segmenter = new Intl.Segmenter();
/** Nearly every text is plain, and asking costs a hundredth of taking it apart. */
const isPlain = (text: string): boolean => /^[\x20-\x7e]*$/.test(text);
const charactersOf = (text: string): string[] =>
  isPlain(text) ? text.split("") : Array.from(segmenter.segment(text), ({ segment }) => segment);

/** How many columns a clean text takes, wide characters aside. */
export const widthOf = (text: string): number => (isPlain(text) ? text.length : charactersOf(text).length);

/** `text` in at most `width` columns; what is left out is in the middle, where session keys differ least. */
export function shorten(text: string, width: number): string {
  const characters = charactersOf(text);
  if (characters.length <= width) return text;
  const tail = Math.floor((width - 1) / 2);
  return [...characters.slice(0, width - 1 - tail), "\u{2026}", ...characters.slice(characters.length - tail)].join("");
}

const UNITS = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
] as const;

/** A duration in its two largest units: `2h 5m`. */
export function duration(ms: number): string {
  if (ms < 0) return `-${duration(-ms)}`;
  const first = UNITS.findIndex(([, unitMs]) => ms >= unitMs);
  if (first === -1 || !Number.isFinite(ms)) return ms === 0 ? "0s" : `${ms}ms`;
  let rest = ms;
  const parts = UNITS.slice(first, first + 2).map(([unit, unitMs]) => {
    const count = Math.floor(rest / unitMs);
    rest -= count * unitMs;
    return count === 0 ? "" : `${count}${unit}`;
  });
  return parts.filter((part) => part !== "").join(" ");
}

/** A time as ISO 8601 in the local zone: `2026-02-03T14:05:06+01:00`. */
export function time(atMs: number): string {
  const offset = -new Date(atMs).getTimezoneOffset();
  const local = new Date(atMs + offset * 60_000);
  if (Number.isNaN(local.getTime())) return String(atMs);
  const two = (count: number) => String(Math.floor(count)).padStart(2, "0");
  const zone = `${offset < 0 ? "-" : "+"}${two(Math.abs(offset) / 60)}:${two(Math.abs(offset) % 60)}`;
  return `${local.toISOString().slice(0, -5)}${zone}`;
}

/** What a rule found or compared with. */
export function fact(value: Fact, unit: "ms" | "time" | null): string {
  if (value === null) return "-";
  if (typeof value !== "number" || unit === null) return String(value);
  return unit === "ms" ? duration(value) : time(value);
}

/** A large number: `12,345`. */
export const grouped = (value: number): string => value.toLocaleString("en-US");

/** `admit 3, hold 1`, without what did not occur. */
export function counts(record: Readonly<Record<string, number>>): string {
  const occurred = Object.entries(record).filter(([, count]) => count > 0);
  return occurred.length === 0 ? "none" : occurred.map(([name, count]) => `${name} ${count}`).join(", ");
}
