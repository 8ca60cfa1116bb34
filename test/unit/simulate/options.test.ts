import { writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { UsageError } from "../../../scripts/demo/options.ts";
import { HELP, readOptions } from "../../../scripts/simulate/options.ts";
import { schedulerLimits, scenariosOf } from "../../../scripts/simulate/scenarios.ts";
import { laneLimits } from "../../../src/host/active.ts";
import { hasPace } from "../../../src/lane/pace.ts";
import { makeTempDir } from "../../support/temp.ts";
import { options } from "./worlds.ts";

function configFile(content: string): string {
  const file = path.join(makeTempDir("simulate"), "openclaw.json5");
  writeFileSync(file, content);
  return file;
}

const inHost = (config: string) => `{ plugins: { entries: { "resume-scheduler": { config: ${config} } } } }`;

describe("without options", () => {
  const { world, settings, chart } = options("");

  it("are 1000 gateways with the plugin's defaults and a fleet", () => {
    expect(world).toMatchObject({ gateways: 1000, sessions: 50, staggerMs: 0, resumeMs: 15_000, seed: 1 });
    expect(settings.budget).toMatchObject({ maxConcurrent: 2, startIntervalMs: 250, startsPerMinute: 30 });
    expect(settings.fleet).toMatchObject({ maxConcurrent: 200, startsPerMinute: undefined });
    expect(chart).toBe(path.resolve("simulation.svg"));
  });

  it("compare the fleet, each on its own, and no limits at all", () => {
    expect(
      scenariosOf(settings).map(({ name, limits, fleet }) => [name, limits.maxConcurrent, fleet?.maxConcurrent]),
    ).toEqual([
      ["fleet budget", 2, 200],
      ["each on its own", 2, undefined],
      ["no limits at all", Infinity, undefined],
    ]);
  });

  it("tell of each option in the help", () => {
    expect(readOptions(["--help", "--gateways", "x"])).toBe("help");
    for (const line of HELP.split("\n")) expect(line.length).toBeLessThanOrEqual(120);
  });
});

describe("the limits", () => {
  it("are those of the command line", () => {
    const { settings } = options(
      "--max-concurrent 4 --start-interval-ms 0 --starts-per-minute 0 --fleet-concurrent 9 --fleet-starts-per-minute 70",
    );
    expect(settings.budget).toMatchObject({ maxConcurrent: 4, startIntervalMs: 0, startsPerMinute: 0 });
    expect(settings.fleet).toMatchObject({ maxConcurrent: 9, startsPerMinute: 70 });
  });

  it.each(["none", "0"])("have no fleet with %s", (none) => {
    const { settings } = options(`--fleet-concurrent ${none}`);
    expect(settings.fleet).toBeUndefined();
    expect(scenariosOf(settings).map(({ name }) => name)).toEqual(["each on its own", "no limits at all"]);
  });

  it("are those of a file, but for what the command line says", () => {
    const fleet = `{ redisUrl: { source: "env", provider: "default", id: "X" }, maxConcurrent: 5, startsPerMinute: 50 }`;
    const file = configFile(inHost(`{ budget: { maxConcurrent: 7, maxPerBoot: 20 }, fleet: ${fleet} }`));
    const read = options(`--config ${file} --fleet-concurrent 6`).settings;
    expect(read.budget).toMatchObject({ maxConcurrent: 7, maxPerBoot: 20, startsPerMinute: 30 });
    expect(read.fleet).toMatchObject({ maxConcurrent: 6, startsPerMinute: 50 });
    expect(options(`--config ${file} --fleet-starts-per-minute none`).settings.fleet).toMatchObject({
      maxConcurrent: 5,
      startsPerMinute: undefined,
    });
    expect(options(`--config ${configFile("{}")}`).settings.fleet).toBeUndefined();
  });

  it("read the profile for fleets", () => {
    const file = path.join(import.meta.dirname, "../../../config/fleet.json5");
    expect(options(`--config ${file}`).settings.fleet?.maxConcurrent).toBeGreaterThan(0);
  });

  it("reach the scheduler as they do in the gateway", () => {
    const texts = ["", "--fleet-concurrent none", "--fleet-concurrent 0 --start-interval-ms 0 --starts-per-minute 0"];
    const limits = texts.map((text) => {
      const { settings } = options(text);
      const areNeeded = () => hasPace(settings.budget) || settings.fleet !== undefined;
      expect(laneLimits(settings, { areNeeded })).toMatchObject({ ...schedulerLimits(settings) });
      return schedulerLimits(settings).needsPermit;
    });
    expect(limits).toEqual([true, true, false]);
  });
});

describe("wrong options", () => {
  const file = configFile("{ budget: { maxConcurrent: 'many' } }");
  const broken = configFile("{ budget: ");
  const observing = configFile(inHost(`{ mode: "observe" }`));
  it.each([
    ["--gateways 0", '--gateways "0": expected a whole number from 1 to 10000'],
    ["--gateways 1.5", '--gateways "1.5": expected a whole number from 1 to 10000'],
    ["--sessions 1e3", '--sessions "1e3": expected a whole number from 1 to 10000'],
    [
      "--gateways 10000 --sessions 101",
      "--gateways times --sessions is 1010000; expected at most 1000000 sessions in all",
    ],
    ["--resume-seconds 0", '--resume-seconds "0": expected a number from 0.1 to 3600'],
    ["--resume-spread 3", '--resume-spread "3": expected a number from 0 to 2'],
    ["--users-per-minute many", '--users-per-minute "many": expected a number from 0 to 60'],
    ["--provider-rpm x", '--provider-rpm "x": expected a whole number from 1 to 10000000, or "none"'],
    ["--seed 4294967296", '--seed "4294967296": expected a whole number from 0 to 4294967295'],
    ["--max-concurrent 99", "--max-concurrent: got 99; expected"],
    ["--max-concurrent two", '--max-concurrent: got "two"; expected'],
    ["--starts-per-minute none", '--starts-per-minute: got "none"; expected'],
    ["--fleet-concurrent many", '--fleet-concurrent: got "many"; expected'],
    [
      "--fleet-concurrent none --fleet-starts-per-minute 5",
      "--fleet-starts-per-minute: there is no fleet; expected --fleet-concurrent N beside it",
    ],
    [`--config ${file}`, `${file}: budget.maxConcurrent: got "many"; expected`],
    [`--config ${broken}`, `--config ${broken}:1:`],
    [`--config ${observing}`, `${observing}: mode "observe" resumes nothing; expected "active"`],
    ["--config /no/such/file", "--config /no/such/file: there is no such file"],
    ["--gatways 5", "Unknown option '--gatways'"],
    ["5", "Unexpected argument '5'"],
  ])("%s", (text, message) => {
    expect(() => options(text)).toThrow(UsageError);
    expect(() => options(text)).toThrow(message);
  });

  it("are all told at once, when they are limits", () => {
    expect(() => options("--max-concurrent 99 --fleet-concurrent x")).toThrow(
      /--max-concurrent: .*\n.*--fleet-concurrent: /,
    );
  });
});
