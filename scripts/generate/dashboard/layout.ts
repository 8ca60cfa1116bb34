import type { Panel } from "./panels.ts";

/** A heading and what is below it, from left to right and then down. */
export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

const COLUMNS = 24;

/** Rows and panels with their ids and places: a panel that does not fit beside the others starts a new line. */
export function layOut(rows: readonly Row[]): object[] {
  const placed: object[] = [];
  let top = 0;
  const place = (json: object, x: number, [w, h]: Panel["size"]) =>
    placed.push({ id: placed.length + 1, gridPos: { x, y: top, w, h }, ...json });
  for (const { title, panels } of rows) {
    place({ type: "row", title, collapsed: false, panels: [] }, 0, [COLUMNS, 1]);
    top += 1;
    for (const line of linesOf(panels)) {
      let x = 0;
      for (const { size, json } of line) {
        place(json, x, size);
        x += size[0];
      }
      top += Math.max(...line.map(({ size: [, height] }) => height));
    }
  }
  return placed;
}

function linesOf(panels: readonly Panel[]): Panel[][] {
  const lines: Panel[][] = [];
  let free = 0;
  for (const panel of panels) {
    const [width] = panel.size;
    if (width > free) {
      lines.push([]);
      free = COLUMNS;
    }
    lines.at(-1)?.push(panel);
    free -= width;
  }
  return lines;
}
