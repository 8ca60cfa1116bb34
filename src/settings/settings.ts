import type { CarryLimits } from "../domain/carry-over.ts";

/** What the plugin does with interrupted sessions: resume them, only report them, or nothing. */
export type Mode = "active" | "observe" | "off";

/** What to do with a transcript that ends inside a tool call. */
export type UnsafeTail = "ask" | "hold" | "full";

/** Patterns that a word must match one of, and those that it must not match. */
export interface ScopeGlobs {
  readonly include: readonly string[] | undefined;
  readonly exclude: readonly string[] | undefined;
}

/** Where the host finds a secret: in the environment, a file, what a program says, or its own store. */
export interface SecretReference {
  readonly source: string;
  readonly provider: string;
  readonly id: string;
}

/** The budget that many gateways share. */
export interface FleetSettings {
  /** May hold a password, or say where the address with it is to be found. */
  readonly redisUrl: string | SecretReference;
  readonly namespace: string;
  /** Resumes at once, all gateways together. */
  readonly maxConcurrent: number;
  readonly startsPerMinute: number | undefined;
  /** How long a slot stays taken when its gateway died. */
  readonly leaseMs: number;
  /** Resumes at once in this gateway while Redis cannot be reached. */
  readonly fallbackConcurrent: number;
}

/** For how long sessions are held. */
export interface GcSettings {
  /** The plugin does it by itself. */
  readonly enabled: boolean;
  readonly heldMs: number;
  /** Those that a permanent error holds. */
  readonly errorMs: number;
}

/** A session's end after which another id begins under the same key, by itself. */
export type RolloverReason = "idle" | "daily";

/** What the first turn after a rollover is given. */
export interface ContinuitySettings extends CarryLimits {
  readonly enabled: boolean;
  readonly reasons: readonly RolloverReason[];
}

/**
 * The settings in force: every value present, in range, durations in milliseconds.
 *
 * Made by `resolveSettings` only; nothing inside the plugin sees the raw form.
 */
export interface Settings {
  readonly mode: Mode;
  readonly filter: {
    /** Longest time since the last user or transcript activity. */
    readonly idleMs: number;
    /** Longest time since the session was started. */
    readonly maxAgeMs: number;
    /** Errors in a row. */
    readonly maxFailures: number;
    readonly agents: ScopeGlobs;
    readonly channels: ScopeGlobs;
    readonly sessionKeys: ScopeGlobs;
    /** What becomes of a session out of scope. */
    readonly excluded: "leave" | "hold";
  };
  readonly budget: {
    /** Resumes at once. */
    readonly maxConcurrent: number;
    /** Resumes of one agent at once; `undefined` is no limit of its own. */
    readonly maxPerAgent: number | undefined;
    /** Sessions admitted at one boot. */
    readonly maxPerBoot: number;
    /** Between two starts; 0 is none. */
    readonly startIntervalMs: number;
    /** 0 is no limit. */
    readonly startsPerMinute: number;
    readonly maxTokensPerBoot: number | undefined;
    /** US dollars. */
    readonly maxCostPerBoot: number | undefined;
    /** 0 is no limit. */
    readonly maxEventLoopDelayMs: number;
    /** MiB of resident memory. */
    readonly maxMemoryMb: number | undefined;
  };
  /** How long a model provider that refuses resumes is left alone. */
  readonly cooldown: { readonly initialMs: number; readonly maxMs: number };
  /** Undefined for a gateway on its own. */
  readonly fleet: FleetSettings | undefined;
  readonly lane: { readonly name: string; readonly quietMs: number };
  readonly resume: {
    readonly timeoutMs: number;
    readonly retryDelayMs: number;
    readonly maxAttempts: number;
    readonly unsafeTail: UnsafeTail;
  };
  readonly preemption: {
    readonly scope: "lane" | "session";
    readonly maxPreemptions: number;
    readonly maxWaitMs: number;
  };
  /** Whether a conversation is told that its resume is held. */
  readonly notify: "off" | "held";
  /** Whether, and after how long, held sessions are retired. */
  readonly gc: GcSettings;
  readonly continuity: ContinuitySettings;
}
