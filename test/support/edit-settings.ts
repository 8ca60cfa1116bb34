/** Edits the plugin's settings in the file that a running gateway watches, as an operator's editor would. */
import fs from "node:fs";
import path from "node:path";
import { merge, type GatewayConfig } from "./gateway-config.ts";

/** Merged into what is there; the gateway takes it over within a second or so. */
export function editSettings(stateDir: string, settings: Record<string, unknown>): void {
  const file = path.join(stateDir, "openclaw.json");
  const config = JSON.parse(fs.readFileSync(file, "utf8")) as GatewayConfig;
  const edited = merge(config, { plugins: { entries: { "resume-scheduler": { config: settings } } } });
  fs.writeFileSync(file, JSON.stringify(edited, null, 2));
}
