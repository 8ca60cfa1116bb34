/** A table panel's rows: the labels and values of its queries, after its transformations. */
import type { FieldConfig } from "./json.ts";
import { configOf, type Field, type PanelData } from "./data.ts";

export type Cell = string | number | undefined;
export type Row = Record<string, Cell>;
export type Table = { columns: string[]; rows: Row[]; configs: Record<string, FieldConfig> };

type Frame = { refId: string; columns: string[]; rows: Row[] };
type Options = Record<string, unknown>;

/** Panels of time series show the last value of each. */
export function tableOf({ panel, fields, range }: PanelData): Table {
  let frames = framesOf(fields, range.endMs);
  for (const { id, options = {} } of panel.transformations ?? []) {
    const transformation = TRANSFORMATIONS[id];
    if (transformation === undefined) throw new Error(`transformation ${id} is not understood here`);
    frames = transformation(frames, options);
  }
  const { columns, rows } = frames.length === 1 ? frames[0]! : merged(frames);
  const configs = Object.fromEntries(columns.map((name) => [name, configOf(panel, { name, refId: "" })]));
  return { columns: columns.filter((name) => configs[name]!.custom?.hidden !== true), rows, configs };
}

function framesOf(fields: readonly Field[], atMs: number): Frame[] {
  const refIds = [...new Set(fields.map(({ refId }) => refId))];
  return refIds.map((refId) => {
    // With several queries Grafana tells their values apart by the query's letter.
    const valueColumn = refIds.length === 1 ? "Value" : `Value #${refId}`;
    const own = fields.filter((field) => field.refId === refId);
    const labels = [...new Set(own.flatMap((field) => Object.keys(field.labels)))].toSorted();
    const rows = own.map((field) => ({ Time: atMs, ...field.labels, [valueColumn]: field.points.at(-1)?.[1] }));
    return { refId, columns: ["Time", ...labels, valueColumn], rows };
  });
}

const TRANSFORMATIONS: Record<string, (frames: Frame[], options: Options) => Frame[]> = {
  merge: (frames) => [merged(frames)],
  organize: (frames, options) => frames.map((frame) => organized(frame, options)),
  sortBy: (frames, options) => frames.map((frame) => sorted(frame, options)),
  filterFieldsByName: (frames, options) => frames.map((frame) => picked(frame, options)),
  filterByValue: (frames, options) => frames.map((frame) => filtered(frame, options)),
  // Fields of tables are called as their labels say already.
  labelsToFields: (frames) => frames,
};

/** Rows that agree in every column they share become one. */
function merged(frames: readonly Frame[]): Frame {
  const columns = [...new Set(frames.flatMap((frame) => frame.columns))];
  const isValue = (column: string) => column.startsWith("Value");
  const byKey = new Map<string, Row>();
  for (const row of frames.flatMap(({ rows }) => rows)) {
    const key = JSON.stringify(columns.filter((column) => !isValue(column)).map((column) => row[column] ?? null));
    byKey.set(key, { ...byKey.get(key), ...row });
  }
  const ordered = [...columns.filter((column) => !isValue(column)), ...columns.filter(isValue)];
  return { refId: "", columns: ordered, rows: [...byKey.values()] };
}

function organized(frame: Frame, options: Options): Frame {
  const excluded = (options["excludeByName"] ?? {}) as Record<string, boolean>;
  const included = options["includeByName"] as Record<string, boolean> | undefined;
  const order = (options["indexByName"] ?? {}) as Record<string, number>;
  const names = (options["renameByName"] ?? {}) as Record<string, string>;
  const isIn = (column: string) =>
    excluded[column] !== true && (included === undefined || Object.keys(included).length === 0 || included[column]);
  const kept = frame.columns.filter(isIn);
  const at = (column: string) => order[column] ?? Number.MAX_SAFE_INTEGER;
  const columns = kept.toSorted((one, other) => at(one) - at(other));
  const rows = frame.rows.map((row) => {
    return Object.fromEntries(columns.map((column) => [names[column] || column, row[column]]));
  });
  return { ...frame, columns: columns.map((column) => names[column] || column), rows };
}

function sorted(frame: Frame, options: Options): Frame {
  const [by] = (options["sort"] ?? []) as { field: string; desc?: boolean }[];
  if (by === undefined) return frame;
  const rows = frame.rows.toSorted((one, other) => compare(one[by.field], other[by.field]));
  return { ...frame, rows: by.desc === true ? rows.toReversed() : rows };
}

function picked(frame: Frame, options: Options): Frame {
  const { names, pattern } = (options["include"] ?? {}) as { names?: string[]; pattern?: string };
  const isIn = (column: string) =>
    names?.includes(column) === true || (pattern !== undefined && new RegExp(pattern).test(column));
  return { ...frame, columns: frame.columns.filter(isIn) };
}

function filtered(frame: Frame, options: Options): Frame {
  type Filter = { fieldName: string; config: { id: string; options: { value?: number } } };
  const filters = (options["filters"] ?? []) as Filter[];
  const holds = (
    row: Row,
    {
      fieldName,
      config: {
        id,
        options: { value = 0 },
      },
    }: Filter,
  ): boolean => {
    const cell = Number(row[fieldName]);
    if (id === "greater") return cell > value;
    if (id === "notEqual") return cell !== value;
    throw new Error(`filter ${id} is not understood here`);
  };
  const isIncluding = options["type"] !== "exclude";
  const some = options["match"] === "any" ? "some" : "every";
  return { ...frame, rows: frame.rows.filter((row) => filters[some]((filter) => holds(row, filter)) === isIncluding) };
}

/** Numbers by size, texts by alphabet, what is missing last. */
export function compare(one: Cell, other: Cell): number {
  if (typeof one === "number" && typeof other === "number") return one - other;
  return String(one ?? "\uFFFF").localeCompare(String(other ?? "\uFFFF"));
}
