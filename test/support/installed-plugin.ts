/** Our plugin as an operator gets it: packed by npm and installed by the host's own command. */
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { PROJECT_ROOT } from "./gateway.ts";
import { makeTempDir } from "./temp.ts";

const OPENCLAW_MJS = path.join(PROJECT_ROOT, "node_modules/openclaw/openclaw.mjs");

/** Packs the project and installs the package into a state folder. Needs the npm registry. */
export function installPlugin(stateDir: string): void {
  const packDir = makeTempDir("pack");
  const packed = run("npm", ["pack", "--silent", "--pack-destination", packDir], {}).trim().split("\n").at(-1)!;
  fs.writeFileSync(path.join(packDir, "openclaw.json"), JSON.stringify({ gateway: { mode: "local" } }));
  const source = `npm-pack:${path.join(packDir, packed)}`;
  run(process.execPath, [OPENCLAW_MJS, "plugins", "install", "--force", "--accept-capabilities", source], {
    HOME: path.join(stateDir, "home"),
    OPENCLAW_STATE_DIR: stateDir,
    // Not the gateway's: the test writes that one anew, and the host takes a file that it has not written for damaged.
    OPENCLAW_CONFIG_PATH: path.join(packDir, "openclaw.json"),
  });
}

function run(command: string, args: string[], env: Record<string, string>): string {
  try {
    return execFileSync(command, args, {
      cwd: PROJECT_ROOT,
      env: { ...process.env, ...env },
      encoding: "utf8",
      stdio: "pipe",
    });
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
    throw new Error(`${command} ${args.join(" ")} failed:\n${stdout}${stderr}`, { cause: error });
  }
}
