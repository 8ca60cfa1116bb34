/** A Grafana dashboard's JSON, as far as it is drawn here. */
import fs from "node:fs";
import path from "node:path";
import { DASHBOARDS } from "../prometheus-config.ts";

export type Dashboard = {
  title: string;
  panels: Panel[];
  templating?: { list: TemplateVariable[] };
  annotations?: { list: AnnotationQuery[] };
};

export type GridPos = { x: number; y: number; w: number; h: number };

export type Panel = {
  id?: number;
  type: string;
  title?: string;
  gridPos: GridPos;
  targets?: PanelTarget[];
  fieldConfig?: { defaults?: FieldConfig; overrides?: Override[] };
  options?: PanelOptions;
  transformations?: { id: string; options?: Record<string, unknown> }[];
  /** Shortest step of its queries. */
  interval?: string;
  /** Of a collapsed row. */
  panels?: Panel[];
  /** Of a row for each value of a variable. */
  repeat?: string;
};

export type PanelTarget = {
  refId: string;
  expr: string;
  legendFormat?: string;
  instant?: boolean;
  range?: boolean;
  exemplar?: boolean;
  hide?: boolean;
  interval?: string;
  format?: "time_series" | "table" | "heatmap";
};

export type Threshold = { color: string; value?: number | null };
export type Mapping = {
  type: "value" | "range" | "regex" | "special";
  options: Record<string, unknown>;
};
export type MappingResult = { text?: string; color?: string };

export type FieldConfig = {
  unit?: string;
  decimals?: number | null;
  min?: number | null;
  max?: number | null;
  noValue?: string;
  displayName?: string;
  color?: { mode: string; fixedColor?: string };
  thresholds?: { mode?: string; steps?: Threshold[] };
  mappings?: Mapping[];
  custom?: {
    drawStyle?: "line" | "bars" | "points";
    lineInterpolation?: string;
    lineWidth?: number;
    lineStyle?: { fill?: string };
    fillOpacity?: number;
    spanNulls?: boolean | number;
    stacking?: { mode?: string };
    axisPlacement?: string;
    axisLabel?: string;
    scaleDistribution?: { type?: string };
    thresholdsStyle?: { mode?: string };
    hideFrom?: { viz?: boolean; legend?: boolean };
    hidden?: boolean;
    cellOptions?: { type?: string; mode?: string };
    align?: string;
    width?: number;
  };
};

export type Override = {
  matcher: { id: string; options?: unknown };
  properties: { id: string; value?: unknown }[];
};

export type PanelOptions = {
  content?: string;
  legend?: { showLegend?: boolean; displayMode?: string; placement?: string; calcs?: string[] };
  reduceOptions?: { calcs?: string[]; values?: boolean };
  colorMode?: string;
  graphMode?: string;
  textMode?: string;
  orientation?: string;
  displayMode?: string;
  showValue?: string;
  sortBy?: { displayName: string; desc?: boolean }[];
};

export type TemplateVariable = {
  name: string;
  type: string;
  query?: string | { query?: string };
  current?: { value?: string | string[] };
  includeAll?: boolean;
  allValue?: string | null;
  multi?: boolean;
};

export type AnnotationQuery = {
  name: string;
  enable?: boolean;
  expr?: string;
  step?: string;
  iconColor?: string;
  titleFormat?: string;
  textFormat?: string;
  useValueForTime?: boolean | string;
};

/** The dashboard as it is shipped. */
export function readDashboard(): Dashboard {
  return JSON.parse(fs.readFileSync(path.join(DASHBOARDS, "resume-scheduler.json"), "utf8")) as Dashboard;
}
