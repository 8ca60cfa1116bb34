// npm run picture [-- --out FILE --help]
//
// The dashboard as it looks after an incident: a real gateway, a real Prometheus, drawn into assets/dashboard.png.
import fs from "node:fs";
import path from "node:path";
import { type Page, renderDashboard } from "../test/support/dashboard/page.ts";
import { readDashboard } from "../test/support/dashboard/json.ts";
import { readPng } from "../test/support/dashboard/png.ts";
import { chromium, screenshot } from "../test/support/dashboard/screenshot.ts";
import { resolveVariables } from "../test/support/dashboard/variables.ts";
import type { NoProgram } from "../test/support/debian-packages.ts";
import { type Incident, playIncident } from "../test/support/incident.ts";
import { prometheusPrograms } from "../test/support/promtool.ts";
import { buildPlugin } from "../test/support/stage-plugin.ts";
import { makeTempDir, removeLeftovers } from "../test/support/temp.ts";
import { Progress } from "./demo/progress.ts";
import { untilStopped } from "./demo/until-stopped.ts";
import { optionsOrExit } from "./demo/usage.ts";
import { HELP, type PictureOptions, readOptions } from "./picture/options.ts";
import { smallPng } from "./picture/small-png.ts";

const WIDTH_PX = 1600;

const options = optionsOrExit(HELP, readOptions);
const progress = new Progress();
const say = (text: string) => progress.step(text);

async function picture({ out }: PictureOptions): Promise<number> {
  removeLeftovers();
  say("looking for Prometheus and Chromium");
  const programs = orFail(await prometheusPrograms());
  const browser = orFail(await chromium());
  say("compiling the plugin");
  buildPlugin();
  await using incident = await playIncident({
    programs,
    rounds: 2,
    scrapesPerStage: 4,
    timeouts: 2,
    answerMs: 1_500,
    // Short enough to be seen in a picture of two minutes.
    settings: { resume: { timeoutMs: 12_000, retryDelayMs: 5_000 } },
    say,
  });
  say("drawing the dashboard");
  const page = await draw(incident);
  const dir = makeTempDir("picture");
  const [html, png] = [path.join(dir, "dashboard.html"), path.join(dir, "dashboard.png")];
  fs.writeFileSync(html, page.html);
  await screenshot(browser, html, png, { width: WIDTH_PX, height: page.heightPx });
  fs.writeFileSync(out, smallPng(readPng(png)));
  progress.clear();
  console.log(`${out}: ${WIDTH_PX} x ${page.heightPx}, ${Math.round(fs.statSync(out).size / 1_000)} KB`);
  for (const { panel, refId, why } of page.empty) console.log(`no data: ${panel}, query ${refId}: ${why}`);
  return page.empty.length === 0 ? 0 : 1;
}

async function draw({ prometheus, range }: Incident): Promise<Page> {
  const dashboard = readDashboard();
  const variables = await resolveVariables(dashboard, prometheus);
  return renderDashboard(dashboard, { prometheus, variables, range }, WIDTH_PX);
}

function orFail<T extends object>(program: T | NoProgram): T {
  if ("why" in program) throw new Error(program.why);
  return program;
}

await untilStopped(progress, () => picture(options));
