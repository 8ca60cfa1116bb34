// An oxlint plugin: the walls between the folders of src/, and the clock reads that oxlint's own rules cannot name.
import { isBuiltin } from "node:module";
import { dirname, relative, resolve, sep } from "node:path";

const src = resolve(import.meta.dirname, "../../src");

/**
 * What each folder may import: other folders of src/ (`not` or `only`), and whether anything from outside src/.
 * @type {Record<string, { only?: string[], not?: string[], packages: boolean }>}
 */
const walls = {
  domain: { only: ["domain"], packages: false },
  lane: { only: ["domain", "lane"], packages: true },
  observe: { not: ["host", "index.ts"], packages: true },
  // It runs in a browser: of these it takes types, words and numbers.
  page: { only: ["page", "cli", "domain", "operate"], packages: true },
};

/** The folder of src/ (or the file in it) that a path is in, or undefined outside src/. @param {string} file */
function roomOf(file) {
  const [room] = relative(src, file).split(sep);
  return room === ".." || room === "" ? undefined : room;
}

/** Why `from` may not import `specifier`, or undefined when it may. @param {string} from @param {string} specifier */
function objection(from, specifier) {
  const room = roomOf(from);
  const wall = room === undefined ? undefined : walls[room];
  if (!wall) return undefined;
  const isRelative = /^\.{1,2}(\/|$)/.test(specifier);
  const target = isRelative ? roomOf(resolve(dirname(from), specifier)) : undefined;
  if (target === undefined) {
    if (wall.packages && !isRelative) return undefined;
    const what = isRelative ? "files outside src/" : isBuiltin(specifier) ? "Node modules" : "packages";
    return `src/${room}/ may not import ${what} ("${specifier}").`;
  }
  const allowed = wall.only ? wall.only.includes(target) : !wall.not?.includes(target);
  return allowed ? undefined : `src/${room}/ may not import src/${target} ("${specifier}").`;
}

/** @typedef {{ type: string, value?: unknown, name?: string }} Node */
/** @typedef {{ filename: string, report(problem: { node: Node, message: string }): void }} Context */

const imports = {
  /** @param {Context} context */
  create(context) {
    /** @param {{ source: Node | null }} node */
    const check = ({ source }) => {
      if (!source) return; // `export { x }`
      // A computed `import(path)` is no string, and no folder with a wall needs one.
      const message = objection(context.filename, typeof source.value === "string" ? source.value : "(computed)");
      if (message) context.report({ node: source, message });
    };
    return {
      ImportDeclaration: check,
      ImportExpression: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
      TSImportType: check,
    };
  },
};

const noClock = {
  /** @param {Context} context */
  create(context) {
    /** @param {Node & { callee: Node, arguments: Node[] }} node */
    const check = (node) => {
      // `new Date(ms)` only converts; without arguments it, like any `Date()` call, reads the clock.
      const reads = node.type === "CallExpression" || node.arguments.length === 0;
      if (reads && node.callee.type === "Identifier" && node.callee.name === "Date") {
        context.report({ node, message: "This reads the clock: take the time as a parameter." });
      }
    };
    return { NewExpression: check, CallExpression: check };
  },
};

export default { meta: { name: "walls" }, rules: { imports, "no-clock": noClock } };
