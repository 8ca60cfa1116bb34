/** The legend of a chart: a list below it, or a table with calculated values. */
import { fieldColour } from "../colours.ts";
import type { Field } from "../data.ts";
import { escape, textWidth } from "../html.ts";
import type { Panel } from "../json.ts";
import { displayText } from "../mappings.ts";
import { CALC_NAMES, reduce } from "../reduce.ts";

export type Legend = { html: string; heightPx: number; widthPx: number };

const LINE_PX = 22;
const NONE: Legend = { html: "", heightPx: 0, widthPx: 0 };

/** The legend, with the room it takes off the chart's height (or width, when it stands to the right). */
export function drawLegend(panel: Panel, fields: readonly Field[], box: { width: number; height: number }): Legend {
  const { showLegend = true, displayMode = "list", placement = "bottom", calcs = [] } = panel.options?.legend ?? {};
  const shown = fields
    .map((field, index) => ({ field, index }))
    .filter(({ field }) => field.config.custom?.hideFrom?.legend !== true);
  if (!showLegend || displayMode === "hidden" || shown.length === 0) return NONE;
  const isRight = placement === "right";
  if (displayMode === "table") {
    const rows = shown.map(({ field, index }) => {
      const cells = calcs.map((calc) => `<td>${escape(displayText(reduce(field, calc), field.config))}</td>`).join("");
      return `<tr><td>${entry(field, index)}</td>${cells}</tr>`;
    });
    const head = calcs.map((calc) => `<th>${CALC_NAMES[calc] ?? calc}</th>`).join("");
    const html = `<table class="legend"><thead><tr><th>Name</th>${head}</tr></thead>${rows.join("")}</table>`;
    const most = Math.floor((box.height * (isRight ? 1 : 0.45)) / LINE_PX) * LINE_PX;
    const heightPx = Math.min((shown.length + 1) * LINE_PX, most);
    return isRight ? { html, heightPx: 0, widthPx: box.width * 0.36 } : { html, heightPx, widthPx: 0 };
  }
  const entries = shown.map(({ field, index }) => {
    const values = calcs.map(
      (calc) => `<i>${CALC_NAMES[calc] ?? calc}: ${escape(displayText(reduce(field, calc), field.config))}</i>`,
    );
    return { html: `<span>${entry(field, index)}${values.join("")}</span>`, text: field.name + values.join("") };
  });
  const html = `<div class="legend">${entries.map((one) => one.html).join("")}</div>`;
  if (isRight) return { html, heightPx: 0, widthPx: box.width * 0.28 };
  const lines = linesOf(
    entries.map(({ text }) => textWidth(text, 12) + 38),
    box.width,
  );
  return { html, heightPx: Math.min(lines * LINE_PX, box.height * 0.4), widthPx: 0 };
}

function entry(field: Field, index: number): string {
  const colour = fieldColour(field.config, index, reduce(field, "lastNotNull"));
  return `<b style="background:${colour}"></b>${escape(field.name)}`;
}

/** How many lines entries of these widths take. */
function linesOf(widths: readonly number[], available: number): number {
  let lines = 1;
  let used = 0;
  for (const width of widths) {
    if (used > 0 && used + width > available) {
      lines += 1;
      used = 0;
    }
    used += width;
  }
  return lines;
}
