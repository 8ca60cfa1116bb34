/**
 * Plugin folders the host can load by `plugins.load.paths`. The host captures such a folder file by file at boot, so it
 * holds what an installed package would hold and no more, and it lies outside the repository: what the package forgot
 * to declare is not found there either.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { PROJECT_ROOT } from "./gateway.ts";
import type { PluginInConfig } from "./gateway-config.ts";
import { isAlive } from "./processes.ts";
import { makeTempDir } from "./temp.ts";

type PackageJson = { files?: string[] };

const CACHE = path.join(PROJECT_ROOT, ".cache/staged-plugin");
let staged: PluginInConfig | undefined;

/** Our plugin, compiled from `src/` as it is now; the same folder for the life of this process. */
export function stagePlugin(options: { config?: Record<string, unknown> } = {}): PluginInConfig {
  staged ??= copyOut(buildPlugin());
  return options.config ? { ...staged, config: options.config } : staged;
}

/** A plugin that does nothing, loaded in the same way: for comparing ready times. */
export function stageEmptyPlugin(): PluginInConfig {
  return stageSource("empty-plugin", 'export default { id: "empty-plugin", name: "Empty", register() {} };\n');
}

/** A plugin of one file, for what only something inside the gateway can do. Its id is its name. */
export function stageSource(id: string, source: string): PluginInConfig {
  const dir = makeTempDir(id);
  const write = (name: string, content: string) => fs.writeFileSync(path.join(dir, name), content);
  write("package.json", json({ name: id, version: "1.0.0", type: "module", openclaw: { extensions: ["./index.js"] } }));
  const configSchema = { type: "object", properties: {}, additionalProperties: false };
  write("openclaw.plugin.json", json({ id, name: id, activation: { onStartup: true }, configSchema }));
  write("index.js", source);
  return { dir, id };
}

/** Compiles and collects the package into the cache, unless that has been done for the same sources. */
export function buildPlugin(): string {
  const dir = path.join(CACHE, fingerprint());
  if (fs.existsSync(dir)) return dir;
  fs.mkdirSync(CACHE, { recursive: true });
  const building = fs.mkdtempSync(path.join(CACHE, `building-${process.pid}-`));
  try {
    compile(path.join(building, "dist"));
    const manifest = readPackageJson(PROJECT_ROOT);
    for (const name of ["package.json", ...(manifest.files ?? [])]) {
      const from = path.join(PROJECT_ROOT, name);
      if (name !== "dist" && fs.existsSync(from)) fs.cpSync(from, path.join(building, name), { recursive: true });
    }
    if (!fs.existsSync(dir)) fs.renameSync(building, dir);
    return dir;
  } finally {
    fs.rmSync(building, { recursive: true, force: true });
  }
}

/** Removes what was built from sources that are no longer there. */
export function removeStaleBuilds(): void {
  const current = fingerprint();
  for (const name of fs.existsSync(CACHE) ? fs.readdirSync(CACHE) : []) {
    const pid = /^building-(\d+)-/.exec(name)?.[1];
    const inUse = pid ? isAlive(Number(pid)) : name === current;
    if (!inUse) fs.rmSync(path.join(CACHE, name), { recursive: true, force: true });
  }
}

function copyOut(built: string): PluginInConfig {
  const dir = makeTempDir("plugin");
  fs.cpSync(built, dir, { recursive: true });
  const { id } = JSON.parse(fs.readFileSync(path.join(dir, "openclaw.plugin.json"), "utf8")) as { id: string };
  return { dir, id };
}

function compile(outDir: string): void {
  try {
    execFileSync(process.execPath, [path.join(PROJECT_ROOT, "scripts/build.ts"), "--out", outDir], {
      cwd: PROJECT_ROOT,
      stdio: "pipe",
      encoding: "utf8",
    });
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
    throw new Error(`the plugin does not build:\n${stdout}${stderr}`, { cause: error });
  }
}

function fingerprint(): string {
  const hash = createHash("sha256");
  const src = path.join(PROJECT_ROOT, "src");
  const sources = fs
    .readdirSync(src, { recursive: true, encoding: "utf8" })
    .filter((name) => /\.(tsx?|css)$/.test(name))
    .map((name) => path.join("src", name));
  const others = ["package.json", "package-lock.json", "openclaw.plugin.json", "scripts/build.ts", "scripts/bundle.ts"];
  for (const name of [...sources, ...others].toSorted()) {
    hash.update(name);
    hash.update(fs.readFileSync(path.join(PROJECT_ROOT, name)));
  }
  return hash.digest("hex").slice(0, 12);
}

function readPackageJson(dir: string): PackageJson {
  return JSON.parse(fs.readFileSync(path.join(dir, "package.json"), "utf8")) as PackageJson;
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
