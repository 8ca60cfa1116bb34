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
  readonly properties?: Readonly<Record<string, SchemaNode>>;
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
  if (value !== undefined && !isPlainObject(value)) {
    errors.push({ path, message: `got ${show(value)}; expected an object` });
    value = undefined;
  }
  const given = (value ?? {}) as Record<string, unknown>;
  const known = schema.properties;
  for (const key of Object.keys(given)) {
    if (Object.hasOwn(known, key)) continue;
    errors.push({
      path: join(path, key),
      message: `unknown setting (value ${show(given[key])}); known here: ${Object.keys(known).join(", ")}`,
    });
  }
  const filled = Object.entries(known).map(([key, node]) => [
    key,
    applySchema(node, Object.hasOwn(given, key) ? given[key] : undefined, errors, join(path, key)),
  ]);
  return Object.fromEntries(filled);
}

function applyLeaf(schema: SchemaNode, value: unknown, errors: SettingsError[], path: string): unknown {
  if (value === undefined) return schema.default;
  if (accepts(schema, value)) return value;
  errors.push({ path, message: `got ${show(value)}; expected ${describe(schema)}` });
  return schema.default;
}

function accepts(schema: SchemaNode, value: unknown): boolean {
  if (schema.enum !== undefined) return schema.enum.includes(value as string);
  if (schema.type === "string") {
    return typeof value === "string" && new RegExp(schema.pattern ?? "", "u").test(value);
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

/** What the schema accepts, in words for an operator. */
function describe(schema: SchemaNode): string {
  const preset = schema.default === undefined ? "" : ` (default ${show(schema.default)})`;
  if (schema.enum !== undefined) return `one of ${schema.enum.map(show).join(", ")}${preset}`;
  if (schema.type === "string") return `a string matching ${schema.pattern}${preset}`;
  const noun = schema.type === "integer" ? "a whole number" : "a number";
  const from = schema.exclusiveMinimum === undefined ? `from ${schema.minimum}` : `above ${schema.exclusiveMinimum}`;
  return `${noun} ${from} to ${schema.maximum}${preset}`;
}

function show(value: unknown): string {
  const text = typeof value === "number" ? String(value) : (JSON.stringify(value) ?? String(value));
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const join = (path: string, key: string) => (path === "" ? key : `${path}.${key}`);
