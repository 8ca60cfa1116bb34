import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { continuedSessions } from "../../../src/host/restart-continuation.ts";
import { makeTempDir, removeTempDir } from "../../support/temp.ts";

let dir: string;
let path: string;

beforeEach(() => {
  dir = makeTempDir("restart-continuation");
  mkdirSync(join(dir, "state"));
  path = join(dir, "state", "openclaw.sqlite");
});

afterEach(() => removeTempDir(dir));

type Sentinel = readonly [sentinelKey: string, continuation: string | null, sessionKey: string | null];

function hostKeeps(...sentinels: readonly Sentinel[]): void {
  const db = new DatabaseSync(path);
  db.exec("CREATE TABLE gateway_restart_sentinel (sentinel_key TEXT, continuation_json TEXT, session_key TEXT)");
  const insert = db.prepare("INSERT INTO gateway_restart_sentinel VALUES (?, ?, ?)");
  for (const sentinel of sentinels) insert.run(...sentinel);
  db.close();
}

const CONTINUATION = '{"kind":"agentTurn"}';

describe("the sessions that asked for the restart", () => {
  it("are those of the host's current sentinel", () => {
    hostKeeps(["current", CONTINUATION, "agent:a:main"]);
    expect(continuedSessions(dir)).toEqual(new Set(["agent:a:main"]));
  });

  it.each<readonly [string, ...Sentinel]>([
    ["an earlier sentinel", "previous", CONTINUATION, "agent:a:main"],
    ["one without a continuation", "current", null, "agent:a:main"],
    ["one whose continuation is null", "current", "null", "agent:a:main"],
    ["one of no session", "current", CONTINUATION, null],
  ])("are none with %s", (_name, ...sentinel) => {
    hostKeeps(sentinel);
    expect(continuedSessions(dir)).toEqual(new Set());
  });

  it("are none where the host keeps nothing, and nothing is made", () => {
    expect([continuedSessions(dir), existsSync(path)]).toEqual([new Set(), false]);
  });

  it("are none in a store of another shape", () => {
    const db = new DatabaseSync(path);
    db.exec("CREATE TABLE gateway_restart_sentinel (sentinel_key TEXT, payload TEXT)");
    db.close();
    expect(continuedSessions(dir)).toEqual(new Set());
  });

  it("are none in a store without the table, or one that is no database", () => {
    new DatabaseSync(path).close();
    expect(continuedSessions(dir)).toEqual(new Set());
    writeFileSync(path, "not a database, and long enough to look like one".repeat(50));
    expect(continuedSessions(dir)).toEqual(new Set());
  });

  it("can be asked for while the host writes", () => {
    hostKeeps(["current", CONTINUATION, "agent:a:main"]);
    const db = new DatabaseSync(path);
    db.exec("PRAGMA journal_mode = WAL; BEGIN IMMEDIATE; DELETE FROM gateway_restart_sentinel");
    expect(continuedSessions(dir)).toEqual(new Set(["agent:a:main"]));
    db.exec("ROLLBACK");
    db.close();
  });
});
