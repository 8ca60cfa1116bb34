import type { QueuedResume, RunningResume } from "./queued-resume.ts";
import type { ProviderFault } from "./provider-fault.ts";
import type { HeldReason, Outcome, OUTCOMES } from "./reasons.ts";
import type { Usage } from "./spend.ts";

/** Why a running resume is cancelled. */
export const CANCEL_CAUSES = ["own-user", "other-user", "shutdown", "operator"] as const;
export type CancelCause = (typeof CANCEL_CAUSES)[number];

/** How a run has ended, as its runner saw it, and what the host says that it used. */
export type RunEnd = RunEndKind & { readonly usage?: Usage };

type RunEndKind =
  | { readonly kind: "completed"; readonly reason: CompletedReason }
  | { readonly kind: "superseded" }
  | { readonly kind: "held"; readonly reason: HeldReason }
  /** `permanent`: a repeat would end the same way. */
  | { readonly kind: "failed"; readonly error: string; readonly permanent?: boolean }
  | { readonly kind: "timed-out" | "undelivered"; readonly error: string }
  /** The host took no new work: no fault of the resume, and none of its attempts. */
  | { readonly kind: "refused"; readonly error?: string }
  /** The model provider takes no requests: no fault of the resume either. */
  | ({ readonly kind: "provider-fault" } & Refusal)
  | { readonly kind: "cancelled" };

/** What a provider says that takes no requests. */
export interface Refusal {
  /** As the host calls it; `undefined`: the one that the resume was expected to use. */
  readonly provider?: string | undefined;
  readonly fault: ProviderFault;
  /** When it wants to be asked again; 0 when it does not say. */
  readonly retryAfterMs: number;
}

/** How one run of a resume can end: a cancelled one was preempted, the rest by the kind of their end. */
export const ATTEMPT_RESULTS = [
  "completed",
  "failed",
  "timed-out",
  "undelivered",
  "superseded",
  "held",
  "refused",
  "provider-fault",
  "preempted",
] as const satisfies readonly (RunEnd["kind"] | "preempted")[];
export type AttemptResult = (typeof ATTEMPT_RESULTS)[number];

/** Why a resume counts as completed. */
export type CompletedReason = keyof (typeof OUTCOMES)["completed"];

/** A resume's one final outcome, with its reason. */
export interface Settlement {
  readonly outcome: Outcome;
  readonly reason: string;
}

/** Why a resume goes back to the queue. */
export type RequeueCause = "preempted" | "retry" | "shutdown" | "requested" | "provider-fault";

/** What the scheduler wants done. It has already changed its own state. */
export type Decision =
  | { readonly do: "start"; readonly resume: RunningResume }
  | { readonly do: "cancel"; readonly key: string; readonly cause: CancelCause }
  | { readonly do: "requeue"; readonly resume: QueuedResume; readonly cause: RequeueCause }
  | { readonly do: "settle"; readonly resume: QueuedResume; readonly settlement: Settlement }
  /** Something could start: ask for the permit. */
  | { readonly do: "ask" }
  /** Nothing starts with the permit that was granted. */
  | { readonly do: "give-back" };
