/** Grafana's dark theme and its named colours. */
import type { FieldConfig, MappingResult, Threshold } from "./json.ts";
import { mappingOf } from "./mappings.ts";

export const THEME = {
  page: "#111217",
  panel: "#181b1f",
  border: "#2c2f36",
  text: "#ccccdc",
  faint: "#8e8f9b",
  grid: "#2b2e34",
} as const;

/** In the order of the series. */
const CLASSIC = [
  "#73bf69",
  "#f2cc0c",
  "#8ab8ff",
  "#ff780a",
  "#f2495c",
  "#5794f2",
  "#b877d9",
  "#705da0",
  "#37872d",
  "#fade2a",
  "#447ebc",
  "#c15c17",
];

/** Super light, light, plain, semi-dark, dark. */
const HUES: Record<string, readonly [string, string, string, string, string]> = {
  red: ["#ffa6b0", "#ff7383", "#f2495c", "#e02f44", "#c4162a"],
  orange: ["#ffcb7d", "#ffb357", "#ff9830", "#ff780a", "#fa6400"],
  yellow: ["#fff899", "#ffee52", "#fade2a", "#f2cc0c", "#e0b400"],
  green: ["#c8f2c2", "#96d98d", "#73bf69", "#56a64b", "#37872d"],
  blue: ["#c0d8ff", "#8ab8ff", "#5794f2", "#3274d9", "#1f60c4"],
  purple: ["#deb6f2", "#ca95e5", "#b877d9", "#a352cc", "#8f3bb8"],
};
const SHADES = ["super-light-", "light-", "", "semi-dark-", "dark-"];

/** A name of Grafana's, or a colour as it is. */
export function colourOf(name: string): string {
  const [, shade = "", hue] = /^(super-light-|light-|semi-dark-|dark-)?(\w+)$/.exec(name) ?? [];
  const known = hue === undefined ? undefined : HUES[hue]?.[SHADES.indexOf(shade)];
  if (known !== undefined) return known;
  return name === "text" ? THEME.text : name === "gray" ? "#8e8e8e" : name;
}

export const seriesColour = (index: number): string => CLASSIC[index % CLASSIC.length]!;

/** The last threshold that the value has reached. */
export function thresholdColour(value: number, steps: readonly Threshold[] = []): string {
  const reached = steps.findLast((step) => step.value == null || value >= step.value) ?? steps[0];
  return colourOf(reached?.color ?? "green");
}

/** Black or white, whichever can be read on this colour. */
export function inkOn(colour: string): string {
  if (colour === "transparent") return THEME.text;
  const [red, green, blue] = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
  return 0.299 * red! + 0.587 * green! + 0.114 * blue! > 170 ? THEME.page : "#ffffff";
}

/** The colour of one value: a mapping's, or by the field's colour mode. */
export function valueColour(value: number, config: FieldConfig, index: number): string {
  const mapped: MappingResult | undefined = mappingOf(value, config.mappings);
  if (mapped?.color !== undefined) return colourOf(mapped.color);
  return fieldColour(config, index, value);
}

/** The colour of a whole series. */
export function fieldColour({ color, thresholds }: FieldConfig, index: number, value = 0): string {
  const mode = color?.mode ?? "thresholds";
  if (color?.fixedColor !== undefined && (mode === "fixed" || mode === "shades")) return colourOf(color.fixedColor);
  return mode === "thresholds" ? thresholdColour(value, thresholds?.steps) : seriesColour(index);
}
