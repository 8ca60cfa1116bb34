import { mkdirSync, readdirSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { bindingOf } from "../../../src/domain/binding.ts";
import { archiveNameOf, sessionsFolder, Transcripts } from "../../../src/gc/transcripts.ts";
import { makeTempDir, removeTempDir } from "../../support/temp.ts";

const HEADER = '{"type":"session","version":3,"id":"a"}\n';
const MESSAGE = '{"type":"message","message":{"role":"user"}}\n';

let stateDir: string;
let folder: string;
beforeEach(() => {
  const made = makeTempDir("gc-transcripts");
  stateDir = realpathSync(made);
  folder = sessionsFolder(stateDir, "main");
  mkdirSync(folder, { recursive: true });
  return () => removeTempDir(made);
});

const write = (name: string, text = HEADER + MESSAGE): void => writeFileSync(path.join(folder, name), text);
const look = (entry: object) => {
  const transcripts = new Transcripts(folder, stateDir);
  const binding = bindingOf("k", { ...entry });
  const found = transcripts.pathOf(binding);
  return {
    state: transcripts.stateOf(binding),
    file: found === undefined ? undefined : path.relative(folder, found),
    mayMove: found !== undefined && transcripts.filesOf(found).length > 0,
  };
};

describe("where a transcript is", () => {
  it("is by the file that the row names, or by its session id", () => {
    write("a.jsonl");
    write("a-topic-4.jsonl");
    expect(look({ sessionId: "a" })).toEqual({ state: "present", file: "a.jsonl", mayMove: true });
    for (const sessionFile of ["a-topic-4.jsonl", path.join(folder, "a-topic-4.jsonl")]) {
      expect(look({ sessionId: "a", sessionFile })).toMatchObject({ state: "present", file: "a-topic-4.jsonl" });
    }
    expect(look({ sessionId: "b" })).toEqual({ state: "missing", file: "b.jsonl", mayMove: false });
    expect(look({})).toEqual({ state: "none", file: undefined, mayMove: false });
  });

  it("may be written down by way of a link to the state directory", () => {
    write("a.jsonl");
    const link = path.join(makeTempDir("gc-linked"), "openclaw");
    symlinkSync(stateDir, link);
    const sessionFile = path.join(link, "agents/main/sessions/a.jsonl");
    expect(look({ sessionId: "a", sessionFile })).toEqual({ state: "present", file: "a.jsonl", mayMove: true });
  });

  it("is by the id when the state directory has been moved", () => {
    write("a.jsonl");
    const sessionFile = path.join(path.dirname(stateDir), "no-more/agents/main/sessions/a.jsonl");
    expect(look({ sessionId: "a", sessionFile })).toEqual({ state: "present", file: "a.jsonl", mayMove: true });
    expect(look({ sessionId: "b", sessionFile })).toMatchObject({ state: "missing", mayMove: false });
  });

  it("is not touched in another agent's folder, outside, or behind a link", () => {
    const other = sessionsFolder(stateDir, "ops");
    mkdirSync(other, { recursive: true });
    writeFileSync(path.join(other, "a.jsonl"), HEADER + MESSAGE);
    expect(look({ sessionFile: path.join(other, "a.jsonl") })).toMatchObject({ state: "present", mayMove: false });

    const outside = path.join(makeTempDir("gc-outside"), "a.jsonl");
    writeFileSync(outside, HEADER + MESSAGE);
    expect(look({ sessionFile: outside })).toMatchObject({ state: "unsafe", mayMove: false });
    expect(look({ sessionFile: path.relative(folder, outside) })).toMatchObject({ state: "unsafe", mayMove: false });
    symlinkSync(outside, path.join(folder, "link.jsonl"));
    expect(look({ sessionId: "link" })).toMatchObject({ state: "unsafe", mayMove: false });
    symlinkSync(path.join(folder, "nowhere"), path.join(folder, "dangling.jsonl"));
    expect(look({ sessionId: "dangling" })).toMatchObject({ state: "unsafe", mayMove: false });
    symlinkSync(path.dirname(outside), path.join(folder, "folder"));
    expect(look({ sessionFile: "folder/a.jsonl" })).toMatchObject({ state: "unsafe", mayMove: false });
    mkdirSync(path.join(folder, "d.jsonl"));
    expect(look({ sessionId: "d" })).toMatchObject({ state: "unsafe", mayMove: false });
    expect(look({ sessionId: "../../../a" })).toMatchObject({ state: "none", mayMove: false });
  });
});

describe("what is in it", () => {
  it.each([
    ["present", HEADER + MESSAGE],
    ["present", `${HEADER}${MESSAGE}{"type":"mess`],
    // A host repairs a header that is lost.
    ["present", `garbage\n${MESSAGE}`],
    ["present", `${HEADER}${JSON.stringify({ type: "message", text: "x".repeat(300_000) })}\n`],
    ["present", '{"role":"user","content":"an older host wrote it so"}\n'],
    ["present", '{"message":{"role":"user"}}\n'],
    ["present", `${HEADER}{"type":"compaction","summary":"so far"}\n`],
    // To hosts it is a conversation.
    ["present", `${HEADER}${JSON.stringify({ type: "custom", data: "x".repeat(4200) })}\n`],
    ["empty", ""],
    ["empty", "\n\n"],
    ["empty", HEADER],
    ["corrupt", "garbage"],
    ["corrupt", "\0".repeat(5000)],
    ["corrupt", "garbage\n".repeat(50_000)],
    ["corrupt", "[1]x\n"],
  ])("%s: %.30j", (state, text) => {
    write("a.jsonl", text);
    expect(look({ sessionId: "a" }).state).toBe(state);
  });
});

describe("the name of an archive", () => {
  it("is the host's, and never one that is taken", () => {
    const file = path.join(folder, "a.jsonl");
    const atMs = Date.UTC(2026, 1, 3, 4, 5, 6, 789);
    expect(archiveNameOf(file, atMs)).toBe(`${file}.deleted.2026-02-03T04-05-06.789Z`);
    write("a.jsonl.deleted.2026-02-03T04-05-06.789Z");
    expect(archiveNameOf(file, atMs)).toBe(`${file}.deleted.2026-02-03T04-05-06.790Z`);
  });

  it("has an end: what would be longer is not touched", () => {
    write(`${"x".repeat(222 - 6)}.jsonl`);
    write(`${"x".repeat(223 - 6)}.jsonl`);
    const [fits = "", longer = ""] = readdirSync(folder).toSorted((a, b) => a.length - b.length);
    expect(look({ sessionFile: fits })).toMatchObject({ state: "present", mayMove: true });
    expect(look({ sessionFile: longer }).state).toBe("unsafe");
    write(path.basename(archiveNameOf(path.join(folder, fits), 0)));
  });

  it("is given to what hosts keep beside a transcript, too", () => {
    const beside = ["a.checkpoint.1.jsonl", "a.trajectory.jsonl", "a.trajectory-path.json"];
    for (const name of ["a.jsonl", ...beside, "ab.trajectory.jsonl", "a.jsonl.lock"]) write(name);
    const files = new Transcripts(folder, stateDir).filesOf(path.join(folder, "a.jsonl"));
    expect(files.map((file) => path.basename(file)).toSorted()).toEqual(["a.jsonl", ...beside].toSorted());
  });
});
