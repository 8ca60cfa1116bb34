/** Pictures that tests make of what they see. */
import fs from "node:fs";
import path from "node:path";
import { PROJECT_ROOT } from "./project.ts";

/** Those of the README are made anew with `UPDATE_PICTURES=1`. */
const DIR = path.join(PROJECT_ROOT, process.env["UPDATE_PICTURES"] === "1" ? "assets" : ".cache/pictures");

export function pictureFile(name: string): string {
  fs.mkdirSync(DIR, { recursive: true });
  return path.join(DIR, `${name}.png`);
}
