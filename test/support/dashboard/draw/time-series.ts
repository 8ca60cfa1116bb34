/** A `timeseries` panel: lines, areas or bars over time, stacked or not, on one axis or two. */
import type { Annotation } from "../annotations.ts";
import { colourOf } from "../colours.ts";
import type { PanelData } from "../data.ts";
import { type Box, px } from "../html.ts";
import { type Scale, timeScale } from "./axis.ts";
import { curvesOf, drawCurve } from "./curve.ts";
import { drawAnnotations, drawTimeAxis, line, type Plot, svg, TIME_AXIS_PX } from "./frame.ts";
import { drawLegend } from "./legend.ts";
import { axesOf, type Axis, drawAxis } from "./value-axis.ts";

export function drawTimeSeries(data: PanelData, box: Box, annotations: readonly Annotation[]): string {
  const legend = drawLegend(data.panel, data.fields, box);
  const chart = { width: box.width - legend.widthPx, height: box.height - legend.heightPx };
  const style = legend.widthPx > 0 ? ' class="beside"' : "";
  return `<div${style}>${drawChart(data, chart, annotations)}${legend.html}</div>`;
}

function drawChart(data: PanelData, box: Box, annotations: readonly Annotation[]): string {
  const curves = curvesOf(data.fields);
  const vertical = { top: 6, bottom: box.height - TIME_AXIS_PX - 4 };
  const axes = axesOf(curves, vertical);
  const widthOn = (side: Axis["side"]) =>
    axes.filter((axis) => axis.side === side).reduce((sum, { width }) => sum + width, 0);
  const plot = { ...vertical, left: widthOn("left") + 2, right: box.width - Math.max(widthOn("right"), 10) };
  const parts = [
    drawTimeAxis(data.range, plot),
    ...axes.map((axis, index) => drawAxis(axis, plot, index === 0)),
    ...axes.flatMap((axis) => axis.curves.map((curve) => drawCurve(curve, axis.scale, data, plot))),
    axes[0] === undefined ? "" : drawThresholds(axes[0], plot),
    axes[0] === undefined ? "" : drawExemplars(data, axes[0].scale, plot),
    drawAnnotations(annotations, data.range, plot),
  ];
  return svg(box, parts.join(""));
}

function drawThresholds({ curves, scale }: Axis, plot: Plot): string {
  const { thresholds, custom } = curves[0]!.field.config;
  if (!/line|dashed/.test(custom?.thresholdsStyle?.mode ?? "off")) return "";
  const lines = (thresholds?.steps ?? []).map(({ value, color }) => {
    if (value == null || value > scale.max || value < scale.min) return "";
    const y = px(scale.at(value));
    return line({ x1: plot.left, x2: plot.right, y1: y, y2: y, stroke: colourOf(color), dash: "8 4" });
  });
  return lines.join("");
}

function drawExemplars({ exemplars, range }: PanelData, scale: Scale, plot: Plot): string {
  const x = timeScale(range, plot.left, plot.right);
  const marks = exemplars
    .filter(({ atMs }) => atMs >= range.startMs && atMs <= range.endMs)
    .map(({ atMs, value }) => {
      const y = Math.max(scale.at(value), plot.top);
      return `<path d="M${px(x(atMs))} ${px(y - 4)}l4 4l-4 4l-4 -4z" fill="#b4a3ff"/>`;
    });
  return marks.join("");
}
