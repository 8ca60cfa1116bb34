import type { EventBus } from "../domain/events.ts";
import { fuse, FUSE_MS } from "../domain/fuse.ts";
import type { ResumeRecord } from "../domain/record.ts";
import type { ResumeLane } from "../lane/resume-lane.ts";
import type { Facts } from "../record/facts.ts";

/** Keeps the lane from starting anything when one gateway after the other has died while resumes ran. */
export class LaneFuse {
  readonly #lane: Pick<ResumeLane, "pause" | "unpause">;
  readonly #facts: Pick<Facts, "get" | "set">;
  readonly #stopTimer: () => void;
  #untilMs: number | undefined;

  /** Counts the gateway before this one if it died so; `known` is what it has left. */
  constructor(options: {
    readonly lane: Pick<ResumeLane, "pause" | "unpause">;
    readonly facts: Pick<Facts, "get" | "set">;
    readonly known: readonly ResumeRecord[];
    /** False when the plugin was replaced in a gateway that runs: nothing has died. */
    readonly isBoot: boolean;
    readonly events: Pick<EventBus, "emit">;
    readonly nowMs: number;
    /** Calls back once after `delayMs`; the returned function cancels. */
    readonly after: (delayMs: number, callback: () => void) => () => void;
  }) {
    const { lane, facts, known, isBoot, events, nowMs, after } = options;
    this.#lane = lane;
    this.#facts = facts;
    const before = facts.get("deaths") ?? [];
    const hasDied = isBoot && known.some(({ phase }) => phase === "running");
    const { counted, blown } = fuse(hasDied ? [...before, nowMs] : before, nowMs);
    if (hasDied || counted.length < before.length) facts.set("deaths", counted);
    const untilMs = isBoot ? (blown ? nowMs + FUSE_MS : 0) : (facts.get("fusedUntil") ?? 0);
    if (untilMs <= nowMs) {
      this.#stopTimer = () => undefined;
      return;
    }
    this.#untilMs = untilMs;
    lane.pause("fuse");
    events.emit("fused", { deaths: counted.length, untilMs });
    this.#stopTimer = after(Math.min(FUSE_MS, untilMs - nowMs), () => {
      try {
        this.reset();
      } catch (error) {
        events.emit("trouble", { what: "forget the deaths", error });
      }
    });
    if (isBoot) facts.set("fusedUntil", untilMs);
  }

  /** Until when nothing starts because of it, epoch milliseconds. */
  get untilMs(): number | undefined {
    return this.#untilMs;
  }

  /** The gateway has stayed up, or the operator wants resumes in spite of it: the deaths are forgotten. */
  reset(): void {
    this.#stopTimer();
    this.#untilMs = undefined;
    // First: whether it can be written must not keep the lane waiting.
    this.#lane.unpause("fuse");
    this.#facts.set("deaths", undefined);
    this.#facts.set("fusedUntil", undefined);
  }

  stop(): void {
    this.#stopTimer();
  }
}
