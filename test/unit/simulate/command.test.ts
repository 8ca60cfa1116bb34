import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { runToEnd } from "../../support/processes.ts";
import { makeTempDir } from "../../support/temp.ts";
import { elementsOf } from "./xml.ts";

const SCRIPT = path.join(import.meta.dirname, "../../../scripts/simulate.ts");
const SMALL = "--gateways 5 --sessions 4 --fleet-concurrent 3";

const run = (text: string, cwd = makeTempDir("simulate")) =>
  runToEnd(process.execPath, [SCRIPT, ...text.split(" ")], { timeoutMs: 60_000, env: process.env, cwd });

describe("npm run simulate", () => {
  it("prints a table, the same each time, and writes the chart", async () => {
    const cwd = makeTempDir("simulate");
    const [first, second] = await Promise.all([run(SMALL, cwd), run(`${SMALL} --chart other.svg`, cwd)]);
    expect(first).toMatchObject({ code: 0 });
    expect(second.stdout).toBe(first.stdout);
    expect(first.stdout).toMatch(/fleet budget +each on its own +no limits at all/);
    expect(first.stdout).toMatch(/resumed +20 of 20 +20 of 20 +20 of 20/);
    expect(first.stdout).toContain("5 gateways restarted all at once, 4 interrupted sessions each; seed 1");
    const chart = readFileSync(path.join(cwd, "simulation.svg"), "utf8");
    expect(elementsOf(chart).filter(({ name }) => name === "polyline")).toHaveLength(6);
    expect(readFileSync(path.join(cwd, "other.svg"), "utf8")).toBe(chart);
  });

  it("ends with 2 on a wrong option, and says what would be right", async () => {
    const cwd = makeTempDir("simulate");
    const { code, stdout, stderr } = await run("--gateways none", cwd);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/^error: --gateways "none": expected a whole number from 1 to 10000\n\nnpm run simulate/);
    expect(existsSync(path.join(cwd, "simulation.svg"))).toBe(false);
  });

  it("ends with 1 when the chart cannot be written, after the table", async () => {
    const { code, stdout, stderr } = await run(`${SMALL} --chart /no/such/folder/chart.svg`);
    expect(code).toBe(1);
    expect(stdout).toContain("fleet budget");
    expect(stderr).toContain("error: --chart cannot be written: ENOENT");
  });

  it("ends with 0 after the help", async () => {
    const { code, stdout, stderr } = await run("--help");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("--provider-rpm N");
  });
});
