import type { QueuedResume, RunningResume } from "../domain/queued-resume.ts";
import type { Outcome } from "../domain/reasons.ts";
import type { PendingReply, ResumeRecord } from "../domain/record.ts";
import type { ResumeLedger } from "../lane/resume-lane.ts";
import type { RecordStore } from "./record-store.ts";

/** Turns the steps of a resume into record writes, each ahead of its side effect. */
export class Ledger implements ResumeLedger {
  readonly #store: RecordStore;
  readonly #nowMs: () => number;

  constructor(store: RecordStore, nowMs: () => number) {
    this.#store = store;
    this.#nowMs = nowMs;
  }

  get(resume: QueuedResume): ResumeRecord | undefined {
    return this.#store.get(resume.agentId, resume.sessionKey);
  }

  started(resume: RunningResume, runId: string): void {
    const record = this.get(resume);
    // An undelivered reply stays what it is: its delivery is tried again under the id that it was first tried with. Without
    // a record the runner runs nothing.
    if (record === undefined || record.phase === "delivering") return;
    this.#store.put({
      ...record,
      phase: "running",
      attempts: resume.attempts,
      preemptions: resume.preemptions,
      runId,
      runStartedAtMs: record.runStartedAtMs ?? this.#nowMs(),
    });
  }

  /** The reply exists and is about to be handed to the host's outbound queue. */
  delivering(resume: QueuedResume, runId: string, reply: PendingReply): void {
    this.#store.put({ ...this.#existing(resume), phase: "delivering", runId, reply });
  }

  requeued(resume: QueuedResume): void {
    const record = this.#existing(resume);
    const { attempts, preemptions, requestedAtMs } = resume;
    const phase = record.phase === "delivering" ? "delivering" : "claimed";
    // What the operator has asked for starts afresh.
    const cutOffs = requestedAtMs === record.requestedAtMs ? record.cutOffs : 0;
    this.#store.put({ ...record, phase, attempts, preemptions, cutOffs, requestedAtMs });
  }

  /**
   * A held session is remembered, and one that was given back to the host until the host has finished it; every other
   * outcome is final and forgotten.
   */
  settled(resume: QueuedResume, outcome: Outcome, reason: string): void {
    if (outcome !== "held" && outcome !== "released") {
      this.#store.delete(resume.agentId, resume.sessionKey);
      return;
    }
    const phase = outcome === "held" ? "settled" : "released";
    const { attempts } = resume;
    const done = { phase, outcome, reason, attempts, reply: undefined, requestedAtMs: undefined } as const;
    const heldBecause = outcome === "held" ? `attempts: ${attempts}` : undefined;
    const heldSinceMs = outcome === "held" ? this.#nowMs() : undefined;
    this.#store.put({ ...this.#existing(resume), ...done, heldBecause, heldSinceMs });
  }

  #existing(resume: QueuedResume): ResumeRecord {
    const record = this.get(resume);
    if (record === undefined) throw new Error("the record of a claimed session is missing");
    return record;
  }
}
