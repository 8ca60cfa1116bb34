/** Texts that are, or were once, a `sessions.json`; and a judge of them that has nothing of the tool's own reading. */
import { transcriptOf } from "./gc-stores.ts";

/** From 0 to below `below`; the same seed makes the same numbers (mulberry32). */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  below(below: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  }

  one<Item>(of: readonly Item[]): Item {
    return of[this.below(of.length)]!;
  }
}

const HOUR_MS = 3_600_000;
/** Between the tokens of a JSON text. */
const GAPS = ["", " ", "\n", "\t", "\r\n", "\n  ", "\n    "];
/** Behind a row or a member of one: the first is what a host writes between rows, wherever it may stand here. */
const COMMAS = [",\n  ", ",\n  ", ",", ", ", ",\n", ",\n    ", "\n,\n  ", ",\n  \n  "];

interface Row {
  readonly key: string;
  /** The key as it is spelt in the text. */
  readonly spelling: string;
  readonly value: string;
}

/** A sound store's rows: some old, some new, some with a transcript of their own. */
function rowsOf(dice: Dice): Row[] {
  const count = dice.below(7);
  return Array.from({ length: count }, (_, at) => {
    const key = dice.one([
      `agent:main:telegram:direct:${at}`,
      `agent:main:telegram:group:-${at}`,
      `agent:main:cron:job-${at}`,
      `hook:${at}`,
      String(at),
      `agent:main:Ünïcode:direct:${at}😀`,
    ]);
    return { key, spelling: JSON.stringify(key), value: valueOf(dice, at) };
  });
}

/** A row of odd form, sometimes larger than what the tool reads at once, with objects in it that could be rows. */
function valueOf(dice: Dice, at: number): string {
  const atMs = Date.now() - dice.one([0.5, 100, 1000]) * HOUR_MS;
  const size = dice.one([0, 10, 1000, 70_000]);
  const members = [
    `"sessionId": "s${at}"`,
    `"updatedAt": ${atMs}`,
    ...(dice.below(3) === 0 ? [`"origin": {"label": {}},\n  "agent:main:inner${at}": {"x": {"y": 1}}`] : []),
    ...(size === 0 ? [] : [`"filler": ${JSON.stringify("x".repeat(size))}`]),
    ...(dice.below(3) === 0 ? [`"skills": {"a": {},\n  "b": {"c": {}},\n  "d": [{},\n  {"e": {}}]}`] : []),
    ...(dice.below(4) === 0 ? [`"note": "a },\\n  \\"b\\": { \\\\"`] : []),
    ...(dice.below(4) === 0 ? [`"status": ${dice.one(['"failed"', '"done"', "7", "null"])}`] : []),
  ];
  const start = dice.below(members.length);
  const shuffled = [...members.slice(start), ...members.slice(0, start)];
  return `{${dice.one(GAPS)}${joined(dice, shuffled)}${dice.one(GAPS)}}`;
}

function joined(dice: Dice, parts: readonly string[]): string {
  const isPlain = dice.below(3) === 0;
  return parts.map((part, at) => (at === 0 ? part : (isPlain ? ",\n  " : dice.one(COMMAS)) + part)).join("");
}

/** The text of rows, beginning and ending as a host's in most cases. */
function textOf(dice: Dice, rows: readonly Row[]): string {
  const members = rows.map(({ spelling, value }) => `${spelling}${dice.one([": ", ":", " :\t"])}${value}`);
  const isHosts = dice.below(3) > 0;
  const [open, close] = isHosts ? ["{\n  ", dice.one(["\n}", "\n}\n"])] : [`{${dice.one(GAPS)}`, `${dice.one(GAPS)}}`];
  return open + joined(dice, members) + close;
}

const store = (dice: Dice): string => textOf(dice, rowsOf(dice));

/** At least that many rows. */
function rowsFrom(dice: Dice, least: number): Row[] {
  for (;;) {
    const rows = rowsOf(dice);
    if (rows.length >= least) return rows;
  }
}

/** One place of a text, by bytes. */
function mutated(dice: Dice, change: (bytes: Buffer, at: number) => Buffer): Buffer {
  let bytes: Buffer = Buffer.from(store(dice));
  for (let left = 1 + dice.below(3); left > 0; left--) bytes = change(bytes, dice.below(bytes.length));
  return bytes;
}

const cut = (bytes: Buffer, from: number, to: number, by: Uint8Array = Buffer.alloc(0)): Buffer =>
  Buffer.concat([bytes.subarray(0, from), by, bytes.subarray(to)]);

function withDuplicate(dice: Dice, spelt: (key: string) => string): string {
  const rows = rowsFrom(dice, 1);
  const twice = dice.one(rows);
  const again = { ...twice, spelling: spelt(twice.key), value: valueOf(dice, 9) };
  return textOf(dice, rows.toSpliced(dice.below(rows.length + 1), 0, again));
}

/** `\u0061` for one letter of it. */
function escaped(dice: Dice, key: string): string {
  const at = dice.below(key.length);
  const code = key.charCodeAt(at).toString(16).padStart(4, "0");
  const before = JSON.stringify(key.slice(0, at)).slice(0, -1);
  return `${before}\\u${code}${JSON.stringify(key.slice(at + 1)).slice(1)}`;
}

function withOneRow(dice: Dice, value: string): string {
  const rows = rowsFrom(dice, 1);
  return textOf(dice, rows.with(dice.below(rows.length), { key: "odd", spelling: '"odd"', value }));
}

/** Where as many rows seem to be as there are different keys. */
const TWICE = [
  '{\n  "a": {},"b": {},\n  "a": {}\n}',
  '{\n  "a": {"x": {},\n  "y": {}},\n  "a": {}\n}',
  '{\n  "a": {"x": {"z": {},\n  "y": {}}},\n  "b": {},"c": {},\n  "a": {}\n}\n',
];

const DEPTH = 200_000;
const deep = (open: string, close: string): string => open.repeat(DEPTH) + close.repeat(DEPTH);

/** By what is wrong with them, if anything is. */
export const STORE_TEXTS: Readonly<Record<string, (dice: Dice) => Buffer | string>> = {
  sound: store,
  "sound, as a host writes it": (dice) => JSON.stringify(JSON.parse(textOf(dice, rowsOf(dice))), null, 2),
  "sound, with a key escaped": (dice) =>
    textOf(
      dice,
      rowsFrom(dice, 1).map((row) => ({ ...row, spelling: escaped(dice, row.key) })),
    ),
  truncated: (dice) => {
    const bytes = Buffer.from(store(dice));
    return bytes.subarray(0, dice.below(bytes.length));
  },
  "bytes changed": (dice) => mutated(dice, (bytes, at) => cut(bytes, at, at + 1, Buffer.of(dice.below(256)))),
  "bits flipped": (dice) =>
    mutated(dice, (bytes, at) => cut(bytes, at, at + 1, Buffer.of(bytes[at]! ^ (1 << dice.below(8))))),
  "bytes inserted": (dice) =>
    mutated(dice, (bytes, at) =>
      cut(bytes, at, at, Buffer.from(dice.one(["{", "}", '"', ",", "\\", "\n", " ", "\0", "[", "]", ":"]))),
    ),
  "bytes deleted": (dice) => mutated(dice, (bytes, at) => cut(bytes, at, at + 1 + dice.below(4))),
  "invalid UTF-8": (dice) =>
    mutated(dice, (bytes, at) =>
      cut(bytes, at, at, Buffer.from(dice.one(["ff", "c0af", "eda080", "f4908080", "e282"]), "hex")),
    ),
  "a byte order mark": (dice) => `\ufeff${store(dice)}`,
  "UTF-16": (dice) => {
    const bytes = Buffer.from(`${dice.one(["\ufeff", ""])}${store(dice)}`, "utf16le");
    return dice.below(2) === 0 ? bytes : bytes.swap16();
  },
  "a key twice": (dice) => (dice.below(5) > 0 ? withDuplicate(dice, (key) => JSON.stringify(key)) : dice.one(TWICE)),
  "a key twice, once escaped": (dice) => withDuplicate(dice, (key) => escaped(dice, key)),
  "a row that is none": (dice) => withOneRow(dice, dice.one(["null", "[]", '"text"', "7", "true", "[{}]", "1e999"])),
  "no object": (dice) => dice.one(["[]", '"text"', "null", "7", "true", "[\n  {}\n]", `[${store(dice)}]`]),
  nothing: (dice) => dice.one(["", " ", "\n", "\t\r\n ".repeat(dice.below(1000)), "\0".repeat(1 + dice.below(1000))]),
  "deep in a row": (dice) =>
    withOneRow(dice, `{"deep": ${dice.one([deep("[", "]"), deep('{"a":', "}").replace(":}", ":1}")])}}`),
  "deep, cut off": (dice) => dice.one(["[", '{"a":']).repeat(DEPTH),
  "huge numbers": (dice) =>
    withOneRow(dice, `{"updatedAt": ${dice.one(["1e308", "1e999", "-1e999", "9".repeat(5000), "-0", "1e-400"])}}`),
  "half a character": (dice) =>
    withOneRow(dice, `{"sessionId": "${dice.one(["\\ud800", "\\udc00x", "a\\ud83d", "\\ude00\\ud83d"])}"}`),
  "a trailing comma": (dice) => store(dice).replace(/(\s*\}\s*)$/, ",$1"),
  "a comment": (dice) => store(dice).replace("{", dice.one(["{ // what\n", "{ /* what */", "// what\n{", "{# what\n"])),
  "several of them": (dice) => store(dice) + dice.one(["", "\n", ","]) + store(dice),
  "something behind it": (dice) => store(dice) + dice.one(["x", "\0", "}", "]", "\n\n\u00a0", "\u2028"]),
  "keys of any form": (dice) => {
    const keys = [
      "",
      "__proto__",
      "constructor",
      "0",
      "01",
      "-1",
      "4294967295",
      " a ",
      "\\",
      '"',
      "{",
      "},\n  ",
      "\ud800",
      "\u0000",
    ];
    const rows = keys.map((key, at) => ({ key, spelling: JSON.stringify(key), value: valueOf(dice, at) }));
    return textOf(dice, rows.slice(dice.below(keys.length)));
  },
};

/** Whether that is a store that a host reads as it stands there: strict UTF-8, JSON, an object of objects, no key twice. */
export function isSound(bytes: Uint8Array): boolean {
  const parsed = storeIn(bytes);
  return parsed !== undefined && outerKeys(new TextDecoder().decode(bytes)).length === Object.keys(parsed).length;
}

/** The same, although a key may be there twice. */
export const isJsonOfRows = (bytes: Uint8Array): boolean => storeIn(bytes) !== undefined;

function storeIn(bytes: Uint8Array): object | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    const parsed: unknown = JSON.parse(text);
    return isRow(parsed) && Object.values(parsed).every(isRow) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

const isRow = (value: unknown): value is object => typeof value === "object" && value !== null && !Array.isArray(value);

/** The keys of a JSON text's outermost object, as often as they are there. */
function outerKeys(text: string): string[] {
  const keys: string[] = [];
  let depth = 0;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"(?:\s*:)?|[[\]{}]/g)) {
    if (token === "{" || token === "[") depth += 1;
    else if (token === "}" || token === "]") depth -= 1;
    else if (depth === 1 && token.endsWith(":")) keys.push(token);
  }
  return keys;
}

/** The transcripts that the rows of such a text can have. */
export const FUZZ_TRANSCRIPTS: Readonly<Record<string, string>> = Object.fromEntries(
  ["s0", "s1", "s2", "s4", "s9"].map((id) => [`${id}.jsonl`, transcriptOf(id)]),
);
