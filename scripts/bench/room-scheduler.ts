import type { QueuedResume } from "../../src/domain/queued-resume.ts";
import { WaitingRoom } from "../../src/domain/waiting-room.ts";
import { BOOT_MS, LIMITS } from "./resumes.ts";

const anySource = () => true;

/**
 * The heap scheduler with the lane's queue in place of the heap. As in the lane, what is queued is a record and no promise:
 * one is made when it starts, and its end is told to whoever made the queue.
 */
export class RoomScheduler {
  readonly #room = new WaitingRoom(LIMITS);
  readonly #slots: number;
  readonly #run: (resume: QueuedResume) => Promise<void>;
  readonly #ended: () => void;
  #running = 0;

  constructor(slots: number, run: (resume: QueuedResume) => Promise<void>, ended: () => void = () => {}) {
    this.#slots = slots;
    this.#run = run;
    this.#ended = ended;
  }

  get size(): number {
    return this.#room.size;
  }

  add(resume: QueuedResume): void {
    this.#room.add(resume, BOOT_MS);
  }

  /** Fills the slots, and each again when it is free. */
  start(): void {
    this.#room.advance(BOOT_MS);
    while (this.#running < this.#slots) {
      const next = this.#room.next("any", anySource);
      if (next === undefined) return;
      void this.#runToEnd(this.#room.take(next)).then(() => this.start());
    }
  }

  /** Runs the first one, and no other after it. */
  async runOne(): Promise<void> {
    this.#room.advance(BOOT_MS);
    const next = this.#room.next("any", anySource);
    if (next !== undefined) await this.#runToEnd(this.#room.take(next));
  }

  async #runToEnd(resume: QueuedResume): Promise<void> {
    this.#running += 1;
    try {
      await this.#run(resume);
      this.#ended();
    } finally {
      this.#running -= 1;
    }
  }
}
