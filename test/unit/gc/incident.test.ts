import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { runGc } from "../../../src/gc/command.ts";
import type { UndoneStore } from "../../../src/gc/undo.ts";
import type { CollectionView } from "../../../src/gc/view.ts";
import { INCIDENT, writeIncident } from "../../support/incident-store.ts";
import { makeTempDir, removeTempDir } from "../../support/temp.ts";
import { FakeTerminal } from "../cli/harness.ts";

const NOW_MS = Date.UTC(2026, 5, 20, 12);
const STALE = ["--max-age-hours", "120", "--idle-hours", "24"];

let stateDir: string;
beforeEach(() => {
  stateDir = makeTempDir("gc-incident");
  writeIncident(stateDir, NOW_MS);
  writeFileSync(path.join(stateDir, "openclaw.json"), '{ session: { dmScope: "main" } }');
  return () => removeTempDir(stateDir);
});

/** Runs the command on all agents, and returns what it prints with `--json`. */
async function gc<View = CollectionView>(...args: string[]): Promise<View> {
  const terminal = new FakeTerminal();
  const agents = args.includes("--undo") ? [] : ["--all-agents"];
  await runGc(["--state-dir", stateDir, ...agents, "--json", ...args], terminal, NOW_MS);
  expect(terminal.stderr).toBe("");
  expect(terminal.exitCode).toBe(0);
  return JSON.parse(terminal.stdout) as View;
}

const keysOf = (view: CollectionView, action: string): string[] =>
  view.agents.flatMap(({ rows }) => rows.filter((row) => row.action === action).map(({ key }) => key));
const retiredBy = async (...rules: string[]): Promise<string[]> => keysOf(await gc(...rules), "retire");
const incident = Object.values(INCIDENT).flat();
const wherever = (isWanted: (binding: (typeof incident)[number]) => boolean): string[] =>
  incident.filter(isWanted).map(([key]) => key);

/** Every file of the agents, by name, with its content. */
function files(): Record<string, string> {
  const agents = path.join(stateDir, "agents");
  const names = readdirSync(agents, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    names.map((entry) => {
      const file = path.join(entry.parentPath, entry.name);
      return [path.relative(agents, file), readFileSync(file, "latin1")] as const;
    }),
  );
}

describe("the store of the incident", () => {
  it("is what it was: three agents, 66 bindings, 56 transcripts, 10 cron jobs, older than five days", () => {
    expect(Object.values(INCIDENT).map((bindings) => bindings.length)).toEqual([32, 21, 13]);
    expect(Object.keys(files()).filter((name) => name.endsWith(".jsonl"))).toHaveLength(56);
    expect(wherever(([key]) => key.includes(":cron:"))).toHaveLength(10);
    expect(Math.max(...incident.map(([, beganHours]) => beganHours))).toBeGreaterThan(120);
  });

  it("loses exactly these rows to maxAgeHours 120 and idleHours 24", async () => {
    const view = await gc(...STALE);
    expect(keysOf(view, "retire")).toEqual([
      "agent:illarion:telegram:direct:40382952",
      "agent:illarion:telegram:direct:86030505",
      "agent:illarion:telegram:direct:344992899",
      "agent:illarion:telegram:direct:476635040",
      "agent:illarion:telegram:direct:488551474",
      "agent:illarion:telegram:direct:325724330",
      "agent:illarion:telegram:direct:284972198",
      "agent:illarion:telegram:direct:851059489",
      "agent:illarion:telegram:direct:611762790",
      "agent:illarion:telegram:direct:112209449",
      "agent:illarion:telegram:direct:541414025",
      "agent:illarion:telegram:direct:513088555",
      "agent:illarion:cron:daily-digest:run:4f788e68",
      "agent:illarion:cron:inbox-sweep:run:165a38f9",
      "agent:illarion:cron:calendar:run:674e80d6",
      "agent:illarion:cron:backup-check:run:45f5eee0",
      "agent:illarion:cron:weekly-report:run:9c55957a",
      "agent:illarion:subagent:1e2c0212",
      "agent:marfa:telegram:direct:147393016",
      "agent:marfa:telegram:direct:852106230",
      "agent:marfa:telegram:direct:84624726",
      "agent:marfa:telegram:direct:777143305",
      "agent:marfa:telegram:direct:791857538",
      "agent:marfa:telegram:direct:189555625",
      "agent:marfa:telegram:direct:447444037",
      "agent:marfa:slack:direct:u02ab3cd4",
      "agent:marfa:whatsapp:direct:+491701234567",
      "agent:marfa:whatsapp:direct:+12025550143",
      "agent:marfa:cron:price-watch:run:794732d8",
      "agent:marfa:cron:newsletter:run:9aac959c",
      "agent:marfa:cron:heartbeat-report:run:6a3d2901",
      "agent:marfa:acp:0e7f2166",
      "agent:ops:telegram:direct:791876519",
      "agent:ops:telegram:direct:766863968",
      "agent:ops:telegram:direct:695820285",
      "agent:ops:telegram:direct:552148326",
      "agent:ops:telegram:direct:43282910",
    ]);
    // What the rules match, and who several people are talking in, or what an integration calls by two names.
    expect(keysOf(view, "protect")).toEqual([
      "agent:illarion:telegram:group:-1001203344",
      "agent:illarion:telegram:group:-1007120031",
      "agent:illarion:telegram:group:-1009944120",
      "agent:illarion:telegram:group:-1001203344:topic:17",
      "agent:illarion:slack:channel:c04k2jq9w",
      "agent:marfa:telegram:group:-1005550001",
      "agent:ops:discord:channel:112233445566778899",
      "conversation:pair:user_a::user_b:space:space_123",
      "agent:ops:conversation:pair:user_a::user_b:space:space_123",
    ]);
    expect(view.totals).toEqual({
      before: 66,
      after: 29,
      retired: 37,
      kept: 20,
      protected: 9,
      missingTranscripts: 10,
      dmScopeRows: 37,
    });
  });

  it("keeps it all in a dry run, which is the default", async () => {
    const before = files();
    expect((await gc(...STALE)).applied).toBe(false);
    await gc("--dry-run", ...STALE, "--missing", "--errors", "--dm-scope");
    expect(files()).toEqual(before);
    expect(readdirSync(stateDir).toSorted()).toEqual(["agents", "openclaw.json"]);
  });
});

describe("each rule alone", () => {
  const isProtected = (key: string) => /:(group|channel|topic):|user_a/.test(key);
  const plain = (isWanted: (binding: (typeof incident)[number]) => boolean) =>
    wherever((binding) => isWanted(binding) && !isProtected(binding[0]));

  it("age", async () => {
    expect(await retiredBy("--max-age-hours", "120")).toEqual(plain(([, beganHours]) => beganHours > 120));
  });

  it("idle time", async () => {
    expect(await retiredBy("--idle-hours", "24")).toEqual(plain(([, , idleHours]) => idleHours > 24));
  });

  it("failed runs", async () => {
    const failed = plain(([, , , status]) => status === "failed" || status === "timeout");
    expect(failed.length).toBeGreaterThan(5);
    expect(await retiredBy("--errors")).toEqual(failed);
  });

  it("missing and corrupt transcripts", async () => {
    const damaged = plain(([, , , , transcript]) => transcript !== "ok");
    expect(damaged.length).toBeGreaterThan(5);
    expect(await retiredBy("--missing")).toEqual(damaged);
  });

  it("direct chats of their own", async () => {
    const direct = wherever(([key]) => /^agent:\w+:\w+:direct:[^:]+$/.test(key));
    expect(direct).toHaveLength(37);
    expect(await retiredBy("--dm-scope")).toEqual(direct);
  });

  it("count: the least lately active of each agent", async () => {
    const view = await gc("--max-per-agent", "15");
    expect(view.agents.map(({ after }) => after)).toEqual([15, 15, 13]);
    for (const { rows, agentId } of view.agents) {
      const gone = new Set(rows.map(({ key }) => key));
      const idle = (isGone: boolean) =>
        INCIDENT[agentId]!.filter(([key]) => gone.has(key) === isGone && !isProtected(key)).map(([, , hours]) => hours);
      if (gone.size > 0) expect(Math.min(...idle(true))).toBeGreaterThanOrEqual(Math.max(...idle(false)));
    }
  });

  it("all together retire what each of them retires", async () => {
    const rules = [["--max-age-hours", "120"], ["--idle-hours", "24"], ["--errors"], ["--missing"], ["--dm-scope"]];
    const alone = await Promise.all(rules.map((rule) => retiredBy(...rule)));
    expect(new Set(await retiredBy(...rules.flat()))).toEqual(new Set(alone.flat()));
  });

  it("the active key stays, however it is spelt", async () => {
    const key = "agent:illarion:telegram:direct:40382952";
    const view = await gc(...STALE, "--active-key", key.toUpperCase());
    expect(keysOf(view, "retire")).not.toContain(key);
    expect(view.agents[0]?.rows.find((row) => row.key === key)).toMatchObject({
      action: "protect",
      reason: "active-key",
      matched: "idle-too-long",
    });
  });
});

describe("applied", () => {
  it("takes the rows out, and gives their transcripts the host's archive name", async () => {
    const before = files();
    const view = await gc(...STALE, "--apply");
    const retired = new Set(keysOf(view, "retire"));
    const after = files();
    for (const { agentId } of view.agents) {
      const store = `${agentId}/sessions/sessions.json`;
      const rows = Object.entries(JSON.parse(before[store]!) as object).filter(([key]) => !retired.has(key));
      expect(after[store]).toBe(JSON.stringify(Object.fromEntries(rows), null, 2));
    }
    const archived = Object.keys(after).filter((name) => name.includes(".deleted."));
    const withTranscript = incident.filter(([key, , , , transcript]) => retired.has(key) && transcript !== "missing");
    expect(archived).toHaveLength(withTranscript.length);
    for (const name of archived) {
      expect(name).toMatch(/\.jsonl\.deleted\.\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}Z$/);
      expect(after[name]).toBe(before[name.replace(/\.deleted\..*/, "")]);
    }
    expect(Object.keys(after)).toHaveLength(Object.keys(before).length);
  });

  it("changes nothing the second time", async () => {
    await gc(...STALE, "--apply");
    const after = files();
    expect(await gc(...STALE, "--apply")).toMatchObject({ applied: true, undo: null, totals: { retired: 0 } });
    expect(files()).toEqual(after);
  });

  it("is taken back byte for byte", async () => {
    const before = files();
    const { undo } = await gc(...STALE, "--missing", "--errors", "--apply");
    const after = files();
    const tried = await gc<{ stores: UndoneStore[] }>("--undo", undo!, "--dry-run");
    expect(files()).toEqual(after);
    const { stores } = await gc<{ stores: UndoneStore[] }>("--undo", undo!);
    expect(stores).toEqual(tried.stores);
    expect(stores.map(({ how }) => how)).toEqual(["restored", "restored", "restored"]);
    expect(files()).toEqual(before);
  });

  it("is taken back one collection after the other", async () => {
    const before = files();
    const first = await gc("--max-age-hours", "120", "--apply");
    const between = files();
    const second = await gc("--idle-hours", "24", "--apply");
    expect(second.undo).not.toBe(first.undo);
    await gc("--undo", second.undo!);
    expect(files()).toEqual(between);
    await gc("--undo", first.undo!);
    expect(files()).toEqual(before);
  });

  it("is merged into a store that has changed since: what is in use again stays as it is", async () => {
    const { undo, agents } = await gc(...STALE, "--apply");
    const [again, ...others] = agents[2]!.rows.filter(({ action }) => action === "retire").map(({ key }) => key);
    const store = path.join(stateDir, "agents/ops/sessions/sessions.json");
    const old = JSON.parse(readFileSync(store, "utf8")) as Record<string, unknown>;
    writeFileSync(store, JSON.stringify({ ...old, [again!]: { sessionId: "new" }, later: { sessionId: "x" } }));
    const { stores } = await gc<{ stores: UndoneStore[] }>("--undo", undo!);
    expect(stores[2]).toMatchObject({ agentId: "ops", how: "merged", keysInUse: [again] });
    const now = JSON.parse(readFileSync(store, "utf8")) as Record<string, { sessionId: string }>;
    expect(now[again!]).toEqual({ sessionId: "new" });
    expect(Object.keys(now)).toEqual([...Object.keys(old), again, "later", ...others]);
    // What the row that is in use again had before stays an archive: under its old name a host would take it for litter.
    const archived = Object.keys(files()).filter((name) => name.includes(".deleted."));
    const had = INCIDENT["ops"]!.find(([key]) => key === again)![4] !== "missing";
    expect(archived).toHaveLength(had ? 1 : 0);
  });

  it("tells of transcripts that the host has removed meanwhile", async () => {
    const { undo } = await gc("--max-age-hours", "130", "--apply");
    const gone = Object.keys(files()).filter((name) => name.includes(".deleted."));
    rmSync(path.join(stateDir, "agents", gone[0]!));
    const { stores } = await gc<{ stores: UndoneStore[] }>("--undo", undo!);
    expect(stores.flatMap(({ filesLost }) => filesLost)).toEqual([
      path.join("agents", gone[0]!.replace(/\.deleted\..*/, "")),
    ]);
  });
});
