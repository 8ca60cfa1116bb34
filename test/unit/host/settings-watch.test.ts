import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { OpenClawConfig } from "openclaw/plugin-sdk/plugin-entry";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { settingsOf, watchSettings } from "../../../src/host/settings-watch.ts";
import { makeTempDir, removeTempDir } from "../../support/temp.ts";
import { waitFor } from "../../support/wait.ts";

it.each<readonly [string, OpenClawConfig, unknown]>([
  ["what our entry says", { plugins: { entries: { us: { config: { mode: "off" } } } } }, { mode: "off" }],
  ["nothing of another's", { plugins: { entries: { other: { config: { mode: "off" } } } } }, undefined],
  ["nothing of an entry without settings", { plugins: { entries: { us: { enabled: true } } } }, undefined],
  ["nothing without entries", { plugins: {} }, undefined],
  ["nothing without plugins", {}, undefined],
])("our part of the configuration is %s", (_name, config, settings) => {
  expect(settingsOf(config, "us")).toEqual(settings);
});

describe("the configuration file", () => {
  let dir: string;
  let seen: unknown[];
  let stop: () => void;

  const write = (settings: object) =>
    writeFileSync(join(dir, "openclaw.json"), JSON.stringify({ plugins: { entries: { us: { config: settings } } } }));
  const watch = (readNow: boolean) => {
    stop = watchSettings(
      "us",
      (settings) => seen.push(settings),
      (error) => seen.push(error),
      { readNow },
    );
  };
  const waitForSettings = (count: number) =>
    waitFor(() => seen.length >= count, {
      timeoutMs: 20_000,
      what: `${count} settings`,
      lastState: () => String(seen),
    });

  beforeEach(() => {
    dir = makeTempDir("settings-watch");
    seen = [];
    vi.stubEnv("OPENCLAW_CONFIG_PATH", join(dir, "openclaw.json"));
    vi.stubEnv("OPENCLAW_STATE_DIR", dir);
    write({ mode: "off" });
  });
  afterEach(() => {
    stop();
    vi.unstubAllEnvs();
    removeTempDir(dir);
  });

  it("is read at once where the plugin was replaced, and after each edit", async () => {
    watch(true);
    await waitForSettings(1);
    write({ mode: "observe" });
    await waitForSettings(2);
    expect(seen).toEqual([{ mode: "off" }, { mode: "observe" }]);
  });

  it("is read after an edit only where the gateway has just read it", async () => {
    watch(false);
    // A watch that has not looked yet takes the edit for how it always was.
    await vi.waitFor(
      async () => {
        write({ mode: "observe", notify: String(performance.now()) });
        expect(seen).not.toEqual([]);
      },
      { timeout: 20_000, interval: 700 },
    );
    expect(seen[0]).toMatchObject({ mode: "observe" });
  });
});
