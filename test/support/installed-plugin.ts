/** Our plugin as an operator gets it: packed by npm and installed by the host's own command. */
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { OPENCLAW_MJS, PROJECT_ROOT } from "./gateway.ts";
import { testedHost } from "./hosts.ts";
import { makeTempDir } from "./temp.ts";

/** Of the newest host; what comes after it is the package. */
export const INSTALL_COMMAND = ["plugins", "install", "--force", "--accept-capabilities"] as const;

const installCommand = (): readonly string[] =>
  testedHost().features.has("capability-consent")
    ? INSTALL_COMMAND
    : INSTALL_COMMAND.filter((word) => word !== "--accept-capabilities");

export type PackedPlugin = {
  /** The package that npm has made. */
  file: string;
  /** Its size and that of what is in it, bytes. */
  size: number;
  unpackedSize: number;
  files: { path: string; size: number }[];
};

/** Builds and packs the project. */
export function packPlugin(): PackedPlugin {
  const dir = makeTempDir("pack");
  // The first line that begins so: npm's own words, and those of the build, may stand before it.
  const said = run("npm", ["pack", "--json", "--silent", "--pack-destination", dir], {});
  const [packed] = JSON.parse(said.slice(said.search(/^\[/m))) as [PackedPlugin & { filename: string }];
  const { filename, size, unpackedSize, files } = packed;
  return { file: path.join(dir, filename), size, unpackedSize, files };
}

/** Packs the project and installs the package into a state folder. Needs the npm registry. */
export function installPlugin(stateDir: string): void {
  const { file } = packPlugin();
  const configPath = path.join(path.dirname(file), "openclaw.json");
  fs.writeFileSync(configPath, JSON.stringify({ gateway: { mode: "local" } }));
  run(process.execPath, [OPENCLAW_MJS, ...installCommand(), `npm-pack:${file}`], {
    HOME: path.join(stateDir, "home"),
    OPENCLAW_STATE_DIR: stateDir,
    // Not the gateway's: the test writes that one anew, and the host takes a file that it has not written for damaged.
    OPENCLAW_CONFIG_PATH: configPath,
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
