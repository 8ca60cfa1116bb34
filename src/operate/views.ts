import type { ConversationKind } from "../domain/conversation.ts";
import type { FleetState } from "../domain/fleet-state.ts";
import type { SchedulerMode } from "../domain/mode.ts";
import type { ProviderFault } from "../domain/provider-fault.ts";
import type { Outcome, Protection, RetiredReason, VerdictKind } from "../domain/reasons.ts";
import type { AttemptResult } from "../domain/decisions.ts";
import type { ServiceState } from "../domain/service-state.ts";
import type { Fact } from "../domain/verdict.ts";
import type { WaitCause } from "../domain/wait-cause.ts";
import type { HistoryEntry } from "../record/history.ts";
import type { SettingsError } from "../settings/validate.ts";

/**
 * What the operator is shown: the answers of the gateway methods `resumes.*`, and the `--json` output of the commands.
 *
 * Times are epoch milliseconds, durations milliseconds. A field that does not apply is `null`, never missing.
 */

/** Names one session. */
export interface SessionName {
  readonly agentId: string;
  readonly sessionKey: string;
}

export interface QueueItem extends SessionName {
  /** From 1; the order in which they would start if nothing changed. */
  readonly position: number;
  readonly waitedMs: number;
  /** Why it is in the queue: a reason of the verdict `admit`. */
  readonly reason: string;
  readonly attempts: number;
  readonly preemptions: number;
  /** The operator asked for it: it goes first. */
  readonly requested: boolean;
  /** It may run beside user turns. */
  readonly aged: boolean;
  /** How long it still rests before a retry; 0 when it does not. */
  readonly restsMs: number;
}

export interface RunningItem extends SessionName {
  readonly slot: number;
  readonly attempt: number;
  readonly elapsedMs: number;
  readonly timeoutMs: number;
  readonly aged: boolean;
}

export interface HeldItem extends SessionName {
  /** A reason of the verdict `hold` or of the outcome `held`. */
  readonly reason: string;
  readonly claimedAtMs: number;
}

export interface CooldownItem {
  readonly provider: string;
  readonly fault: ProviderFault;
  readonly untilMs: number;
  /** Refusals without an answer in between. */
  readonly refusals: number;
}

export interface FleetView {
  readonly namespace: string;
  readonly state: FleetState;
  /** Why it is lost; never the address's password. */
  readonly reason: string | null;
  readonly maxConcurrent: number;
  readonly fallbackConcurrent: number;
}

export interface StatusView {
  readonly version: string;
  readonly state: ServiceState;
  readonly atMs: number;
  /** When this gateway's sessions were judged; `null` when they were not. */
  readonly bootedAtMs: number | null;
  readonly lane: {
    readonly name: string;
    /** What the scheduler is doing; `null` when there is none. */
    readonly mode: SchedulerMode | null;
    /** Since when the operator keeps it paused. */
    readonly pausedSinceMs: number | null;
    /** Until when it starts nothing because gateways died while resumes ran; `unpause` ends it. */
    readonly fusedUntilMs: number | null;
    /** Why nothing starts; `null` when nothing is queued or something may start. */
    readonly waitingFor: WaitCause | null;
  };
  readonly budget: { readonly slots: number; readonly used: number; readonly perAgent: number | null };
  /** What resumes of this boot have used, and may use; `null` is no limit. */
  readonly spend: {
    readonly tokens: number;
    readonly maxTokens: number | null;
    readonly costUsd: number;
    readonly maxCostUsd: number | null;
  };
  /** Model providers that refuse, and get no resume for a while. */
  readonly cooldowns: readonly CooldownItem[];
  /** The budget that gateways share; `null` where this one is on its own. */
  readonly fleet: FleetView | null;
  readonly users: { readonly waiting: number; readonly running: number };
  readonly queue: readonly QueueItem[];
  readonly running: readonly RunningItem[];
  readonly held: readonly HeldItem[];
  /** What this boot has said and what has become of it. */
  readonly totals: {
    readonly verdicts: Readonly<Record<VerdictKind, number>>;
    /** Ended runs of resumes; a session can have several. */
    readonly attempts: Readonly<Record<AttemptResult, number>>;
    /** Settled sessions, each once. */
    readonly outcomes: Readonly<Record<Outcome, number>>;
  };
  /** What is wrong with the settings; those before the last change are in force then. */
  readonly settingsErrors: readonly SettingsError[];
}

/** A verdict with everything that explains it. */
export interface Explanation {
  readonly verdict: VerdictKind;
  readonly reason: string;
  /** What it says of the session. */
  readonly meaning: string;
  /** The setting or the fact of the host's that decided. */
  readonly rule: string;
  /** What was found, and what it was compared with. */
  readonly found: Fact;
  readonly limit: Fact;
  /** `ms` for durations, `time` for epoch milliseconds. */
  readonly unit: "ms" | "time" | null;
  /** What the operator can do. */
  readonly remedy: string;
}

export interface PlanItem extends SessionName, Explanation {
  /** What a resume of it is thought to use at least; `null` where the host has not counted. */
  readonly estimatedTokens: number | null;
}

export interface PlanView {
  /** `boot`: what this boot (with the gateway down: the last one) said. `now`: what a restart this minute would say. */
  readonly of: "boot" | "now";
  /** Who answered: the running gateway, or its store because it is down. */
  readonly source: "gateway" | "store";
  readonly state: ServiceState;
  readonly atMs: number;
  /** In the order in which they would be resumed. */
  readonly sessions: readonly PlanItem[];
  readonly totals: Readonly<Record<VerdictKind, number>>;
  /** Of the admitted ones together, as far as known, and what they may use in one boot; `null` is no limit. */
  readonly tokens: { readonly estimated: number; readonly limit: number | null };
}

export interface ShowView extends SessionName {
  /** What stands for it in the log of this gateway (with the gateway down: of the last one). */
  readonly ref: string | null;
  readonly source: "gateway" | "store";
  readonly session: {
    readonly sessionId: string;
    readonly kind: string;
    readonly chat: string;
    readonly channel: string | null;
    readonly status: string | null;
    /** The host's mark of an interrupted turn. */
    readonly abortedLastRun: boolean;
    readonly lastInteractionAtMs: number | null;
    readonly startedAtMs: number | null;
    readonly stoppedAtMs: number | null;
    readonly lastRunError: string | null;
    /** Names of the marks that make it somebody else's. */
    readonly marks: readonly string[];
  };
  /** Which conversation it is; `null` when its entry is gone. */
  readonly conversation: {
    /** The key under which the host finds it today. */
    readonly key: string;
    readonly kind: string;
    readonly channel: string | null;
    readonly accountId: string | null;
    readonly peer: string | null;
    readonly threadId: string | null;
    /** All its rows, the one that was active last first: that one is resumed, the others are held. */
    readonly rows: readonly {
      readonly sessionKey: string;
      readonly sessionId: string;
      readonly status: string | null;
      readonly lastInteractionAtMs: number | null;
    }[];
  } | null;
  readonly transcript: {
    readonly state: string;
    readonly sizeBytes: number | null;
    readonly endsWith: string;
    readonly newestEventAtMs: number | null;
    readonly failures: number;
    readonly lastError: string | null;
  };
  /** Where it is now. */
  readonly place: "queued" | "running" | "held" | "released" | "delivering" | "none";
  /** Its place in the queue, from 1. */
  readonly position: number | null;
  /** What this boot said; `null` when it was not interrupted then. */
  readonly boot: Explanation | null;
  /** What a restart this minute would say; `null` when it would not be interrupted. */
  readonly now: Explanation | null;
  readonly record: {
    readonly phase: string;
    readonly outcome: string | null;
    readonly reason: string;
    readonly attempts: number;
    readonly cutOffs: number;
    readonly preemptions: number;
    readonly claimedAtMs: number;
    readonly requestedAtMs: number | null;
    readonly notifiedAtMs: number | null;
    readonly pluginVersion: string | null;
  } | null;
  /** Oldest first. */
  readonly history: readonly HistoryEntry[];
}

/** What the operator can ask for of a session. */
export type Action = "resume" | "hold" | "discard" | "release";

/** Why an action was not taken. */
export type RefusalReason =
  | "unknown-session"
  | "not-claimed"
  | "already-running"
  | "already-held"
  | "already-released"
  | "delivering"
  | "answered"
  | "user-continued"
  | "session-replaced"
  | "session-changed"
  | "duplicate"
  | "failed";

export interface ActionView {
  readonly action: Action;
  readonly done: readonly (SessionName & { readonly now: "queued" | "held" | "discarded" | "released" })[];
  readonly refused: readonly (SessionName & { readonly reason: RefusalReason; readonly message: string })[];
}

export interface PauseView {
  readonly pausedSinceMs: number | null;
}

/** One held session, and what retirement says of it. */
export interface GcItem extends SessionName {
  /** `protect`: it would be retired, but for `protectedBy`. */
  readonly action: "retire" | "keep" | "protect";
  readonly heldForMs: number;
  /** What takes place in it, e.g. `direct`. */
  readonly kind: ConversationKind;
  /** A reason of the verdict `hold` or of the outcome `held`. */
  readonly heldBy: string;
  /** Why it is retired all the same: a reason of the outcome `retired`. */
  readonly retiredBy: RetiredReason | null;
  readonly protectedBy: Protection | null;
  readonly transcript: "present" | "missing" | "empty" | "unreadable";
}

export interface GcView {
  readonly source: "gateway" | "store";
  readonly atMs: number;
  /** Whether what is called `retire` was retired, or only would be. */
  readonly applied: boolean;
  /** The settings: whether the plugin does it by itself, and after how long. */
  readonly enabled: boolean;
  readonly heldMs: number;
  readonly errorMs: number;
  /** The one that was held for longest first. */
  readonly sessions: readonly GcItem[];
  readonly summary: {
    /** Held sessions. */
    readonly before: number;
    readonly after: number;
    readonly retired: number;
    readonly kept: number;
    readonly protected: number;
  };
}

/** What of the host's rows its own cleanup would look at. */
export interface RowSurvey {
  readonly agentIds: readonly string[];
  /** Rows that have no transcript, or one without a message. */
  readonly missingTranscripts: number;
  /** Rows of direct chats of their own although `session.dmScope` is "main". */
  readonly dmScopeRows: number;
}

export interface Finding {
  /** Which check, e.g. `startup-activation`. */
  readonly check: string;
  /** `ok`; `warn`: works, but less than it could; `fail`: something does not work. */
  readonly level: "ok" | "warn" | "fail";
  readonly found: string;
  /** What puts it right; `null` when nothing has to be. */
  readonly fix: string | null;
}

export interface DoctorView {
  readonly source: "gateway" | "store";
  readonly findings: readonly Finding[];
  /** Conversations whose user has spoken in two sessions that do not know of each other. */
  readonly splits: readonly SplitView[];
}

export interface SplitView {
  readonly agentId: string;
  /** The key under which the host finds the conversation today. */
  readonly key: string;
  /** In the order in which they began. */
  readonly parts: readonly {
    readonly sessionKey: string;
    readonly sessionId: string;
    /** Where the host keeps its transcript: a file, or the database that it is in. */
    readonly transcript: string;
    readonly userMessages: number;
    readonly firstUserMessageAtMs: number | null;
    readonly lastUserMessageAtMs: number | null;
  }[];
}
