import { EventBus, type ResumeEvents } from "../../../src/domain/events.ts";
import { type LaneLimits, ResumeLane, type ResumeLaneOptions } from "../../../src/lane/resume-lane.ts";
import { FakeClock } from "./fake-clock.ts";
import { FakeLedger } from "./fake-ledger.ts";
import { FakeRunner } from "./fake-runner.ts";
import { LANE_LIMITS, queued } from "./makers.ts";

type Others = Pick<ResumeLaneOptions, "permits" | "memory">;

/** A lane with a time limit of 60 s and one slot unless told otherwise; the journal holds every step in order. */
export function makeLane(limits: Partial<LaneLimits> = {}, others: Others = {}) {
  const journal: string[] = [];
  const clock = new FakeClock();
  const events = new EventBus();
  const runner = new FakeRunner(journal);
  const ledger = new FakeLedger(journal);
  const lane = new ResumeLane({
    limits: { ...LANE_LIMITS, maxConcurrent: 1, ...limits },
    runner,
    ledger,
    events,
    clock,
    ...others,
  });
  /** Everything that is emitted under this name from here on. */
  const heard = <Name extends keyof ResumeEvents>(name: Name): ResumeEvents[Name][] => {
    const list: ResumeEvents[Name][] = [];
    events.on(name, (event) => list.push(event));
    return list;
  };
  /** Queues these, opens the lane and waits until users are quiet. */
  const start = async (...keys: string[]) => {
    for (const key of keys) lane.enqueue(queued(key));
    lane.open();
    await clock.elapse(2000);
  };
  return { journal, clock, events, runner, ledger, lane, heard, start };
}
