/** Stores that something has happened to, and files that are none. */
import { execFileSync, spawnSync } from "node:child_process";
import {
  closeSync,
  existsSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  gc,
  makeStateDir,
  rowOf,
  sessionsFolder,
  transcriptOf,
  UNDO_FOLDERS,
  writeStore,
} from "../../support/gc-stores.ts";
import { withoutFsync } from "../../support/no-fsync.ts";
import { type Snapshot, snapshotOf, without } from "../../support/snapshot.ts";
import { Dice, FUZZ_TRANSCRIPTS, isJsonOfRows, isSound, STORE_TEXTS } from "../../support/store-fuzz.ts";
import { removeTempDir } from "../../support/temp.ts";

withoutFsync();

const FILES = 500;
const SEED = Number(process.env["GC_FUZZ_SEED"] ?? 20_261_126);
const EVERY_RULE = ["--max-age-hours", "24", "--idle-hours", "24", "--errors", "--missing", "--dm-scope"];
const RULES = [...EVERY_RULE, "--max-per-agent", "3"];

it(
  `${FILES} fuzzed stores: what is broken is refused and stays as it is, what is sound is collected and taken back`,
  { timeout: 120_000 },
  async () => {
    const kinds = Object.keys(STORE_TEXTS);
    const seen = { sound: 0, broken: 0, collected: 0 };
    const failures: string[] = [];
    for (let nth = 0; nth < FILES; nth++) {
      const kind = kinds[nth % kinds.length]!;
      const bytes = Buffer.from(STORE_TEXTS[kind]!(new Dice(SEED + nth)));
      const stateDir = makeStateDir("gc-fuzz");
      try {
        const outcome = await fuzz(stateDir, bytes);
        seen[outcome === "broken" ? "broken" : "sound"] += 1;
        if (outcome === "collected") seen.collected += 1;
      } catch (error) {
        const text = JSON.stringify(bytes.subarray(0, 300).toString());
        failures.push(`GC_FUZZ_SEED=${SEED}, file ${nth} (${kind}) ${text}: ${(error as Error).message}`);
      }
      removeTempDir(stateDir);
    }
    expect(failures).toEqual([]);
    // Every way through has been taken often.
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(FILES / 10);
  },
);

/** One file with a dry run and a collection. */
async function fuzz(stateDir: string, bytes: Buffer): Promise<"broken" | "sound" | "collected"> {
  const folder = sessionsFolder(stateDir);
  const path = join(folder, "sessions.json");
  writeFileSync(path, bytes);
  writeFileSync(join(stateDir, "openclaw.json"), "{}");
  for (const [name, text] of Object.entries(FUZZ_TRANSCRIPTS)) writeFileSync(join(folder, name), text);
  const before = snapshotOf(stateDir);
  const dry = await gc(stateDir, "--json", ...RULES);
  expect(snapshotOf(stateDir)).toEqual(before);
  const done = await gc(stateDir, ...RULES, "--apply");
  if (!isSound(bytes)) {
    expect([done.code, done.stdout]).toEqual([3, ""]);
    // A dry run does not look for keys that are there twice in rows that do not begin on lines of their own.
    if (!isJsonOfRows(bytes)) expect(dry.code).toBe(3);
    expect(done.stderr).toMatch(/^error: [^\n]*agents\/main\/sessions\/sessions\.json[^\n]{5,}\n$/);
    expect(snapshotOf(stateDir)).toEqual(before);
    return "broken";
  }
  expect([dry.code, done.code, done.stderr]).toEqual([0, 0, ""]);
  const after = readFileSync(path);
  const keysOf = (text: Buffer) => Object.keys(JSON.parse(text.toString()) as object);
  const retired = retiredIn(dry.stdout);
  expect(keysOf(after)).toEqual(keysOf(bytes).filter((key) => !retired.has(key)));
  expect(isWithin(after, bytes)).toBe(true);
  await expectUndone(stateDir, before);
  // However it is written, the same rows go.
  writeFileSync(path, plainly(bytes));
  expect(retiredIn((await gc(stateDir, "--json", ...RULES)).stdout)).toEqual(retired);
  return retired.size === 0 ? "sound" : "collected";
}

async function expectUndone(stateDir: string, before: Snapshot): Promise<void> {
  const undo = join(stateDir, UNDO_FOLDERS);
  const ids = existsSync(undo) ? readdirSync(undo) : [];
  for (const id of ids) expect(await gc(stateDir, "--undo", id)).toMatchObject({ code: 0, stderr: "" });
  expect(without(snapshotOf(stateDir), "resume-scheduler")).toEqual(before);
}

interface RowsView {
  readonly agents: readonly { readonly rows: readonly { readonly action: string; readonly key: string }[] }[];
}

function retiredIn(json: string): Set<string> {
  const rows = (JSON.parse(json) as RowsView).agents.flatMap((agent) => agent.rows);
  return new Set(rows.filter(({ action }) => action === "retire").map(({ key }) => key));
}

/** The same rows in one line, without what is nested in them. */
function plainly(bytes: Buffer): string {
  const rows = Object.entries(JSON.parse(bytes.toString()) as Record<string, object>).map(([key, row]) => {
    const flat = Object.entries(row).filter(([, value]) => typeof value !== "object");
    return `${JSON.stringify(key)}:${JSON.stringify(Object.fromEntries(flat))}`;
  });
  return `{${rows.join(",")}}`;
}

/** Whether all of it stands in the other, in that order. */
function isWithin(some: Buffer, all: Buffer): boolean {
  let at = 0;
  for (const byte of all) if (byte === some[at]) at += 1;
  return at === some.length;
}

/** Outside of it: a store of somebody else's, with a lock that was left there. */
function makeOutside(): string {
  const folder = makeStateDir("gc-outside");
  const row = { "agent:main:telegram:direct:1": rowOf("theirs", 1000) };
  writeFileSync(join(folder, "sessions.json"), JSON.stringify(row, null, 2));
  writeFileSync(join(folder, "theirs.jsonl"), transcriptOf("theirs"));
  writeFileSync(join(folder, "sessions.json.lock"), '{"pid":999999999,"createdAt":"2026-02-03T04:05:06.789Z"}');
  return folder;
}

const makePipe = (path: string): void => void execFileSync("/bin/sh", ["-c", 'mkfifo "$0"', path]);

/** What stands where the store or the way to it should be. */
const PLACES: Readonly<Record<string, (place: { path: string; folder: string; outside: string }) => void>> = {
  "a pipe": ({ path }) => makePipe(path),
  "a folder": ({ path }) => mkdirSync(path),
  "a link": ({ path, outside }) => symlinkSync(join(outside, "sessions.json"), path),
  "a link to nothing": ({ path, outside }) => symlinkSync(join(outside, "nothing"), path),
  "a link to itself": ({ path }) => symlinkSync(path, path),
  "a folder that is a link": ({ folder, outside }) => {
    renameSync(folder, `${folder}.old`);
    symlinkSync(outside, folder);
  },
  "a link further up": ({ folder, outside }) => {
    mkdirSync(join(outside, "main"));
    renameSync(folder, join(outside, "main/sessions"));
    writeFileSync(join(outside, "main/sessions/sessions.json"), readFileSync(join(outside, "sessions.json")));
    renameSync(join(folder, ".."), join(folder, "../../../old"));
    symlinkSync(join(outside, "main"), join(folder, ".."));
  },
};

describe("nothing is done with a store that is not in its place, nor is anything outside of the state directory touched", () => {
  it.for(Object.entries(PLACES))("%s", async ([, place]) => {
    const stateDir = makeStateDir("gc-places");
    const outside = makeOutside();
    const folder = sessionsFolder(stateDir);
    place({ path: join(folder, "sessions.json"), folder, outside });
    const before = everything(stateDir, outside);
    for (const how of ["--dry-run", "--apply"]) {
      const run = await gc(stateDir, "--idle-hours", "24", how);
      expect(run).toMatchObject({ code: 3, stdout: "" });
      expect(run.stderr).toMatch(/^error: [^\n]*agents[^\n]+(link|not a file|no such file)[^\n]+\n$/);
      expect(everything(stateDir, outside)).toEqual(before);
    }
  });

  it("a store with a second name elsewhere is replaced, and what has the other name stays as it is", async () => {
    const stateDir = makeStateDir("gc-places");
    const outside = makeOutside();
    linkSync(join(outside, "sessions.json"), join(sessionsFolder(stateDir), "sessions.json"));
    const before = snapshotOf(stateDir);
    const theirs = snapshotOf(outside);
    expect(await gc(stateDir, "--idle-hours", "24", "--apply")).toMatchObject({ code: 0 });
    expect(retiredIn((await gc(stateDir, "--json", "--idle-hours", "24")).stdout).size).toBe(0);
    expect(snapshotOf(outside)).toEqual(theirs);
    await expectUndone(stateDir, before);
    expect(snapshotOf(outside)).toEqual(theirs);
  });

  it.for(["resume-scheduler", "resume-scheduler/gc"])("%s is a link to elsewhere", async (name) => {
    const stateDir = makeStateDir("gc-places");
    const outside = makeOutside();
    writeStore(stateDir, "main", { "agent:main:telegram:direct:1": rowOf("old", 1000) });
    mkdirSync(join(stateDir, name, ".."), { recursive: true });
    symlinkSync(outside, join(stateDir, name));
    const before = everything(stateDir, outside);
    const run = await gc(stateDir, "--idle-hours", "24", "--apply");
    expect(run.code).toBe(3);
    expect(run.stderr).toMatch(/^error: [^\n]*link[^\n]+\n$/);
    expect(everything(stateDir, outside)).toEqual(before);
  });
});

/** The times of the folders outside tell of files that were there for a moment only. */
const everything = (stateDir: string, outside: string): Snapshot => ({
  ...snapshotOf(stateDir),
  ...Object.fromEntries(Object.entries(snapshotOf(outside)).map(([name, what]) => [`outside/${name}`, what])),
  outside: String(statSync(outside, { bigint: true }).mtimeNs),
});

/** What a row may call its transcript; `OUTSIDE` stands for a folder that is not in the state directory. */
const SESSION_FILES: readonly string[] = [
  "../../../../../outside.jsonl",
  "../../../openclaw.json",
  "../../sales/sessions/other.jsonl",
  "OUTSIDE/theirs.jsonl",
  "OUTSIDE/sessions.json",
  "/etc/hostname",
  "/",
  "sessions.json",
  "./sessions.json",
  "sessions.json.lock",
  "link.jsonl",
  "linked/theirs.jsonl",
  "pipe.jsonl",
  "folder.jsonl",
  "own.jsonl/",
  "own.jsonl/x.jsonl",
  "./own.jsonl",
  "a/../own.jsonl",
  ".",
  "..",
  "",
  " ",
  "own.jsonl\u0000",
  "folder.jsonl/own\u0000.jsonl",
  "n".repeat(300),
  `folder.jsonl/${"n".repeat(300)}`,
  `${"n/".repeat(3000)}own.jsonl`,
  `${"n".repeat(249)}.jsonl`,
  "\ud800.jsonl",
  "C:\\own.jsonl",
  "~/own.jsonl",
];

/** What is there and not the store's own: neither it nor the row is touched. */
const IS_ELSEWHERE = /^(OUTSIDE|\/|link|pipe|folder\.jsonl$)/;

/** For the name of a test. */
const shortly = (name: string): string =>
  JSON.stringify(name.length > 40 ? `${name.slice(0, 20)}...${name.slice(-20)}` : name);
const NAMES = SESSION_FILES.flatMap((name) =>
  ["sessionFile", "sessionId"].map((field) => [`${shortly(name)} as its ${field}`, name, field] as const),
);

describe("a row may call its transcript what it likes", () => {
  it.for(NAMES)("%s", async ([, name, field]) => {
    const stateDir = makeStateDir("gc-names");
    const outside = makeOutside();
    furnish(stateDir, outside);
    const named = { ...rowOf("own", 1000), [field]: name.replace("OUTSIDE", outside) };
    const rows = { "agent:main:telegram:direct:1": named, "agent:main:telegram:group:1": rowOf("kept", 1) };
    writeFileSync(join(sessionsFolder(stateDir), "sessions.json"), JSON.stringify(rows, null, 2));
    const before = everything(stateDir, outside);
    const args = ["--agent", "main", "--json", ...EVERY_RULE];
    const planned = await gc(stateDir, ...args);
    expect([planned.code, planned.stderr]).toEqual([0, ""]);
    const run = await gc(stateDir, ...args, "--apply");
    expect([run.code, run.stderr]).toEqual([0, ""]);
    if (field === "sessionFile" && IS_ELSEWHERE.test(name)) expect(retiredIn(run.stdout).size).toBe(0);
    // What is done is what was said.
    expect(retiredIn(run.stdout)).toEqual(retiredIn(planned.stdout));
    const now = everything(stateDir, outside);
    expect(now["agents/main/sessions/sessions.json"]).toMatch(/^file /);
    const isElsewhere = ([at]: [string, string]) => !/^agents\/main\/sessions(\/|$)|^resume-scheduler/.test(at);
    expect(Object.entries(now).filter(isElsewhere)).toEqual(Object.entries(before).filter(isElsewhere));
    expect(Object.keys(now).filter((at) => at.includes(".lock"))).toEqual(["outside/sessions.json.lock"]);
    await expectUndone(stateDir, snapshotBefore(before));
    expect(everything(stateDir, outside)["outside"]).toBe(before["outside"]);
  });
});

/** What of it was in the state directory. */
const snapshotBefore = (before: Snapshot): Snapshot => without(before, "outside");

/** What such names could lead to. */
function furnish(stateDir: string, outside: string): void {
  const folder = sessionsFolder(stateDir);
  writeFileSync(join(stateDir, "openclaw.json"), "{}");
  writeFileSync(join(sessionsFolder(stateDir, "sales"), "other.jsonl"), transcriptOf("other"));
  writeFileSync(join(folder, "own.jsonl"), transcriptOf("own"));
  writeFileSync(join(folder, "kept.jsonl"), transcriptOf("kept"));
  writeFileSync(join(folder, `${"n".repeat(249)}.jsonl`), transcriptOf("long"));
  mkdirSync(join(folder, "folder.jsonl"));
  makePipe(join(folder, "pipe.jsonl"));
  symlinkSync(join(outside, "theirs.jsonl"), join(folder, "link.jsonl"));
  symlinkSync(outside, join(folder, "linked"));
}

it("a row of 1 GB is refused by its size, in no time and without reading it", () => {
  const stateDir = makeStateDir("gc-huge");
  const path = join(sessionsFolder(stateDir), "sessions.json");
  const fd = openSync(path, "w");
  writeSync(fd, '{\n  "agent:main:telegram:direct:1": {"sessionId": "a", "text": "');
  ftruncateSync(fd, 1024 ** 3);
  closeSync(fd);
  const before = snapshotOf(stateDir);
  const tellMemory = "data:text/javascript,process.on('exit',()=>console.error('kB '+process.resourceUsage().maxRSS))";
  const bin = join(import.meta.dirname, "../../../src/bin.ts");
  for (const how of ["--dry-run", "--apply"]) {
    const startedAtMs = performance.now();
    const args = ["--import", tellMemory, bin, "gc", "--state-dir", stateDir, "--idle-hours", "24", how];
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
    expect(performance.now() - startedAtMs).toBeLessThan(5000);
    const [, line, kilobytes] = /^(error: .*)\nkB (\d+)\n$/.exec(stderr) ?? [];
    expect([status, line]).toEqual([
      3,
      `error: ${path} has 1073741824 bytes, more than the 536870888 that can be read at all`,
    ]);
    expect(Number(kilobytes)).toBeLessThan(300_000);
    expect(snapshotOf(stateDir)).toEqual(before);
  }
});
