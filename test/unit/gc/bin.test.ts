import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { PROTECT_REASONS, RETIRE_REASONS } from "../../../src/domain/collection.ts";
import { INCIDENT, writeIncident } from "../../support/incident-store.ts";
import { buildPlugin } from "../../support/stage-plugin.ts";
import { makeTempDir } from "../../support/temp.ts";

/** Where nothing is installed: neither a host nor any package. */
let bin: string;
beforeAll(() => {
  const built = buildPlugin();
  const { bin: names } = JSON.parse(readFileSync(path.join(built, "package.json"), "utf8")) as {
    bin: Record<string, string>;
  };
  const file = names["openclaw-resume-scheduler"] ?? "";
  bin = path.join(makeTempDir("gc-bin"), "bin.mjs");
  cpSync(path.join(built, file), bin);
}, 60_000);

const run = (...args: string[]) => spawnSync(process.execPath, [bin, ...args], { encoding: "utf8" });

describe("npx openclaw-resume-scheduler", () => {
  it("collects and takes back, with nothing installed", () => {
    const stateDir = makeTempDir("gc-bin-state");
    writeIncident(stateDir, Date.now());
    const gc = (...args: string[]) =>
      JSON.parse(
        execFileSync(process.execPath, [bin, "gc", "--state-dir", stateDir, "--json", ...args], { encoding: "utf8" }),
      ) as {
        undo: string;
        totals: { before: number; retired: number };
      };
    const { undo, totals } = gc("--all-agents", "--idle-hours", "24", "--apply");
    expect(totals.retired).toBeGreaterThan(0);
    gc("--undo", undo);
    expect(gc("--all-agents").totals).toMatchObject({ before: Object.values(INCIDENT).flat().length, retired: 0 });
  });

  it("is executable, helps, and says what is wrong", () => {
    expect(readFileSync(bin, "utf8")).toMatch(/^#!\/usr\/bin\/env node\n/);
    expect(run("--help")).toMatchObject({ status: 0, stderr: "" });
    expect(run("gc", "--help").stdout).toContain("--max-age-hours N");
    expect(run()).toMatchObject({ status: 2, stderr: "error: a command is missing: see --help\n" });
    expect(run("\u001b[2Jclean")).toMatchObject({ status: 2 });
    expect(run("\u001b[2Jclean").stderr).not.toContain("\u001b");
  });

  it("ends with 3 when it refuses", () => {
    const stateDir = makeTempDir("gc-bin-refused");
    writeIncident(stateDir, Date.now());
    writeFileSync(path.join(stateDir, "agents/ops/sessions/sessions.json"), "[]");
    const { status, stderr, stdout } = run("gc", "--state-dir", stateDir, "--all-agents", "--errors", "--apply");
    expect([status, stdout]).toEqual([3, ""]);
    expect(stderr).toMatch(/^error: .*ops\/sessions\/sessions\.json: expected an object, found an array\n$/);
  });
});

describe("docs/gc.md", () => {
  it("names every reason", () => {
    const page = readFileSync(path.join(import.meta.dirname, "../../../docs/gc.md"), "utf8");
    for (const reason of Object.keys({ ...RETIRE_REASONS, ...PROTECT_REASONS }))
      expect(page).toContain(`\`${reason}\``);
  });
});
