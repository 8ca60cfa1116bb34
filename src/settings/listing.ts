import { isDeepStrictEqual } from "node:util";
import { withDefaults } from "./resolve.ts";
import { settingsSchema } from "./schema.generated.ts";
import type { SchemaNode } from "./validate.ts";

/** One setting, under its own name and in its own unit; values are JSON. */
export interface ListedSetting {
  /** Dotted, as in `plugins.entries.resume-scheduler.config`. */
  readonly path: string;
  readonly value: string;
  readonly byDefault: string;
  readonly differs: boolean;
}

const NOT_SET = "not set";
const SECRET = "not shown";

/** Every setting of a configuration that is right, beside its default. Secrets are not in it. */
export function listSettings(config: unknown): ListedSetting[] {
  return leaves(settingsSchema, withDefaults(config), withDefaults(undefined), "");
}

function leaves(schema: SchemaNode, value: unknown, byDefault: unknown, path: string): ListedSetting[] {
  const { properties, sensitive } = schema;
  if (properties !== undefined) {
    return Object.entries(properties).flatMap(([key, node]) =>
      leaves(node, partOf(value, key), partOf(byDefault, key), path === "" ? key : `${path}.${key}`),
    );
  }
  const shown = (one: unknown) => (one === undefined ? NOT_SET : sensitive === true ? SECRET : JSON.stringify(one));
  return [{ path, value: shown(value), byDefault: shown(byDefault), differs: !isDeepStrictEqual(value, byDefault) }];
}

const partOf = (group: unknown, key: string): unknown => (group as Record<string, unknown> | undefined)?.[key];
