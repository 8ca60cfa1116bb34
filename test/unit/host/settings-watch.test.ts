import type { OpenClawConfig } from "openclaw/plugin-sdk/plugin-entry";
import { expect, it } from "vitest";
import { settingsOf } from "../../../src/host/settings-watch.ts";

it.each<readonly [string, OpenClawConfig, unknown]>([
  ["what our entry says", { plugins: { entries: { us: { config: { mode: "off" } } } } }, { mode: "off" }],
  ["nothing of another's", { plugins: { entries: { other: { config: { mode: "off" } } } } }, undefined],
  ["nothing of an entry without settings", { plugins: { entries: { us: { enabled: true } } } }, undefined],
  ["nothing without entries", { plugins: {} }, undefined],
  ["nothing without plugins", {}, undefined],
])("our part of the configuration is %s", (_name, config, settings) => {
  expect(settingsOf(config, "us")).toEqual(settings);
});
