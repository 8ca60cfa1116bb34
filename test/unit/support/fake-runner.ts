import type { RunningResume } from "../../../src/domain/queued-resume.ts";
import type { RunEnd } from "../../../src/domain/decisions.ts";
import type { ResumeRunner } from "../../../src/lane/resume-lane.ts";

interface OpenRun {
  readonly resume: RunningResume;
  readonly runId: string;
  readonly signal: AbortSignal;
  readonly end: (end: RunEnd) => void;
  readonly fail: (error: unknown) => void;
}

/** Runs that end when the test says so; each step is written to the journal. */
export class FakeRunner implements ResumeRunner {
  /** Most runs that were ever open at the same time. */
  peak = 0;
  /** What `run` throws at once instead of running. */
  throws: Error | undefined;
  /** A cancelled run ends by itself, at once. */
  drainsAtOnce = false;
  readonly #journal: string[];
  readonly #open = new Map<string, OpenRun>();

  constructor(journal: string[] = []) {
    this.#journal = journal;
  }

  run(resume: RunningResume, runId: string, signal: AbortSignal): Promise<RunEnd> {
    this.#journal.push(`run ${resume.key} ${runId}`);
    if (this.throws !== undefined) throw this.throws;
    return new Promise<RunEnd>((resolve, reject) => {
      this.#open.set(resume.key, { resume, runId, signal, end: resolve, fail: reject });
      this.peak = Math.max(this.peak, this.#open.size);
      signal.addEventListener("abort", () => {
        this.#journal.push(`abort ${resume.key}`);
        if (this.drainsAtOnce) this.end(resume.key, { kind: "cancelled" });
      });
    });
  }

  get open(): string[] {
    return [...this.#open.keys()];
  }

  end(key: string, end: RunEnd): void {
    this.#take(key).end(end);
  }

  reject(key: string, error: unknown): void {
    this.#take(key).fail(error);
  }

  #take(key: string): OpenRun {
    const run = this.#open.get(key);
    if (run === undefined) throw new Error(`no open run of ${key}`);
    this.#open.delete(key);
    return run;
  }
}
