/** Whole configurations in the docs and in config/, checked by the host's own command: a minute of nobody's gateway. */
import fs from "node:fs";
import path from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { resolveSettings } from "../../../src/settings/resolve.ts";
import { PROJECT_ROOT } from "../../support/gateway.ts";
import { merge, type GatewayConfig } from "../../support/gateway-config.ts";
import { openclaw } from "../../support/openclaw.ts";
import { stagePlugin } from "../../support/stage-plugin.ts";
import { makeTempDir } from "../../support/temp.ts";
import { configIn, isHostConfig, pluginEntryIn } from "./blocks.ts";
import { blocksOf, mentionsIn, pageNames, readPage, wordsOf } from "./pages.ts";

const profiles = fs
  .readdirSync(path.join(PROJECT_ROOT, "config"))
  .filter((name) => name.endsWith(".json5"))
  .map((name) => ({ name, text: readPage(path.join("config", name)) }));
const blocks = pageNames().flatMap((page) => blocksOf(page).filter(isHostConfig));
const whole: GatewayConfig[] = [
  ...blocks,
  ...profiles.map(({ name, text }) => ({ page: name, line: 1, language: "json5", text })),
].map(configIn);

let stateDir: string;
beforeEach(() => {
  stateDir = makeTempDir("host-config");
});

const configPath = () => path.join(stateDir, "openclaw.json");

/** With our plugin to be found, so that the host knows its settings. */
function write(config: GatewayConfig): void {
  const own = { gateway: { mode: "local" }, plugins: { load: { paths: [stagePlugin().dir] } } };
  fs.mkdirSync(path.join(stateDir, "home"));
  fs.writeFileSync(configPath(), JSON.stringify(merge(own, config)));
}

const validate = async (config: GatewayConfig) => {
  write(config);
  const { code, json } = await openclaw(stateDir, ["config", "validate", "--json"]);
  return { code, ...(json() as { valid: boolean; issues?: unknown[] }) };
};

describe("`openclaw config validate`", { timeout: 120_000 }, () => {
  it("accepts all that the docs and config/ tell to write into openclaw.json", async () => {
    expect([blocks.length > 1, profiles.length]).toEqual([true, 6]);
    // One config of all: the host knows every key of each, and no key depends on another.
    expect(await validate(whole.reduce(merge))).toMatchObject({ code: 0, valid: true });
  });

  it("refuses what is no configuration of the host or of the plugin", async () => {
    const wrong = { plugins: { entries: { "resume-scheduler": { enabeld: true, config: { budget: 3 } } } } };
    const { code, valid, issues } = await validate(wrong);
    expect([code, valid]).toEqual([1, false]);
    expect(JSON.stringify(issues)).toMatch(/enabeld/);
  });
});

describe("`openclaw config set`", { timeout: 120_000 }, () => {
  it("does what the docs say", async () => {
    const commands = pageNames().flatMap((page) => mentionsIn(page).map(({ command }) => command));
    const [command, ...others] = new Set(commands.filter((one) => one.startsWith("openclaw config set ")));
    expect(others).toEqual([]);
    write({ plugins: { entries: { "resume-scheduler": { enabled: true, config: {} } } } });
    const [, ...words] = wordsOf(command!);
    expect(await openclaw(stateDir, words)).toMatchObject({ code: 0 });
    const written = JSON.parse(fs.readFileSync(configPath(), "utf8")) as GatewayConfig;
    const resolved = resolveSettings(pluginEntryIn(written).config);
    expect(resolved).toMatchObject({ ok: true, settings: { budget: { maxConcurrent: 3 } } });
  });
});
