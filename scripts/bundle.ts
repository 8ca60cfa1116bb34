import { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { build, type OutputChunk, type Plugin } from "rolldown";
import { isolatedDeclarationSync } from "rolldown/experimental";

const root = join(import.meta.dirname, "..");

/** What nothing may have to read that only registers the plugin, and what no gateway may that has nothing to resume. */
const AFTER_THE_START = /node_modules\/(pino|prom-client|bottleneck|ioredis)\//;
const AFTER_THE_FIRST_RESUME = /node_modules\/(bottleneck|ioredis)\//;
/** What only a gateway of a fleet may have to read: all of these have their own chunk. */
const FLEET_ONLY = /node_modules\/(ioredis|bottleneck\/lib)\//;

/** Bottleneck looks for a Redis library past every bundler, unless it is given one, as we do. */
const noHiddenRequire: Plugin = {
  name: "no-hidden-require",
  transform: {
    filter: { id: /bottleneck\/lib\/(IO)?RedisConnection\.js$/ },
    handler: (code) => code.replace(/eval\("require"\)\("\w+"\)/, "undefined"),
  },
};

/**
 * Bundles the plugin and its dependencies into `<outDir>/index.js` (with its type, `index.d.ts`), and the command line that
 * needs no host into `<outDir>/bin.js`, with the licences of what is in them beside them; what is imported lazily are files
 * of their own.
 *
 * Few files, because the host captures a plugin's folder file by file at every boot: with its dependencies as 1000 files
 * in `node_modules` a gateway took 1.8 s longer to get ready, as one file nothing that could be measured.
 */
export async function bundle(outDir: string): Promise<void> {
  const plugin = await chunksOf("src/index.ts", outDir);
  checkLazy(plugin);
  // By itself: what both need would else be one more file for the host to capture.
  const command = await chunksOf("src/bin.ts", outDir);
  checkHostless(command);
  const page = await bundlePage(join(outDir, "page"));
  const modules = [...plugin, ...command, ...page].flatMap(({ moduleIds }) => moduleIds);
  writeFileSync(join(outDir, "THIRD-PARTY-LICENSES.txt"), licencesOf(modules));
  writeFileSync(join(outDir, "index.d.ts"), declarationOf("src/index.ts"));
}

/** The page in the Control UI: one classic script for a browser, and its style. */
async function bundlePage(outDir: string): Promise<OutputChunk[]> {
  const { output } = await build({
    cwd: root,
    input: "src/page/main.tsx",
    platform: "browser",
    tsconfig: "src/page/tsconfig.json",
    output: { file: join(outDir, "page.js"), format: "iife", minify: true },
    logLevel: "warn",
  });
  copyFileSync(join(root, "src/page/page.css"), join(outDir, "page.css"));
  return output.filter((file) => file.type === "chunk");
}

/** The declaration of a module by itself; throws when that takes another of our own, which would not be in the package. */
function declarationOf(file: string): string {
  const { code, errors } = isolatedDeclarationSync(file, readFileSync(join(root, file), "utf8"), {});
  if (errors.length > 0) throw new Error(`${file}: ${errors.map(({ message }) => message).join(", ")}`);
  if (/from "\.{1,2}\//.test(code)) throw new Error(`the declaration of ${file} imports another file:\n${code}`);
  return code;
}

async function chunksOf(input: string, outDir: string): Promise<OutputChunk[]> {
  const { output } = await build({
    cwd: root,
    input,
    platform: "node",
    // Resolved by the host, so that the plugin runs on the SDK of the gateway that loads it.
    external: [/^openclaw\//],
    plugins: [noHiddenRequire],
    // ioredis's logger takes it where it happens to be installed: what is bundled must not depend on that.
    resolve: { alias: { "supports-color": false } },
    output: { dir: outDir, format: "esm" },
    logLevel: "warn",
  });
  return output.filter((file) => file.type === "chunk");
}

/** Throws when the command line would need a host, which it has to do without. */
function checkHostless(chunks: readonly OutputChunk[]): void {
  const wrong = chunks.flatMap(({ imports }) => imports).find((name) => name.startsWith("openclaw/"));
  if (wrong !== undefined)
    throw new Error(`src/bin.ts imports ${wrong}, which is not there where no host is installed`);
}

/** Throws when something would be read before it is needed. */
function checkLazy(chunks: readonly OutputChunk[]): void {
  const isLoaded = ({ facadeModuleId }: OutputChunk) => facadeModuleId?.endsWith("src/host/loaded.ts") === true;
  const isPace = ({ moduleIds }: OutputChunk) => moduleIds.some((id) => id.endsWith("bottleneck/light.js"));
  for (const [from, unwanted, when] of [
    [chunks.filter(({ isEntry }) => isEntry), AFTER_THE_START, "at registration"],
    [chunks.filter(isLoaded), AFTER_THE_FIRST_RESUME, "at every start"],
    [chunks.filter(isPace), FLEET_ONLY, "at the first resume of a gateway on its own"],
  ] as const) {
    if (from.length === 0) throw new Error(`no chunk is read ${when}: look for it anew`);
    for (const { fileName, moduleIds } of withImports(from, chunks)) {
      const wrong = moduleIds.find((id) => unwanted.test(id));
      if (wrong !== undefined) throw new Error(`${wrong} is in ${fileName}, which is read ${when}: import it lazily`);
    }
  }
}

/** These chunks, and all that are read with them. */
function withImports(from: readonly OutputChunk[], chunks: readonly OutputChunk[]): ReadonlySet<OutputChunk> {
  const read = new Set(from);
  for (const { imports } of read) {
    for (const chunk of chunks) if (imports.includes(chunk.fileName)) read.add(chunk);
  }
  return read;
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
