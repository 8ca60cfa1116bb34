/** A `heatmap` panel of a histogram's buckets: time to the right, `le` upwards, the deeper the more. */
import type { Annotation } from "../annotations.ts";
import type { Field, PanelData } from "../data.ts";
import { type Box, px, escape } from "../html.ts";
import { formatValue } from "../units.ts";
import { timeScale } from "./axis.ts";
import { drawAnnotations, drawTimeAxis, label, svg, TIME_AXIS_PX } from "./frame.ts";

const boundOf = ({ labels }: Field) => Number((labels["le"] ?? "").replace("Inf", "Infinity"));

export function drawHeatmap(data: PanelData, box: Box, annotations: readonly Annotation[]): string {
  const { range, stepMs } = data;
  const buckets = data.fields.toSorted((one, other) => boundOf(one) - boundOf(other));
  const counts = buckets.map((bucket, index) => ownCounts(bucket, buckets[index - 1]));
  const most = Math.max(...counts.flatMap((own) => [...own.values()]), 1e-9);
  const plot = { left: 56, right: box.width - 10, top: 4, bottom: box.height - TIME_AXIS_PX - 4 };
  const rowPx = (plot.bottom - plot.top) / buckets.length;
  const x = timeScale(range, plot.left, plot.right);
  const width = Math.max(1, x(range.startMs + stepMs) - x(range.startMs));
  const rows = buckets.map((bucket, index) => {
    const y = plot.bottom - (index + 1) * rowPx;
    const name = escape(formatValue(boundOf(bucket), bucket.config.unit));
    const cells = [...counts[index]!].flatMap(([atMs, count]) =>
      count <= 0
        ? []
        : [
            `<rect x="${px(x(atMs))}" y="${px(y)}" width="${px(width)}" height="${px(rowPx - 1)}" fill="${heat(count / most)}"/>`,
          ],
    );
    return label({ x: px(plot.left - 6), y: px(y + 4), anchor: "end", text: name }) + cells.join("");
  });
  return svg(box, drawTimeAxis(range, plot) + rows.join("") + drawAnnotations(annotations, range, plot));
}

/** Prometheus counts a bucket's values in every larger one too. */
function ownCounts({ points }: Field, smaller: Field | undefined): Map<number, number> {
  const below = new Map(smaller?.points);
  return new Map(points.map(([atMs, value]) => [atMs, value - (below.get(atMs) ?? 0)]));
}

/** From dark violet to yellow. */
function heat(share: number): string {
  const [red, green, blue] = [90 + 165 * share, 20 + 190 * share ** 1.5, 110 - 50 * share];
  return `rgb(${red.toFixed(0)},${green.toFixed(0)},${blue.toFixed(0)})`;
}
