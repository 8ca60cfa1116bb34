// node scripts/bench/register-once.ts <the plugin's index.js>
//
// Loads and registers the plugin once, in a process of its own as a gateway does. The host's modules and Node's that it
// imports are there before: a gateway has them. The result is JSON on stdout.
import fs from "node:fs";
import { createRequire, isBuiltin, registerHooks } from "node:module";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { workNs } from "./clock.ts";

export type Registered = {
  /** Importing it, and `register()`; nanoseconds. */
  importNs: number;
  registerNs: number;
  /** Packages whose code had been read by then. */
  packages: string[];
};

const index = process.argv[2]!;
const require = createRequire(index);
for (const name of importedOf(index)) await import(isBuiltin(name) ? name : pathToFileURL(require.resolve(name)).href);

const loaded: string[] = [];
registerHooks({
  load(url, context, nextLoad) {
    loaded.push(url);
    return nextLoad(url, context);
  },
});
const startedNs = workNs();
const plugin = (await import(pathToFileURL(index).href)) as { default: { register: (api: unknown) => void } };
const importedNs = workNs();
plugin.default.register(hostApi());
const registeredNs = workNs();
const packages = new Set(loaded.flatMap((url) => packagesIn(fs.readFileSync(fileURLToPath(url), "utf8"))));
const result: Registered = {
  importNs: importedNs - startedNs,
  registerNs: registeredNs - importedNs,
  packages: [...packages],
};
process.stdout.write(JSON.stringify(result), () => process.exit(0));

/** What a chunk, and those that are loaded with it, import that is not of the plugin. */
function importedOf(file: string, seen = new Set<string>()): string[] {
  if (seen.has(file)) return [];
  seen.add(file);
  const specifiers = [...fs.readFileSync(file, "utf8").matchAll(/^import\b[^\n]*"([^"\n]+)";/gm)].map(
    ([, name]) => name!,
  );
  return specifiers.flatMap((name) =>
    name.startsWith("./") ? importedOf(path.join(path.dirname(file), name), seen) : [name],
  );
}

/** The bundler names every module before its code. */
function packagesIn(chunk: string): string[] {
  return [...chunk.matchAll(/^\/\/#region (?:.*\/)?node_modules\/((?:@[^/\n]+\/)?[^/\n]+)/gm)].map(([, name]) => name!);
}

/** Takes every registration; nothing is asked of the host before the service starts. */
function hostApi(): unknown {
  const known: Record<string, unknown> = {
    id: "resume-scheduler",
    version: "0",
    registrationMode: "full",
    runtime: {},
    config: {},
  };
  return new Proxy(known, { get: (api, name) => (name in api ? api[name as string] : () => undefined) });
}
