/** Where each panel stands: Grafana's 24 columns, with every row open. */
import type { Dashboard, GridPos, Panel } from "./json.ts";

export type Rectangle = { left: number; top: number; width: number; height: number };
export type Placed = { panel: Panel; at: Rectangle };

const COLUMNS = 24;
const ROW_PX = 30;
const GAP_PX = 8;

/** From the top left corner of the dashboard's area, which is this wide. */
export function placePanels({ panels }: Dashboard, widthPx: number): { placed: Placed[]; heightPx: number } {
  const placed = opened(panels).map(({ panel, gridPos }) => ({ panel, at: rectangleOf(gridPos, widthPx) }));
  return { placed, heightPx: Math.max(0, ...placed.map(({ at }) => at.top + at.height)) };
}

/** What follows a collapsed row moves down by the height of its panels. */
function opened(panels: readonly Panel[]): { panel: Panel; gridPos: GridPos }[] {
  const result: { panel: Panel; gridPos: GridPos }[] = [];
  let shift = 0;
  for (const panel of panels.toSorted((one, other) => one.gridPos.y - other.gridPos.y)) {
    result.push({ panel, gridPos: lower(panel.gridPos, shift) });
    const inside = panel.panels ?? [];
    const first = Math.min(...inside.map(({ gridPos }) => gridPos.y));
    for (const each of inside) {
      result.push({ panel: each, gridPos: lower(each.gridPos, shift + panel.gridPos.y + 1 - first) });
    }
    if (inside.length > 0) shift += Math.max(...inside.map(({ gridPos }) => gridPos.y + gridPos.h)) - first;
  }
  return result;
}

const lower = (gridPos: GridPos, by: number): GridPos => ({ ...gridPos, y: gridPos.y + by });

function rectangleOf({ x, y, w, h }: GridPos, widthPx: number): Rectangle {
  const column = (widthPx + GAP_PX) / COLUMNS;
  const row = ROW_PX + GAP_PX;
  return { left: x * column, top: y * row, width: w * column - GAP_PX, height: h * row - GAP_PX };
}
