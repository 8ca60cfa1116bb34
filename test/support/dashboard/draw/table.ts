/** A `table` panel. */
import { inkOn, valueColour } from "../colours.ts";
import type { PanelData } from "../data.ts";
import { escape } from "../html.ts";
import type { FieldConfig } from "../json.ts";
import { displayText } from "../mappings.ts";
import { type Cell, compare, type Table, tableOf } from "../table.ts";

export function drawTable(data: PanelData): string {
  const table = tableOf(data);
  const rows = sortedRows(table, data);
  const title = (column: string) => table.configs[column]!.displayName ?? column;
  const head = table.columns.map((column) => `<th class="${sideOf(column, table)}">${escape(title(column))}</th>`);
  const body = rows.map((row) => {
    const cells = table.columns.map((column) => {
      const config = table.configs[column]!;
      return `<td class="${sideOf(column, table)}"${colourOfCell(row[column], config)}>${text(row[column], column, config, data)}</td>`;
    });
    return `<tr>${cells.join("")}</tr>`;
  });
  return `<table class="table"><thead><tr>${head.join("")}</tr></thead>${body.join("")}</table>`;
}

function sortedRows(table: Table, { panel }: PanelData): Table["rows"] {
  const [by] = panel.options?.sortBy ?? [];
  if (by === undefined) return table.rows;
  const column = table.columns.find((name) => (table.configs[name]!.displayName ?? name) === by.displayName);
  if (column === undefined) throw new Error(`table ${panel.title}: no column ${by.displayName} to sort by`);
  const rows = table.rows.toSorted((one, other) => compare(one[column], other[column]));
  return by.desc === true ? rows.toReversed() : rows;
}

const isNumeric = (column: string, { rows }: Table) => rows.some((row) => typeof row[column] === "number");
const sideOf = (column: string, table: Table) => (isNumeric(column, table) && column !== "Time" ? "number" : "text");

function text(cell: Cell, column: string, config: FieldConfig, { range }: PanelData): string {
  if (cell === undefined) return "";
  if (typeof cell === "string") return escape(cell);
  if (column === "Time") return new Date(cell).toISOString().slice(0, 19).replace("T", " ");
  return escape(displayText(cell, config, range.endMs));
}

function colourOfCell(cell: Cell, config: FieldConfig): string {
  const type = config.custom?.cellOptions?.type ?? "auto";
  if (typeof cell !== "number" || type === "auto") return "";
  const colour = valueColour(cell, config, 0);
  return ` style="${type === "color-background" ? `background:${colour};color:${inkOn(colour)}` : `color:${colour}`}"`;
}
