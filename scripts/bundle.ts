import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { build } from "rolldown";

const root = join(import.meta.dirname, "..");

/**
 * Bundles the plugin and its dependencies into `<outDir>/index.js`, with the licences of what is in it beside it.
 *
 * One file, because the host captures a plugin's folder file by file at every boot: with its dependencies as 1000 files
 * in `node_modules` a gateway took 1.8 s longer to get ready, as one file nothing that could be measured.
 */
export async function bundle(outDir: string): Promise<void> {
  const { output } = await build({
    cwd: root,
    input: "src/index.ts",
    platform: "node",
    // Resolved by the host, so that the plugin runs on the SDK of the gateway that loads it.
    external: [/^openclaw\//],
    output: { dir: outDir, format: "esm" },
    logLevel: "warn",
  });
  const modules = output.flatMap((file) => (file.type === "chunk" ? file.moduleIds : []));
  writeFileSync(join(outDir, "THIRD-PARTY-LICENSES.txt"), licencesOf(modules));
}

function licencesOf(modules: readonly string[]): string {
  const packages = new Set(modules.flatMap((id) => packageOf(id) ?? []));
  return [...packages].toSorted().map(licenceOf).join("\n\n");
}

/** The folder of the package that a module belongs to; none for our own. */
function packageOf(moduleId: string): string | undefined {
  if (!moduleId.includes("node_modules")) return undefined;
  for (let dir = dirname(moduleId); dir !== dirname(dir); dir = dirname(dir)) {
    if (existsSync(join(dir, "package.json")) && nameOf(dir) !== undefined) return dir;
  }
  return undefined;
}

function licenceOf(dir: string): string {
  const file = readdirSync(dir).find((name) => /^licen[cs]e/i.test(name));
  const text = file === undefined ? "(see its package.json)" : readFileSync(join(dir, file), "utf8").trim();
  return `--- ${nameOf(dir)} ---\n\n${text}`;
}

function nameOf(dir: string): string | undefined {
  return (JSON.parse(readFileSync(join(dir, "package.json"), "utf8")) as { name?: string }).name;
}
