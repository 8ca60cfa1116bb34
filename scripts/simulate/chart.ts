/** The picture of a simulation: an SVG of its own, readable on a light and on a dark page. */
import { count } from "./report.ts";
import { scaleOf, type Scale, timeScale } from "./scale.ts";

/** One scenario over time. */
export interface ChartLine {
  readonly name: string;
  /** Most requests at once, by second. */
  readonly atOnce: readonly number[];
  /** Share of the sessions that are resumed, 0 to 1, by second. */
  readonly share: readonly number[];
}

export interface ChartOptions {
  readonly title: string;
  readonly subtitles: readonly string[];
  /** Requests at once that the provider takes. */
  readonly capacity: number | undefined;
  readonly lines: readonly ChartLine[];
}

const WIDTH = 960;
const HEIGHT = 690;
const LEFT = 90;
const RIGHT = WIDTH - 24;
const LOAD = { top: 156, bottom: 382 };
const SHARE = { top: 424, bottom: 624 };
const LEGEND = 112;
/** Finer than a pixel is of no use. */
const POINTS = 400;

const STYLE = `
svg { --page: #ffffff; --text: #1f2328; --faint: #59636e; --grid: #d8dee4; --a: #0969da; --b: #bc4c00; --c: #8250df; }
@media (prefers-color-scheme: dark) {
  svg { --page: #0d1117; --text: #f0f6fc; --faint: #9198a1; --grid: #30363d; --a: #4493f8; --b: #f0883e; --c: #bc8cff; }
}
.page { fill: var(--page); }
text { fill: var(--text); font: 13px system-ui, "Helvetica Neue", Arial, sans-serif; }
.title { font-size: 17px; font-weight: 600; }
.faint, .tick { fill: var(--faint); font-size: 12px; }
.grid { stroke: var(--grid); }
.capacity { stroke: var(--faint); stroke-dasharray: 2 4; }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; }
.s0 { stroke: var(--a); }
.s1 { stroke: var(--b); stroke-dasharray: 8 4; }
.s2 { stroke: var(--c); stroke-dasharray: 2 3; }
`;

export function drawChart({ title, subtitles, capacity, lines }: ChartOptions): string {
  const seconds = Math.max(1, ...lines.map(({ atOnce }) => atOnce.length - 1));
  const x = timeScale(seconds, LEFT, RIGHT);
  const peaks = lines.map(({ atOnce }) => atOnce.reduce((most, value) => Math.max(most, value), 1));
  const load = scaleOf(peaks, LOAD);
  const share = scaleOf([1], SHARE);
  const parts = [
    text(LEFT, 30, title, "title"),
    ...subtitles.map((subtitle, at) => text(LEFT, 50 + at * 17, subtitle, "faint")),
    ...lines.map(({ name }, at) => legend(name, at)),
    text(LEFT, LOAD.top - 12, "Requests of resumes at the provider at once"),
    ...load.ticks.map((value) => horizontal(load, value, count(value))),
    capacity === undefined || capacity > Math.max(...peaks) ? "" : drawCapacity(load, capacity),
    ...lines.map(({ atOnce }, at) => curve(at, sampled(atOnce, mostOf), x, load)),
    text(LEFT, SHARE.top - 12, "Sessions resumed"),
    ...[0, 0.25, 0.5, 0.75, 1].map((value) => horizontal(share, value, `${value * 100} %`)),
    ...lines.map((line, at) => curve(at, lasting(sampled(line.share, lastOf), seconds), x, share)),
    ...x.ticks.map(({ at, label }) => text(x.at(at), SHARE.bottom + 20, label, "tick", "middle")),
    text((LEFT + RIGHT) / 2, HEIGHT - 22, `Time since the first restart (${x.unit})`, "faint", "middle"),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" aria-label="${escape(title)}">
<title>${escape(title)}</title>
<style>${STYLE}</style>
<rect class="page" width="100%" height="100%"/>
${parts.filter((part) => part !== "").join("\n")}
</svg>
`;
}

function legend(name: string, at: number): string {
  const x = LEFT + at * 190;
  return `<path class="line s${at}" d="M${x} ${LEGEND}h30"/>${text(x + 38, LEGEND + 4, name)}`;
}

function horizontal(scale: Scale, value: number, label: string): string {
  const y = px(scale.at(value));
  return `<path class="grid" d="M${LEFT} ${y}H${RIGHT}"/>${text(LEFT - 8, y + 4, label, "tick", "end")}`;
}

function drawCapacity(scale: Scale, capacity: number): string {
  const y = px(scale.at(capacity));
  return `<path class="capacity" d="M${LEFT} ${y}H${RIGHT}"/>${text(RIGHT, y - 5, `the provider takes ${count(capacity)}`, "faint", "end")}`;
}

interface Point {
  readonly second: number;
  readonly value: number;
}

function curve(at: number, points: readonly Point[], x: { at: (second: number) => number }, y: Scale): string {
  const corners = points.map(({ second, value }) => `${px(x.at(second))},${px(y.at(value))}`);
  return `<polyline class="line s${at}" points="${corners.join(" ")}"/>`;
}

/** No more than `POINTS`: each stands for some seconds in a row. */
function sampled(bySecond: readonly number[], pick: (values: readonly number[]) => number): Point[] {
  const step = Math.max(1, Math.ceil(bySecond.length / POINTS));
  const points: Point[] = [];
  for (let second = 0; second < bySecond.length; second += step) {
    points.push({ second, value: pick(bySecond.slice(second, second + step)) });
  }
  return points;
}

/** What is reached stays so. */
function lasting(points: readonly Point[], untilSecond: number): Point[] {
  const last = points.at(-1);
  return last === undefined ? [] : [...points, { ...last, second: untilSecond }];
}

const mostOf = (values: readonly number[]): number => Math.max(...values);
const lastOf = (values: readonly number[]): number => values.at(-1) ?? 0;

function text(x: number, y: number, content: string, className = "", anchor = "start"): string {
  const classes = className === "" ? "" : ` class="${className}"`;
  const anchored = anchor === "start" ? "" : ` text-anchor="${anchor}"`;
  return `<text x="${px(x)}" y="${px(y)}"${classes}${anchored}>${escape(content)}</text>`;
}

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const escape = (content: string): string => content.replace(/[&<>"]/g, (character) => ENTITIES[character] ?? "");

const px = (value: number): number => Math.round(value * 10) / 10;
