/** What the bundler makes of src/, chunk by chunk: with all that comes from elsewhere. */
import fs from "node:fs";
import path from "node:path";
import { buildPlugin } from "../../support/stage-plugin.ts";

/** The code of each chunk, without its comments, by its name. */
export async function bundledSource(): Promise<ReadonlyMap<string, string>> {
  const dist = path.join(buildPlugin(), "dist");
  const chunks = fs.readdirSync(dist).filter((name) => name.endsWith(".js"));
  return new Map(
    chunks.map((name) => [name, fs.readFileSync(path.join(dist, name), "utf8").replaceAll(/\/\*.*?\*\//gs, "")]),
  );
}
