import type { SecretReference } from "./settings.ts";

const SECRET_REFERENCE = ["source", "provider", "id"] as const satisfies (keyof SecretReference)[];

/** The part of JSON Schema that the settings use. */
export interface SchemaNode {
  readonly type?: string;
  readonly title?: string;
  readonly description?: string;
  readonly enum?: readonly string[];
  readonly default?: unknown;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly maxLength?: number;
  readonly items?: SchemaNode;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  /** What is accepted, in words, where the pattern would tell nobody. */
  readonly expected?: string;
  /** For the Control UI: shown only on request. */
  readonly advanced?: boolean;
  /** For the Control UI: not shown. */
  readonly sensitive?: boolean;
  /** Instead of the text, where the host finds it. */
  readonly secretRef?: boolean;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  /** A group that has such is there only when it is given. */
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean;
}

/** One wrong setting: where it is, what was found there and what would be right. */
export interface SettingsError {
  /** Dotted path below `plugins.entries.resume-scheduler.config`; empty for the whole object. */
  readonly path: string;
  readonly message: string;
}

/** Fills `value` with the schema's defaults and reports every wrong key at once. */
export function applySchema(schema: SchemaNode, value: unknown, errors: SettingsError[], path = ""): unknown {
  if (schema.properties === undefined) return applyLeaf(schema, value, errors, path);
  const required = schema.required ?? [];
  if (value === undefined && required.length > 0) return undefined;
  const known = schema.properties;
  // A secret under a wrong name, or in the place of its group.
  const isSecret = Object.values(known).some(({ sensitive }) => sensitive === true);
  if (value !== undefined && !isPlainObject(value)) {
    errors.push({ path, message: `got ${isSecret ? "something else" : show(value)}; expected an object` });
    value = undefined;
  }
  const given = (value ?? {}) as Record<string, unknown>;
  for (const key of Object.keys(given)) {
    if (Object.hasOwn(known, key)) continue;
    errors.push({
      path: join(path, nameOf(key)),
      message: `unknown setting (value ${isSecret ? "not shown" : show(given[key])}); known here: ${Object.keys(known).join(", ")}`,
    });
  }
  for (const key of required) {
    if (given[key] !== undefined) continue;
    errors.push({ path: join(path, key), message: `is missing; expected ${describe(known[key] ?? {})}` });
  }
  const filled = Object.entries(known).map(([key, node]) => [
    key,
    applySchema(node, Object.hasOwn(given, key) ? given[key] : undefined, errors, join(path, key)),
  ]);
  return Object.fromEntries(filled);
}

function applyLeaf(schema: SchemaNode, value: unknown, errors: SettingsError[], path: string): unknown {
  if (value === undefined) return schema.default;
  if (schema.items !== undefined && Array.isArray(value) && isListOf(schema, value)) {
    const { items } = schema;
    return value.map((item, index) => applyLeaf(items, item ?? null, errors, `${path}[${index}]`));
  }
  if (accepts(schema, value)) return value;
  const got = schema.sensitive === true ? "something else" : show(value);
  errors.push({ path, message: `got ${got}; expected ${describe(schema)}` });
  return schema.default;
}

function isListOf({ minItems = 0, maxItems = Infinity, uniqueItems }: SchemaNode, value: readonly unknown[]): boolean {
  if (value.length < minItems || value.length > maxItems) return false;
  return uniqueItems !== true || new Set(value).size === value.length;
}

function accepts(schema: SchemaNode, value: unknown): boolean {
  if (schema.enum !== undefined) return schema.enum.includes(value as string);
  if (schema.type === "array") return false;
  if (schema.type === "boolean") return typeof value === "boolean";
  if (schema.type === "string") {
    if (schema.secretRef === true && isSecretReference(value)) return true;
    if (typeof value !== "string") return false;
    const { maxLength = Infinity, pattern = "" } = schema;
    return value.length <= maxLength && new RegExp(pattern, "u").test(value);
  }
  return (
    typeof value === "number" &&
    Number.isFinite(value) &&
    (schema.type !== "integer" || Number.isInteger(value)) &&
    value >= (schema.minimum ?? -Infinity) &&
    value > (schema.exclusiveMinimum ?? -Infinity) &&
    value <= (schema.maximum ?? Infinity)
  );
}

/** Which sources there are and what may stand for a name there depends on the host: it says so when it looks. */
function isSecretReference(value: unknown): value is SecretReference {
  if (!isPlainObject(value) || Object.keys(value).length !== SECRET_REFERENCE.length) return false;
  return SECRET_REFERENCE.every((key) => typeof value[key] === "string" && value[key] !== "");
}

/** What the schema accepts, in words for an operator. */
function describe(schema: SchemaNode): string {
  const preset = schema.default === undefined ? "" : ` (default ${show(schema.default)})`;
  if (schema.enum !== undefined) return `one of ${schema.enum.map(show).join(", ")}${preset}`;
  if (schema.items !== undefined) {
    const { minItems, maxItems, uniqueItems, items } = schema;
    const count = minItems === undefined ? `at most ${maxItems}` : `${minItems} to ${maxItems}`;
    return `a list of ${count}${uniqueItems === true ? " different" : ""} entries, each ${describe(items)}${preset}`;
  }
  if (schema.type === "boolean") return `true or false${preset}`;
  if (schema.expected !== undefined) return schema.expected;
  if (schema.type === "string") {
    return `a string matching ${schema.pattern}${preset}`;
  }
  const noun = schema.type === "integer" ? "a whole number" : "a number";
  const from = schema.exclusiveMinimum === undefined ? `from ${schema.minimum}` : `above ${schema.exclusiveMinimum}`;
  return `${noun} ${from} to ${schema.maximum}${preset}`;
}

function show(value: unknown): string {
  return clip(typeof value === "number" ? String(value) : inspect(value).replaceAll(LOGIN, "$1***@"));
}

/** User and password of a URL, wherever it was put. */
const LOGIN = /(\w:\/\/)\S*@/g;

function inspect(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return typeof value === "bigint" ? String(value) : "something that is no JSON";
  }
}

const clip = (text: string): string => (text.length > 80 ? `${text.slice(0, 77)}...` : text);

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An address as a name was meant as a value, and may hold a password. */
const nameOf = (key: string) => (key.includes("://") ? "(an address)" : key);

/** A key of any length can stand in a file; a message must stay one line. */
const join = (path: string, key: string) => clip(path === "" ? key : `${path}.${key}`);
