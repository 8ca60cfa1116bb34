/**
 * Preloaded into a process (`node --import`): counts the calls that change something in the file system, and kills the process
 * or makes a call fail at one of them. What is asked for stands in `FAIL_AT_STEP`, as the JSON of a `StepPlan`.
 */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

/**
 * - `count`: writes the names of the steps into the file `report` when the process ends.
 * - `before`, `after`: SIGKILL before or after the step `at` (from 1). `half`: after half of what it was to write.
 * - `fail`: the step throws `code` once. `full`: from then on everything throws it that needs space.
 *
 * @typedef {{ mode: "count", report: string } | { mode: "before" | "after" | "half", at: number }
 *   | { mode: "fail" | "full", at: number, code: string }} StepPlan
 */

/** @type {StepPlan} */
const plan = JSON.parse(process.env["FAIL_AT_STEP"] ?? '{"mode":"before","at":0}');

/** Every synchronous call of `node:fs` that can change something. */
const CHANGING = Object.keys(fs).filter((name) =>
  /^(append|ch|copy|cp|fch|fdatasync|fsync|ftruncate|futimes|lch|link|lutimes|mk|open|rename|rm|sym|truncate|un|utimes|write).*Sync$/.test(
    name,
  ),
);
const NEEDS_SPACE = /^(append|copy|cp|link|mk|open|sym|write)/;
/** The text of a file, or how one is opened to be read. */
const READING = new Set(["r", "rs", "sr", undefined]);

/** @type {string[]} */
const steps = [];
/** One call may be made of others. */
let inside = false;

/** @param {string} name @param {unknown[]} args */
function changes(name, args) {
  const [path, flags] = args;
  if (name === "openSync")
    return typeof flags === "number" ? (flags & 3) !== 0 : !READING.has(/** @type {any} */ (flags));
  return path !== undefined;
}

function die() {
  process.kill(process.pid, "SIGKILL");
  // Nothing may happen after it, should it take a moment.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

/** @param {string} name @param {string} code */
const failure = (name, code) =>
  Object.assign(new Error(`${code}: made to fail, ${name.replace("Sync", "")}`), { code, syscall: name });

/** Half of what a call was to write. @param {string} name @param {any[]} args @param {Function} call */
function half(name, args, call) {
  if (name === "writeSync") {
    const bytes = Buffer.from(args[1]);
    const from = typeof args[2] === "number" ? args[2] : 0;
    const length = typeof args[3] === "number" ? args[3] : bytes.length - from;
    call(args[0], bytes, from, Math.floor(length / 2));
  } else if (name === "copyFileSync") {
    const bytes = fs.readFileSync(args[0]);
    fs.writeFileSync(args[1], bytes.subarray(0, Math.floor(bytes.length / 2)), { flag: "wx" });
  }
}

for (const name of CHANGING) {
  const call = /** @type {any} */ (fs)[name];
  /** @param {any[]} args */
  const step = (...args) => {
    if (inside || !changes(name, args)) return call(...args);
    inside = true;
    try {
      return taken(name, args, call);
    } finally {
      inside = false;
    }
  };
  /** @type {any} */ (fs)[name] = step;
}
syncBuiltinESMExports();

/** @param {string} name @param {any[]} args @param {(...args: any[]) => unknown} call */
function taken(name, args, call) {
  steps.push(name);
  const isNow = plan.mode !== "count" && steps.length === plan.at;
  if (plan.mode === "full" && steps.length >= plan.at && (isNow || NEEDS_SPACE.test(name)))
    throw failure(name, plan.code);
  if (plan.mode === "fail" && isNow) throw failure(name, plan.code);
  if (plan.mode === "half" && isNow) {
    half(name, args, call);
    die();
  }
  if (plan.mode === "before" && isNow) die();
  const result = call(...args);
  if (plan.mode === "after" && isNow) die();
  return result;
}

if (plan.mode === "count") {
  const { report } = plan;
  process.on("exit", () => {
    inside = true;
    fs.writeFileSync(report, JSON.stringify(steps));
  });
}
