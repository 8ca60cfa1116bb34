import type { NothingCarried } from "./carry-over.ts";
import type { ProviderFault } from "./provider-fault.ts";
import type { HeldReason, Outcome } from "./reasons.ts";
import type { SchedulerMode } from "./mode.ts";
import type { AttemptResult, CancelCause } from "./decisions.ts";
import type { Usage } from "./spend.ts";
import type { LaneLoad } from "./starvation.ts";
import type { Verdict } from "./verdict.ts";

/** Which session an event is about; for the log only, never for a metric label. */
export interface Subject {
  readonly agentId: string;
  readonly sessionKey: string;
}

/** Why a conversation is not carried over; `no-transcript`: the host has not told where it is, and it was not found. */
export type NotCarriedReason = NothingCarried | "no-transcript";

/** The steps of a boot that hold up the gateway's start. */
export const BOOT_PHASES = ["discover", "admit", "claim"] as const;
/** Milliseconds of each. */
export type BootTimes = Readonly<Record<(typeof BOOT_PHASES)[number], number>>;

/** Every step that can be watched. Durations in milliseconds. */
export interface ResumeEvents {
  /** Taken from the host's own recovery. */
  claimed: Subject;
  judged: Subject & {
    readonly verdict: Verdict;
    /** The key under which the host finds its conversation today. */
    readonly conversationKey?: string | undefined;
  };
  /** Judged and claimed; `isBoot` is false when the plugin was replaced in a gateway that runs. */
  booted: { readonly mode: string; readonly claimed: number; readonly tookMs: BootTimes; readonly isBoot: boolean };
  /** The plugin could not start. */
  failed: { readonly error: unknown };
  queued: Subject & { readonly attempts: number };
  started: Subject & {
    readonly slot: number;
    readonly attempt: number;
    readonly waitedMs: number;
    readonly aged: boolean;
  };
  cancelled: Subject & { readonly slot: number; readonly cause: CancelCause };
  /** One run has ended and its slot is free; what becomes of its session is another step. */
  ended: Subject & {
    readonly slot: number;
    readonly result: AttemptResult;
    readonly ranMs: number;
    readonly error?: string;
    readonly cancelCause?: CancelCause;
    /** From the user's signal to the drained run. */
    readonly drainedMs?: number;
  };
  settled: Subject & { readonly outcome: Outcome; readonly reason: string; readonly attempts: number };
  /** Gateways died while resumes ran: nothing starts until then, epoch milliseconds. */
  fused: { readonly deaths: number; readonly untilMs: number };
  /** A model provider refuses: it gets no resume for so long. */
  cooldown: {
    readonly provider: string;
    readonly fault: ProviderFault;
    /** Without an answer in between. */
    readonly refusals: number;
    readonly forMs: number;
  };
  /** What resumes may use in one boot is used up: the rest is held. */
  usedUp: Usage & { readonly reason: HeldReason };
  /** The Redis of the fleet cannot be reached: each gateway goes by itself, with a budget of its own. */
  fleetLost: { readonly error: string };
  /** The fleet shares its budget again. */
  fleetHealed: { readonly lostForMs: number };
  /** The operator asked for something, of one session or of the lane. */
  asked: Partial<Subject> & { readonly action: string };
  /** A conversation was told that its resume is held. */
  notified: Subject & { readonly reason: string };
  /** The end of a conversation waits for the first turn after its rollover. */
  carriedOver: Subject & {
    readonly messages: number;
    readonly chars: number;
    /** Of the old transcript. */
    readonly bytesRead: number;
    readonly tookMs: number;
  };
  /** There was a rollover, and nothing to carry over. */
  notCarriedOver: Subject & { readonly reason: NotCarriedReason };
  /** The settings were changed while the gateway runs. */
  reconfigured: { readonly changed: readonly string[] };
  /** The host's own wait of one user turn on its lane `main`. */
  mainWaited: { readonly waitMs: number };
  /** A user's turn has started in the conversation with this canonical key. */
  userContinued: { readonly key: string };
  /** A user's turn has ended with an answer. */
  userAnswered: object;
  /** It was the first since the gateway was ready. */
  firstUserReply: { readonly sinceReadyMs: number };
  /** The scheduler as a whole does something else now. */
  mode: { readonly from: SchedulerMode; readonly to: SchedulerMode };
  load: LaneLoad;
  /** Something of ours failed and was survived. */
  trouble: Partial<Subject> & { readonly what: string; readonly error: unknown };
}

type Listener<Name extends keyof ResumeEvents> = (event: ResumeEvents[Name]) => void;
type AnyListener = (name: keyof ResumeEvents, event: object) => void;
/** Either of them, as it is called: the first kind leaves the name alone. */
type Called = (event: never, name: keyof ResumeEvents) => void;

/** A typed emitter whose listeners cannot hurt the emitting side: what they throw is dropped, and counted. */
export class EventBus {
  #dropped = 0;
  readonly #listeners = new Map<keyof ResumeEvents, Set<Called>>();
  readonly #anyListeners = new Set<Called>();

  on<Name extends keyof ResumeEvents>(name: Name, listener: Listener<Name>): () => void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener));
    return () => void listeners.delete(listener);
  }

  /** For every event, after those who listen to this one. */
  onAny(listener: AnyListener): () => void {
    const called: Called = (event, name) => listener(name, event);
    this.#anyListeners.add(called);
    return () => void this.#anyListeners.delete(called);
  }

  /** How often a listener failed to take an event. */
  get dropped(): number {
    return this.#dropped;
  }

  emit<Name extends keyof ResumeEvents>(name: Name, event: ResumeEvents[Name]): void {
    this.#tell(this.#listeners.get(name), event, name);
    this.#tell(this.#anyListeners, event, name);
  }

  /** A broken metric or log line must not stop a resume. */
  #tell(listeners: Iterable<Called> | undefined, event: object, name: keyof ResumeEvents): void {
    for (const listener of listeners ?? []) {
      try {
        listener(event as never, name);
      } catch {
        this.#dropped += 1;
      }
    }
  }
}
