/** A picture of few colours takes a third of the room when it has a palette. */
import { crc32, deflateSync } from "node:zlib";
import { countColours, type Picture } from "../../test/support/dashboard/png.ts";

const MOST_COLOURS = 256;
/** Colours closer than this look the same; the page's background and its panels' are further apart. */
const CLOSE = 10;

/** The bytes of a PNG file with at most 256 colours: every other one becomes the nearest of them. */
export function smallPng(picture: Picture): Buffer {
  const { width, height, pixels } = picture;
  const counts = countColours(picture);
  const palette = paletteOf(counts);
  const indexes = new Map([...counts.keys()].map((colour) => [colour, nearest(palette, colour)]));
  // Before each line: that it is not filtered.
  const lines = Buffer.alloc(height * (width + 1));
  for (const [at, colour] of pixels.entries()) {
    lines[Math.floor(at / width) * (width + 1) + 1 + (at % width)] = indexes.get(colour)!;
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 3], 8);
  return Buffer.concat([
    Buffer.from("89504e470d0a1a0a", "hex"),
    chunk("IHDR", header),
    chunk("PLTE", Buffer.from(palette.flatMap(channels))),
    chunk("IDAT", deflateSync(lines, { level: 9, memLevel: 9 })),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

/** The commonest colours, without those that are close to a commoner one. */
function paletteOf(counts: ReadonlyMap<number, number>): number[] {
  const palette: number[] = [];
  for (const [colour] of [...counts].toSorted((one, other) => other[1] - one[1])) {
    if (palette.length === MOST_COLOURS) break;
    if (palette.every((chosen) => distance(chosen, colour) > CLOSE)) palette.push(colour);
  }
  return palette;
}

function nearest(palette: readonly number[], colour: number): number {
  const distances = palette.map((chosen) => distance(chosen, colour));
  return distances.indexOf(Math.min(...distances));
}

function distance(one: number, other: number): number {
  const [red, green, blue] = channels(one);
  const [otherRed, otherGreen, otherBlue] = channels(other);
  return Math.hypot(red - otherRed, green - otherGreen, blue - otherBlue);
}

const channels = (colour: number): [number, number, number] => [colour >> 16, (colour >> 8) & 255, colour & 255];

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}
