/**
 * Q1 and Q2: what it costs to queue resumes and to take them out in order.
 *
 * Measured is the lane's queue, `WaitingRoom`, as the scheduler uses it: `add`, then `advance`, `next` and `take` for each
 * start. The reference is a bare heap scheduler. Both start one promise per job, as many at once as there are slots, and
 * tell when it has ended; no job does anything. The records are there before, as admission has made them.
 *
 * What the whole lane costs per resume is told beside it: there a run also gets a slot of p-queue, an abort signal, a time
 * limit, the record's lines and five events, however the queue is ordered.
 */
import type { QueuedResume } from "../../src/domain/queued-resume.ts";
import type { Say } from "./benches.ts";
import { compare, growthOf, inUnits } from "./compare.ts";
import type { Figure } from "./figure.ts";
import { HeapScheduler } from "./heap-scheduler.ts";
import { makeLane, makeResumes, REPLIED } from "./resumes.ts";
import { RoomScheduler } from "./room-scheduler.ts";

const SIZES = [100, 1_000, 10_000, 100_000];
/** In each run; small bursts are repeated, so that code is as warm for them as for large ones. */
const JOBS = 100_000;
/** Sessions of small bursts, in turn: few enough for the caches, as those of a single burst are, and enough not to be learnt. */
const SESSIONS = 2_000;
const SLOTS = 2;
const STEPS = 20_000;

const noJob = () => Promise.resolve();

interface Cost {
  readonly size: number;
  /** Nanoseconds per job. */
  readonly queue: number;
  readonly heap: number;
  readonly lane: number;
}

/**
 * A queue of one that nobody drains. Without one nothing is queued between two runs, and the collector takes V8's code for
 * it along: every run would begin with code that is not optimised.
 */
function neverEmpty(): { readonly size: number } {
  const room = new RoomScheduler(SLOTS, noJob);
  for (const resume of makeResumes(1)) room.add(resume);
  return room;
}

export async function throughput(say: Say): Promise<Figure[]> {
  const kept = neverEmpty();
  const costs: Cost[] = [];
  for (const size of SIZES) {
    say(`bursts of ${size}`);
    costs.push(await costOf(size));
  }
  if (kept.size !== 1) throw new Error("what nobody drains was drained");
  const ratios = costs.map(({ size, queue, heap, lane }): Figure => ({
    what: `enqueue and dequeue, ${size.toLocaleString("en")} queued, against a bare heap scheduler`,
    value: queue / heap,
    unit: "x",
    bar: { atMost: 1.5 },
    from: `${inUnits(queue)} against ${inUnits(heap)} per job; the whole lane ${inUnits(lane)}`,
  }));
  const [queue, heap] = [exponentOf(costs, "queue"), exponentOf(costs, "heap")];
  const growth: Figure = {
    what: "how much faster than the heap scheduler's the cost of a burst grows with its size",
    value: queue - heap,
    unit: "exponent",
    bar: { atMost: 0.1 },
    from: `${queue.toFixed(2)} against ${heap.toFixed(2)}`,
  };
  return [...ratios, growth];
}

const exponentOf = (costs: readonly Cost[], name: "queue" | "heap"): number =>
  growthOf(costs.map((cost) => ({ size: cost.size, cost: cost.size * cost[name] })));

async function costOf(size: number): Promise<Cost> {
  const resumes = makeResumes(Math.max(size, SESSIONS));
  const bursts = Array.from({ length: JOBS / size }, (_, nth) => {
    const from = (nth * size) % resumes.length;
    return resumes.slice(from, from + size);
  });
  const each = (drain: (burst: readonly QueuedResume[]) => Promise<void>) => async () => {
    for (const burst of bursts) await drain(burst);
  };
  const spentNs = await compare({ queue: { run: each(roomDrain()) }, heap: { run: each(heapDrain()) } });
  // Apart from them, and only to be told: beside it neither would find the caches as it has left them.
  const { lane } = await compare({ lane: { run: each(laneDrain()) } }, { warmUps: 1, runs: 3 });
  return { size, queue: spentNs.queue / JOBS, heap: spentNs.heap / JOBS, lane: lane / JOBS };
}

function heapDrain() {
  const heap = new HeapScheduler(SLOTS);
  return async (burst: readonly QueuedResume[]) => {
    const ends = burst.map(({ activityAtMs }) => heap.add(activityAtMs ?? 0, noJob));
    heap.start();
    await Promise.all(ends);
  };
}

function roomDrain() {
  const ends = new Countdown();
  const room = new RoomScheduler(SLOTS, noJob, () => ends.next());
  return async (burst: readonly QueuedResume[]) => {
    for (const resume of burst) room.add(resume);
    room.start();
    await ends.after(burst.length);
  };
}

function laneDrain() {
  const ends = new Countdown();
  const { lane, events } = makeLane(() => Promise.resolve(REPLIED));
  events.on("settled", () => ends.next());
  return async (burst: readonly QueuedResume[]) => {
    lane.pause("mode");
    for (const resume of burst) lane.enqueue(resume);
    lane.unpause("mode");
    await ends.after(burst.length);
  };
}

class Countdown {
  #left = 0;
  #resolve = () => {};

  /** Resolves after so many more. */
  after(count: number): Promise<void> {
    this.#left += count;
    return new Promise((resolve) => (this.#resolve = resolve));
  }

  next(): void {
    this.#left -= 1;
    if (this.#left === 0) this.#resolve();
  }
}

export async function deepQueue(say: Say): Promise<Figure[]> {
  say("filling the queues");
  const deep = makeResumes(100_000);
  const [room, shallow, heap] = [new RoomScheduler(1, noJob), new RoomScheduler(1, noJob), new HeapScheduler(1)];
  for (const resume of deep) {
    room.add(resume);
    void heap.add(resume.activityAtMs ?? 0, noJob);
  }
  for (const resume of deep.slice(0, 1_000)) shallow.add(resume);
  say("one in, one out");
  const next = newcomers(deep.length);
  const step = (scheduler: RoomScheduler) => async () => {
    for (const resume of next.steps) {
      scheduler.add(resume);
      await scheduler.runOne();
    }
  };
  const stepHeap = async () => {
    for (const { activityAtMs } of next.steps) {
      void heap.add(activityAtMs ?? 0, noJob);
      await heap.runOne();
    }
  };
  const spentNs = await compare({
    deep: { before: next.make, run: step(room) },
    heap: { before: next.make, run: stepHeap },
    shallow: { before: next.make, run: step(shallow) },
  });
  const inSteps = (ns: number) => inUnits(ns / STEPS);
  return [
    {
      what: "one in, one out, 100,000 queued, against a bare heap scheduler",
      value: spentNs.deep / spentNs.heap,
      unit: "x",
      bar: { atMost: 2 },
      from: `${inSteps(spentNs.deep)} against ${inSteps(spentNs.heap)}`,
    },
    {
      what: "one in, one out, 100,000 queued, against 1,000 queued",
      value: spentNs.deep / spentNs.shallow,
      unit: "x",
      bar: { atMost: 3 },
      from: `${inSteps(spentNs.deep)} against ${inSteps(spentNs.shallow)}`,
    },
  ];
}

/** Others for each run: one that is still queued would only be replaced. */
function newcomers(from: number) {
  let made = from;
  const next = {
    steps: [] as readonly QueuedResume[],
    make: () => {
      next.steps = makeResumes(STEPS, made);
      made += STEPS;
    },
  };
  return next;
}
