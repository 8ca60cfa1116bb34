/** What an operator should know of a reason. The docs table, the CLI and the metric labels are all made from this. */
export interface ReasonNote {
  /** What it says of the session, as the end of the sentence "the session ...". */
  readonly meaning: string;
  /** What decided: the setting by its path, or a fact of the host's. */
  readonly rule: string;
  /** What the operator can do about it. */
  readonly remedy: string;
  /** How to read what was found and compared: durations in milliseconds, or epoch milliseconds. */
  readonly unit?: "ms" | "time";
}

const NOTHING = "nothing to do";
const RESUME = "`openclaw resumes resume <key>` runs it anyway; its user's next message continues it";
const HOST_FINISHES = "nothing to do: the host finishes it";

/** Every verdict with its reasons: one closed list. The key is the value of the metric label `reason`. */
export const VERDICTS = {
  admit: {
    interrupted: {
      meaning: "was cut off by the restart and passed every filter",
      rule: "filter.idleHours",
      remedy: "`openclaw resumes hold <key>` keeps it from running, `discard <key>` drops it",
      unit: "ms",
    },
    "claimed-earlier": {
      meaning: "was claimed at an earlier boot that did not get to it",
      rule: "resume.maxAttempts",
      remedy: "`openclaw resumes hold <key>` keeps it from running, `discard <key>` drops it",
    },
    "record-lost": {
      meaning: "was claimed by this plugin, whose record of it is lost; its marks and its unanswered transcript tell",
      rule: "filter.idleHours",
      remedy: "`openclaw resumes hold <key>` keeps it from running, `discard <key>` drops it",
      unit: "ms",
    },
    "reply-owed": {
      meaning: "has been answered, and the answer has still to be delivered",
      rule: "the plugin's record: phase",
      remedy: NOTHING,
    },
    requested: {
      meaning: "is resumed because the operator asked for it, whatever the filters say",
      rule: "openclaw resumes resume",
      remedy: "`openclaw resumes hold <key>` takes the request back",
      unit: "time",
    },
  },
  hold: {
    "idle-too-long": {
      meaning: "has been idle for longer than the limit",
      rule: "filter.idleHours",
      remedy: RESUME,
      unit: "ms",
    },
    "too-old": {
      meaning: "was started longer ago than the limit",
      rule: "filter.maxAgeHours",
      remedy: RESUME,
      unit: "ms",
    },
    "activity-unknown": {
      meaning: "has no time that tells its age",
      rule: "filter.idleHours",
      remedy: RESUME,
      unit: "ms",
    },
    "time-in-future": {
      meaning: "was last active in the future: its times, or this machine's clock, are wrong",
      rule: "the machine's clock",
      remedy: `check the clock; ${RESUME}`,
      unit: "time",
    },
    excluded: {
      meaning: 'is outside the scope filter, and `filter.excluded` is "hold"',
      rule: "filter.agents, filter.channels, filter.sessionKeys",
      remedy: `change the scope filter; ${RESUME}`,
    },
    "duplicate-of": {
      meaning: "has another row of the same conversation, which was active more lately and stands for both",
      rule: "the host's rules for session keys",
      remedy: `\`openclaw resumes show <key>\` names the rows; ${RESUME}`,
    },
    "dm-scope-retired": {
      meaning:
        'is a direct chat of its own although `session.dmScope` is "main": its user now writes to the main session',
      rule: "session.dmScope",
      remedy: "`openclaw resumes discard <key>`; `openclaw sessions cleanup --fix-dm-scope` retires the row",
    },
    "transcript-missing": {
      meaning: "has no transcript: there is nothing to resume from",
      rule: "its transcript",
      remedy: "`openclaw resumes discard <key>`; `openclaw sessions cleanup --fix-missing` removes the row",
    },
    "transcript-empty": {
      meaning: "has a transcript without a message",
      rule: "its transcript",
      remedy: "`openclaw resumes discard <key>`; its user's next message starts it afresh",
    },
    "transcript-unreadable": {
      meaning: "has a transcript that the host cannot read",
      rule: "its transcript",
      remedy: `check the agent's session store; ${RESUME}`,
    },
    "transcript-truncated": {
      meaning: "has a transcript whose end is damaged: what was asked last is not certain",
      rule: "its transcript",
      remedy: RESUME,
    },
    "permanent-error": {
      meaning: "last ended in an error that a repeat does not cure (authentication, billing, model, context)",
      rule: "its last run",
      remedy: `cure the error; ${RESUME}`,
    },
    failing: {
      meaning: "has failed too often in a row",
      rule: "filter.maxFailures",
      remedy: RESUME,
    },
    "unsafe-tail": {
      meaning: 'was cut off inside a tool call, and `resume.unsafeTail` is "hold"',
      rule: "resume.unsafeTail",
      remedy: RESUME,
    },
    "over-boot-limit": {
      meaning: "would be one more than a boot may admit; newer ones went first",
      rule: "budget.maxPerBoot",
      remedy: RESUME,
    },
    "attempts-exhausted": {
      meaning: "has used up its attempts",
      rule: "resume.maxAttempts",
      remedy: RESUME,
    },
    "crash-loop": {
      meaning: "was being resumed when the gateway died, more than once: the resume itself may be the cause",
      rule: "deaths of the gateway during its attempts",
      remedy: `find out why the gateway died; ${RESUME}`,
    },
    "record-damaged": {
      meaning:
        "has a record that is not what was written, or that a newer version wrote: how far it came is not certain",
      rule: "the plugin's record: checksum, phase",
      remedy: RESUME,
    },
    "held-earlier": {
      meaning: "was held before this boot and stays so; what was found says why, the limit what it was compared with",
      rule: "what held it first",
      remedy: RESUME,
    },
  },
  retire: {
    "user-continued": {
      meaning: "has been continued or stopped by its user since it was claimed",
      rule: "the user's last message or /stop",
      remedy: NOTHING,
      unit: "time",
    },
    "session-replaced": {
      meaning: "has been started afresh since it was claimed",
      rule: "entry.sessionStartedAt, entry.sessionId",
      remedy: NOTHING,
      unit: "time",
    },
  },
  leave: {
    subagent: { meaning: "belongs to a subagent", rule: "the session key", remedy: HOST_FINISHES },
    cron: { meaning: "belongs to a cron job", rule: "the session key", remedy: HOST_FINISHES },
    acp: { meaning: "belongs to an ACP client", rule: "the session key", remedy: HOST_FINISHES },
    heartbeat: {
      meaning: "belongs to a heartbeat",
      rule: "entry.heartbeatIsolatedBaseSessionKey",
      remedy: HOST_FINISHES,
    },
    spawned: {
      meaning: "was spawned by another session",
      rule: "entry.spawnDepth, entry.subagentRole",
      remedy: HOST_FINISHES,
    },
    "plugin-owned": {
      meaning: "belongs to another plugin",
      rule: "entry.pluginOwnerId",
      remedy: "nothing to do: that plugin finishes it",
    },
    "restart-continuation": {
      meaning: "asked for the restart itself: the host goes on with it",
      rule: "the host's restart continuation",
      remedy: HOST_FINISHES,
    },
    "pending-final-delivery": {
      meaning: "has a final reply that the host still delivers",
      rule: "entry.pendingFinalDelivery",
      remedy: HOST_FINISHES,
    },
    "message-tool-only": {
      meaning: "replies through the message tool only",
      rule: "entry.restartRecoverySourceReplyDeliveryMode",
      remedy: HOST_FINISHES,
    },
    "harness-completion": {
      meaning: "waits for its agent harness",
      rule: "entry.restartRecoveryHarnessCompletion",
      remedy: HOST_FINISHES,
    },
    "delivery-receipt": {
      meaning: "has a delivery whose receipt the host is looking for",
      rule: "entry.restartRecoveryDeliveryReceiptState",
      remedy: HOST_FINISHES,
    },
    "recovery-tombstone": {
      meaning: "was given up by the host's own recovery",
      rule: "entry.mainRestartRecovery.tombstone",
      remedy: "its user's next message continues it",
    },
    "model-selection-locked": {
      meaning: "may not change its model",
      rule: "entry.modelSelectionLocked",
      remedy: HOST_FINISHES,
    },
    "transcript-unwritten": {
      meaning:
        "was cut off in its first turn, which this host writes down at its first answer: the host tells its user so",
      rule: "the host's transcript file",
      remedy: HOST_FINISHES,
    },
    "cli-backed": {
      meaning: "has its history in a command-line agent, which an embedded run does not reach",
      rule: "entry.cliSessionBindings",
      remedy: HOST_FINISHES,
    },
    excluded: {
      meaning: 'is outside the scope filter, and `filter.excluded` is "leave"',
      rule: "filter.agents, filter.channels, filter.sessionKeys",
      remedy: 'change the scope filter, or set `filter.excluded` to "hold"',
    },
    released: {
      meaning: "was given back to the host by the operator",
      rule: "openclaw resumes release",
      remedy: "nothing to do: the host's recovery resumes it at its next start",
    },
    "unreadable-entry": {
      meaning: "has an entry that cannot be understood",
      rule: "the session entry",
      remedy: "`openclaw doctor`; its user's next message starts it afresh",
    },
    "claim-failed": {
      meaning: "changed while it was being claimed, or could not be written",
      rule: "the claim's commit",
      remedy: "see the log; the host recovers it",
    },
  },
} as const satisfies Record<string, Record<string, ReasonNote>>;

export type VerdictKind = keyof typeof VERDICTS;
export type ReasonOf<Kind extends VerdictKind> = Extract<keyof (typeof VERDICTS)[Kind], string>;
export type HoldReason = ReasonOf<"hold">;
export type LeaveReason = ReasonOf<"leave">;

/** Whether this version knows such a verdict. */
export const isKnown = (kind: string, reason: string): boolean =>
  Object.hasOwn(VERDICTS, kind) && Object.hasOwn(VERDICTS[kind as VerdictKind], reason);

/** The note of a verdict's reason. */
export function noteOf(kind: VerdictKind, reason: string): ReasonNote {
  const notes: Readonly<Record<string, ReasonNote>> = VERDICTS[kind];
  const note = isKnown(kind, reason) ? notes[reason] : undefined;
  if (note === undefined) throw new Error(`no note for ${kind} ${reason}`);
  return note;
}

/** The reasons of a verdict, in the order of the docs. */
export const reasonsOf = (kind: VerdictKind): readonly string[] => Object.keys(VERDICTS[kind]);

/** Why a claimed session ended as it did: every outcome with its reasons. */
export const OUTCOMES = {
  completed: {
    replied: "its answer was sent",
    "handed-over": "its answer is in the host's outbound queue, which goes on with it",
    suppressed: "its answer was kept from going out by a rule or hook of the operator's",
    "nothing-to-say": "the agent had nothing to say",
    "already-answered": "it had been answered before the restart",
    "no-route": "its answer is in the transcript; the session has no chat to send it to, or its send policy forbids it",
  },
  superseded: { "user-continued": "its user's own turn continues it" },
  held: {
    "attempts-exhausted": "it has used up its attempts",
    "permanent-error": "an attempt, or the turn before it, ended in an error that a repeat does not cure",
    failing: "its turns had failed too often in a row, as its long transcript shows",
    "transcript-missing": "its transcript was gone when its turn came",
    "transcript-empty": "its transcript had no message when its turn came",
    "transcript-truncated": "the end of its transcript was damaged when its turn came",
    "transcript-unreadable": "its transcript could not be read when its turn came",
    "delivery-failed": "its answer could not be handed to the host's outbound queue",
    "over-token-budget": "the tokens that resumes may use in one boot were used up (`budget.maxTokensPerBoot`)",
    "over-cost-budget": "what resumes may cost in one boot was used up (`budget.maxCostPerBoot`)",
    "unsafe-tail": 'it was cut off inside a tool call, and `resume.unsafeTail` is "hold"',
    "by-operator": "`openclaw resumes hold`",
  },
  discarded: { "by-operator": "`openclaw resumes discard`" },
  released: {
    "by-operator": "`openclaw resumes release`: the host's recovery takes it at its next start",
    "not-active":
      "this gateway runs with another mode or with wrong settings, or this plugin could not start in it: the host's recovery takes it",
  },
  retired: {
    "held-too-long": "it was held for longer than `gc.heldDays`: this plugin forgets it, its row and transcript stay",
    "error-too-long": "a permanent error held it for longer than `gc.errorDays`: the same",
  },
} as const satisfies Record<string, Record<string, string>>;

export type Outcome = keyof typeof OUTCOMES;
/** Why a held session is forgotten. */
export type RetiredReason = keyof (typeof OUTCOMES)["retired"];

/** What keeps a session from being retired although it was held for long enough. */
export const PROTECTIONS = {
  pinned: "its user has pinned it",
  "active-key": "`openclaw resumes gc --active-key`",
  "reply-owed": "its answer is written and was not delivered: `openclaw resumes resume <key>` tries once more",
  interrupted: "it has a turn that runs or was cut off: the next boot judges it anew",
  "record-damaged": "its record is not what was written: the next boot writes a new one",
  "unreadable-entry": "its row cannot be read, so it may be pinned",
} as const;

export type Protection = keyof typeof PROTECTIONS;

/** Why a claimed session is held in the end. */
export type HeldReason = keyof (typeof OUTCOMES)["held"];
