/** Grafana's core panels, each with what this dashboard needs of it and nothing else. */

/** One PromQL query and what its series are called: text, with labels in double braces. */
export interface Query {
  readonly expr: string;
  readonly legend: string;
  /** Whether single observations are drawn as well. */
  readonly exemplar?: boolean;
}

/** What every panel has. */
interface PanelSpec {
  /** In a few words. */
  readonly title: string;
  /** The question it answers, and what to do about a bad answer. */
  readonly description: string;
  /** Columns, of 24, and rows. */
  readonly size: readonly [width: number, height: number];
  readonly queries: readonly Query[];
  /** Grafana's name of the unit. */
  readonly unit?: string;
}

/** A panel without its place, which follows from its size and its neighbours'. */
export interface Panel {
  readonly size: PanelSpec["size"];
  readonly json: { readonly type: string; readonly title: string } & Readonly<Record<string, unknown>>;
}

type Colour = "green" | "yellow" | "orange" | "red" | "blue" | "purple" | "text" | "transparent";
/** Colours from a value on; the first one is for everything below the second. */
export type Steps = readonly [first: Colour, ...rest: readonly (readonly [from: number, colour: Colour])[]];
/** What is shown instead of a value. */
type Texts = Readonly<Record<number, { readonly text: string; readonly color?: Colour }>>;

/** The data source that was chosen at the top of the dashboard. */
export const DATASOURCE = { type: "prometheus", uid: "${datasource}" } as const;

const LAST = { calcs: ["lastNotNull"], fields: "", values: false } as const;
const NOW = { instant: true, range: false } as const;
const OVER_TIME = { instant: false, range: true } as const;

/** Large figures for now. `shows: "name"` is for one-hot gauges, whose name says it all. */
export function stat(
  spec: PanelSpec & {
    readonly steps: Steps;
    readonly texts?: Texts;
    readonly shows?: "value" | "name" | "both";
    readonly bad?: readonly string[];
  },
): Panel {
  const textMode = { value: "auto", name: "name", both: "value_and_name" }[spec.shows ?? "value"];
  return panel("stat", spec, NOW, {
    defaults: { ...thresholds(spec.steps), ...wholeUnless(spec.unit), mappings: texts(spec.texts ?? {}) },
    overrides: spec.bad === undefined ? [] : [override(spec.bad, "color", { mode: "fixed", fixedColor: "red" })],
    options: { reduceOptions: LAST, colorMode: "background", graphMode: "none", justifyMode: "center", textMode },
  });
}

/** Horizontal bars for now, one for each series. */
export function barGauge(spec: PanelSpec & { readonly colour: Colour }): Panel {
  return panel("bargauge", spec, NOW, {
    defaults: { ...thresholds([spec.colour]), ...wholeUnless(spec.unit), min: 0 },
    options: { reduceOptions: LAST, orientation: "horizontal", displayMode: "basic", valueMode: "color" },
  });
}

/** A table for now: the columns that are named, in this order. */
export function table(
  spec: PanelSpec & { readonly columns: Readonly<Record<string, string>>; readonly sortBy: string },
): Panel {
  const names = Object.keys(spec.columns);
  const indexByName = Object.fromEntries(names.map((name, index) => [name, index]));
  return panel(
    "table",
    spec,
    { ...NOW, format: "table" },
    {
      defaults: {},
      options: { showHeader: true, sortBy: [{ displayName: spec.sortBy, desc: true }] },
      transformations: [
        { id: "filterFieldsByName", options: { include: { names } } },
        { id: "organize", options: { indexByName, renameByName: spec.columns } },
      ],
    },
  );
}

/**
 * A graph: lines, steps for what holds from one scrape to the next, or stacked steps. `limit` draws a line that should
 * not be crossed.
 */
export function graph(
  spec: PanelSpec & { readonly draws?: "lines" | "steps" | "stacks"; readonly limit?: number },
): Panel {
  const draws = spec.draws ?? "lines";
  return panel("timeseries", spec, OVER_TIME, {
    defaults: {
      min: 0,
      color: { mode: "palette-classic" },
      ...(spec.limit === undefined ? {} : { thresholds: thresholds(["transparent", [spec.limit, "red"]]).thresholds }),
      custom: {
        lineInterpolation: draws === "lines" ? "linear" : "stepAfter",
        fillOpacity: draws === "stacks" ? 60 : 10,
        showPoints: "auto",
        stacking: { group: "A", mode: draws === "stacks" ? "normal" : "none" },
        thresholdsStyle: { mode: spec.limit === undefined ? "off" : "dashed" },
      },
    },
    options: {
      legend: { showLegend: true, displayMode: "list", placement: "bottom", calcs: [] },
      tooltip: { mode: "multi", sort: "desc" },
    },
  });
}

/** One-hot gauges over time, a line for each; those that start with one of `bad` are red while they are 1. */
export function timeline(spec: PanelSpec & { readonly colour: Colour; readonly bad: readonly string[] }): Panel {
  const oneHot = (color: Colour) => texts({ 0: { text: "no", color: "transparent" }, 1: { text: "yes", color } });
  return panel("state-timeline", spec, OVER_TIME, {
    defaults: {
      ...thresholds(["text"]),
      mappings: oneHot(spec.colour),
      custom: { fillOpacity: 80, lineWidth: 0 },
    },
    overrides: [override(spec.bad, "mappings", oneHot("red"))],
    options: {
      mergeValues: true,
      showValue: "never",
      rowHeight: 0.8,
      legend: { showLegend: false, displayMode: "list", placement: "bottom", calcs: [] },
      tooltip: { mode: "single", sort: "none" },
    },
  });
}

/** Words, in Markdown. */
export const text = (title: string, content: string, size: PanelSpec["size"]): Panel => ({
  size,
  json: { type: "text", title, options: { mode: "markdown", content } },
});

function panel(
  type: string,
  { title, description, size, unit = "short", queries }: PanelSpec,
  query: object,
  look: {
    readonly defaults: object;
    readonly overrides?: readonly object[];
    readonly options: object;
    readonly transformations?: readonly object[];
  },
): Panel {
  const { defaults, overrides = [], ...rest } = look;
  const targets = queries.map(({ expr, legend, exemplar = false }, index) => ({
    refId: String.fromCodePoint("A".charCodeAt(0) + index),
    datasource: DATASOURCE,
    editorMode: "code",
    expr,
    legendFormat: legend,
    exemplar,
    ...query,
  }));
  const fieldConfig = { defaults: { unit, ...defaults }, overrides };
  return { size, json: { type, title, description, datasource: DATASOURCE, targets, fieldConfig, ...rest } };
}

/** What has no unit is a count: a fraction of one is Prometheus's guess at what happened between two scrapes. */
const wholeUnless = (unit: string | undefined) => (unit === undefined ? { decimals: 0 } : {});

const thresholds = ([first, ...rest]: Steps) => ({
  color: { mode: "thresholds" },
  thresholds: {
    mode: "absolute",
    steps: [{ color: first, value: null }, ...rest.map(([value, color]) => ({ color, value }))],
  },
});

/** Another look for the series whose name starts with one of `names`. */
const override = (names: readonly string[], property: string, value: unknown) => ({
  matcher: { id: "byRegexp", options: `/^(${names.join("|")})\\b/` },
  properties: [{ id: property, value }],
});

const texts = (options: Texts) => (Object.keys(options).length === 0 ? [] : [{ type: "value", options }]);
