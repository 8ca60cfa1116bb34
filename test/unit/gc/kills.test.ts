/** The command line itself, killed or failing at every step that changes something on the disk. */
import { cpSync, existsSync, readdirSync, readFileSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { gc, makeStateDir, rowOf, sessionsFolder, UNDO_FOLDERS, writeStore } from "../../support/gc-stores.ts";
import { runToEnd, type RunResult } from "../../support/processes.ts";
import { type Snapshot, snapshotOf, without } from "../../support/snapshot.ts";
import { makeTempDir, removeTempDir } from "../../support/temp.ts";

const ROOT = join(import.meta.dirname, "../../..");
const PRELOAD = join(ROOT, "test/support/fail-at-step.mjs");
const AGENTS = ["main", "sales"] as const;
const COLLECT = ["--all-agents", "--idle-hours", "24", "--errors", "--apply"];
const COMPILED = makeTempDir("gc-compiled");
/** How many processes at a time. */
const AT_ONCE = 2;
/** As long as a lock that does not say whose it is counts as taken: its writer may be about to sign it. */
const UNSIGNED_GRACE_MS = 30_000;

const WRITING = new Set(["writeSync", "copyFileSync"]);

type Disturbance = { mode: string; at: number; code?: string; report?: string };

/** What is killed or fails: a collection of two stores, or taking it back. */
interface Scene {
  /** The state directory before it; each run has a copy. */
  readonly dir: string;
  readonly args: readonly string[];
  /** What changes something, in order. */
  readonly steps: readonly string[];
}

/** The state directory before any collection, and after one that nothing disturbed. */
interface Ends {
  readonly old: Snapshot;
  readonly collected: Snapshot;
}

it(
  "killed at any step, each store is the old one or the new one, and the next collection and its undo finish the work",
  { timeout: 120_000 },
  async () => {
    const { collecting, undoing, ends } = await scenes();
    const kills = [...killsOf(collecting), ...killsOf(undoing)];
    expect(kills.length).toBeGreaterThanOrEqual(100);
    await inTurns(kills, ({ scene, plan }) =>
      onACopy(scene, plan, async (dir, run) => {
        expect(run).toMatchObject({ code: null, stdout: "" });
        expectOldOrNew(dir, ends);
        await expectFinished(dir, scene, ends);
      }),
    );
    console.log(
      `${kills.length} kills: ${collecting.steps.length} steps of --apply, ${undoing.steps.length} of --undo`,
    );
  },
);

it("killed twice, in the collection that finishes another as well, it comes to the same end", async () => {
  const { collecting, ends } = await scenes();
  const at = (part: number) => Math.round(collecting.steps.length * part);
  const pairs = [0.2, 0.35, 0.5, 0.65, 0.8, 0.95].flatMap((first) =>
    [0.3, 0.6].map((second) => [first, second] as const),
  );
  await inTurns(pairs, ([first, second]) =>
    onACopy(collecting, { mode: "before", at: at(first) }, async (dir) => {
      signLocks(dir);
      await runGc(dir, COLLECT, { mode: "before", at: at(second) });
      expectOldOrNew(dir, ends);
      await expectFinished(dir, collecting, ends);
    }),
  );
});

it.for(["ENOSPC", "EACCES"])(
  "%s at any step is said in one line, and leaves the stores as they were or with an undo",
  { timeout: 120_000 },
  async (code) => {
    const { collecting, undoing, ends } = await scenes();
    // A disk that is full stays so.
    const mode = code === "ENOSPC" ? "full" : "fail";
    const all = [collecting, undoing].flatMap((scene) =>
      scene.steps.map((_, at) => ({ scene, plan: { mode, at: at + 1, code } })),
    );
    let failed = 0;
    await inTurns(all, ({ scene, plan }) =>
      onACopy(scene, plan, async (dir, run) => {
        expectOldOrNew(dir, ends);
        // What is done can be done without this step, as a system without it.
        if (run.code === 0) expect(run.stderr).toBe("");
        else {
          failed += 1;
          expectSaid(run, scene, dir, ends);
        }
        expectNothingHalfDone(dir, scene.steps[plan.at - 1]);
        await expectFinished(dir, scene, ends);
      }),
    );
    expect(failed).toBeGreaterThan(all.length / 2);
    console.log(`${code}: ${all.length} failing steps, ${failed} of them failures of the command`);
  },
);

/** Counts the steps of runs that nothing disturbs. */
async function scenes(): Promise<{ collecting: Scene; undoing: Scene; ends: Ends }> {
  const dir = makeStateDir("gc-kills");
  for (const agent of AGENTS) writeStore(dir, agent, rowsOf(agent));
  const old = snapshotOf(dir);
  const collectedDir = copyOf(dir);
  const apply = await stepsOf(collectedDir, COLLECT);
  const collected = stampless(ofHost(snapshotOf(collectedDir)));
  const [id] = undoIds(collectedDir);
  const args = ["--undo", id!];
  const undo = await stepsOf(copyOf(collectedDir), args);
  return {
    collecting: { dir, args: COLLECT, steps: apply },
    undoing: { dir: collectedDir, args, steps: undo },
    ends: { old, collected },
  };
}

/** Rows that go with one that stays between them, so that the new store is written in several pieces. */
const rowsOf = (agent: string) => ({
  [`agent:${agent}:telegram:direct:1`]: rowOf(`old-${agent}-1`, 100),
  [`agent:${agent}:telegram:direct:2`]: rowOf(`new-${agent}`, 1),
  [`agent:${agent}:telegram:direct:3`]: rowOf(`old-${agent}-2`, 100),
  [`agent:${agent}:telegram:direct:4`]: rowOf(`failed-${agent}`, 1, { status: "failed" }),
  [`agent:${agent}:telegram:group:-5`]: rowOf(`group-${agent}`, 100),
});

async function stepsOf(dir: string, args: readonly string[]): Promise<string[]> {
  const report = join(makeStateDir("gc-steps"), "steps.json");
  const run = await runGc(dir, args, { mode: "count", at: 0, report });
  expect(run).toMatchObject({ code: 0, stderr: "" });
  return JSON.parse(readFileSync(report, "utf8")) as string[];
}

/** Before every step, which is after the one before; half way through what is written; after the last. */
function killsOf(scene: Scene): { scene: Scene; plan: Disturbance }[] {
  const { steps } = scene;
  const before = steps.map((_, at) => ({ mode: "before", at: at + 1 }));
  const half = steps.flatMap((name, at) => (WRITING.has(name) ? [{ mode: "half", at: at + 1 }] : []));
  return [...before, ...half, { mode: "after", at: steps.length }].map((plan) => ({ scene, plan }));
}

const runGc = (dir: string, args: readonly string[], plan: Disturbance): Promise<RunResult> =>
  runToEnd(process.execPath, ["--import", PRELOAD, join(ROOT, "src/bin.ts"), "gc", "--state-dir", dir, ...args], {
    timeoutMs: 30_000,
    // What is compiled once takes a third of the time.
    env: { PATH: process.env["PATH"], NODE_COMPILE_CACHE: COMPILED, FAIL_AT_STEP: JSON.stringify(plan) },
  });

function copyOf(dir: string): string {
  const copy = makeStateDir("gc-kill");
  cpSync(dir, copy, { recursive: true, preserveTimestamps: true });
  return copy;
}

/** Runs the scene with its disturbance, and then `look`s at what has become of it. */
async function onACopy(scene: Scene, plan: Disturbance, look: (dir: string, run: RunResult) => unknown): Promise<void> {
  const dir = copyOf(scene.dir);
  try {
    const run = await runGc(dir, scene.args, plan);
    await look(dir, run);
  } catch (error) {
    const step = `${plan.mode} step ${plan.at} (${scene.steps[plan.at - 1]}) of gc ${scene.args[0]}`;
    throw new Error(`${step}: ${(error as Error).message}${differences(error)}`, { cause: error });
  } finally {
    removeTempDir(dir);
  }
}

/** What an assertion has found otherwise than expected, name by name. */
function differences(error: unknown): string {
  const { actual, expected } = error as { actual?: unknown; expected?: unknown };
  if (typeof actual !== "object" || typeof expected !== "object") return "";
  const entries = (of: unknown) => Object.entries(of ?? {}).map(([name, what]) => `${name}: ${String(what)}`);
  const lines = (sign: string, some: unknown, others: unknown) =>
    entries(some)
      .filter((line) => !entries(others).includes(line))
      .map((line) => `${sign} ${line}`);
  return ["", ...lines("-", expected, actual), ...lines("+", actual, expected)].join("; ");
}

const storeOf = (agent: string): string => `agents/${agent}/sessions/sessions.json`;

/** Each store is one of the two, and each transcript is there once, with what was in it. */
function expectOldOrNew(dir: string, ends: Ends): void {
  const now = snapshotOf(dir);
  for (const agent of AGENTS) {
    expect([ends.old[storeOf(agent)], ends.collected[storeOf(agent)]]).toContain(now[storeOf(agent)]);
    for (const { sessionId } of Object.values(rowsOf(agent))) {
      const name = `agents/${agent}/sessions/${sessionId}.jsonl`;
      const found = Object.keys(now).filter((one) => one === name || one.startsWith(`${name}.deleted.`));
      expect(found).toHaveLength(1);
      expect(now[found[0]!]).toBe(ends.old[name]);
    }
  }
}

/** Another collection ends as one that nothing disturbed, and all that was done can be taken back. */
async function expectFinished(dir: string, scene: Scene, ends: Ends): Promise<void> {
  signLocks(dir);
  expect(await gc(dir, ...COLLECT)).toMatchObject({ code: 0, stderr: "" });
  expectOldOrNew(dir, ends);
  const now = snapshotOf(dir);
  expect(litter(now)).toEqual([]);
  // Transcripts that an undo has given their names back stay so: only its rows are still missing.
  if (scene.args === COLLECT) expect(stampless(ofHost(now))).toEqual(ends.collected);
  for (const agent of AGENTS) expect(now[storeOf(agent)]).toBe(ends.collected[storeOf(agent)]);
  await expectUndone(dir, ends);
}

/** Taken back from the newest on, everything is what it was. */
async function expectUndone(dir: string, ends: Ends): Promise<void> {
  signLocks(dir);
  for (const id of undoIds(dir)) {
    const run = await gc(dir, "--undo", id);
    // One whose taking back had come to its end.
    if (run.code !== 0) expect(run.stderr).toMatch(/^error: \S+ was undone at \S+\n$/);
  }
  // Locks of the dead are for the next to take: nobody does where nothing is left to be done.
  const now = Object.entries(snapshotOf(dir)).filter(([name]) => !name.endsWith(".lock"));
  expect(litter(Object.fromEntries(now))).toEqual([]);
  expect(ofHost(Object.fromEntries(now))).toEqual(ends.old);
}

/** One line that says what was done, if anything: nothing else would tell of a store that is another one now. */
function expectSaid(run: RunResult, { args }: Scene, dir: string, ends: Ends): void {
  expect(run.stdout).toBe("");
  expect(run.stderr).toMatch(/^error: [^\n]{20,}\n$/);
  if (args !== COLLECT) return;
  const now = ofHost(snapshotOf(dir));
  const isUntouched = Object.entries(ends.old).every(([name, what]) => now[name] === what);
  if (isUntouched) expect(run.stderr).not.toContain("--undo");
  else expect(run.stderr).toContain(`--undo ${undoIds(dir)[0]}`);
}

/** A process that can end in peace leaves nothing of its work behind. */
function expectNothingHalfDone(dir: string, failed: string | undefined): void {
  // What cannot be removed stays.
  if (failed !== "rmSync") expect(litter(snapshotOf(dir))).toEqual([]);
}

const litter = (now: Snapshot): string[] => Object.keys(now).filter((name) => /\.gc-tmp$|\.lock$/.test(name));

/** Newest first, those that say what they did. */
function undoIds(dir: string): string[] {
  const folder = join(dir, UNDO_FOLDERS);
  if (!existsSync(folder)) return [];
  const ids = readdirSync(folder).filter((id) => existsSync(join(folder, id, "undo.json")));
  return ids.toSorted().toReversed();
}

/** Lets the time pass after which a lock without a signature is nobody's. */
function signLocks(dir: string): void {
  for (const agent of AGENTS) {
    const lock = join(sessionsFolder(dir, agent), "sessions.json.lock");
    const atS = (Date.now() - UNSIGNED_GRACE_MS - 1000) / 1000;
    if (existsSync(lock)) utimesSync(lock, atS, atS);
  }
}

/** Without what is the tool's own. */
const ofHost = (snapshot: Snapshot): Snapshot => without(snapshot, "resume-scheduler");

/** With the time in an archive's name taken out of it. */
const stampless = (snapshot: Snapshot): Snapshot =>
  Object.fromEntries(
    Object.entries(snapshot).map(([name, what]) => [name.replace(/\.deleted\.[\dTZ.-]+$/, ".deleted.<time>"), what]),
  );

/** Goes through all of them, and then tells of every one that failed. */
async function inTurns<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  const left = items.values();
  const failures: string[] = [];
  const worker = async () => {
    for (const item of left) {
      await work(item).catch((error: Error) => failures.push(error.message));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  expect(failures).toEqual([]);
}
