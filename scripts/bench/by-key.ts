/**
 * Q3: what it costs to find one of many by its key, and to take it out or to put it elsewhere.
 *
 * Measured is the whole lane, from a user's turn that starts, or an operator's request, until everything is decided, told
 * and reported. The lane is paused, so that nothing else starts in between.
 */
import type { QueuedResume } from "../../src/domain/queued-resume.ts";
import type { Say } from "./benches.ts";
import { compare, inUnits, type Subject } from "./compare.ts";
import type { Figure } from "./figure.ts";
import { makeLane, makeResumes, REPLIED } from "./resumes.ts";

const [FEW, MANY] = [1_000, 100_000];
/** In each run, each of another session. */
const STEPS = 500;

export async function byKey(say: Say): Promise<Figure[]> {
  say("filling the lanes");
  const [few, many] = [fullLane(FEW), fullLane(MANY)];
  say("superseding");
  const superseded = await compare({ few: few.supersede, many: many.supersede }, { runs: 21 });
  say("putting first");
  const requested = await compare({ few: few.request, many: many.request }, { runs: 21 });
  return [
    figureOf("supersede one of 100,000, against one of 1,000", superseded),
    figureOf("put one of 100,000 first, against one of 1,000", requested),
  ];
}

function figureOf(what: string, { few, many }: { few: number; many: number }): Figure {
  const from = `${inUnits(many / STEPS)} against ${inUnits(few / STEPS)}`;
  return { what, value: many / few, unit: "x", bar: { atMost: 2 }, from };
}

function fullLane(depth: number): { supersede: Subject; request: Subject } {
  const { lane } = makeLane(() => Promise.resolve(REPLIED));
  lane.pause("mode");
  const resumes = makeResumes(depth);
  for (const resume of resumes) lane.enqueue(resume);
  let some: readonly QueuedResume[] = [];
  const choose = () => {
    const first = Math.floor(Math.random() * depth);
    // Far apart, so that no two share what the caches hold.
    const stride = Math.floor(depth / STEPS);
    some = Array.from({ length: STEPS }, (_, nth) => resumes[(first + nth * stride) % depth]!);
  };
  const putBack = () => {
    for (const resume of some) lane.enqueue(resume);
  };
  const supersede = () => {
    for (const { key } of some) {
      lane.userRunStarted("the user's", key);
      lane.userRunEnded("the user's", true);
    }
  };
  const request = () => {
    for (const { key } of some) lane.request(key);
  };
  return {
    supersede: { before: choose, run: supersede, after: putBack },
    request: { before: choose, run: request, after: putBack },
  };
}
