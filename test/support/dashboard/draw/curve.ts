/** One series of a chart: a line, an area or bars, by itself or on top of others. */
import { fieldColour } from "../colours.ts";
import type { Field, PanelData } from "../data.ts";
import { px } from "../html.ts";
import { type Scale, timeScale } from "./axis.ts";
import type { FieldConfig } from "../json.ts";
import type { Plot } from "./frame.ts";

type Point = readonly [atMs: number, value: number];
/** A series to draw: its points, and what they stand on. */
export type Curve = { field: Field; index: number; points: readonly Point[]; base: ReadonlyMap<number, number> };
/** Stacked series stand on the sum of those before them. */
export function curvesOf(fields: readonly Field[]): Curve[] {
  const stacks = new Map<string, Map<number, number>>();
  return fields.map((field, index) => {
    const mode = field.config.custom?.stacking?.mode ?? "none";
    const own = field.points.filter(([, value]) => Number.isFinite(value));
    if (mode === "none") return { field, index, points: own, base: new Map() };
    const stack = stacks.get(mode) ?? new Map<number, number>();
    stacks.set(mode, stack);
    const base = new Map(stack);
    const points = own.map(([atMs, value]): Point => [atMs, value + (base.get(atMs) ?? 0)]);
    for (const [atMs, value] of points) stack.set(atMs, value);
    return { field, index, points, base };
  });
}

export function drawCurve(curve: Curve, scale: Scale, { range, stepMs }: PanelData, plot: Plot): string {
  const { field, index, base } = curve;
  const x = timeScale(range, plot.left, plot.right);
  const places: Place[] = curve.points
    .filter(([atMs]) => atMs >= range.startMs && atMs <= range.endMs)
    .map(([atMs, value]) => ({
      atMs,
      x: x(atMs),
      y: scale.at(value),
      foot: scale.at(base.get(atMs) ?? Math.max(scale.min, 0)),
    }));
  const colour = fieldColour(field.config, index, field.points.at(-1)?.[1]);
  const { custom = {} } = field.config;
  if (custom.drawStyle === "points") return places.map((place) => dot(place, colour)).join("");
  if (custom.drawStyle === "bars") return bars(places, Math.max(1, x(range.startMs + stepMs) - plot.left - 1), colour);
  const longestMs = custom.spanNulls === true ? Infinity : stepMs * 1.5;
  return runsOf(places, longestMs)
    .map((run) => lineAndArea(run, colour, custom))
    .join("");
}

/** A point on the screen, and where the area below it ends. */
type Place = { atMs: number; x: number; y: number; foot: number };

function bars(places: readonly Place[], width: number, colour: string): string {
  const each = places.map(({ x, y, foot }) => {
    return `<rect x="${px(x - width / 2)}" y="${px(y)}" width="${px(width)}" height="${px(foot - y)}"/>`;
  });
  return `<g fill="${colour}" fill-opacity="0.7">${each.join("")}</g>`;
}

function lineAndArea(run: readonly Place[], colour: string, custom: NonNullable<FieldConfig["custom"]>): string {
  if (run.length === 1) return dot(run[0]!, colour);
  const isStep = custom.lineInterpolation === "stepAfter";
  const top = run.map(({ x, y }, nth) => {
    if (nth === 0) return `M${px(x)} ${px(y)}`;
    return isStep ? `H${px(x)}V${px(y)}` : `L${px(x)} ${px(y)}`;
  });
  const back = run.toReversed().map(({ x, foot }, nth) => {
    return isStep && nth > 0 ? `V${px(foot)}H${px(x)}` : `L${px(x)} ${px(foot)}`;
  });
  const opacity = (custom.fillOpacity ?? 0) / 100;
  const area =
    opacity === 0 ? "" : `<path d="${top.join("")}${back.join("")}Z" fill="${colour}" fill-opacity="${opacity}"/>`;
  const dash = custom.lineStyle?.fill === "dash" ? ' stroke-dasharray="6 4"' : "";
  const width = custom.lineWidth ?? 1;
  return `${area}<path d="${top.join("")}" fill="none" stroke="${colour}" stroke-width="${width}"${dash}/>`;
}

/** Points without a gap between them. */
function runsOf(places: readonly Place[], longestMs: number): Place[][] {
  const runs: Place[][] = [];
  for (const place of places) {
    const last = runs.at(-1)?.at(-1);
    if (last !== undefined && place.atMs - last.atMs <= longestMs) runs.at(-1)!.push(place);
    else runs.push([place]);
  }
  return runs;
}

const dot = ({ x, y }: Place, colour: string) => `<circle cx="${px(x)}" cy="${px(y)}" r="2" fill="${colour}"/>`;
