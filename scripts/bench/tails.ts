/**
 * S2: the end of a transcript that is a file (hosts before 2026.8), against a bare read of 64 KiB and `JSON.parse` of its lines.
 *
 * On hosts with SQLite the public API reads a transcript whole or not at all (2026.9.6). At boot the plugin asks for its size
 * first (`readTranscriptStatsSync`) and reads none of more than 64 KiB, so the bound holds there too; the time is the host's.
 * A longer one is read whole when its session is about to be resumed, or when it has ended and is carried over.
 */
import { closeSync, fstatSync, openSync, readSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { transcriptFacts } from "../../src/domain/transcript-facts.ts";
import { readTranscriptEnd } from "../../src/host/transcript-tail-file.ts";
import { readTranscriptFile, withoutRepeats } from "../../src/host/transcript-file.ts";
import { makeTempDir, removeTempDir } from "../../test/support/temp.ts";
import type { Say } from "./benches.ts";
import { compare, inUnits } from "./compare.ts";
import type { Figure } from "./figure.ts";

const TAIL_BYTES = 64 * 1024;
const LONG_BYTES = 5 * 1024 * 1024;
const MOST_TIMES_BARE = 1.3;
/** In each run: a single one takes less than the clock can tell. */
const READS = 200;

export async function tails(say: Say): Promise<Figure[]> {
  const dir = makeTempDir("tails");
  try {
    const long = path.join(dir, "long.jsonl");
    const short = path.join(dir, "short.jsonl");
    writeTranscript(long, LONG_BYTES);
    writeTranscript(short, TAIL_BYTES);
    say("reading ends of transcripts");
    const wanted = bareTail(long).length;
    let bytesRead = 0;
    const readEnd = () => {
      let left = wanted;
      const end = readTranscriptEnd(long, () => (left -= 1) === 0);
      bytesRead = Math.max(bytesRead, end.bytesRead);
      return end.events.length;
    };
    if (readEnd() !== wanted) throw new Error("the reader finds other lines than are there");
    const times = await compare({
      bare: { run: () => repeat(() => bareTail(long)) },
      end: { run: () => repeat(readEnd) },
      bareWhole: { run: () => repeat(() => bareTail(short)) },
      whole: { run: () => repeat(() => transcriptFacts(withoutRepeats(readTranscriptFile(short)))) },
    });
    return [
      {
        what: `the last ${wanted} events of a transcript of 5 MiB, for a conversation that is carried over`,
        value: times.end / times.bare,
        unit: "x",
        bar: { atMost: MOST_TIMES_BARE },
        from: againstBare(times.end, times.bare),
      },
      {
        what: "bytes read for them",
        value: bytesRead,
        unit: "bytes",
        bar: { atMost: TAIL_BYTES },
        from: `of ${statSync(long).size} bytes`,
      },
      {
        what: "a transcript of 64 KiB judged at boot; a longer one is not read",
        value: times.whole / times.bareWhole,
        unit: "x",
        bar: { atMost: MOST_TIMES_BARE },
        from: againstBare(times.whole, times.bareWhole),
      },
    ];
  } finally {
    removeTempDir(dir);
  }
}

const againstBare = (ours: number, bare: number): string =>
  `${inUnits(ours / READS)} against ${inUnits(bare / READS)} for a read of 64 KiB and JSON.parse; hosts with SQLite read by themselves`;

function repeat(read: () => unknown): void {
  for (let count = 0; count < READS; count += 1) read();
}

/** The events whose lines are whole in the last 64 KiB. */
function bareTail(file: string): unknown[] {
  const descriptor = openSync(file, "r");
  try {
    const { size } = fstatSync(descriptor);
    const buffer = Buffer.allocUnsafe(Math.min(size, TAIL_BYTES));
    const length = readSync(descriptor, buffer, 0, buffer.length, size - buffer.length);
    const lines = buffer.toString("utf8", 0, length).split("\n");
    // The first began further up.
    const whole = size > length ? lines.slice(1) : lines;
    return whole.flatMap((line): unknown[] => (line === "" ? [] : [JSON.parse(line)]));
  } finally {
    closeSync(descriptor);
  }
}

/** What a chat with a tool in every turn leaves: a message, a call, its result, and the answer. */
function writeTranscript(file: string, bytes: number): void {
  const lines = [JSON.stringify({ type: "session", version: 3, id: "session-1", timestamp: timeOf(0) })];
  let size = lines[0]!.length + 1;
  for (let index = 1; ; index += 1) {
    const line = JSON.stringify(eventAt(index));
    size += line.length + 1;
    if (size > bytes) break;
    lines.push(line);
  }
  writeFileSync(file, `${lines.join("\n")}\n`);
}

function eventAt(index: number): object {
  const about = { type: "message", id: `event-${index}`, parentId: `event-${index - 1}`, timestamp: timeOf(index) };
  const text = (words: number) => `${"Words that somebody has written. ".repeat(words)}${index}`;
  const usage = { input: 1200, output: 80, cacheRead: 0, cacheWrite: 0, totalTokens: 1280, cost: { total: 0.01 } };
  const assistant = { role: "assistant", api: "openai-completions", provider: "stub", model: "stub-1", usage };
  const turn = [
    { role: "user", content: text(8), timestamp: index },
    {
      ...assistant,
      content: [{ type: "toolCall", id: `call-${index}`, name: "read", arguments: { path: "notes.md" } }],
    },
    {
      role: "toolResult",
      toolCallId: `call-${index - 1}`,
      content: [{ type: "text", text: text(60) }],
      isError: false,
    },
    { ...assistant, content: [{ type: "text", text: text(24) }], stopReason: "stop" },
  ];
  return { ...about, message: turn[(index - 1) % turn.length] };
}

const timeOf = (index: number): string => new Date(1_700_000_000_000 + index * 1_000).toISOString();
