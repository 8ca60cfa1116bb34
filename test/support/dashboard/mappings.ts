/** Value mappings: a value's text and colour. */
import type { FieldConfig, Mapping, MappingResult } from "./json.ts";
import { formatValue } from "./units.ts";

/** What the first mapping that fits says of the value. */
export function mappingOf(value: number, mappings: readonly Mapping[] = []): MappingResult | undefined {
  for (const mapping of mappings) {
    const result = resultOf(value, mapping);
    if (result !== undefined) return result;
  }
  return undefined;
}

/** A value as the panel shows it: mapped, or with its unit. */
export function displayText(value: number, { mappings, unit, decimals }: FieldConfig, nowMs?: number): string {
  return mappingOf(value, mappings)?.text ?? formatValue(value, unit, decimals, nowMs);
}

function resultOf(value: number, { type, options }: Mapping): MappingResult | undefined {
  switch (type) {
    case "value":
      return options[String(value)] as MappingResult | undefined;
    case "range": {
      const { from, to, result } = options as { from?: number | null; to?: number | null; result: MappingResult };
      return value >= (from ?? -Infinity) && value <= (to ?? Infinity) ? result : undefined;
    }
    case "special": {
      const { match, result } = options as { match: string; result: MappingResult };
      return match.includes("nan") && Number.isNaN(value) ? result : undefined;
    }
    case "regex":
      // For texts, and there are none.
      return undefined;
    default:
      throw new Error(`mapping type ${String(type)} is not understood here`);
  }
}
