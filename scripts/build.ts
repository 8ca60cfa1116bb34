// Compiles src/ to dist/. The output is made beside it and swapped in, so that a gateway or another build that uses
// dist/ at the same time never sees half of it, and files of deleted sources never stay behind.
import { mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { run } from "./run.mjs";

const root = join(import.meta.dirname, "..");
const work = join(root, ".cache", `build-${process.pid}`);
const dist = join(root, "dist");

mkdirSync(work, { recursive: true });
try {
  const made = join(work, "new");
  process.exitCode = await run(join(root, "node_modules/.bin/tsc"), ["-p", "tsconfig.build.json", "--outDir", made], {
    cwd: root,
  });
  if (process.exitCode === 0) swap(made);
} finally {
  rmSync(work, { recursive: true, force: true });
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
