import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { OpenClawPluginApi } from "openclaw/plugin-sdk/plugin-entry";
import { registerResumesCli } from "../cli/commands.ts";
import { runOpenclaw } from "../cli/openclaw.ts";
import { callGateway } from "../cli/gateway.ts";
import { Offline } from "../operate/offline.ts";
import { hostFeatures } from "./host-features.ts";
import { hostParts } from "./host-parts.ts";
import { loadSdk } from "./sdk.ts";
import { settingsOf } from "./settings-watch.ts";

type Program = Parameters<Parameters<OpenClawPluginApi["registerCli"]>[0]>[0]["program"];

/** Adds `openclaw resumes ...` to the host's command line, in a process of its own: the gateway may be down. */
export async function registerCli(program: Program, api: OpenClawPluginApi): Promise<void> {
  await loadSdk();
  registerResumesCli(program, {
    call: callGateway,
    openclaw: runOpenclaw,
    // Made at the first use: most commands never look into the stores.
    get offline() {
      const { runtime, version = "unknown", id } = api;
      const host = hostParts(runtime, runtime.state.resolveStateDir());
      if (host.config().gateway?.mode === "remote") {
        throw new Error('gateway.mode is "remote": the stores are on the gateway\'s machine, run the command there');
      }
      return new Offline({
        pluginId: id,
        version,
        host,
        loadsAtStartup: loadsAtStartup(api.rootDir),
        hostFeatures: hostFeatures(runtime),
        config: settingsOf(host.config(), id),
        nowMs: Date.now,
      });
    },
  });
}

function loadsAtStartup(rootDir: string | undefined): boolean {
  try {
    const manifest: unknown = JSON.parse(readFileSync(join(rootDir ?? "", "openclaw.plugin.json"), "utf8"));
    return (manifest as { activation?: { onStartup?: unknown } }).activation?.onStartup === true;
  } catch {
    return false;
  }
}
