import type { Format, Look } from "./terminal.ts";
import { shorten, widthOf } from "./text.ts";

export type Cell = string | number | { readonly text: string; readonly format: Format };

const GAP = "  ";
const NARROWEST = 16;

/** `rows` as aligned lines; none without rows. The column `flexible` is shortened until the lines fit. */
export function table(
  look: Look,
  { head, rows, flexible }: { head?: readonly string[]; rows: readonly (readonly Cell[])[]; flexible?: number },
): string[] {
  if (rows.length === 0) return [];
  const lines = head === undefined ? rows : [head.map((text): Cell => ({ text, format: "bold" })), ...rows];
  const count = Math.max(...lines.map((line) => line.length));
  const widths = Array.from({ length: count }, (_, at) => Math.max(...lines.map((line) => widthOf(textOf(line[at])))));
  if (flexible !== undefined) {
    const natural = widths[flexible] ?? 0;
    const over = widths.reduce((sum, width) => sum + width, GAP.length * (count - 1)) - look.columns;
    widths[flexible] = Math.min(natural, Math.max(NARROWEST, natural - over));
  }
  return lines.map((line) =>
    line
      .map((cell, at) => {
        const width = widths[at] ?? 0;
        const text = at === flexible ? shorten(textOf(cell), width) : textOf(cell);
        const painted = typeof cell === "object" ? look.paint(cell.format, text) : text;
        return at === line.length - 1 ? painted : painted + " ".repeat(width - widthOf(text));
      })
      .join(GAP)
      .trimEnd(),
  );
}

/** Names and values, one pair a line, as an indented block. */
export const fields = (look: Look, pairs: readonly (readonly [string, Cell])[]): string[] =>
  table(look, { rows: pairs.map(([name, value]) => [GAP.slice(1) + name, value]) });

/** The first `limit` of `items` as lines, and how many more there are. */
export function limited<Item>(
  items: readonly Item[],
  limit: number,
  toLines: (shown: readonly Item[]) => string[],
): string[] {
  const lines = toLines(items.slice(0, limit));
  return items.length > limit ? [...lines, `... and ${items.length - limit} more`] : lines;
}

function textOf(cell: Cell | undefined): string {
  return String(typeof cell === "object" ? cell.text : (cell ?? ""));
}
