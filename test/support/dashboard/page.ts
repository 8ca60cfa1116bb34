/** A whole dashboard as one page: static, nothing in it is fetched or run. */
import { queryAnnotations, type Annotation } from "./annotations.ts";
import { type EmptyTarget, type PanelData, queryPanel, type QueryContext, type TimeRange } from "./data.ts";
import { drawBarGauge } from "./draw/bar-gauge.ts";
import { drawHeatmap } from "./draw/heatmap.ts";
import { drawMarkdown } from "./draw/markdown.ts";
import { drawStat } from "./draw/stat.ts";
import { drawStateTimeline } from "./draw/state-timeline.ts";
import { drawTable } from "./draw/table.ts";
import { drawTimeSeries } from "./draw/time-series.ts";
import { type Box, escape, px } from "./html.ts";
import type { Dashboard, Panel } from "./json.ts";
import { type Placed, placePanels, type Rectangle } from "./layout.ts";
import { STYLE } from "./style.ts";
import { expand } from "./variables.ts";

export type Page = {
  html: string;
  /** What a screenshot must be as high as. */
  heightPx: number;
  panels: number;
  annotations: Annotation[];
  /** Every query without data, with its panel's title. */
  empty: (EmptyTarget & { panel: string })[];
};

const EDGE_PX = 16;
const HEADER_PX = 56;
const TITLE_PX = 34;
const PADDING_PX = 8;

/** Runs every query of the dashboard and draws the page, `widthPx` wide. */
export async function renderDashboard(dashboard: Dashboard, context: QueryContext, widthPx = 1600): Promise<Page> {
  const annotations = await queryAnnotations(dashboard, context);
  const { placed, heightPx } = placePanels(dashboard, widthPx - 2 * EDGE_PX);
  const parts: string[] = [];
  const empty: Page["empty"] = [];
  for (const { panel, at } of placed) {
    if (panel.type === "row") {
      parts.push(`<h2 style="${place(at)}">${escape(titleOf(panel, context))}</h2>`);
      continue;
    }
    const data = await queryPanel(panel, context, at.width);
    empty.push(...data.empty.map((one) => ({ ...one, panel: panel.title ?? "" })));
    parts.push(drawPanel({ panel, at }, data, annotations, context));
  }
  const height = HEADER_PX + heightPx + EDGE_PX;
  const body =
    `<header>${escape(dashboard.title)}<span>${escape(rangeText(context.range))}</span></header>` +
    `<main style="width:${widthPx - 2 * EDGE_PX}px;height:${px(heightPx)}px">${parts.join("\n")}</main>`;
  const html = `<!doctype html><html lang="en"><meta charset="utf-8"><title>${escape(dashboard.title)}</title><style>${STYLE}</style><body>${body}</body></html>\n`;
  return { html, heightPx: Math.ceil(height), panels: placed.length, annotations, empty };
}

function drawPanel(
  { panel, at }: Placed,
  data: PanelData,
  marks: readonly Annotation[],
  context: QueryContext,
): string {
  const title = titleOf(panel, context);
  const titlePx = title === "" ? PADDING_PX : TITLE_PX;
  const box = { width: at.width - 2 * PADDING_PX - 2, height: at.height - titlePx - PADDING_PX };
  const content =
    data.fields.length === 0 && panel.type !== "text"
      ? '<div class="empty">No data</div>'
      : drawContent(data, box, marks);
  const heading = title === "" ? "" : `<h3>${escape(title)}</h3>`;
  return `<section style="${place(at)}">${heading}<div class="content" style="top:${titlePx}px;height:${px(box.height)}px">${content}</div></section>`;
}

function drawContent(data: PanelData, box: Box, annotations: readonly Annotation[]): string {
  switch (data.panel.type) {
    case "timeseries":
      return drawTimeSeries(data, box, annotations);
    case "stat":
      return drawStat(data, box);
    case "bargauge":
    case "gauge":
      return drawBarGauge(data, box);
    case "table":
      return drawTable(data);
    case "state-timeline":
      return drawStateTimeline(data, box, annotations);
    case "heatmap":
      return drawHeatmap(data, box, annotations);
    case "text":
      return drawMarkdown(data.panel.options?.content ?? "");
    default:
      throw new Error(`a panel of type ${data.panel.type} cannot be drawn here`);
  }
}

function titleOf({ title = "" }: Panel, { variables, range, prometheus }: QueryContext): string {
  const { scrapeIntervalMs } = prometheus;
  return expand(title, variables, { ...range, stepMs: scrapeIntervalMs, scrapeIntervalMs });
}

const place = ({ left, top, width, height }: Rectangle) =>
  `left:${px(left)}px;top:${px(top)}px;width:${px(width)}px;height:${px(height)}px`;

function rangeText({ startMs, endMs }: TimeRange): string {
  const text = (atMs: number) => new Date(atMs).toISOString().replace("T", " ").slice(0, 19);
  return `${text(startMs)} to ${text(endMs)} UTC`;
}
