import type { QueuedResume, RunningResume } from "../../../src/domain/queued-resume.ts";
import type { Outcome } from "../../../src/domain/reasons.ts";
import type { ResumeLedger } from "../../../src/lane/resume-lane.ts";

/** A ledger in memory: writes to the journal, and throws for the steps it is told to. */
export class FakeLedger implements ResumeLedger {
  /** Which writes fail: `started a1`, `requeued a1`, `settled a1`. */
  readonly broken = new Set<string>();
  readonly #journal: string[];

  constructor(journal: string[] = []) {
    this.#journal = journal;
  }

  started(resume: RunningResume, runId: string): void {
    this.#write(`started ${resume.key}`, `${runId} attempt ${resume.attempts}`);
  }

  requeued(resume: QueuedResume): void {
    this.#write(`requeued ${resume.key}`, `attempts ${resume.attempts} preemptions ${resume.preemptions}`);
  }

  settled(resume: QueuedResume, outcome: Outcome, reason: string): void {
    this.#write(`settled ${resume.key}`, `${outcome} ${reason}`);
  }

  #write(step: string, detail: string): void {
    if (this.broken.has(step)) throw new Error("disk full");
    this.#journal.push(`${step} ${detail}`);
  }
}
