/**
 * Temporary folders, all under one folder of the system's temp dir and named after the process that made them, so
 * that what a killed process left behind can be told apart from what is in use.
 */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { isAlive } from "./processes.ts";

const ROOT = path.join(os.tmpdir(), "openclaw-resume-scheduler-tests");
const made = new Set<string>();
let hooked = false;

/** A fresh empty folder; removed when this process exits (also by `removeTempDir`). */
export function makeTempDir(label: string): string {
  fs.mkdirSync(ROOT, { recursive: true });
  const dir = fs.mkdtempSync(path.join(ROOT, `${process.pid}-${label}-`));
  made.add(dir);
  if (!hooked) {
    hooked = true;
    process.on("exit", () => {
      // KEEP_TEST_DIRS=1 leaves the folders for a look at the state and the logs.
      if (process.env["KEEP_TEST_DIRS"] === "1") return;
      for (const left of made) fs.rmSync(left, { recursive: true, force: true });
    });
  }
  return dir;
}

export function removeTempDir(dir: string): void {
  made.delete(dir);
  if (process.env["KEEP_TEST_DIRS"] === "1") return;
  fs.rmSync(dir, { recursive: true, force: true, maxRetries: 3 });
}

/** Removes the folders of processes that are no longer alive. Returns how many. */
export function removeLeftovers(): number {
  let removed = 0;
  for (const name of fs.existsSync(ROOT) ? fs.readdirSync(ROOT) : []) {
    const pid = Number.parseInt(name, 10);
    if (Number.isNaN(pid) || isAlive(pid)) continue;
    fs.rmSync(path.join(ROOT, name), { recursive: true, force: true });
    removed += 1;
  }
  return removed;
}
