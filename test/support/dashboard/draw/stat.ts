/** A `stat` panel: a big number for each series, with its recent course behind it. */
import { inkOn, THEME, valueColour } from "../colours.ts";
import type { Field, PanelData } from "../data.ts";
import { type Box, escape, px, textWidth } from "../html.ts";
import { displayText } from "../mappings.ts";
import { reduce } from "../reduce.ts";
import { timeScale } from "./axis.ts";
import { svg } from "./frame.ts";

export function drawStat(data: PanelData, box: Box): string {
  const { fields, panel } = data;
  const isTall = panel.options?.orientation === "horizontal" || (fields.length > 1 && box.height > box.width);
  const tile = isTall
    ? { width: box.width, height: box.height / fields.length }
    : { width: box.width / fields.length, height: box.height };
  const tiles = fields.map((field, index) => drawTile(field, index, data, tile));
  return `<div class="stats${isTall ? " tall" : ""}">${tiles.join("")}</div>`;
}

function drawTile(field: Field, index: number, { panel, range, fields }: PanelData, box: Box): string {
  const isOneOfMany = fields.length > 1;
  const { colorMode = "value", graphMode = "area", textMode = "auto", reduceOptions } = panel.options ?? {};
  const value = reduce(field, reduceOptions?.calcs?.[0] ?? "lastNotNull");
  const text = textMode === "name" ? field.name : displayText(value, field.config, range.endMs);
  const withName = textMode === "value_and_name" || (textMode === "auto" && isOneOfMany);
  const colour = valueColour(value, field.config, index);
  const isFilled = colorMode.startsWith("background");
  const room = box.height * (withName ? 0.5 : 0.7);
  const fontPx = Math.max(14, Math.min(room * 0.8, ((box.width - 24) / textWidth(text, 1)) * 0.95, 56));
  const graph =
    graphMode === "area" && field.points.length > 1 ? sparkline(field, range, box, isFilled ? "#fff" : colour) : "";
  const ink = isFilled ? inkOn(colour) : colorMode === "none" ? THEME.text : colour;
  const background = isFilled ? `background:${colour};` : "";
  const name = withName ? `<small>${escape(field.name)}</small>` : "";
  return (
    `<div style="${background}color:${ink};width:${px(box.width)}px;height:${px(box.height)}px">` +
    `${graph}${name}<strong style="font-size:${px(fontPx)}px">${escape(text)}</strong></div>`
  );
}

function sparkline({ points }: Field, { startMs, endMs }: PanelData["range"], box: Box, colour: string): string {
  const finite = points.filter(([, value]) => Number.isFinite(value));
  if (finite.length < 2) return "";
  const values = finite.map(([, value]) => value);
  const low = Math.min(...values, 0);
  const high = Math.max(...values, low + 1e-9);
  const size = { width: box.width, height: box.height * 0.35 };
  const x = timeScale({ startMs, endMs }, 0, size.width);
  const y = (value: number) => size.height - 1 - ((value - low) / (high - low)) * (size.height - 3);
  const path = finite
    .map(([atMs, value], index) => `${index === 0 ? "M" : "L"}${px(x(atMs))} ${px(y(value))}`)
    .join("");
  const [first, last] = [finite[0]![0], finite.at(-1)![0]];
  const area = `${path}L${px(x(last))} ${px(size.height)}L${px(x(first))} ${px(size.height)}Z`;
  return svg(
    size,
    `<path d="${area}" fill="${colour}" fill-opacity="0.16"/><path d="${path}" fill="none" stroke="${colour}"/>`,
  );
}
