import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  readTranscriptFile,
  runOnFile,
  transcriptFile,
  transcriptFileStats,
  withoutRepeats,
} from "../../../src/host/transcript-file.ts";
import { row } from "../support/makers.ts";

const HEADER = { type: "session", version: 3, id: "s" };
const message = (role: string, content: unknown, more: object = {}) => ({
  type: "message",
  timestamp: "2026-11-26T11:05:25.698Z",
  message: { role, content, ...more },
});
const ASKED = message("user", "do it");
const REPEATED = message("user", [{ type: "text", text: "do it" }], {
  provenance: { kind: "internal_system", sourceTool: "main_session_restart_recovery" },
});

let dir: string;
let file: string;

beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), "transcript-file-"));
  file = path.join(dir, "s.jsonl");
});
afterEach(() => rmSync(dir, { recursive: true }));

const write = (...events: readonly object[]) =>
  writeFileSync(file, events.map((event) => `${JSON.stringify(event)}\n`).join(""));

describe("a transcript file", () => {
  it("has one event per line", () => {
    write(HEADER, ASKED);
    expect(readTranscriptFile(file)).toEqual([HEADER, ASKED]);
  });

  it("that is not there has none, and no size", () => {
    expect(readTranscriptFile(file)).toEqual([]);
    expect(transcriptFileStats(file)).toBeUndefined();
  });

  it("that ends in the middle of a line cannot be read", () => {
    writeFileSync(file, `${JSON.stringify(HEADER)}\n{"type":"mess`);
    expect(() => readTranscriptFile(file)).toThrow(SyntaxError);
  });

  it("that is a folder cannot be read", () => {
    expect(() => readTranscriptFile(dir)).toThrow(/EISDIR/);
  });

  it("tells its size and when it was written last", () => {
    write(HEADER);
    const { sizeBytes, lastMutationAtMs } = transcriptFileStats(file)!;
    expect(sizeBytes).toBe(JSON.stringify(HEADER).length + 1);
    expect(Math.abs(Date.now() - lastMutationAtMs)).toBeLessThan(60_000);
  });

  it("counts what was written again as old as what it repeats", () => {
    expect(withoutRepeats([HEADER, ASKED, REPEATED])).toEqual([HEADER, ASKED]);
  });
});

describe("where it is", () => {
  const at = (api: object) =>
    transcriptFile(api as Parameters<typeof transcriptFile>[0], row(), "/store/sessions.json");
  const { sessionId } = row();

  it("is beside the store", () => {
    expect(at({})).toBe(`/store/${sessionId}.jsonl`);
  });

  it("is what the host says of the session's entry", () => {
    const api = {
      getSessionEntry: () => ({ sessionFile: "/elsewhere.jsonl" }),
      resolveSessionFilePath: (id: string, entry: { sessionFile: string }, options: object) =>
        JSON.stringify([id, entry.sessionFile, options]),
    };
    const options = { agentId: row().agentId, sessionsDir: "/store" };
    expect(JSON.parse(at(api))).toEqual([sessionId, "/elsewhere.jsonl", options]);
  });
});

describe("a run on it", () => {
  it("writes the unanswered message at its end again, instead of the prompt", () => {
    write(HEADER, ASKED);
    const again = {
      sessionFile: file,
      prompt: "do it\n\ngo on",
      transcriptPrompt: "do it",
      suppressNextUserMessagePersistence: false,
    };
    expect(runOnFile(file, "go on")).toEqual(again);
    write(HEADER, ASKED, REPEATED);
    expect(runOnFile(file, "go on")).toEqual(again);
  });

  it("writes nothing where the message is not at the end, or there is none", () => {
    const nothing = { sessionFile: file, suppressNextUserMessagePersistence: true };
    write(HEADER, ASKED, message("assistant", [], { stopReason: "aborted" }));
    expect(runOnFile(file, "go on")).toEqual(nothing);
    write(HEADER, ASKED, { type: "custom", customType: "openclaw:prompt-error" });
    expect(runOnFile(file, "go on")).toEqual(nothing);
    rmSync(file);
    expect(runOnFile(file, "go on")).toEqual(nothing);
  });

  it("writes what the host makes of a message that is more than text", () => {
    write(
      HEADER,
      message("user", [
        { type: "text", text: "look" },
        { type: "image", data: "..." },
      ]),
    );
    expect(runOnFile(file, "go on")).toEqual({ sessionFile: file, suppressNextUserMessagePersistence: false });
  });
});
