import { isAscii, isUtf8 } from "node:buffer";
import { StoreError } from "./store-error.ts";

/** Where one row of a store's text is: from its key's first byte to behind its value. */
export interface RowSpan {
  readonly key: string;
  readonly start: number;
  readonly end: number;
}

type ReadRow<Row> = (key: string, entry: Readonly<Record<string, unknown>>) => Row;

/**
 * Reads the text of a `sessions.json`: each row as what `read` makes of it. Throws a `StoreError` at everything that the host
 * could not read, or would read otherwise than it stands there.
 */
export function readRows<Row>(bytes: Buffer, path: string, read: ReadRow<Row>): Row[] {
  if (bytes.length === 0) throw new StoreError("not-json", `${path} is empty: expected a JSON object`);
  if (bytes.subarray(0, 3).equals(BYTE_ORDER_MARK)) {
    throw new StoreError("not-json", `${path} starts with a byte order mark, which no host can read: save it without`);
  }
  if (!isUtf8(bytes)) throw new StoreError("not-json", `${path} is not valid UTF-8`);
  return readInPieces(bytes, read) ?? readWhole(bytes, path, read);
}

const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/** The text without the rows of these keys; what stays, stays byte for byte. */
export function withoutRows(bytes: Buffer, spans: readonly RowSpan[], retired: ReadonlySet<string>): Buffer[] {
  const [first] = spans;
  const last = spans.at(-1);
  if (first === undefined || last === undefined) return [bytes];
  if (spans.every(({ key }) => retired.has(key))) return [Buffer.from("{"), bytes.subarray(bytes.lastIndexOf("}"))];
  const parts = [bytes.subarray(0, first.start)];
  // Rows that stay and stand together are one piece, with what stands before it; the first stands where the first row stood.
  let piece: { from: number; to: number } | undefined;
  let before = first;
  for (const span of spans) {
    if (retired.has(span.key)) {
      if (piece !== undefined) parts.push(bytes.subarray(piece.from, piece.to));
      piece = undefined;
    } else piece = { from: piece?.from ?? (parts.length === 1 ? span.start : before.end), to: span.end };
    before = span;
  }
  if (piece !== undefined) parts.push(bytes.subarray(piece.from, piece.to));
  return [...parts, bytes.subarray(last.end)];
}

/** A store's text with more rows behind its own. */
export function withRows(bytes: Buffer, spans: readonly RowSpan[], added: readonly Buffer[]): Buffer[] {
  const last = spans.at(-1);
  if (added.length === 0) return [bytes];
  if (last === undefined) return storeOf(added);
  return [bytes.subarray(0, last.end), ...added.flatMap((row) => [BETWEEN, row]), bytes.subarray(last.end)];
}

const BETWEEN = Buffer.from(",\n  ");

const storeOf = (rows: readonly Buffer[]): Buffer[] => [
  Buffer.from("{\n  "),
  ...rows.flatMap((row, at) => (at === 0 ? [row] : [BETWEEN, row])),
  Buffer.from("\n}\n"),
];

/** How `JSON.stringify(store, null, 2)`, and so every host, begins a store, and where it goes from one row to the next. */
const BEGIN = Buffer.from('{\n  "');
const NEXT = Buffer.from('},\n  "');
const END = /\n\}\n?$/;
/** About as large as what stays in a processor's cache. */
const PIECE_BYTES = 64 * 1024;

/**
 * Reads a store as hosts write it, a piece of some rows at a time: what is not kept of a row is gone before the next is read,
 * and that takes less time than the whole at once. If every piece is so many complete members, the whole is an object of just
 * these. `undefined` when it is not so.
 */
function readInPieces<Row>(bytes: Buffer, read: ReadRow<Row>): Row[] | undefined {
  const closing = END.exec(bytes.toString("latin1", bytes.length - 3))?.[0].length;
  if (closing === undefined || !bytes.subarray(0, BEGIN.length).equals(BEGIN)) return undefined;
  const encoding = isAscii(bytes) ? "latin1" : "utf8";
  const last = bytes.length - closing;
  const rows: Row[] = [];
  const keys = new Set<string>();
  for (let start = BEGIN.length - 1; start < last;) {
    const next = bytes.indexOf(NEXT, start + PIECE_BYTES);
    const end = next === -1 ? last : next + 1;
    const piece = membersIn(bytes.toString(encoding, start, end));
    const before = rows.length;
    for (const key in piece) {
      const entry = piece[key];
      if (!isObject(entry)) return undefined;
      keys.add(key);
      rows.push(read(key, entry));
    }
    // Fewer than are there to see: two have the same key. None: it is no piece.
    if (rows.length - before !== 1 + count(bytes.subarray(start, end), NEXT)) return undefined;
    start = next === -1 ? last : next + NEXT.length - 1;
  }
  return keys.size === rows.length ? rows : undefined;
}

function membersIn(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(`{${text}}`) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

function count(bytes: Buffer, wanted: Buffer): number {
  let found = 0;
  for (let at = bytes.indexOf(wanted); at !== -1; at = bytes.indexOf(wanted, at + wanted.length)) found += 1;
  return found;
}

/** Reads any JSON object. */
function readWhole<Row>(bytes: Buffer, path: string, read: ReadRow<Row>): Row[] {
  const store = parse(bytes, path);
  if (!isObject(store)) throw new StoreError("not-an-object", `${path}: expected an object, found ${nameOf(store)}`);
  uniqueSpans(bytes, path);
  return Object.entries(store).map(([key, entry]) => {
    if (isObject(entry)) return read(key, entry);
    const found = `${path}: the row ${JSON.stringify(key)} is ${nameOf(entry)}`;
    throw new StoreError("not-an-object", `${found}: expected an object; correct or remove it`);
  });
}

/**
 * Where the rows are. Throws a `StoreError` when two have the same key. A store whose rows do not all begin on lines of their
 * own may be read without this look, and is never changed without it.
 */
export function uniqueSpans(bytes: Buffer, path: string): RowSpan[] {
  const spans = rowSpans(bytes);
  const keys = new Set<string>();
  for (const { key } of spans) {
    if (keys.has(key)) {
      throw new StoreError(
        "duplicate-key",
        `${path}: the key ${JSON.stringify(key)} is there twice: remove one of them`,
      );
    }
    keys.add(key);
  }
  return spans;
}

function parse(bytes: Buffer, path: string): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch (error) {
    // The message of the engine quotes what people wrote to each other.
    const [, position] = /at position (\d+)/.exec((error as Error).message) ?? [];
    throw new StoreError("not-json", `${path} is not JSON: ${whereIn(bytes, position)}`);
  }
}

function whereIn(bytes: Buffer, position: string | undefined): string {
  if (position === undefined) return "it ends too early";
  const before = bytes.toString("utf8").slice(0, Number(position));
  const line = before.split("\n").length;
  return `line ${line}, column ${before.length - before.lastIndexOf("\n")}`;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const SPACE = 0x20;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;

/** The members of the outermost object of a text that is valid JSON, in the order of the text. */
export function rowSpans(bytes: Buffer): RowSpan[] {
  const spans: RowSpan[] = [];
  let depth = 0;
  let key: string | undefined;
  let start = 0;
  let end = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? SPACE;
    if (byte <= SPACE) continue;
    if (byte === QUOTE) {
      const after = stringEnd(bytes, at);
      if (depth === 1 && key === undefined) {
        start = at;
        key = JSON.parse(bytes.toString("utf8", at, after)) as string;
      }
      at = after - 1;
    } else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) depth += 1;
    else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) depth -= 1;
    const isEnd = depth === 0 || (depth === 1 && byte === COMMA);
    if (isEnd && key !== undefined) {
      spans.push({ key, start, end });
      key = undefined;
    }
    end = at + 1;
  }
  return spans;
}

/** Behind the string that begins at `at`. */
function stringEnd(bytes: Buffer, at: number): number {
  let end = at + 1;
  while (end < bytes.length && bytes[end] !== QUOTE) end += bytes[end] === BACKSLASH ? 2 : 1;
  return end + 1;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function nameOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "an array" : `a ${typeof value}`;
}
