/** The vertical axes of a chart: one for each unit and side. */
import { THEME } from "../colours.ts";
import { escape, px, textWidth } from "../html.ts";
import { formatValue } from "../units.ts";
import { linearScale, logScale, type Scale } from "./axis.ts";
import type { Curve } from "./curve.ts";
import { label, line, type Plot } from "./frame.ts";

export type Axis = { key: string; side: "left" | "right"; curves: Curve[]; scale: Scale; width: number };

/** One for each unit and side: the first is to the left. */
export function axesOf(curves: readonly Curve[], { top, bottom }: Pick<Plot, "top" | "bottom">): Axis[] {
  const keyOf = ({ field: { config } }: Curve) => `${config.custom?.axisPlacement ?? "auto"} ${config.unit ?? ""}`;
  return [...new Set(curves.map(keyOf))].map((key, index) => {
    const own = curves.filter((curve) => keyOf(curve) === key);
    const { config } = own[0]!.field;
    const scale =
      config.custom?.scaleDistribution?.type === "log"
        ? logScale(extentOf(own), bottom, top)
        : linearScale(extentOf(own), bottom, top, config.unit === "s");
    const placement = config.custom?.axisPlacement ?? "auto";
    const side = placement === "right" || (placement === "auto" && index > 0) ? "right" : "left";
    const widest = Math.max(...scale.ticks.map((tick) => textWidth(tickText(tick, own[0]!), 12)));
    return { key, side, curves: own, scale, width: widest + 12 };
  });
}

const tickText = (tick: number, { field: { config } }: Curve) =>
  formatValue(Number(tick.toPrecision(6)), config.unit, config.decimals);

function extentOf(curves: readonly Curve[]): { min: number; max: number } {
  const values = curves.flatMap(({ points }) => points.map(([, value]) => value));
  const { min, max } = curves[0]!.field.config;
  const least = Math.min(...values);
  return {
    min: min ?? (values.length === 0 || least >= 0 ? 0 : least),
    max: Math.max(max ?? -Infinity, ...(values.length === 0 ? [1] : values)),
  };
}

export function drawAxis({ side, scale, curves }: Axis, plot: Plot, withGrid: boolean): string {
  const ticks = scale.ticks.map((tick) => {
    const y = scale.at(tick);
    const text = escape(tickText(tick, curves[0]!));
    const grid = withGrid ? line({ x1: plot.left, x2: plot.right, y1: px(y), y2: px(y), stroke: THEME.grid }) : "";
    const x = side === "left" ? plot.left - 7 : plot.right + 7;
    return grid + label({ x: px(x), y: px(y + 4), anchor: side === "left" ? "end" : "start", text });
  });
  return ticks.join("");
}
