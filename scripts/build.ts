// Bundles src/ into dist/, or into the folder given with `--out`. The output is made beside dist/ and swapped in, so that
// a gateway or another build that uses it at the same time never sees half of it, and no file of an older build stays.
import { mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { bundle } from "./bundle.ts";

const root = join(import.meta.dirname, "..");
const work = join(root, ".cache", `build-${process.pid}`);
const dist = join(root, "dist");

const { out } = parseArgs({ options: { out: { type: "string" } } }).values;
if (out !== undefined) {
  await bundle(out);
} else {
  mkdirSync(work, { recursive: true });
  try {
    const made = join(work, "new");
    await bundle(made);
    swap(made);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function swap(made: string): void {
  for (let attempt = 0; ; attempt++) {
    try {
      renameSync(dist, join(work, `old-${attempt}`));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
    try {
      return renameSync(made, dist);
    } catch (error) {
      // Another build put its own dist/ there in between: move that one away too.
      const { code } = error as NodeJS.ErrnoException;
      if ((code !== "ENOTEMPTY" && code !== "EEXIST") || attempt === 9) throw error;
    }
  }
}
