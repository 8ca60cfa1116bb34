import { closeSync, fstatSync, openSync, readSync } from "node:fs";

/** The end of a transcript. */
export interface TranscriptEnd {
  /** Oldest first. */
  readonly events: readonly unknown[];
  readonly bytesRead: number;
}

/** Is this event, together with the newer ones, enough? Asked newest first. */
export type Enough = (event: unknown) => boolean;

const STEP_BYTES = 64 * 1024;
/** What lies deeper than this is not looked for: all of it is read while a user waits. */
const MAX_BYTES = 4 * 1024 * 1024;
/** Of a longer line (a tool's output, mostly) the beginning tells whether it is worth being parsed. */
const LONG_LINE_BYTES = 1024;
const NEWLINE = 0x0a;

/**
 * Reads a transcript file (one JSON event per line) from its end, until there is enough. Lines that are no JSON are passed
 * over: the last may be cut short, or still being written. Throws what the file system throws.
 */
export function readTranscriptEnd(path: string, enough: Enough): TranscriptEnd {
  const file = openSync(path, "r");
  try {
    return readBackwards(file, fstatSync(file).size, enough);
  } finally {
    closeSync(file);
  }
}

function readBackwards(file: number, size: number, enough: Enough): TranscriptEnd {
  const newestFirst: unknown[] = [];
  const end = (start: number) => ({ events: newestFirst.toReversed(), bytesRead: size - start });
  const take = (line: Buffer): boolean => {
    const event = parse(line);
    if (event === undefined) return false;
    newestFirst.push(event);
    return enough(event);
  };
  /** Of a line whose beginning has not been read. */
  let pieces: Buffer[] = [];
  let start = size;
  while (start > 0 && size - start < MAX_BYTES) {
    const from = Math.max(0, start - STEP_BYTES);
    const chunk = readAt(file, from, start - from);
    start = from;
    let lineEnd = chunk.length;
    while (lineEnd > 0) {
      const newline = chunk.lastIndexOf(NEWLINE, lineEnd - 1);
      if (newline < 0) break;
      const piece = chunk.subarray(newline + 1, lineEnd);
      // Most lines are in one piece.
      const line = pieces.length === 0 ? piece : Buffer.concat([piece, ...pieces]);
      pieces = [];
      lineEnd = newline;
      if (take(line)) return end(start);
    }
    pieces.unshift(chunk.subarray(0, lineEnd));
  }
  if (start === 0) take(Buffer.concat(pieces));
  return end(start);
}

/** Fewer bytes only where the file has become shorter. */
function readAt(file: number, from: number, length: number): Buffer {
  const chunk = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const count = readSync(file, chunk, filled, length - filled, from + filled);
    if (count === 0) break;
    filled += count;
  }
  return chunk.subarray(0, filled);
}

function parse(line: Buffer): unknown {
  if (line.length === 0) return undefined;
  if (line.length > LONG_LINE_BYTES) {
    const outline = outlineOf(line.toString("latin1", 0, 512));
    if (outline !== undefined) return outline;
  }
  try {
    return JSON.parse(line.toString("utf8"));
  } catch {
    return undefined;
  }
}

/** A tool's output is never carried; only its place in the transcript counts. */
function outlineOf(beginning: string): unknown {
  const [, id, parentId] =
    /^\{"type":"message","id":"([^"\\]*)","parentId":"([^"\\]*)","timestamp":"[^"\\]*","message":\{"role":"toolResult"/.exec(
      beginning,
    ) ?? [];
  return id === undefined ? undefined : { type: "message", id, parentId };
}
