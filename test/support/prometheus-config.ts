/** What we ship for a Prometheus: its configuration and the rules. */
import fs from "node:fs";
import path from "node:path";
import { PROJECT_ROOT } from "./gateway.ts";

export const DASHBOARDS = path.join(PROJECT_ROOT, "dashboards");
export const CONFIG_FILE = "prometheus.yml";
/** The configuration names them. */
export const RULE_FILES = ["recording.yaml", "alerts.yaml"];

/** Writes them into a folder as they are shipped, but for this gateway, its token and these intervals. */
export function writeShippedConfig(
  dir: string,
  options: { instance: string; token: string; scrapeIntervalMs: number },
): void {
  const tokenFile = path.join(dir, "token");
  fs.writeFileSync(tokenFile, options.token, { mode: 0o600 });
  fs.writeFileSync(path.join(dir, CONFIG_FILE), configFor({ ...options, tokenFile }));
  for (const name of RULE_FILES) fs.copyFileSync(path.join(DASHBOARDS, name), path.join(dir, name));
}

function configFor(options: { instance: string; tokenFile: string; scrapeIntervalMs: number }): string {
  const interval = `${options.scrapeIntervalMs}ms`;
  const changes: [pattern: RegExp, value: string][] = [
    [/(?<=^\s*evaluation_interval: ).*$/m, interval],
    [/(?<=^\s*scrape_interval: ).*$/m, interval],
    [/(?<=^\s*credentials_file: ).*$/m, options.tokenFile],
    [/(?<=^\s*- targets: ).*$/m, `["${options.instance}"]`],
  ];
  let text = fs.readFileSync(path.join(DASHBOARDS, CONFIG_FILE), "utf8");
  for (const [pattern, value] of changes) {
    if (!pattern.test(text)) throw new Error(`${CONFIG_FILE} has nothing like ${String(pattern)}`);
    text = text.replace(pattern, () => value);
  }
  return text;
}
