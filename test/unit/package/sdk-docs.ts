/** What the host's documentation and its `package.json` say of the subpaths of its SDK. */
import fs from "node:fs";
import path from "node:path";
import { PROJECT_ROOT } from "../../support/gateway.ts";

const HOST = path.join(PROJECT_ROOT, "node_modules/openclaw");

export type SdkDocs = {
  /** Subpaths that have types: a third party's. */
  typed: ReadonlySet<string>;
  /** Subpaths that new plugins should not import, or that are the host's own. */
  discouraged: ReadonlySet<string>;
};

export function readSdkDocs(): SdkDocs {
  const { exports } = JSON.parse(fs.readFileSync(path.join(HOST, "package.json"), "utf8")) as {
    exports: Record<string, { types?: string } | string>;
  };
  const typed = Object.entries(exports)
    .filter(([, target]) => typeof target === "object" && target.types !== undefined)
    .map(([name]) => name.replace(/^\.\/plugin-sdk\//, ""));
  return { typed: new Set(typed), discouraged: new Set(sdkPages().flatMap(discouragedIn)) };
}

function sdkPages(): string[] {
  const docs = path.join(HOST, "docs/plugins");
  const names = fs.readdirSync(docs, { recursive: true, encoding: "utf8" });
  return names
    .filter((name) => /^sdk-.*\.md$/.test(name))
    .map((name) => fs.readFileSync(path.join(docs, name), "utf8"));
}

/** Rows of tables that begin so, the sentence about the broad barrels, and single ones in the text. */
function discouragedIn(page: string): string[] {
  const rows = [...page.matchAll(/^\s*\| `plugin-sdk\/([\w-]+)`\s*\| (?:Private-local|Deprecated)/gm)];
  const barrels = /The broad domain barrels(.*?)are likewise deprecated/s.exec(page)?.[1] ?? "";
  const single = [...page.matchAll(/`(?:openclaw\/)?plugin-sdk\/([\w-]+)`\s+is\s+a\s+deprecated/g)];
  return [...rows, ...barrels.matchAll(/`plugin-sdk\/([\w-]+)`/g), ...single].flatMap(([, name]) => name ?? []);
}

/** The modules of the host that a source names, however it imports them. */
export function hostModulesIn(source: string): string[] {
  return [...source.matchAll(/["'`]openclaw\/([^"'`]+)["'`]/g)].flatMap(([, name]) => name ?? []);
}

/** Why a module of the host should not be imported; `undefined`: it may be. */
export function objectionTo(module: string, { typed, discouraged }: SdkDocs): string | undefined {
  const subpath = /^plugin-sdk\/([\w-]+)$/.exec(module)?.[1];
  if (subpath === undefined) return "no subpath of the SDK";
  if (discouraged.has(subpath)) return "documented as deprecated or private-local";
  return typed.has(subpath) ? undefined : "without types";
}
