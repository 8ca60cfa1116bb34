/** A `state-timeline` panel: a row for each series, a bar for as long as it keeps its value. */
import type { Annotation } from "../annotations.ts";
import { valueColour } from "../colours.ts";
import type { Field, PanelData } from "../data.ts";
import { type Box, escape, px, textWidth } from "../html.ts";
import { displayText } from "../mappings.ts";
import { timeScale } from "./axis.ts";
import { drawAnnotations, drawTimeAxis, label, svg, TIME_AXIS_PX } from "./frame.ts";

type Stretch = { fromMs: number; toMs: number; value: number };

export function drawStateTimeline(data: PanelData, box: Box, annotations: readonly Annotation[]): string {
  const { panel, fields, range, stepMs } = data;
  const names = Math.min(box.width * 0.3, Math.max(...fields.map(({ name }) => textWidth(name, 12))) + 16);
  const plot = { left: names, right: box.width - 10, top: 2, bottom: box.height - TIME_AXIS_PX - 4 };
  const rowPx = (plot.bottom - plot.top) / fields.length;
  const x = timeScale(range, plot.left, plot.right);
  const rows = fields.map((field, row) => {
    const top = plot.top + row * rowPx;
    const name = label({ x: px(names - 8), y: px(top + rowPx / 2 + 4), anchor: "end", text: escape(field.name) });
    return (
      name +
      stretchesOf(field, stepMs, range.endMs)
        .map((one) => drawStretch(one, field, { x, top, rowPx, withText: panel.options?.showValue !== "never" }))
        .join("")
    );
  });
  return svg(box, drawTimeAxis(range, plot) + rows.join("") + drawAnnotations(annotations, range, plot));
}

function drawStretch(
  { fromMs, toMs, value }: Stretch,
  { config }: Field,
  { x, top, rowPx, withText }: { x: (atMs: number) => number; top: number; rowPx: number; withText: boolean },
): string {
  const opacity = (config.custom?.fillOpacity ?? 70) / 100;
  const colour = valueColour(value, config, 0);
  const [left, width, height] = [x(fromMs), Math.max(1, x(toMs) - x(fromMs)), Math.max(2, rowPx * 0.8)];
  const y = top + (rowPx - height) / 2;
  const bar = `<rect x="${px(left)}" y="${px(y)}" width="${px(width)}" height="${px(height)}" fill="${colour}" fill-opacity="${opacity}"/>`;
  const text = displayText(value, config);
  if (!withText || text === "" || textWidth(text, 12) + 8 > width || height < 14) return bar;
  return bar + label({ x: px(left + 6), y: px(y + height / 2 + 4), anchor: "start", text: escape(text) });
}

/** A value lasts until the next sample, the last one for one step. */
function stretchesOf({ points }: Field, stepMs: number, endMs: number): Stretch[] {
  const stretches: Stretch[] = [];
  for (const [index, [atMs, value]] of points.entries()) {
    const nextMs = points[index + 1]?.[0] ?? Infinity;
    const toMs = Math.min(nextMs - atMs <= stepMs * 1.5 ? nextMs : atMs + stepMs, endMs);
    const last = stretches.at(-1);
    if (last !== undefined && last.value === value && last.toMs >= atMs) last.toMs = toMs;
    else stretches.push({ fromMs: atMs, toMs, value });
  }
  return stretches.filter(({ value }) => !Number.isNaN(value));
}
