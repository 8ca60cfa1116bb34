/** What the plugin does with interrupted sessions: resume them, only report them, or nothing. */
export type Mode = "active" | "observe" | "off";

/** What to do with a transcript that ends inside a tool call. */
export type UnsafeTail = "ask" | "hold" | "full";

/** Patterns that a word must match one of, and those that it must not match. */
export interface ScopeGlobs {
  readonly include: readonly string[] | undefined;
  readonly exclude: readonly string[] | undefined;
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
  };
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
}
