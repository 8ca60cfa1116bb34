import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { runGc } from "../../../src/gc/command.ts";
import { makeTempDir, removeTempDir } from "../../support/temp.ts";
import { waitFor } from "../../support/wait.ts";
import { FakeTerminal } from "../cli/harness.ts";

const HOUR_MS = 3_600_000;
const NOW_MS = Date.UTC(2026, 5, 20, 12);
const OLD_MS = NOW_MS - 1000 * HOUR_MS;
const KEY = "agent:main:telegram:direct:1";

let stateDir: string;
let store: string;
beforeEach(() => {
  stateDir = makeTempDir("gc-command");
  store = agentStore("main");
  writeStore({ [KEY]: { sessionId: "a", lastInteractionAt: NOW_MS - 30 * HOUR_MS } });
  return () => removeTempDir(stateDir);
});

function agentStore(agentId: string): string {
  const folder = path.join(stateDir, "agents", agentId, "sessions");
  mkdirSync(folder, { recursive: true });
  return path.join(folder, "sessions.json");
}

function writeStore(content: unknown, file = store): void {
  writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content, null, 2));
}

async function gc(...args: string[]) {
  const terminal = new FakeTerminal();
  await runGc(["--state-dir", stateDir, ...args], terminal, NOW_MS);
  const { stdout, stderr, exitCode } = terminal;
  return { stdout, stderr, exitCode };
}

const IDLE = ["--idle-hours", "24"];

describe("what it prints", () => {
  it("is a table and a summary", async () => {
    const { stdout, exitCode } = await gc(...IDLE);
    expect(exitCode).toBe(0);
    expect(stdout).toBe(
      [
        "Action  Key                           Age    Kind    Reason                 Transcript",
        "retire  agent:main:telegram:direct:1  1d 6h  direct  idle-too-long (1d 6h)  missing",
        "",
        "Agent  before  after  retired  kept  protected  missing transcripts  dm-scope rows",
        "main   1       0      1        0     0          1                    1",
        "",
        "dry run: nothing was changed; --apply retires 1",
        "",
      ].join("\n"),
    );
  });

  it("shows every row when no rule is given", async () => {
    expect((await gc()).stdout).toMatch(/^keep +agent:main:telegram:direct:1 +1d 6h +direct +missing$/m);
  });

  it("says how to take it back", async () => {
    const { stdout } = await gc(...IDLE, "--apply");
    const [, id] = /retired 1; undo it with --undo (\S+)$/m.exec(stdout) ?? [];
    expect(readdirSync(path.join(stateDir, "resume-scheduler/gc"))).toEqual([id]);
    expect((await gc("--undo", id!)).stdout).toContain("main: restored: as it was before, byte for byte");
    const again = await gc("--undo", id!);
    expect(again.exitCode).toBe(3);
    expect(again.stderr).toMatch(/^error: .* was undone at /);
  });

  it("cannot be led astray by what is in a key", async () => {
    writeStore({ "agent:main:\u001b[31m\u202e": { lastInteractionAt: OLD_MS } });
    const { stdout } = await gc(...IDLE);
    for (const hostile of ["\u001b", "\u202e"]) expect(stdout).not.toContain(hostile);
  });

  it("shows a thousand rows, and counts them all", async () => {
    writeStore(Object.fromEntries(Array.from({ length: 1200 }, (_, at) => [`k${at}`, { lastInteractionAt: OLD_MS }])));
    const { stdout } = await gc(...IDLE);
    expect(stdout.match(/^retire/gm)).toHaveLength(1000);
    expect(stdout).toContain("... and 200 more: --json has all");
    expect(stdout).toContain("--apply retires 1200");
  });

  it("helps", async () => {
    const { stdout, exitCode } = await gc("--help");
    expect([exitCode, stdout.split("\n", 1)[0]]).toEqual([
      0,
      "Usage: openclaw-resume-scheduler gc --state-dir DIR [--agent ID | --all-agents] [rules] [--apply]",
    ]);
  });
});

describe("wrong usage", () => {
  it.each([
    [["--idle-hours", "-1"], "'--idle-hours' argument is ambiguous"],
    [["--idle-hours=0"], "--idle-hours 0: expected a number of hours above 0"],
    [["--idle-hours", ""], "--idle-hours : expected a number of hours above 0"],
    [["--max-age-hours", "many"], "--max-age-hours many: expected a number of hours above 0"],
    [["--max-per-agent", "1.5"], "--max-per-agent 1.5: expected a whole number above 0"],
    [["--apply"], "--apply without a rule would retire nothing"],
    [["--apply", "--dry-run", ...IDLE], "--apply and --dry-run: give one of them"],
    [["--agent", "main", "--all-agents"], "--agent and --all-agents: give one of them"],
    [["--undo", "x", ...IDLE], "--undo takes back a whole collection: give no rules with it"],
    [["--undo", "x", "--all-agents"], "--undo takes back a whole collection: give no agents with it"],
    [["--fix"], "Unknown option '--fix'"],
    [["stores"], "Unexpected argument 'stores'"],
  ])("%j", async (args, message) => {
    const { stderr, stdout, exitCode } = await gc(...args);
    expect([exitCode, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(`error: `);
    expect(stderr).toContain(message);
    expect(stderr.trimEnd()).not.toContain("\n");
  });

  it("a state directory that is none, or not given", async () => {
    const terminal = new FakeTerminal();
    await runGc(IDLE, terminal, NOW_MS);
    expect([terminal.exitCode, terminal.stderr]).toEqual([2, expect.stringContaining("--state-dir DIR is missing")]);
    const { stderr, exitCode } = await gc("--state-dir", store, ...IDLE);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining("there is no such directory")]);
  });

  it("is JSON with --json", async () => {
    const { stdout, stderr } = await gc("--json", "--agent", "nobody");
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, error: { type: "no-store" } });
  });
});

describe("which stores", () => {
  it("asks which agent is meant, when there are several", async () => {
    writeStore({}, agentStore("ops"));
    const { stderr, exitCode } = await gc(...IDLE);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining("they are main, ops")]);
    expect((await gc("--agent", "ops")).exitCode).toBe(0);
    expect((await gc("--agent", "OPS")).exitCode).toBe(0);
  });

  it("says where sessions are when there is no such file", async () => {
    const { stderr, exitCode } = await gc("--agent", "later");
    expect([exitCode, stderr]).toEqual([3, expect.stringContaining("SQLite: use `openclaw sessions cleanup`")]);
  });

  it("changes none when one of them cannot be worked with", async () => {
    writeStore("{", agentStore("ops"));
    const { stderr, exitCode } = await gc("--all-agents", ...IDLE, "--apply");
    expect([exitCode, stderr]).toEqual([3, expect.stringContaining("ops/sessions/sessions.json is not JSON")]);
    expect(JSON.parse(readFileSync(store, "utf8"))).toHaveProperty([KEY]);
    expect(readdirSync(stateDir)).toEqual(["agents"]);
    expect(readdirSync(path.dirname(store))).toEqual(["sessions.json"]);
  });

  it("reaches the state directory through a link, and nothing in it", async () => {
    const link = path.join(makeTempDir("gc-link"), "link");
    symlinkSync(stateDir, link);
    expect((await gc("--state-dir", link, ...IDLE)).exitCode).toBe(0);
    symlinkSync(path.join(stateDir, "agents/main"), path.join(stateDir, "agents/other"));
    const { stderr, exitCode } = await gc("--agent", "other", ...IDLE);
    expect([exitCode, stderr]).toEqual([3, expect.stringContaining("is reached through a symbolic link")]);
  });
});

describe("the scope of direct chats", () => {
  it("has to be known", async () => {
    const { stderr, exitCode } = await gc("--dm-scope");
    expect([exitCode, stderr]).toEqual([3, expect.stringContaining('whether session.dmScope is "main"')]);
    const config = path.join(stateDir, "elsewhere.json5");
    writeFileSync(config, "{ session: { $include: './session.json5' } }");
    expect((await gc("--dm-scope", "--config", config)).stderr).toContain("includes other files");
    writeFileSync(config, "{ session: { dmScope: '${SCOPE}' } }");
    expect((await gc("--dm-scope", "--config", config)).stderr).toContain('says "${SCOPE}"');
    writeFileSync(config, "{ // main is the default\n}");
    expect((await gc("--dm-scope", "--config", config)).stdout).toContain("--apply retires 1");
  });

  it("is not one scope where a binding has its own", async () => {
    const binding = { agentId: "main", match: { channel: "telegram" }, session: { dmScope: "per-peer" } };
    writeFileSync(path.join(stateDir, "openclaw.json"), JSON.stringify({ bindings: [binding] }));
    expect((await gc("--dm-scope")).stderr).toContain("has bindings with a session.dmScope of their own");
  });

  it("retires nothing for a scope that the host does not use", async () => {
    writeFileSync(
      path.join(stateDir, "openclaw.json"),
      '{"session":{"dmScope":"per-peer","store":"/x/{agentId}.json"}}',
    );
    const { stdout, stderr } = await gc("--dm-scope");
    expect(stdout).toContain("dry run: nothing would be retired");
    expect(stderr).toContain('note: session.dmScope is "per-peer": --dm-scope retires nothing');
    expect(stderr).toContain("note: session.store is /x/{agentId}.json");
  });

  it("never costs the main row, whatever it is called", async () => {
    const shapes = ["direct:1", "telegram:direct:1", "telegram:default:direct:1"].map((rest) => `agent:main:${rest}`);
    const others = [
      "agent:main:main",
      "agent:main:a:b:c:direct:1",
      "agent:ops:telegram:direct:1",
      "agent:main:agent:direct:1",
      "direct:1",
      "agent:main:telegram:direct:1:thread:2",
      "agent:main:home:direct:me",
    ];
    writeStore(Object.fromEntries([...shapes, ...others].map((key) => [key, { sessionId: "x" }])));
    writeFileSync(path.join(stateDir, "openclaw.json"), '{"session":{"mainKey":"Home:direct:me"}}');
    const { stdout } = await gc("--dm-scope", "--json");
    const view = JSON.parse(stdout) as { agents: { rows: { key: string }[] }[] };
    expect(view.agents[0]?.rows.map(({ key }) => key)).toEqual(shapes);
  });
});

describe("an active key", () => {
  it("is known by its conversation, and has to be there", async () => {
    writeFileSync(path.join(stateDir, "openclaw.json"), '{"session":{"mainKey":"work"}}');
    writeStore({ "agent:main:work": { lastInteractionAt: OLD_MS } });
    for (const key of ["main", "agent:main:main", "work", "AGENT:MAIN:WORK"]) {
      expect((await gc(...IDLE, "--active-key", key)).stdout).toMatch(/^protect .* active-key /m);
    }
    const { stderr, exitCode } = await gc(...IDLE, "--apply", "--active-key", "agent:main:wrok");
    expect([exitCode, stderr]).toEqual([
      2,
      expect.stringContaining("--active-key agent:main:wrok: there is no such row"),
    ]);
    expect(readdirSync(stateDir)).toEqual(["agents", "openclaw.json"]);
  });
});

describe("who else has a transcript", () => {
  const transcript = (agentId: string, name: string): string => {
    const file = path.join(path.dirname(agentStore(agentId)), name);
    writeFileSync(file, '{"type":"session"}\n{"type":"message"}\n');
    return file;
  };
  const left = () => readdirSync(path.dirname(store)).filter((name) => name.endsWith(".jsonl"));

  it("keeps it: another row, another agent's row, a row's checkpoint, a link", async () => {
    const now = { lastInteractionAt: NOW_MS };
    const names = ["shared", "elsewhere", "checkpoint", "linked", "mine"];
    const rows = names.map((id) => [`agent:main:${id}`, { sessionId: id, lastInteractionAt: OLD_MS }] as const);
    for (const id of names) transcript("main", `${id}.jsonl`);
    writeStore({
      ...Object.fromEntries(rows),
      "agent:main:new": { sessionId: "shared", ...now },
      "agent:main:compacted": {
        sessionId: "compacted",
        compactionCheckpoints: [{ preCompaction: { sessionFile: transcript("main", "checkpoint.jsonl") } }],
        ...now,
      },
    });
    writeStore({ "agent:ops:x": { sessionFile: transcript("main", "elsewhere.jsonl"), ...now } }, agentStore("ops"));
    symlinkSync(path.join(path.dirname(store), "linked.jsonl"), path.join(path.dirname(agentStore("ops")), "l.jsonl"));
    const { stdout } = await gc("--agent", "main", ...IDLE, "--apply");
    expect(stdout).toContain("retired 5");
    expect(left()).toEqual(["checkpoint.jsonl", "elsewhere.jsonl", "linked.jsonl", "shared.jsonl"]);
  });

  it("takes along what belongs to it", async () => {
    for (const name of ["a.jsonl", "a.trajectory.jsonl", "a.checkpoint.1.jsonl"]) transcript("main", name);
    const { stdout } = await gc(...IDLE, "--apply");
    expect(left()).toEqual([]);
    expect(stdout).toMatch(/^retire .* present$/m);
    const [, id = ""] = /--undo (\S+)/.exec(stdout) ?? [];
    expect((await gc("--undo", id)).stdout).toContain("3 files got their names back");
    expect(left()).toEqual(["a.checkpoint.1.jsonl", "a.jsonl", "a.trajectory.jsonl"]);
  });
});

describe("what can be taken back", () => {
  async function collected(): Promise<string> {
    writeStore({ "agent:ops:x": { lastInteractionAt: OLD_MS } }, agentStore("ops"));
    const { stdout } = await gc("--all-agents", ...IDLE, "--apply");
    return /--undo (\S+)/.exec(stdout)?.[1] ?? "";
  }

  it("is everything but what is gone", async () => {
    const id = await collected();
    rmSync(path.join(stateDir, "agents/ops"), { recursive: true });
    const { stdout, exitCode } = await gc("--undo", id);
    expect(exitCode).toBe(0);
    expect(stdout).toContain("main: restored");
    expect(stdout).toContain("ops: gone: its folder is not there any more");
    expect(stdout).toContain("ops.before.json");
    expect((await gc("--undo", id)).stderr).toContain("was undone at");
  });

  it("comes back where there is no store any more", async () => {
    const before = readFileSync(store);
    const id = await collected();
    rmSync(store);
    expect((await gc("--undo", id)).stdout).toContain("main: restored");
    expect(readFileSync(store)).toEqual(before);
  });

  it("is not what somebody else has written into it", async () => {
    const id = await collected();
    const file = path.join(stateDir, "resume-scheduler/gc", id, "undo.json");
    const record = JSON.parse(readFileSync(file, "utf8")) as { stores: object[] };
    const [first, ...others] = record.stores;
    const outside = path.join(makeTempDir("gc-out"), "a.jsonl");
    writeFileSync(outside, "");
    const bad = [
      "{",
      "null",
      { ...record, version: 2 },
      { ...record, stores: [{ agentId: "main" }] },
      {
        ...record,
        finishedAt: undefined,
        stores: [{ ...first, archived: [{ from: "agents/x", to: "../../x", keys: [] }] }, ...others],
      },
      { ...record, finishedAt: undefined, stores: [{ ...first, path: outside }, ...others] },
    ];
    for (const content of bad) {
      writeStore(content, file);
      expect(await gc("--undo", id)).toMatchObject({
        exitCode: 3,
        stderr: expect.stringContaining("undo.json is not "),
      });
      expect(await gc("--agent", "ops", ...IDLE, "--apply")).toMatchObject({ exitCode: 0, stderr: "" });
    }
  });

  it("has an id", async () => {
    const id = await collected();
    for (const wrong of ["../../x", "", "2026-02-03T04-05-06.789Z"]) {
      const { stderr, exitCode } = await gc("--undo", wrong);
      expect([exitCode, stderr]).toEqual([3, expect.stringContaining(`to undo in ${stateDir}: there are ${id}`)]);
    }
  });
});

describe("a store in use", () => {
  /** Something that runs for as long as the test needs it. */
  function running(args: string[], env: Record<string, string> = {}): ChildProcess & AsyncDisposable {
    const child = spawn(process.execPath, args, { env: { ...process.env, ...env }, stdio: "ignore" });
    const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    return Object.assign(child, {
      async [Symbol.asyncDispose]() {
        child.kill("SIGKILL");
        await ended;
      },
    });
  }

  it("stays as it is while another process holds its lock, and a stale lock is no lock", async () => {
    const lock = (pid: number) => writeFileSync(`${store}.lock`, JSON.stringify({ pid, createdAt: "2026-06-20" }));
    const gone = Number(execFileSync(process.execPath, ["-p", "process.pid"], { encoding: "utf8" }));
    lock(gone);
    expect((await gc(...IDLE, "--apply")).stdout).toContain("retired 1");
    writeStore({ [KEY]: { lastInteractionAt: OLD_MS } });
    lock(process.pid);
    const { stderr, exitCode } = await gc(...IDLE, "--apply");
    expect([exitCode, stderr]).toEqual([3, expect.stringContaining(`is locked by process ${process.pid}`)]);
    expect(readdirSync(path.dirname(store))).toEqual(["sessions.json", "sessions.json.lock"]);
  }, 30_000);

  it("keeps a row whose transcript a running process has locked", async () => {
    const transcript = path.join(path.dirname(store), "a.jsonl");
    writeFileSync(transcript, '{"type":"session"}\n{"type":"message"}\n');
    writeFileSync(`${transcript}.lock`, JSON.stringify({ pid: process.pid, createdAt: "2026-06-20" }));
    expect((await gc(...IDLE)).stdout).toMatch(/^protect .* live-lock \(idle-too-long\) +present$/m);
    writeFileSync(`${transcript}.lock`, JSON.stringify({ pid: process.pid, createdAt: "2026-06-20", starttime: 1 }));
    if (process.platform === "linux") expect((await gc(...IDLE)).stdout).toContain("--apply retires 1");
  });

  it.runIf(process.platform === "linux")("is left to the gateway that runs on it", async () => {
    const entry = path.join(stateDir, "openclaw.mjs");
    writeFileSync(entry, "setInterval(() => {}, 1000)");
    await using gateway = running([entry, "gateway", "run"], { OPENCLAW_STATE_DIR: stateDir });
    await waitFor(() => readFileSync(`/proc/${gateway.pid}/cmdline`, "utf8").includes("gateway"), {
      timeoutMs: 10_000,
      what: "the process",
    });
    const refused = await gc(...IDLE, "--apply");
    expect(refused.exitCode).toBe(3);
    expect(refused.stderr).toContain(`a gateway is running on ${stateDir} (process ${gateway.pid}): stop it first`);
    // A look at it costs nobody anything.
    expect((await gc(...IDLE)).exitCode).toBe(0);
    await using other = running([entry, "gateway"], { OPENCLAW_STATE_DIR: os.tmpdir() });
    await waitFor(() => readFileSync(`/proc/${other.pid}/cmdline`, "utf8").includes("gateway"), {
      timeoutMs: 10_000,
      what: "the gateway of another state directory",
    });
    await gateway[Symbol.asyncDispose]();
    expect((await gc(...IDLE, "--apply")).stdout).toContain("retired 1");
  });
});
