import { appendFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fc, test } from "@fast-check/vitest";
import { afterEach, beforeEach, expect, it } from "vitest";
import { carryOver, enoughFor } from "../../../src/domain/carry-over.ts";
import { readTranscriptEnd } from "../../../src/host/transcript-tail-file.ts";

let dir: string;
let file: string;

beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), "transcript-end-"));
  file = path.join(dir, "session.jsonl");
});
afterEach(() => rmSync(dir, { recursive: true }));

const never = () => false;
const lines = (...events: readonly unknown[]) => events.map((event) => `${JSON.stringify(event)}\n`).join("");

it("an empty file has no events, one that is not there throws", () => {
  writeFileSync(file, "");
  expect(readTranscriptEnd(file, never)).toEqual({ events: [], bytesRead: 0 });
  expect(() => readTranscriptEnd(path.join(dir, "none"), never)).toThrow("ENOENT");
});

it("events come oldest first, also of a last line without an end", () => {
  writeFileSync(file, lines({ n: 1 }, { n: 2 }) + JSON.stringify({ n: 3 }));
  expect(readTranscriptEnd(file, never).events).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
});

it("a last line that is cut short, and whatever is no JSON, is passed over", () => {
  writeFileSync(file, `${lines({ n: 1 })}\n\nno json\n${lines({ n: 2 })}{"n":3,"te`);
  expect(readTranscriptEnd(file, never).events).toEqual([{ n: 1 }, { n: 2 }]);
});

it("a file that grows or shrinks meanwhile gives what it had", () => {
  writeFileSync(file, lines(...Array.from({ length: 20_000 }, (_, n) => ({ n, text: "some words" }))));
  let asked = 0;
  const grown = readTranscriptEnd(file, () => {
    asked += 1;
    if (asked === 1) appendFileSync(file, lines({ n: "new" }));
    return false;
  });
  expect(grown.events).toHaveLength(20_000);
  asked = 0;
  const shrunk = readTranscriptEnd(file, () => {
    asked += 1;
    if (asked === 1) truncateSync(file, 1000);
    return false;
  });
  expect(shrunk.events.at(-1)).toEqual({ n: "new" });
});

it("reading stops when there is enough", () => {
  writeFileSync(file, lines(...Array.from({ length: 50_000 }, (_, n) => ({ n }))));
  const { events, bytesRead } = readTranscriptEnd(file, (event) => (event as { n: number }).n === 49_990);
  expect(events.map((event) => (event as { n: number }).n)).toEqual(
    Array.from({ length: 10 }, (_, index) => 49_990 + index),
  );
  expect(bytesRead).toBe(64 * 1024);
});

it("no more than 4 MiB are read", () => {
  writeFileSync(file, lines({ text: "first" }, { text: "x".repeat(5 * 1024 * 1024) }, { text: "last" }));
  expect(readTranscriptEnd(file, never)).toEqual({ events: [{ text: "last" }], bytesRead: 4 * 1024 * 1024 });
});

it("of a long tool output only its place is taken", () => {
  const output = {
    type: "message",
    id: "b",
    parentId: "a",
    timestamp: "2026-11-26T11:00:00.000Z",
    message: { role: "toolResult", content: [{ type: "text", text: "x".repeat(100_000) }] },
  };
  writeFileSync(file, lines(output, { ...output, message: { role: "user", content: "y".repeat(100_000) } }));
  const [tool, said] = readTranscriptEnd(file, never).events;
  expect(tool).toEqual({ type: "message", id: "b", parentId: "a" });
  expect(said).toMatchObject({ message: { role: "user" } });
});

test.prop(
  [fc.array(fc.string({ unit: "grapheme", maxLength: 40 }), { maxLength: 20 }), fc.integer({ min: 0, max: 8 })],
  { numRuns: 60 },
)("a character on the edge of two steps stays whole", (texts, shift) => {
  // The padding moves the texts across the edge, 64 KiB from the end.
  const events = [...texts.map((text) => ({ text: `ä€😀${text}` })), { pad: "x".repeat(64 * 1024 - 100 - shift) }];
  writeFileSync(file, lines(...events));
  expect(readTranscriptEnd(file, never).events).toEqual(events);
});

it("5 MB of history cost a few milliseconds", () => {
  const output = { role: "toolResult", content: [{ type: "text", text: "tool output ".repeat(3000) }] };
  const at = { type: "message", timestamp: Date.now() };
  const rounds = Array.from({ length: 140 }, (_, n) => [
    { ...at, message: { role: "user", content: `message ${n}` } },
    { ...at, message: output },
    { ...at, message: { role: "assistant", content: [{ type: "text", text: `answer ${n}` }] } },
  ]);
  writeFileSync(file, lines(...rounds.flat()));
  const limits = { maxMessages: 20, maxChars: 8000, maxAgeMs: 3_600_000 };
  const carry = () => {
    const startedMs = performance.now();
    const { events, bytesRead } = readTranscriptEnd(file, enoughFor(limits));
    const carried = carryOver(events, limits, { nowMs: Date.now(), redact: (text) => text });
    return { carried, bytesRead, tookMs: performance.now() - startedMs };
  };
  const runs = Array.from({ length: 5 }, carry);
  expect(runs[0]).toMatchObject({ carried: { messages: 20 } });
  expect(runs[0]?.bytesRead).toBeLessThan(1024 * 1024);
  expect(Math.min(...runs.map(({ tookMs }) => tookMs))).toBeLessThan(10);
});
