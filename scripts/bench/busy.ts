/** R1: how busy the lane keeps its slots in the real gateway while resumes wait. */
import fs from "node:fs";
import path from "node:path";
import { answer, RestartedGateway } from "../../test/support/restarted-gateway.ts";
import { stageSource } from "../../test/support/stage-plugin.ts";
import { makeTempDir } from "../../test/support/temp.ts";
import { untilLaneIsEmpty } from "../demo/answered-once.ts";
import type { Say } from "./benches.ts";
import type { Figure } from "./figure.ts";

const RESUMES = 66;
const RESUME_MS = 2_000;
const MIN_BUSY_PERCENT = 95;

/** What the plugin publishes of each run, with the time at which it was seen, epoch milliseconds. */
type Step = { step: "started" | "ended"; slot: number; atMs: number };

export async function busy(say: Say): Promise<Figure[]> {
  return [await busyWith(2, say), await busyWith(8, say)];
}

/**
 * The share of the slots' time that runs have, from the first start until nothing waits any more: 66 runs of equal length on
 * 8 slots leave most of them without work at the end, whoever schedules.
 */
async function busyWith(slots: number, say: Say): Promise<Figure> {
  say(`${RESUMES} resumes of ${RESUME_MS / 1_000} s, ${slots} slots`);
  const file = path.join(makeTempDir("steps"), "steps.jsonl");
  await using restarted = await RestartedGateway.start({
    chats: RESUMES,
    agents: 3,
    settings: { budget: { maxConcurrent: slots, maxEventLoopDelayMs: 0 }, lane: { quietMs: 0 } },
    // As a model does: the answer begins at once.
    behaviour: (request) => ({ ...answer(request), streamMs: RESUME_MS }),
    beside: [watcher(file)],
  });
  await untilLaneIsEmpty(restarted, 300_000);
  const steps = fs
    .readFileSync(file, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Step);
  const starts = steps.filter(({ step }) => step === "started").map(({ atMs }) => atMs);
  if (starts.length !== RESUMES) throw new Error(`${starts.length} runs were started for ${RESUMES} resumes`);
  const fromMs = Math.min(...starts);
  const toMs = Math.max(...starts);
  const endMs = Math.max(...steps.map(({ atMs }) => atMs));
  const usedMs = busyMs(steps, fromMs, toMs);
  const literal = percent(busyMs(steps, fromMs, endMs), slots * (endMs - fromMs));
  return {
    what: `${RESUMES} resumes of ${RESUME_MS / 1_000} s, budget ${slots}: slots busy while resumes wait`,
    value: percent(usedMs, slots * (toMs - fromMs)),
    unit: "%",
    bar: { atLeast: MIN_BUSY_PERCENT },
    from: `${((endMs - fromMs) / 1_000).toFixed(1)} s in all; ${literal.toFixed(1)} % until the last end, with slots that have nothing left to do`,
  };
}

/** How long runs have been under way in a window, summed over the slots. */
function busyMs(steps: readonly Step[], fromMs: number, toMs: number): number {
  const startedAt = new Map<number, number>();
  let sumMs = 0;
  for (const { step, slot, atMs } of steps) {
    if (step === "started") startedAt.set(slot, atMs);
    else sumMs += Math.max(0, Math.min(atMs, toMs) - Math.max(startedAt.get(slot) ?? atMs, fromMs));
    if (step === "ended") startedAt.delete(slot);
  }
  for (const atMs of startedAt.values()) sumMs += Math.max(0, toMs - atMs);
  return sumMs;
}

const percent = (part: number, whole: number): number => (100 * part) / whole;

/** A plugin that writes down when the runs begin and end. */
function watcher(file: string): ReturnType<typeof stageSource> {
  return stageSource(
    "step-watcher",
    `import { appendFileSync } from "node:fs";
import { subscribe } from "node:diagnostics_channel";
export default {
  id: "step-watcher",
  name: "Steps",
  register() {
    // The host evaluates and registers a plugin more than once.
    const once = Symbol.for("step-watcher");
    if (globalThis[once]) return;
    globalThis[once] = true;
    subscribe("openclaw-resume-scheduler", ({ name, event }) => {
      if (name !== "started" && name !== "ended") return;
      appendFileSync(${JSON.stringify(file)}, JSON.stringify({ step: name, slot: event.slot, atMs: Date.now() }) + "\\n");
    });
  },
};
`,
  );
}
