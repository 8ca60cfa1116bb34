/** Enough of PNG to see what a screenshot shows: its size and its colours. */
import fs from "node:fs";
import { inflateSync } from "node:zlib";

export type Picture = {
  width: number;
  height: number;
  /** One colour, 0xrrggbb, for each pixel, line by line. */
  pixels: Uint32Array;
};

const CHANNELS: Record<number, number> = { 2: 3, 6: 4 };

/** Reads a picture of 8 bits for each of red, green, blue (and alpha), without interlacing: what Chromium writes. */
export function readPng(file: string): Picture {
  const chunks = chunksOf(fs.readFileSync(file));
  const header = chunks.find(({ type }) => type === "IHDR")?.data;
  if (header === undefined) throw new Error(`${file} is no PNG`);
  const [width, height, depth, kind] = [header.readUInt32BE(0), header.readUInt32BE(4), header[8], header[9]!];
  const channels = CHANNELS[kind];
  if (depth !== 8 || channels === undefined || header[12] !== 0) throw new Error(`${file}: another kind of PNG`);
  const data = chunks.filter(({ type }) => type === "IDAT").map((chunk) => chunk.data);
  const bytes = unfiltered(inflateSync(Buffer.concat(data)), width * channels, channels);
  const pixels = Uint32Array.from({ length: width * height }, (_, index) => bytes.readUIntBE(index * channels, 3));
  return { width, height, pixels };
}

/** How many pixels there are of each colour. */
export function countColours({ pixels }: Picture): Map<number, number> {
  const colours = new Map<number, number>();
  for (const colour of pixels) colours.set(colour, (colours.get(colour) ?? 0) + 1);
  return colours;
}

function chunksOf(bytes: Buffer): { type: string; data: Buffer }[] {
  const chunks: { type: string; data: Buffer }[] = [];
  for (let at = 8; at < bytes.length;) {
    const length = bytes.readUInt32BE(at);
    chunks.push({ type: bytes.toString("latin1", at + 4, at + 8), data: bytes.subarray(at + 8, at + 8 + length) });
    at += length + 12;
  }
  return chunks;
}

/** Each line begins with how it was filtered. */
function unfiltered(raw: Buffer, lineBytes: number, channels: number): Buffer {
  const lines = raw.length / (lineBytes + 1);
  const out = Buffer.alloc(lines * lineBytes);
  for (let y = 0; y < lines; y += 1) {
    const filter = raw[y * (lineBytes + 1)]!;
    for (let x = 0; x < lineBytes; x += 1) {
      const left = x < channels ? 0 : out[y * lineBytes + x - channels]!;
      const above = y === 0 ? 0 : out[(y - 1) * lineBytes + x]!;
      const corner = x < channels || y === 0 ? 0 : out[(y - 1) * lineBytes + x - channels]!;
      out[y * lineBytes + x] = raw[y * (lineBytes + 1) + 1 + x]! + predicted(filter, left, above, corner);
    }
  }
  return out;
}

function predicted(filter: number, left: number, above: number, corner: number): number {
  if (filter === 0) return 0;
  if (filter === 1) return left;
  if (filter === 2) return above;
  if (filter === 3) return (left + above) >> 1;
  const guess = left + above - corner;
  const [toLeft, toAbove, toCorner] = [Math.abs(guess - left), Math.abs(guess - above), Math.abs(guess - corner)];
  if (toLeft <= toAbove && toLeft <= toCorner) return left;
  return toAbove <= toCorner ? above : corner;
}
