/** A `bargauge` panel: one bar for each series. */
import { valueColour } from "../colours.ts";
import type { PanelData } from "../data.ts";
import { type Box, escape, px } from "../html.ts";
import { displayText } from "../mappings.ts";
import { reduce } from "../reduce.ts";

export function drawBarGauge({ panel, fields, range }: PanelData, box: Box): string {
  const calc = panel.options?.reduceOptions?.calcs?.[0] ?? "lastNotNull";
  const bars = fields.map((field) => ({ field, value: reduce(field, calc) }));
  const highest = Math.max(...bars.map(({ value }) => value).filter(Number.isFinite), 0);
  const rowPx = Math.min(box.height / bars.length, 40);
  const rows = bars.map(({ field, value }, index) => {
    const { min, max } = field.config;
    const span = (max ?? highest) - (min ?? 0) || 1;
    const share = Math.min(1, Math.max(0, (value - (min ?? 0)) / span));
    const colour = valueColour(value, field.config, index);
    return (
      `<div style="height:${px(rowPx)}px"><span>${escape(field.name)}</span>` +
      `<em><b style="width:${px(share * 100)}%;background:${colour}"></b></em>` +
      `<strong style="color:${colour}">${escape(displayText(value, field.config, range.endMs))}</strong></div>`
    );
  });
  return `<div class="bars">${rows.join("")}</div>`;
}
