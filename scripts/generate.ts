/**
 * Writes what is generated from `src/settings/schema.ts`, `src/domain/reasons.ts`, `src/observe/catalogue.ts` and
 * `docs/performance.json`; with `--check` fails when a file on disk differs.
 *
 * The manifest gets the schema without its constraints: the host refuses to start a gateway whose plugin config
 * violates the manifest, and a typing error in our settings must not take the gateway down. The plugin itself checks
 * the full schema at its start and says what is wrong.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { PERFORMANCE_JSON, performancePage } from "./bench/page.ts";
import type { Results } from "./bench/result.ts";
import { dashboardJson } from "./generate/dashboard.ts";
import { metricsPage } from "./generate/metrics-page.ts";
import { verdictsPage } from "./generate/verdicts-page.ts";
import { SettingsSchema } from "../src/settings/schema.ts";
import type { SchemaNode } from "../src/settings/validate.ts";

const CONSTRAINTS = new Set([
  "type",
  "enum",
  "minimum",
  "exclusiveMinimum",
  "maximum",
  "pattern",
  "maxLength",
  "items",
  "minItems",
  "maxItems",
  "uniqueItems",
  "additionalProperties",
  "required",
]);
/** What only the Control UI or our own messages read. */
const HINTS = new Set(["advanced", "expected", "sensitive", "secretRef"]);
/** What the host takes for a secret wherever it takes one. */
const SECRET_REFERENCE = {
  type: "object",
  required: ["source", "provider", "id"],
  properties: Object.fromEntries(["source", "provider", "id"].map((key) => [key, { type: "string", minLength: 1 }])),
  additionalProperties: false,
};
const root = new URL("../", import.meta.url);
const schema = JSON.parse(JSON.stringify(SettingsSchema)) as SchemaNode;

function without(keywords: ReadonlySet<string>, node: SchemaNode): object {
  const kept = Object.entries(node).filter(([key]) => !keywords.has(key));
  const properties = Object.entries(node.properties ?? {}).map(([key, child]) => [key, without(keywords, child)]);
  const made = {
    ...Object.fromEntries(kept),
    ...(node.properties ? { properties: Object.fromEntries(properties) } : {}),
  };
  // Without its type it takes anything already.
  return node.secretRef === true && !keywords.has("type") ? { anyOf: [made, SECRET_REFERENCE] } : made;
}

function uiHints(node: SchemaNode, path = ""): [string, object][] {
  if (node.properties === undefined) {
    const { title: label, description: help, advanced, sensitive } = node;
    const shown = { ...(advanced === true ? { advanced } : {}), ...(sensitive === true ? { sensitive } : {}) };
    return [[path, { label, help, ...shown }]];
  }
  return Object.entries(node.properties).flatMap(([key, child]) =>
    uiHints(child, path === "" ? key : `${path}.${key}`),
  );
}

const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
const manifest = JSON.parse(readFileSync(new URL("openclaw.plugin.json", root), "utf8")) as object;
const { version } = JSON.parse(readFileSync(new URL("package.json", root), "utf8")) as { version: string };
const outputs: Record<string, string> = {
  "config/schema.json": json({ $schema: "https://json-schema.org/draft/2020-12/schema", ...without(HINTS, schema) }),
  "openclaw.plugin.json": json({
    ...manifest,
    version,
    uiHints: Object.fromEntries(uiHints(schema)),
    configSchema: { type: "object", ...without(new Set([...CONSTRAINTS, ...HINTS]), schema) },
  }),
  "dashboards/resume-scheduler.json": dashboardJson(),
  "docs/metrics.md": metricsPage(),
  "docs/verdicts.md": verdictsPage(),
  // Its figures come from `npm run bench`.
  "docs/performance.md": performancePage(JSON.parse(readFileSync(PERFORMANCE_JSON, "utf8")) as Results),
  "src/settings/schema.generated.ts": [
    "// Generated from schema.ts by `npm run generate`; do not edit.",
    'import type { SchemaNode } from "./validate.ts";',
    "",
    `export const settingsSchema: SchemaNode = ${JSON.stringify(schema)};`,
    "",
  ].join("\n"),
};

let drifted = 0;
for (const [file, text] of Object.entries(outputs)) {
  const url = new URL(file, root);
  if (process.argv.includes("--check")) {
    if (readOrEmpty(url) === text) continue;
    drifted += 1;
    console.error(`${file} is not what its source generates: run \`npm run generate\``);
  } else {
    writeFileSync(url, text);
    console.log(`wrote ${fileURLToPath(url).slice(fileURLToPath(root).length)}`);
  }
}
process.exitCode = drifted > 0 ? 1 : 0;

function readOrEmpty(url: URL): string {
  try {
    return readFileSync(url, "utf8");
  } catch {
    return "";
  }
}
