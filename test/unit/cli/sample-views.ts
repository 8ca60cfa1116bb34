import type {
  DoctorView,
  Explanation,
  GcItem,
  GcView,
  HeldItem,
  PlanItem,
  PlanView,
  QueueItem,
  RunningItem,
  ShowView,
  StatusView,
} from "../../../src/operate/views.ts";

const HOUR = 3_600_000;
export const NOW = Date.UTC(2026, 1, 3, 14, 5, 6);

export const queued = (over: Partial<QueueItem> = {}): QueueItem => ({
  agentId: "a",
  sessionKey: "agent:a:chat",
  position: 1,
  waitedMs: 65_000,
  reason: "interrupted",
  attempts: 0,
  preemptions: 0,
  requested: false,
  aged: false,
  restsMs: 0,
  ...over,
});

export const runningItem = (over: Partial<RunningItem> = {}): RunningItem => ({
  agentId: "a",
  sessionKey: "agent:a:running",
  slot: 1,
  attempt: 1,
  elapsedMs: 5000,
  timeoutMs: 600_000,
  aged: false,
  ...over,
});

export const heldItem = (over: Partial<HeldItem> = {}): HeldItem => ({
  agentId: "a",
  sessionKey: "agent:a:held",
  reason: "idle-too-long",
  claimedAtMs: NOW - HOUR,
  ...over,
});

export const statusView = (over: Partial<StatusView> = {}): StatusView => ({
  version: "0.2.0",
  state: "active",
  atMs: NOW,
  bootedAtMs: NOW - 90_000,
  lane: { name: "startup-resume", mode: "waiting", pausedSinceMs: null, fusedUntilMs: null, waitingFor: null },
  budget: { slots: 2, used: 1, perAgent: null },
  spend: { tokens: 0, maxTokens: null, costUsd: 0, maxCostUsd: null },
  cooldowns: [],
  fleet: null,
  users: { waiting: 0, running: 1 },
  queue: [],
  running: [],
  held: [],
  totals: totals(),
  settingsErrors: [],
  ...over,
});

type Totals = StatusView["totals"];

/** Nothing said and nothing done, but what is given. */
export const totals = (
  verdicts: Partial<Totals["verdicts"]> = {},
  outcomes: Partial<Totals["outcomes"]> = {},
  attempts: Partial<Totals["attempts"]> = {},
): Totals => ({
  verdicts: { admit: 0, hold: 0, retire: 0, leave: 0, ...verdicts },
  outcomes: {
    completed: 0,
    superseded: 0,
    held: 0,
    discarded: 0,
    released: 0,
    retired: 0,
    ...outcomes,
  },
  attempts: {
    completed: 0,
    failed: 0,
    "timed-out": 0,
    undelivered: 0,
    superseded: 0,
    held: 0,
    refused: 0,
    "provider-fault": 0,
    preempted: 0,
    ...attempts,
  },
});

export const explanation = (over: Partial<Explanation> = {}): Explanation => ({
  verdict: "hold",
  reason: "idle-too-long",
  meaning: "has been idle for longer than the limit",
  rule: "filter.idleHours",
  found: 2 * HOUR + 300_000,
  limit: HOUR,
  unit: "ms",
  remedy: "`openclaw resumes resume <key>` runs it anyway",
  ...over,
});

export const planItem = (over: Partial<PlanItem> = {}): PlanItem => ({
  agentId: "a",
  sessionKey: "agent:a:chat",
  ...explanation(),
  estimatedTokens: null,
  ...over,
});

export const planView = (over: Partial<PlanView> = {}): PlanView => ({
  of: "boot",
  source: "gateway",
  state: "active",
  atMs: NOW,
  sessions: [planItem()],
  totals: totals({ hold: 1 }).verdicts,
  tokens: { estimated: 0, limit: null },
  ...over,
});

export const showView = (over: Partial<ShowView> = {}): ShowView => ({
  agentId: "a",
  sessionKey: "agent:a:chat",
  ref: "0123456789ab",
  source: "gateway",
  session: {
    sessionId: "session-1",
    kind: "conversation",
    chat: "direct",
    channel: "telegram",
    status: "killed",
    abortedLastRun: true,
    lastInteractionAtMs: NOW - HOUR,
    startedAtMs: null,
    stoppedAtMs: null,
    lastRunError: null,
    marks: ["spawned"],
  },
  conversation: {
    key: "agent:a:telegram:direct:1",
    kind: "direct",
    channel: "telegram",
    accountId: null,
    peer: "1",
    threadId: null,
    rows: [{ sessionKey: "agent:a:chat", sessionId: "session-1", status: "killed", lastInteractionAtMs: NOW - HOUR }],
  },
  transcript: {
    state: "ok",
    sizeBytes: 1234,
    endsWith: "user",
    newestEventAtMs: NOW - HOUR,
    failures: 0,
    lastError: null,
  },
  place: "queued",
  position: 3,
  boot: explanation(),
  now: null,
  record: {
    phase: "settled",
    outcome: "held",
    reason: "idle-too-long",
    attempts: 1,
    cutOffs: 0,
    preemptions: 2,
    claimedAtMs: NOW - HOUR,
    requestedAtMs: null,
    notifiedAtMs: null,
    pluginVersion: "0.2.0",
  },
  history: [{ atMs: NOW - HOUR, what: "started", detail: { attempt: 1, slot: 2 } }],
  ...over,
});

export const gcItem = (over: Partial<GcItem> = {}): GcItem => ({
  agentId: "a",
  sessionKey: "agent:a:held",
  action: "keep",
  heldForMs: 2 * 24 * HOUR,
  kind: "direct",
  heldBy: "idle-too-long",
  retiredBy: null,
  protectedBy: null,
  transcript: "present",
  ...over,
});

export const gcView = (over: Partial<GcView> = {}): GcView => ({
  source: "gateway",
  atMs: NOW,
  applied: false,
  enabled: true,
  heldMs: 14 * 24 * HOUR,
  errorMs: 3 * 24 * HOUR,
  sessions: [gcItem()],
  summary: { before: 1, after: 1, retired: 0, kept: 1, protected: 0 },
  ...over,
});

export const doctorView = (...findings: DoctorView["findings"]): DoctorView => ({
  source: "gateway",
  findings,
  splits: [],
});
