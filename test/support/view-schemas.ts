/** The answers of `resumes.*` and of `openclaw resumes --json`, pinned: a field more, less or of another kind fails. */
import Type from "typebox";
import { Errors } from "typebox/value";
import { expect } from "vitest";
import type { GcAnswer } from "../../src/cli/gc.ts";
import type {
  ActionView,
  DoctorView,
  GcView,
  PauseView,
  PlanView,
  ShowView,
  StatusView,
} from "../../src/operate/views.ts";

const exactly = <const Properties extends Record<string, Type.TSchema>>(properties: Properties) =>
  Type.Object(properties, { additionalProperties: false });
const nullOr = <Schema extends Type.TSchema>(schema: Schema) => Type.Union([schema, Type.Null()]);

const text = Type.String({ minLength: 1 });
const count = Type.Integer({ minimum: 0 });
const durationMs = Type.Integer({ minimum: 0 });
/** Epoch milliseconds, and of these days: seconds or a duration do not pass. */
const timeMs = Type.Integer({ minimum: Date.UTC(2025, 0) });
const fact = Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Null()]);
const source = Type.Enum(["gateway", "store"]);
const serviceState = Type.Enum(["active", "observe", "off", "misconfigured", "failed"]);
const name = { agentId: text, sessionKey: text };

const verdictCounts = exactly({ admit: count, hold: count, retire: count, leave: count });
const outcomeCounts = exactly({
  completed: count,
  superseded: count,
  held: count,
  discarded: count,
  released: count,
  retired: count,
});
const attemptCounts = exactly({
  completed: count,
  failed: count,
  "timed-out": count,
  undelivered: count,
  superseded: count,
  held: count,
  refused: count,
  "provider-fault": count,
  preempted: count,
});

export const StatusSchema = exactly({
  version: text,
  state: serviceState,
  atMs: timeMs,
  bootedAtMs: nullOr(timeMs),
  lane: exactly({
    name: text,
    mode: nullOr(Type.Enum(["starting", "waiting", "running", "yielding", "draining", "stopped", "failed"])),
    pausedSinceMs: nullOr(timeMs),
    fusedUntilMs: nullOr(timeMs),
    waitingFor: nullOr(
      Type.Enum([
        "gateway-starting",
        "gateway-stopping",
        "operator",
        "mode",
        "fuse",
        "users",
        "host-refused",
        "resting",
        "memory",
        "event-loop",
        "cooldown",
        "probe",
        "pace",
        "fleet",
        "spend",
      ]),
    ),
  }),
  budget: exactly({ slots: count, used: count, perAgent: nullOr(count) }),
  spend: exactly({
    tokens: count,
    maxTokens: nullOr(count),
    costUsd: Type.Number({ minimum: 0 }),
    maxCostUsd: nullOr(Type.Number({ minimum: 0 })),
  }),
  cooldowns: Type.Array(
    exactly({
      provider: text,
      fault: Type.Enum(["rate-limit", "overloaded", "billing", "authentication", "disabled"]),
      untilMs: timeMs,
      refusals: Type.Integer({ minimum: 1 }),
    }),
  ),
  fleet: nullOr(
    exactly({
      namespace: text,
      state: Type.Enum(["connecting", "shared", "lost"]),
      reason: nullOr(text),
      maxConcurrent: count,
      fallbackConcurrent: count,
    }),
  ),
  users: exactly({ waiting: count, running: count }),
  queue: Type.Array(
    exactly({
      ...name,
      position: Type.Integer({ minimum: 1 }),
      waitedMs: durationMs,
      reason: text,
      attempts: count,
      preemptions: count,
      requested: Type.Boolean(),
      aged: Type.Boolean(),
      restsMs: durationMs,
    }),
  ),
  running: Type.Array(
    exactly({
      ...name,
      slot: Type.Integer({ minimum: 1 }),
      attempt: Type.Integer({ minimum: 1 }),
      elapsedMs: durationMs,
      timeoutMs: durationMs,
      aged: Type.Boolean(),
    }),
  ),
  held: Type.Array(exactly({ ...name, reason: text, claimedAtMs: timeMs })),
  totals: exactly({ verdicts: verdictCounts, attempts: attemptCounts, outcomes: outcomeCounts }),
  settingsErrors: Type.Array(exactly({ path: Type.String(), message: text })),
});

const explanation = {
  verdict: Type.Enum(["admit", "hold", "retire", "leave"]),
  reason: text,
  meaning: text,
  rule: text,
  found: fact,
  limit: fact,
  unit: nullOr(Type.Enum(["ms", "time"])),
  remedy: text,
};

export const PlanSchema = exactly({
  of: Type.Enum(["boot", "now"]),
  source,
  state: serviceState,
  atMs: timeMs,
  sessions: Type.Array(exactly({ ...name, ...explanation, estimatedTokens: nullOr(count) })),
  totals: verdictCounts,
  tokens: exactly({ estimated: count, limit: nullOr(count) }),
});

export const ShowSchema = exactly({
  ...name,
  ref: nullOr(text),
  source,
  session: exactly({
    sessionId: text,
    kind: text,
    chat: text,
    channel: nullOr(text),
    status: nullOr(text),
    abortedLastRun: Type.Boolean(),
    lastInteractionAtMs: nullOr(timeMs),
    startedAtMs: nullOr(timeMs),
    stoppedAtMs: nullOr(timeMs),
    lastRunError: nullOr(text),
    marks: Type.Array(text),
  }),
  conversation: nullOr(
    exactly({
      key: text,
      kind: text,
      channel: nullOr(text),
      accountId: nullOr(text),
      peer: nullOr(text),
      threadId: nullOr(text),
      rows: Type.Array(
        exactly({ sessionKey: text, sessionId: text, status: nullOr(text), lastInteractionAtMs: nullOr(timeMs) }),
      ),
    }),
  ),
  transcript: exactly({
    state: text,
    sizeBytes: nullOr(count),
    endsWith: text,
    newestEventAtMs: nullOr(timeMs),
    failures: count,
    lastError: nullOr(text),
  }),
  place: Type.Enum(["queued", "running", "held", "released", "delivering", "none"]),
  position: nullOr(Type.Integer({ minimum: 1 })),
  boot: nullOr(exactly(explanation)),
  now: nullOr(exactly(explanation)),
  record: nullOr(
    exactly({
      phase: text,
      outcome: nullOr(text),
      reason: text,
      attempts: count,
      cutOffs: count,
      preemptions: count,
      claimedAtMs: timeMs,
      requestedAtMs: nullOr(timeMs),
      notifiedAtMs: nullOr(timeMs),
      pluginVersion: nullOr(text),
    }),
  ),
  history: Type.Array(
    exactly({
      atMs: timeMs,
      what: Type.Enum(["judged", "started", "cancelled", "ended", "settled", "asked", "notified"]),
      detail: Type.Record(Type.String(), Type.Unknown()),
    }),
  ),
});

export const ActionSchema = exactly({
  action: Type.Enum(["resume", "hold", "discard", "release"]),
  done: Type.Array(exactly({ ...name, now: Type.Enum(["queued", "held", "discarded", "released"]) })),
  refused: Type.Array(
    exactly({
      ...name,
      reason: Type.Enum([
        "unknown-session",
        "not-claimed",
        "already-running",
        "already-held",
        "already-released",
        "delivering",
        "answered",
        "user-continued",
        "session-replaced",
        "session-changed",
        "duplicate",
        "failed",
      ]),
      message: text,
    }),
  ),
});

export const PauseSchema = exactly({ pausedSinceMs: nullOr(timeMs) });

export const DoctorSchema = exactly({
  source,
  findings: Type.Array(
    exactly({ check: text, level: Type.Enum(["ok", "warn", "fail"]), found: text, fix: nullOr(text) }),
  ),
  splits: Type.Array(
    exactly({
      agentId: text,
      key: text,
      parts: Type.Array(
        exactly({
          sessionKey: text,
          sessionId: text,
          transcript: text,
          userMessages: count,
          firstUserMessageAtMs: nullOr(timeMs),
          lastUserMessageAtMs: nullOr(timeMs),
        }),
      ),
    }),
  ),
});

export const GcSchema = exactly({
  source,
  atMs: timeMs,
  applied: Type.Boolean(),
  enabled: Type.Boolean(),
  heldMs: Type.Number({ exclusiveMinimum: 0 }),
  errorMs: Type.Number({ exclusiveMinimum: 0 }),
  sessions: Type.Array(
    exactly({
      ...name,
      action: Type.Enum(["retire", "keep", "protect"]),
      heldForMs: durationMs,
      kind: Type.Enum(["direct", "group", "thread", "main", "hook", "other", "subagent", "cron", "acp", "heartbeat"]),
      heldBy: text,
      retiredBy: nullOr(Type.Enum(["held-too-long", "error-too-long"])),
      protectedBy: nullOr(
        Type.Enum(["pinned", "active-key", "reply-owed", "interrupted", "record-damaged", "unreadable-entry"]),
      ),
      transcript: Type.Enum(["present", "missing", "empty", "unreadable"]),
    }),
  ),
  summary: exactly({
    before: count,
    after: count,
    retired: count,
    kept: count,
    protected: count,
  }),
});

/** What the command makes of it. */
export const GcAnswerSchema = exactly({
  ...GcSchema.properties,
  rows: nullOr(exactly({ agentIds: Type.Array(text), missingTranscripts: count, dmScopeRows: count })),
  cleanup: nullOr(exactly({ args: Type.Array(text), exitCode: nullOr(count), output: Type.Unknown() })),
});

/** What the commands print with `--json` when they fail. */
export const FailureSchema = exactly({
  ok: Type.Literal(false),
  error: exactly({ type: text, message: text }),
});

/** `value`, typed, if it has exactly this shape; else the test fails and names each place that differs. */
export function expectShape<Schema extends Type.TSchema>(schema: Schema, value: unknown): Type.Static<Schema> {
  const wrong = Errors(schema, value).map(
    ({ instancePath, message, params }) => `${instancePath}: ${message} ${JSON.stringify(params)}`,
  );
  expect(wrong, JSON.stringify(value, null, 2)).toEqual([]);
  return value as Type.Static<Schema>;
}

type Frozen<Value> = Value extends object ? { readonly [Key in keyof Value]: Frozen<Value[Key]> } : Value;
/** `true` when schema and type say the same, but for `readonly`. */
type Same<Schema extends Type.TSchema, View> = [Frozen<Type.Static<Schema>>, View] extends [
  View,
  Frozen<Type.Static<Schema>>,
]
  ? true
  : never;

/** Does not compile when a schema and the type of its view have come apart. */
true satisfies Same<typeof StatusSchema, StatusView>;
true satisfies Same<typeof PlanSchema, PlanView>;
true satisfies Same<typeof ShowSchema, ShowView>;
true satisfies Same<typeof ActionSchema, ActionView>;
true satisfies Same<typeof PauseSchema, PauseView>;
true satisfies Same<typeof DoctorSchema, DoctorView>;
true satisfies Same<typeof GcSchema, GcView>;
true satisfies Same<typeof GcAnswerSchema, GcAnswer>;
