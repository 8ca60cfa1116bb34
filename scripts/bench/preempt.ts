/**
 * P1: the scheduler's part of a preemption, from the user's signal to the victim that goes on in order to end.
 *
 * Measured is the whole lane with one slot: a user writes to another session, the running resume's signal is aborted, and
 * what waited for its listener goes on. The reference is the same without a lane: abort, listener, continuation. The host's
 * own part, draining the run, is not in it.
 */
import type { RunEnd } from "../../src/domain/decisions.ts";
import type { Say } from "./benches.ts";
import { median } from "../measure/row.ts";
import { inUnits } from "./compare.ts";
import type { Figure } from "./figure.ts";
import { makeLane, makeResumes } from "./resumes.ts";

const [FEW, DEEP, DEEPEST] = [100, 10_000, 100_000];
const TRIALS = 1_000;
const WARM_UPS = 300;

/** One preemption: how long it took, and how many turns of the event loop. */
interface Trial {
  readonly ns: number;
  readonly turns: number;
}

export async function preempt(say: Say): Promise<Figure[]> {
  say("filling the lanes");
  const subjects = { bare: bareAbort, few: laneOf(FEW), deep: laneOf(DEEP), deepest: laneOf(DEEPEST) };
  say("preempting");
  const trials = await interleave(subjects);
  const p50 = (name: keyof typeof subjects) => median(trials[name].map(({ ns }) => ns));
  const [bare, few, deep, deepest] = [p50("bare"), p50("few"), p50("deep"), p50("deepest")];
  const turns = trials.deep.map((trial) => trial.turns).toSorted((left, right) => left - right);
  return [
    {
      what: "turns of the event loop from signal to abort, 10,000 queued, p99",
      value: turns[Math.ceil(TRIALS * 0.99) - 1]!,
      unit: "turns",
      bar: { atMost: 0 },
      from: `${turns.filter((count) => count === 0).length} of ${TRIALS} in the same turn`,
    },
    {
      what: "from signal to abort, 10,000 queued, p50, against a bare abort and its listener",
      value: deep / bare,
      unit: "x",
      bar: { atMost: 3 },
      from: `${inUnits(deep)} against ${inUnits(bare)}`,
    },
    {
      what: "from signal to abort, 100,000 queued, p50, against 100 queued",
      value: deepest / few,
      unit: "x",
      bar: { atMost: 1.5 },
      from: `${inUnits(deepest)} against ${inUnits(few)}`,
    },
  ];
}

async function interleave<Name extends string>(
  subjects: Readonly<Record<Name, () => Promise<Trial>>>,
): Promise<Record<Name, Trial[]>> {
  const trials = Object.fromEntries(Object.keys(subjects).map((name) => [name, []])) as unknown as Record<
    Name,
    Trial[]
  >;
  const named = Object.entries(subjects) as [Name, () => Promise<Trial>][];
  for (let round = -WARM_UPS; round < TRIALS; round += 1) {
    for (const [name, once] of round % 2 === 0 ? named : named.toReversed()) {
      const trial = await once();
      if (round >= 0) trials[name].push(trial);
    }
  }
  return trials;
}

/** A run that ends when it is told to, and tells when. */
class Victim {
  #continued = () => {};

  /** Resolves when the run that is aborted next goes on. */
  get next(): Promise<void> {
    return new Promise((resolve) => (this.#continued = resolve));
  }

  readonly run = async (signal: AbortSignal): Promise<RunEnd> => {
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    this.#continued();
    return { kind: "cancelled" };
  };
}

async function bareAbort(): Promise<Trial> {
  const victim = new Victim();
  const abort = new AbortController();
  const ended = victim.run(abort.signal);
  const trial = await timed(victim, () => abort.abort(new Error("a user is waiting")));
  await ended;
  return trial;
}

function laneOf(depth: number): () => Promise<Trial> {
  const victim = new Victim();
  const unlimited = { maxPreemptions: Number.MAX_SAFE_INTEGER };
  const { lane } = makeLane((_resume, signal) => victim.run(signal), { maxConcurrent: 1, ...unlimited });
  for (const resume of makeResumes(depth + 1)) lane.enqueue(resume);
  return async () => {
    const trial = await timed(victim, () => lane.userWrote("agent:main:telegram:direct:1"));
    // The run has drained and is back in the queue; the user's turn comes and goes, and the next resume starts.
    await nextTurn();
    lane.userRunStarted("the user's", "agent:main:telegram:direct:1");
    lane.userRunEnded("the user's", true);
    await nextTurn();
    if (lane.slots.used !== 1) throw new Error("nothing runs that could be preempted");
    return trial;
  };
}

async function timed(victim: Victim, signal: () => void): Promise<Trial> {
  const { next } = victim;
  let turns = 0;
  let turn = setImmediate(function count() {
    turns += 1;
    turn = setImmediate(count);
  });
  const at = process.hrtime.bigint();
  signal();
  await next;
  const ns = Number(process.hrtime.bigint() - at);
  clearImmediate(turn);
  return { ns, turns };
}

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));
