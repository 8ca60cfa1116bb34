/**
 * Q4: the memory of a queued resume.
 *
 * Measured is by how much the heap has grown, after garbage collection, when so many are in the lane: their records, their
 * estimates and their places in the queue. A session's key and id are strings of the host's own row, to which the record
 * refers; what they take is told beside it. The record's own key is the same string where the host writes it as we do.
 */
import type { Say } from "./benches.ts";
import type { Figure } from "./figure.ts";
import { makeLane, makeNames, REPLIED, resumesOf, type SessionNames } from "./resumes.ts";

const SIZES = [10_000, 100_000];
/** So many at a time, so that what is only needed to make them is gone soon. */
const CHUNK = 1_000;
/** V8's arrays and strings of one byte per letter: a header of 16 bytes, and all in words. */
const [HEADER_BYTES, WORD_BYTES] = [16, 8];

export async function memory(say: Say): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const size of SIZES) {
    say(`${size} queued`);
    const names = makeNames(size);
    const [{ sessionKey, sessionId }] = names as [SessionNames];
    const records = (await bytesFor(recordsOf, names)) / size - WORD_BYTES;
    const all = (await bytesFor(laneOf, names)) / size;
    figures.push({
      what: `memory of each of ${size.toLocaleString("en")} queued resumes`,
      value: all,
      unit: "bytes",
      bar: { atMost: 450 },
      from: [
        `${records.toFixed(0)} the record, ${(all - records).toFixed(0)} its place in the lane`,
        `the session's key and id, where the host does not keep them anyway, ${stringBytes(sessionKey) + stringBytes(sessionId)} more`,
      ].join("; "),
    });
  }
  return figures;
}

/** What is kept of these sessions, bytes. */
async function bytesFor(make: (names: readonly SessionNames[]) => unknown, names: readonly SessionNames[]) {
  // The code that makes it takes memory once.
  make(names.slice(0, CHUNK));
  const before = await usedBytes();
  const kept = make(names);
  const after = await usedBytes();
  // Until here it is in use.
  return kept === undefined ? Number.NaN : after - before;
}

function laneOf(names: readonly SessionNames[]): unknown {
  const { lane } = makeLane(() => Promise.resolve(REPLIED));
  lane.pause("mode");
  for (const some of inChunks(names)) for (const resume of resumesOf(some)) lane.enqueue(resume);
  return lane;
}

function recordsOf(names: readonly SessionNames[]): unknown {
  const records = Array.from<unknown>({ length: names.length });
  let at = 0;
  for (const some of inChunks(names)) for (const resume of resumesOf(some)) records[(at += 1) - 1] = resume;
  return records;
}

function* inChunks(names: readonly SessionNames[]): Generator<readonly SessionNames[]> {
  for (let from = 0; from < names.length; from += CHUNK) yield names.slice(from, from + CHUNK);
}

const stringBytes = ({ length }: string): number => HEADER_BYTES + Math.ceil(length / WORD_BYTES) * WORD_BYTES;

async function usedBytes(): Promise<number> {
  if (globalThis.gc === undefined) throw new Error("run it with --expose-gc");
  // What a first collection finalises a later one frees.
  for (let time = 0; time < 3; time += 1) {
    globalThis.gc();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
