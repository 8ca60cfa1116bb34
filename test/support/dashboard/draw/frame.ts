/** What charts over time have in common: the grid, the time axis, the marks of annotations. */
import type { Annotation } from "../annotations.ts";
import { colourOf, THEME } from "../colours.ts";
import type { TimeRange } from "../data.ts";
import { px, textWidth } from "../html.ts";
import { timeScale, timeTicks } from "./axis.ts";

/** The edges of the plot inside the drawing. */
export type Plot = { left: number; right: number; top: number; bottom: number };

export const TIME_AXIS_PX = 20;

/** Vertical grid lines and the times below them. */
export function drawTimeAxis(range: TimeRange, plot: Plot): string {
  const at = timeScale(range, plot.left, plot.right);
  const ticks = timeTicks(range, plot.right - plot.left).map(({ atMs, text }) => {
    const x = px(at(atMs));
    // One that would be cut off at the edge is left out.
    const shown = plot.right - at(atMs) < textWidth(text, 11) / 2 - 8 ? "" : text;
    return (
      line({ x1: x, x2: x, y1: plot.top, y2: plot.bottom, stroke: THEME.grid }) +
      label({ x, y: plot.bottom + 15, anchor: "middle", text: shown })
    );
  });
  return ticks.join("");
}

/** A dashed line for each, with a small mark at its foot. */
export function drawAnnotations(annotations: readonly Annotation[], range: TimeRange, plot: Plot): string {
  const at = timeScale(range, plot.left, plot.right);
  const marks = annotations.map(({ atMs, colour }) => {
    const x = at(atMs);
    const stroke = colourOf(colour);
    const foot = `<path d="M${px(x - 4)} ${px(plot.bottom + 5)}h8l-4 -5z" fill="${stroke}"/>`;
    return line({ x1: px(x), x2: px(x), y1: plot.top, y2: plot.bottom, stroke, dash: "4 3" }) + foot;
  });
  return marks.join("");
}

export function line(options: {
  x1: string | number;
  x2: string | number;
  y1: string | number;
  y2: string | number;
  stroke: string;
  dash?: string;
}): string {
  const { x1, x2, y1, y2, stroke, dash } = options;
  const dashes = dash === undefined ? "" : ` stroke-dasharray="${dash}"`;
  return `<line x1="${x1}" x2="${x2}" y1="${y1}" y2="${y2}" stroke="${stroke}"${dashes}/>`;
}

export function label(options: {
  x: string | number;
  y: string | number;
  text: string;
  anchor: "start" | "middle" | "end";
}): string {
  return `<text x="${options.x}" y="${options.y}" text-anchor="${options.anchor}">${options.text}</text>`;
}

export function svg({ width, height }: { width: number; height: number }, content: string): string {
  return `<svg width="${px(width)}" height="${px(height)}" viewBox="0 0 ${px(width)} ${px(height)}">${content}</svg>`;
}
