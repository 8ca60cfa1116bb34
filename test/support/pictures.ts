/** Pictures that tests make of what they see. */
import fs from "node:fs";
import path from "node:path";
import type { Page } from "playwright-core";
import { smallPng } from "../../scripts/picture/small-png.ts";
import { readPng } from "./dashboard/png.ts";
import { PROJECT_ROOT } from "./project.ts";

const OF_README = ["page-light-1440", "page-dark-360"];

/** What the browser shows now, in `.cache/pictures`; with `UPDATE_PICTURES=1` those of the README are made anew. */
export async function takePicture(page: Page, name: string): Promise<void> {
  const isAsset = process.env["UPDATE_PICTURES"] === "1" && OF_README.includes(name);
  const dir = path.join(PROJECT_ROOT, isAsset ? "assets" : ".cache/pictures");
  fs.mkdirSync(dir, { recursive: true });
  const file = path.join(dir, `${name}.png`);
  await page.screenshot({ path: file });
  fs.writeFileSync(file, smallPng(readPng(file)));
}
