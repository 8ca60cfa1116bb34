import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { EXIT, Failure } from "../../../src/cli/failure.ts";
import { makeTempDir, removeTempDir } from "../../support/temp.ts";
import { FakeTerminal, run } from "./harness.ts";
import { doctorView, explanation, gcItem, gcView, planItem, planView, showView, statusView } from "./sample-views.ts";

const ACTIONS = ["resume", "hold", "discard", "release"] as const;
const down = new Failure(EXIT.unreachable, "gateway-unreachable", "the gateway is not reachable", {
  remedy: "start it",
  storeAnswers: true,
});
const fail = (error: Error) => () => {
  throw error;
};

/** Nothing is shortened on it. */
const wide = () => Object.assign(new FakeTerminal(), { columns: 500 });

let dir: string;
beforeEach(() => void (dir = makeTempDir("cli")));
afterEach(() => removeTempDir(dir));

function file(content: string): string {
  const path = join(dir, "settings.json5");
  writeFileSync(path, content);
  return path;
}

describe("the help", () => {
  it("lists the commands and the exit codes", async () => {
    const { stdout, exitCode } = await run(["--help"]);
    for (const name of ["status", "plan", "show", ...ACTIONS, "pause", "unpause", "gc", "doctor"]) {
      expect(stdout).toMatch(new RegExp(`^ {2}${name}\\b`, "m"));
    }
    expect(stdout).toMatch(/Exit codes:\n {2}0 {2}done\n[^]* {2}6 {2}/);
    expect(exitCode).toBe(0);
  });

  it.each(["status", "plan", "show", ...ACTIONS, "pause", "unpause", "gc", "doctor"])(
    "of %s has an example and the connection options",
    async (name) => {
      const { stdout } = await run([name, "-h"]);
      expect(stdout).toMatch(new RegExp(`Examples:\n {2}openclaw resumes ${name}`));
      for (const flag of ["--json", "--url", "--port", "--token", "--password", "--timeout"]) {
        expect(stdout).toContain(flag);
      }
    },
  );
});

describe("wrong usage", () => {
  it.each([
    [],
    ["nonsense"],
    ["status", "--nonsense"],
    ["show"],
    ["show", "one", "two"],
    ["resume"],
    ["resume", "key", "--all-held"],
    ["release"],
    ["release", "key", "--all"],
    ["hold"],
    ["status", "--interval", "0"],
    ["status", "--interval", "soon"],
    ["status", "--timeout", "-1"],
    ["status", "--port", "70000"],
    ["status", "--port", "1", "--url", "ws://x"],
    ["gc", "--dry-run", "--apply"],
    ["gc", "--cleanup", "--url", "ws://x"],
    ["gc", "--cleanup", "--port", "1"],
    ["gc", "key"],
  ])("%s %s %s exits with 2 and asks nobody", async (...argv) => {
    const { exitCode, calls, stderr } = await run(argv.filter((word) => word !== undefined));
    expect([exitCode, calls]).toEqual([2, []]);
    expect(stderr).not.toBe("");
  });

  it("is told as JSON with --json", async () => {
    const { json, exitCode } = await run(["resume", "--json"]);
    expect(json()).toEqual({
      ok: false,
      error: { type: "usage", message: "resume: give either a session key or --all-held" },
    });
    expect(exitCode).toBe(2);
  });
});

describe("the connection", () => {
  it("is what was given, and nothing else", async () => {
    const argv = ["status", "--url", "ws://host", "--token", "t", "--password", "p", "--timeout", "5"];
    const { calls } = await run(argv, { answer: () => statusView() });
    expect(calls[0]?.[2]).toEqual({ url: "ws://host", token: "t", password: "p", timeout: "5" });
    const plain = await run(["status"], { answer: () => statusView() });
    expect(plain.calls[0]?.[2]).toEqual({ timeout: "30000" });
  });
});

describe("openclaw resumes plan", () => {
  it("shows each verdict with the numbers behind it", async () => {
    const sessions = [
      planItem({ verdict: "admit", reason: "interrupted", found: 60_000 }),
      planItem({ sessionKey: "agent:a:old" }),
      planItem({ verdict: "leave", reason: "excluded", found: "x".repeat(90), limit: null, unit: null, rule: "r" }),
    ];
    const { stdout, calls } = await run(["plan"], { answer: () => planView({ sessions }) });
    expect(calls[0]?.slice(0, 2)).toEqual(["resumes.plan", { now: false }]);
    expect(stdout).toMatch(/VERDICT +REASON +KEY +FOUND +LIMIT +RULE/);
    expect(stdout).toMatch(/admit +interrupted +agent:a:chat +1m +1h +filter.idleHours/);
    expect(stdout).toMatch(/hold +idle-too-long +agent:a:old +2h 5m +1h +filter.idleHours/);
    expect(stdout).toMatch(/leave +excluded +agent:a:chat +x+\u{2026}x+ +- +r\n/u);
    expect(stdout).toContain("3 sessions: hold 1");
  });

  it("shows what the admitted ones will use, where the host has counted or there is a limit", async () => {
    const said = async (tokens: { estimated: number; limit: number | null }) => {
      const sessions = [planItem({ estimatedTokens: 12_345 }), planItem()];
      return (await run(["plan"], { answer: () => planView({ sessions, tokens }) })).stdout;
    };
    const none = await said({ estimated: 0, limit: null });
    expect(none).toMatch(/TOKENS\n/);
    expect(none).toMatch(/ 12,345\n/);
    expect(none).not.toContain("will use");
    expect(await said({ estimated: 12_345, limit: null })).toContain(
      "\nthe admitted ones will use at least 12,345 tokens\n",
    );
    const within = "the admitted ones will use at least 500 tokens; budget.maxTokensPerBoot is 500\n";
    expect(await said({ estimated: 500, limit: 500 })).toContain(within);
    expect(await said({ estimated: 501, limit: 500 })).toContain(
      "at least 501 tokens; budget.maxTokensPerBoot is 500: what comes last will be held\n",
    );
  });

  it("asks for now with --now", async () => {
    const { calls, stdout } = await run(["plan", "--now"], { answer: () => planView({ of: "now", sessions: [] }) });
    expect(calls[0]?.[1]).toEqual({ now: true });
    expect(stdout).toBe("What a restart now would say: no interrupted session\n");
  });

  it.each([
    ["its own settings", `{ filter: { idleHours: 3 } } // mine`],
    [
      "a whole openclaw.json",
      `{ gateway: {}, plugins: { entries: { "resume-scheduler": { config: { filter: { idleHours: 3 } } } } } }`,
    ],
  ])("tries the settings in a file with %s", async (_what, content) => {
    const { calls } = await run(["plan", "--config", file(content)], { answer: () => planView() });
    expect(calls[0]?.[1]).toEqual({ now: true, config: { filter: { idleHours: 3 } } });
  });

  it("takes an entry without settings for the defaults", async () => {
    const path = file(`{ plugins: { entries: { "resume-scheduler": { enabled: true } } } }`);
    const { calls } = await run(["plan", "--config", path], { answer: () => planView() });
    expect(calls[0]?.[1]).toEqual({ now: true, config: {} });
  });

  it.each([
    ["{\n  filter: {,\n}", ":2:12: invalid character ','"],
    ["", ":1:1: invalid end of input"],
    ["[1]", ":1: expected an object with the plugin's settings"],
    ["{ plugins: { entries: {} } }", `: has \`plugins\`, but no plugins.entries["resume-scheduler"]`],
  ])("says where a file is wrong: %j", async (content, message) => {
    const path = file(content);
    const { stderr, exitCode, calls } = await run(["plan", "--config", path]);
    expect([stderr, exitCode, calls]).toEqual([`error: ${path}${message}\n`, 2, []]);
  });

  it("says that there is no such file", async () => {
    const path = join(dir, "none.json5");
    const { stderr, exitCode } = await run(["plan", "--config", path]);
    expect([stderr, exitCode]).toEqual([`error: ${path}: there is no such file\n`, 2]);
  });

  it("passes on what the plugin says of wrong settings", async () => {
    const wrong = Object.assign(new Error("filter.idleHours: got -1"), { reason: "invalid-settings" });
    const { json, exitCode } = await run(["plan", "--json", "--config", file("{}")], {
      answer: fail(down),
      offline: { plan: fail(wrong) },
    });
    expect([json(), exitCode]).toEqual([
      { ok: false, error: { type: "invalid-settings", message: "filter.idleHours: got -1" } },
      2,
    ]);
  });
});

describe("openclaw resumes show", () => {
  it("shows the facts, the rule, the record and the history", async () => {
    const { stdout, calls } = await run(["show", "agent:a:chat"], { answer: () => showView() });
    expect(calls[0]?.slice(0, 2)).toEqual(["resumes.show", { key: "agent:a:chat" }]);
    expect(stdout).toMatch(/^agent:a:chat\n/);
    expect(stdout).toMatch(/now +queued, position 3\n/);
    expect(stdout).toMatch(/marks +spawned\n/);
    expect(stdout).toMatch(/verdict +hold: idle-too-long\n +meaning +the session has been idle/);
    expect(stdout).toMatch(/found +2h 5m\n +limit +1h\n +what to do +`openclaw resumes resume/);
    expect(stdout).toContain("nothing: it would not be interrupted");
    expect(stdout).toMatch(/phase +settled, held\n/);
    expect(stdout).toMatch(/T\d\d:\d\d:06\S+ +started +attempt=1 slot=2\n$/);
  });

  it("says what is not there", async () => {
    const view = showView({ record: null, boot: null, position: null, place: "none", history: [] });
    const { stdout } = await run(["show", "k"], { answer: () => view });
    expect(stdout).toContain("nothing: it was not interrupted");
    expect(stdout).toContain("No record: the plugin has not claimed it.");
    expect(stdout).not.toContain("History");
  });

  it("takes a time for a time", async () => {
    const boot = explanation({ reason: "time-in-future", found: 4e12, unit: "time" });
    const { stdout } = await run(["show", "k"], { answer: () => showView({ boot }) });
    expect(stdout).toMatch(/found +2096-/);
  });

  it("exits with 3 for an unknown session, from the gateway or from its store", async () => {
    const unknown = new Failure(EXIT.refused, "unknown-session", "no session has this key");
    const stored = Object.assign(new Error("no session has this key"), { reason: "unknown-session" });
    const asked = await run(["show", "k", "--json"], { answer: fail(unknown) });
    const read = await run(["show", "k", "--json"], { answer: fail(down), offline: { show: fail(stored) } });
    const expected = { ok: false, error: { type: "unknown-session", message: "no session has this key" } };
    expect([asked.json(), asked.exitCode, read.json(), read.exitCode]).toEqual([expected, 3, expected, 3]);
  });
});

describe("an action", () => {
  const a = { agentId: "a", sessionKey: "agent:a:1" };
  const refused = [{ ...a, sessionKey: "agent:a:2", reason: "already-running", message: "it is running" }];

  it.each(ACTIONS)("%s names its session", async (action) => {
    const done = [{ ...a, now: "held" }];
    const { calls, stdout, exitCode } = await run([action, "agent:a:1"], {
      answer: () => ({ action, done, refused: [] }),
    });
    expect(calls[0]?.slice(0, 2)).toEqual([`resumes.${action}`, { key: "agent:a:1" }]);
    expect([stdout, exitCode]).toEqual(["agent:a:1: held\n", 0]);
  });

  it("can be for all of them", async () => {
    const answer = () => ({ done: [], refused: [] });
    const resume = await run(["resume", "--all-held"], { answer });
    const release = await run(["release", "--all"], { answer });
    expect(resume.calls[0]?.slice(0, 2)).toEqual(["resumes.resume", { allHeld: true }]);
    expect(release.calls[0]?.slice(0, 2)).toEqual(["resumes.release", { all: true }]);
    expect([resume.stdout, resume.exitCode]).toEqual(["nothing to do\n", 0]);
  });

  it("tells what was refused, and exits with 3 when that is all", async () => {
    const some = await run(["resume", "--all-held"], { answer: () => ({ done: [{ ...a, now: "queued" }], refused }) });
    expect([some.stderr, some.exitCode]).toEqual(["agent:a:2: already-running: it is running\n", 0]);
    const none = await run(["resume", "k"], { answer: () => ({ done: [], refused }) });
    expect([none.stdout, none.stderr, none.exitCode]).toEqual(["", some.stderr, 3]);
    const json = await run(["resume", "k", "--json"], { answer: () => ({ done: [], refused }) });
    expect([json.json(), json.stderr, json.exitCode]).toEqual([{ done: [], refused }, "", 3]);
  });

  it.each([...ACTIONS.map((action) => [action, "key"]), ["pause"], ["unpause"], ["status"]])(
    "%s needs the gateway",
    async (...argv) => {
      const { stderr, exitCode } = await run(argv, { answer: fail(down) });
      expect([stderr, exitCode]).toEqual(["error: the gateway is not reachable: start it\n", 5]);
    },
  );
});

describe("pausing", () => {
  it("says since when", async () => {
    const { calls, stdout } = await run(["pause"], { answer: () => ({ pausedSinceMs: 4e12 }) });
    expect(calls[0]?.slice(0, 2)).toEqual(["resumes.pause", {}]);
    expect(stdout).toMatch(/^paused since 2096-/);
  });

  it("says that it is over", async () => {
    const { calls, stdout } = await run(["unpause"], { answer: () => ({ pausedSinceMs: null }) });
    expect(calls[0]?.[0]).toBe("resumes.unpause");
    expect(stdout).toBe("not paused: resumes start again\n");
  });
});

describe("openclaw resumes gc", () => {
  const retired = gcItem({
    sessionKey: "agent:a:old",
    action: "retire",
    heldForMs: 15 * 86_400_000,
    retiredBy: "held-too-long",
  });
  const pinned = gcItem({ sessionKey: "agent:a:pin", action: "protect", protectedBy: "pinned", transcript: "missing" });
  const summary = { before: 3, after: 2, retired: 1, kept: 1, protected: 1 };
  const view = gcView({ sessions: [retired, pinned, gcItem()], summary });
  const answer = () => view;
  const found = { agentIds: ["a", "b"], missingTranscripts: 4, dmScopeRows: 5 };
  const rows = () => found;
  const args = ["sessions", "cleanup", "--dry-run", "--fix-missing", "--fix-dm-scope", "--all-agents"];

  it("changes nothing unless it is told to", async () => {
    for (const argv of [["gc"], ["gc", "--dry-run"]]) {
      const { calls } = await run(argv, { answer, offline: { rows } });
      expect(calls.map(([method, params]) => [method, params])).toEqual([["resumes.gc", { apply: false }]]);
    }
    const { calls } = await run(["gc", "--apply", "--active-key", "k"], { answer, offline: { rows } });
    expect(calls[0]?.slice(0, 2)).toEqual(["resumes.gc", { apply: true, activeKey: "k" }]);
  });

  it("shows each held session, the sum, and the host's own command as a shell takes it", async () => {
    const argv = ["gc", "--active-key", "agent:a:it's me"];
    const { stdout, exitCode } = await run(argv, { answer, offline: { rows }, terminal: wide() });
    expect(stdout.split("\n").map((line) => line.replaceAll(/ {2,}/g, "  "))).toEqual([
      "Action  Key  Age  Kind  Reason  Transcript",
      "retire  agent:a:old  15d  direct  idle-too-long  present",
      "protect  agent:a:pin  2d  direct  pinned  missing",
      "keep  agent:a:held  2d  direct  idle-too-long  present",
      "",
      "held: 3 before, 2 after",
      "would be retired: 1 (held for longer than 14d, after a permanent error than 3d), kept: 1, protected: 1",
      "the host's rows: 4 without a transcript, 5 of direct chats that session.dmScope has left behind",
      String.raw`rows are removed by the host only: openclaw sessions cleanup --dry-run --fix-missing --fix-dm-scope --active-key 'agent:a:it'\''s me' --all-agents`,
      "",
    ]);
    expect(exitCode).toBe(0);
  });

  it("takes the flags of the host's command from what there is", async () => {
    const none = { agentIds: ["a"], missingTranscripts: 0, dmScopeRows: 0 };
    const { json } = await run(["gc", "--apply", "--json"], { answer, offline: { rows: () => none } });
    const cleanup = { args: ["sessions", "cleanup", "--enforce", "--agent", "a"] };
    expect(json()).toMatchObject({ rows: none, cleanup });
  });

  it("says what was done, and that it is done by hand only", async () => {
    const none = gcView({ sessions: [], applied: true, enabled: false });
    const { stdout } = await run(["gc", "--apply"], { answer: () => none, offline: { rows } });
    expect(stdout).toMatch(/^held: 1 before/);
    expect(stdout).toContain("\nretired: 0 (");
    expect(stdout).toContain("\ngc.enabled is false: nothing is retired by itself\n");
  });

  it("runs the host's command below its own answer, and fails with it", async () => {
    const host = () => ({ exitCode: 7, output: "host says\n" });
    const { stdout, commands, exitCode } = await run(["gc", "--cleanup"], { answer, host, offline: { rows } });
    expect([commands, exitCode]).toEqual([[args], 1]);
    expect(stdout).toMatch(/^Action[^]*--all-agents\nhost says\n$/);
    expect((await run(["gc"], { answer, host, offline: { rows } })).commands).toEqual([]);
    const well = () => ({ exitCode: 0, output: "" });
    expect((await run(["gc", "--cleanup"], { answer, host: well, offline: { rows } })).exitCode).toBe(0);
  });

  it.each([
    ['{ "mode": "warn" }', { mode: "warn" }],
    ["no JSON", "no JSON"],
  ])("has what the host says in its own JSON: %s", async (output, said) => {
    const host = () => ({ exitCode: 1, output });
    const asked = await run(["gc", "--cleanup", "--json"], { answer, host, offline: { rows } });
    expect(asked.commands).toEqual([[...args, "--json"]]);
    const answered = { ...view, rows: found, cleanup: { args, exitCode: 1, output: said } };
    expect([asked.json(), asked.exitCode]).toEqual([answered, 1]);
  });

  it("has nothing to do with the rows of a gateway elsewhere, whatever that says", async () => {
    const hostile = () => ({ ...view, cleanup: { args: ["plugins", "install", "/tmp/evil"] } });
    const elsewhere = [
      ["--port", "18999"],
      ["--url", "ws://there", "--token", "t"],
    ];
    for (const where of elsewhere) {
      const { stdout } = await run(["gc", ...where], { answer: hostile });
      expect(stdout).toContain("held: 3 before");
      expect(stdout).not.toContain("rows");
      const { commands, exitCode, stderr } = await run(["gc", "--cleanup", ...where], { answer: hostile });
      expect([commands, exitCode]).toEqual([[], 2]);
      expect(stderr).toContain("--cleanup works on this machine's own gateway only");
    }
    const remote = () => {
      throw new Error('gateway.mode is "remote"');
    };
    expect((await run(["gc"], { answer: hostile, offline: { rows: remote } })).stdout).not.toContain("evil");
    const cleaning = await run(["gc", "--cleanup", "--apply"], { answer: hostile, offline: { rows: remote } });
    expect([cleaning.calls, cleaning.commands, cleaning.exitCode]).toEqual([[], [], 1]);
  });

  it("refuses a key to keep that is nobody's", async () => {
    const unknown = () => {
      throw Object.assign(new Error("no session has the key typo"), { reason: "unknown-session" });
    };
    const argv = ["gc", "--apply", "--active-key", "typo"];
    const { calls, stderr, exitCode } = await run(argv, { offline: { rows: unknown } });
    expect([calls, stderr, exitCode]).toEqual([[], "error: no session has the key typo\n", 3]);
  });

  it("reads the store of a gateway that is down, and applies nothing there", async () => {
    const asked: unknown[] = [];
    const gc = async (options: unknown) => {
      asked.push(options);
      return gcView({ source: "store" });
    };
    const read = await run(["gc", "--active-key", "k"], { answer: fail(down), offline: { gc, rows } });
    expect([asked, read.exitCode]).toEqual([[{ activeKey: "k" }], 0]);
    expect(read.stderr).toBe("note: the gateway is not reachable: this is read from its store\n");
    const applied = await run(["gc", "--apply", "--cleanup"], { answer: fail(down), offline: { gc, rows } });
    expect([asked.length, applied.commands, applied.exitCode]).toEqual([1, [], 5]);
  });
});

describe("openclaw resumes doctor", () => {
  const ok = { check: "startup-activation", level: "ok", found: "loaded at startup", fix: null } as const;
  const bad = { check: "metrics-route", level: "fail", found: "open to anyone", fix: "set gateway.auth" } as const;

  it("shows each finding with its fix", async () => {
    const { stdout, exitCode } = await run(["doctor"], { answer: () => doctorView(ok, { ...bad, level: "warn" }) });
    expect(stdout).toMatch(
      /^ok +startup-activation +loaded at startup\nwarn +metrics-route +open to anyone\n +fix: set/,
    );
    expect(exitCode).toBe(0);
  });

  it("names the sessions of a split conversation, in the order in which they began", async () => {
    const part = (sessionKey: string, atMs: number | null) => ({
      sessionKey,
      sessionId: `session of ${sessionKey}`,
      transcript: "/store",
      userMessages: 2,
      firstUserMessageAtMs: atMs,
      lastUserMessageAtMs: atMs,
    });
    const splits = [{ agentId: "a", key: "agent:a:pair:1", parts: [part("pair:1", 0), part("agent:a:pair:1", null)] }];
    const { stdout } = await run(["doctor"], { answer: () => ({ ...doctorView(ok), splits }) });
    expect(stdout).toMatch(
      /\n\nsplit: agent:a:pair:1\n +1\. +2 messages, 1970-.* pair:1, session .*\n +2\. +2 messages, - to - /,
    );
  });

  it("exits with 6 when something does not work", async () => {
    expect((await run(["doctor"], { answer: () => doctorView(ok, bad) })).exitCode).toBe(6);
  });
});

describe("with the gateway down", () => {
  const offline = {
    plan: () => planView({ source: "store" }),
    show: () => showView({ source: "store" }),
    doctor: () => doctorView(),
  };

  it.each([["plan"], ["show", "key"], ["doctor"]])("%s reads the store and says so", async (...argv) => {
    const { stderr, exitCode } = await run(argv, { answer: fail(down), offline });
    expect([stderr, exitCode]).toEqual(["note: the gateway is not reachable: this is read from its store\n", 0]);
  });

  it("says so in the document with --json, and nothing else", async () => {
    const { json, stderr } = await run(["plan", "--json"], { answer: fail(down), offline });
    expect([json(), stderr]).toEqual([planView({ source: "store" }), ""]);
  });

  it("tries other settings on the store too", async () => {
    const asked: unknown[] = [];
    const plan = (options: unknown) => {
      asked.push(options);
      return planView({ source: "store" });
    };
    await run(["plan", "--config", file("{ mode: 'observe' }")], { answer: fail(down), offline: { plan } });
    expect(asked).toEqual([{ now: true, config: { mode: "observe" } }]);
  });

  it("does not pass this machine's store off as that of another gateway", async () => {
    const remote = new Failure(EXIT.unreachable, "gateway-unreachable", "not reachable");
    expect((await run(["plan"], { answer: fail(remote), offline })).exitCode).toBe(5);
  });
});

describe("a stranger's session key", () => {
  const key = "agent:a:\u{1b}]0;owned\u{7}\u{202e}gnp.exe\nforged: ok";
  const answers: Record<string, unknown> = {
    status: statusView({ held: [{ agentId: "a", sessionKey: key, reason: "failing", claimedAtMs: 0 }] }),
    plan: planView({ sessions: [planItem({ sessionKey: key, found: key, unit: null })] }),
    show: showView({
      sessionKey: key,
      history: [{ atMs: 0, what: "asked", detail: { [key]: key, more: [key] } }],
    }),
    hold: {
      done: [{ agentId: "a", sessionKey: key, now: "held" }],
      refused: [{ agentId: "a", sessionKey: key, reason: "delivering", message: key }],
    },
    gc: gcView({ sessions: [gcItem({ sessionKey: key, heldBy: key })] }),
    doctor: doctorView({ check: "vanished-version", level: "warn", found: key, fix: key }),
  };

  it.each([["status"], ["plan"], ["show", "k"], ["hold", "k"], ["gc", "--active-key", key], ["doctor"]])(
    "does nothing in %s",
    async (...argv) => {
      const rows = () => ({ agentIds: [key], missingTranscripts: 1, dmScopeRows: 0 });
      const { stdout, stderr } = await run(argv, { answer: () => answers[argv[0]], offline: { rows } });
      expect(stdout).toContain("agent:a:");
      expect(stdout + stderr).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}]/u);
      expect(stdout + stderr).not.toMatch(/^forged/m);
    },
  );

  it("is one line of an error too", async () => {
    const { stderr } = await run(["show", key], { answer: fail(new Error(`no such session: ${key}`)) });
    expect(stderr).toMatch(/^error: no such session: [^\n]*\n$/);
    expect(stderr).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}]/u);
  });

  it("goes to the gateway as it is", async () => {
    const { calls } = await run(["show", key], { answer: () => showView() });
    expect(calls[0]?.[1]).toEqual({ key });
  });
});

describe("an unexpected failure", () => {
  it("is one line and exit code 1", async () => {
    const terminal = new FakeTerminal();
    const { stderr, exitCode } = await run(["pause"], { terminal, answer: fail(new Error("odd\nvery odd")) });
    expect([stderr, exitCode]).toEqual(["error: odd very odd\n", 1]);
  });
});
