import fs from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { readDashboard } from "../support/dashboard/json.ts";
import { type Page, renderDashboard } from "../support/dashboard/page.ts";
import { countColours, readPng } from "../support/dashboard/png.ts";
import { chromium, screenshot } from "../support/dashboard/screenshot.ts";
import { resolveVariables } from "../support/dashboard/variables.ts";
import { type Incident, playIncident } from "../support/incident.ts";
import { Prometheus } from "../support/prometheus.ts";
import { CONFIG_FILE, DASHBOARDS, RULE_FILES } from "../support/prometheus-config.ts";
import { promtool, prometheusPrograms } from "../support/promtool.ts";
import { skipWithout } from "../support/skip-without.ts";
import { makeTempDir } from "../support/temp.ts";
import { waitFor } from "../support/wait.ts";

/** The bar of the project: how long resumes may keep users waiting over all that follows a restart. */
const STARVATION_BOUND_S = 1;
const PAGE_PX = 1600;

const programs = await prometheusPrograms();
const browser = await chromium();

describe("what is shipped for Prometheus", () => {
  it.for([
    ["the configuration", ["check", "config", "--syntax-only", CONFIG_FILE]],
    ["the rules", ["check", "rules", ...RULE_FILES]],
    ["the rules' own tests", ["test", "rules", "rules.test.yaml"]],
  ] as const)("%s passes promtool", async ([, args], context) => {
    skipWithout(context, programs);
    expect(await promtool(programs, args, { cwd: DASHBOARDS })).toMatchObject({ code: 0, stderr: "" });
  });
});

describe("Prometheus watches an incident", () => {
  let incident: Incident;
  let prometheus: Prometheus;
  let page: Page;

  beforeAll(async () => {
    if ("why" in programs) return;
    incident = await playIncident({ programs });
    prometheus = incident.prometheus;
    const dashboard = readDashboard();
    const variables = await resolveVariables(dashboard, prometheus);
    page = await renderDashboard(dashboard, { prometheus, variables, range: incident.range }, PAGE_PX);
  });
  beforeEach((context) => skipWithout(context, programs));
  afterAll(() => incident?.[Symbol.asyncDispose]());

  const scrape = (accept?: string) =>
    incident.restarted.gateway.fetch(
      "/plugins/resume-scheduler/metrics",
      accept === undefined ? {} : { headers: { accept } },
    );

  it("scrapes the gateway with the token from the credentials file", async () => {
    expect(await prometheus.targets()).toMatchObject([{ health: "up", lastError: "" }]);
  });

  it("is refused with a wrong token", async (context) => {
    skipWithout(context, programs);
    const target = { port: incident.restarted.gateway.port, token: "wrong" };
    await using refused = await Prometheus.start({ programs, target });
    const scraped = await waitFor(async () => (await refused.targets()).find(({ health }) => health !== "unknown"), {
      timeoutMs: 30_000,
      what: "the first scrape",
    });
    expect(scraped).toMatchObject({ health: "down", lastError: expect.stringContaining("401") });
  });

  it("finds nothing to complain about in the names, types and texts of the metrics", async (context) => {
    skipWithout(context, programs);
    const response = await scrape();
    const checked = await promtool(programs, ["check", "metrics"], { stdin: await response.text() });
    expect(checked).toEqual({ code: 0, stdout: "", stderr: "" });
  });

  it("evaluates every rule, and none alerts: nobody had to get up", async () => {
    const rules = await prometheus.rules();
    const shown = rules.map(({ name, type, health, lastError = "", state = "" }) => ({
      name,
      type,
      health,
      lastError,
      state,
    }));
    expect(shown.filter(({ health, state }) => health !== "ok" || state === "firing")).toEqual([]);
    expect(new Set(shown.map(({ type }) => type))).toEqual(new Set(["alerting", "recording"]));
  });

  it("counts less than a second after each restart in which resumes kept users waiting", async () => {
    const perBoot = incident.boots.map(({ startMs, endMs }) => {
      const window = `${Math.ceil((endMs - startMs) / 1_000)}s`;
      return prometheus.value(`max_over_time(openclaw_resume_starvation_seconds_total{lane="main"}[${window}])`, endMs);
    });
    const seconds = await Promise.all(perBoot);
    expect(Math.max(...seconds), seconds.join(", ")).toBeLessThan(STARVATION_BOUND_S);
  });

  it("keeps exemplars that lead from a run to its session", async () => {
    const series = await prometheus.queryExemplars("openclaw_resume_run_seconds_bucket", incident.range);
    expect(series.flatMap(({ exemplars }) => exemplars)).toContainEqual(
      expect.objectContaining({ labels: { session_ref: expect.stringMatching(/\w+/) } }),
    );
  });

  describe("the dashboard", () => {
    it("has data for every query of every panel", () => {
      const lines = page.empty.map(({ panel, refId, why, expression }) => `${panel}, ${refId}: ${why}: ${expression}`);
      expect(lines.join("\n")).toBe("");
    });

    it("would be missing data if a query asked for a metric that is not there", async () => {
      const panel = {
        type: "stat",
        title: "Wrong",
        gridPos: { x: 0, y: 0, w: 4, h: 4 },
        targets: [{ refId: "A", expr: "openclaw_resume_no_such_metric" }],
      };
      const context = { prometheus, variables: new Map<string, string>(), range: incident.range };
      const wrong = await renderDashboard({ title: "Wrong", panels: [panel] }, context);
      expect(wrong.empty).toMatchObject([{ panel: "Wrong", refId: "A", why: "no series" }]);
      expect(wrong.html).toContain("No data");
    });

    it("marks both boots", () => {
      expect(page.annotations).toHaveLength(2);
    });

    it("is drawn by a browser", async (context) => {
      skipWithout(context, browser);
      const dir = makeTempDir("dashboard");
      const [html, png] = [path.join(dir, "dashboard.html"), path.join(dir, "dashboard.png")];
      fs.writeFileSync(html, page.html);
      await screenshot(browser, html, png, { width: PAGE_PX, height: page.heightPx });
      const picture = readPng(png);
      expect(picture).toMatchObject({ width: PAGE_PX, height: page.heightPx });
      const colours = countColours(picture);
      // The commonest colour is the panels' background: what is drawn on it takes a tenth at least.
      expect(Math.max(...colours.values())).toBeLessThan(0.9 * picture.pixels.length);
      expect(colours.size).toBeGreaterThan(500);
      expect(page.html).not.toContain("No data");
    });
  });
});
