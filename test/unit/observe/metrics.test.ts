import { beforeEach, describe, expect, it } from "vitest";
import { EventBus } from "../../../src/domain/events.ts";
import { Metrics } from "../../../src/observe/metrics.ts";

const ADMITTED = { kind: "admit", reason: "interrupted", found: "secret-found", limit: "secret-limit" } as const;
const SUBJECT = { agentId: "secret-agent", sessionKey: "secret-key" };

/** Every series, without the buckets of the histograms, before anything has happened. */
const FROM_THE_START = `
openclaw_resume_budget_slots{state="free"} 0
openclaw_resume_budget_slots{state="used"} 0
openclaw_resume_lane_paused{cause="fuse"} 0
openclaw_resume_lane_paused{cause="mode"} 0
openclaw_resume_lane_paused{cause="operator"} 0
openclaw_resume_mode{mode="draining"} 0
openclaw_resume_mode{mode="failed"} 0
openclaw_resume_mode{mode="running"} 0
openclaw_resume_mode{mode="starting"} 0
openclaw_resume_mode{mode="stopped"} 0
openclaw_resume_mode{mode="waiting"} 0
openclaw_resume_mode{mode="yielding"} 0
openclaw_resume_oldest_waiting_seconds{lane="main"} 0
openclaw_resume_oldest_waiting_seconds{lane="startup-resume"} 0
openclaw_resume_outcomes_total{outcome="completed"} 0
openclaw_resume_outcomes_total{outcome="discarded"} 0
openclaw_resume_outcomes_total{outcome="failed"} 0
openclaw_resume_outcomes_total{outcome="held"} 0
openclaw_resume_outcomes_total{outcome="released"} 0
openclaw_resume_outcomes_total{outcome="superseded"} 0
openclaw_resume_outcomes_total{outcome="timed-out"} 0
openclaw_resume_preemption_seconds_count 0
openclaw_resume_preemption_seconds_sum 0
openclaw_resume_preemptions_total{cause="operator"} 0
openclaw_resume_preemptions_total{cause="other-user"} 0
openclaw_resume_preemptions_total{cause="own-user"} 0
openclaw_resume_preemptions_total{cause="shutdown"} 0
openclaw_resume_queue_depth{lane="main"} 0
openclaw_resume_queue_depth{lane="startup-resume"} 0
openclaw_resume_queue_wait_seconds_count{lane="main"} 0
openclaw_resume_queue_wait_seconds_count{lane="startup-resume"} 0
openclaw_resume_queue_wait_seconds_sum{lane="main"} 0
openclaw_resume_queue_wait_seconds_sum{lane="startup-resume"} 0
openclaw_resume_run_seconds_count{outcome="completed"} 0
openclaw_resume_run_seconds_count{outcome="discarded"} 0
openclaw_resume_run_seconds_count{outcome="failed"} 0
openclaw_resume_run_seconds_count{outcome="held"} 0
openclaw_resume_run_seconds_count{outcome="preempted"} 0
openclaw_resume_run_seconds_count{outcome="released"} 0
openclaw_resume_run_seconds_count{outcome="superseded"} 0
openclaw_resume_run_seconds_count{outcome="timed-out"} 0
openclaw_resume_run_seconds_sum{outcome="completed"} 0
openclaw_resume_run_seconds_sum{outcome="discarded"} 0
openclaw_resume_run_seconds_sum{outcome="failed"} 0
openclaw_resume_run_seconds_sum{outcome="held"} 0
openclaw_resume_run_seconds_sum{outcome="preempted"} 0
openclaw_resume_run_seconds_sum{outcome="released"} 0
openclaw_resume_run_seconds_sum{outcome="superseded"} 0
openclaw_resume_run_seconds_sum{outcome="timed-out"} 0
openclaw_resume_running{lane="main"} 0
openclaw_resume_running{lane="startup-resume"} 0
openclaw_resume_sessions{verdict="admit",reason="claimed-earlier"} 0
openclaw_resume_sessions{verdict="admit",reason="interrupted"} 0
openclaw_resume_sessions{verdict="admit",reason="record-lost"} 0
openclaw_resume_sessions{verdict="admit",reason="reply-owed"} 0
openclaw_resume_sessions{verdict="admit",reason="requested"} 0
openclaw_resume_sessions{verdict="hold",reason="activity-unknown"} 0
openclaw_resume_sessions{verdict="hold",reason="attempts-exhausted"} 0
openclaw_resume_sessions{verdict="hold",reason="crash-loop"} 0
openclaw_resume_sessions{verdict="hold",reason="dm-scope-retired"} 0
openclaw_resume_sessions{verdict="hold",reason="excluded"} 0
openclaw_resume_sessions{verdict="hold",reason="failing"} 0
openclaw_resume_sessions{verdict="hold",reason="held-earlier"} 0
openclaw_resume_sessions{verdict="hold",reason="idle-too-long"} 0
openclaw_resume_sessions{verdict="hold",reason="over-boot-limit"} 0
openclaw_resume_sessions{verdict="hold",reason="permanent-error"} 0
openclaw_resume_sessions{verdict="hold",reason="record-damaged"} 0
openclaw_resume_sessions{verdict="hold",reason="time-in-future"} 0
openclaw_resume_sessions{verdict="hold",reason="too-old"} 0
openclaw_resume_sessions{verdict="hold",reason="transcript-empty"} 0
openclaw_resume_sessions{verdict="hold",reason="transcript-missing"} 0
openclaw_resume_sessions{verdict="hold",reason="transcript-truncated"} 0
openclaw_resume_sessions{verdict="hold",reason="transcript-unreadable"} 0
openclaw_resume_sessions{verdict="hold",reason="unsafe-tail"} 0
openclaw_resume_sessions{verdict="leave",reason="acp"} 0
openclaw_resume_sessions{verdict="leave",reason="claim-failed"} 0
openclaw_resume_sessions{verdict="leave",reason="cli-backed"} 0
openclaw_resume_sessions{verdict="leave",reason="cron"} 0
openclaw_resume_sessions{verdict="leave",reason="delivery-receipt"} 0
openclaw_resume_sessions{verdict="leave",reason="excluded"} 0
openclaw_resume_sessions{verdict="leave",reason="harness-completion"} 0
openclaw_resume_sessions{verdict="leave",reason="heartbeat"} 0
openclaw_resume_sessions{verdict="leave",reason="message-tool-only"} 0
openclaw_resume_sessions{verdict="leave",reason="model-selection-locked"} 0
openclaw_resume_sessions{verdict="leave",reason="pending-final-delivery"} 0
openclaw_resume_sessions{verdict="leave",reason="plugin-owned"} 0
openclaw_resume_sessions{verdict="leave",reason="recovery-tombstone"} 0
openclaw_resume_sessions{verdict="leave",reason="released"} 0
openclaw_resume_sessions{verdict="leave",reason="restart-continuation"} 0
openclaw_resume_sessions{verdict="leave",reason="spawned"} 0
openclaw_resume_sessions{verdict="leave",reason="subagent"} 0
openclaw_resume_sessions{verdict="leave",reason="unreadable-entry"} 0
openclaw_resume_sessions{verdict="retire",reason="session-replaced"} 0
openclaw_resume_sessions{verdict="retire",reason="user-continued"} 0
openclaw_resume_starvation_seconds_total{lane="main"} 0
openclaw_resume_starvation_seconds_total{lane="startup-resume"} 0
`
  .trim()
  .split("\n");

let nowMs: number;
let events: EventBus;
let metrics: Metrics;

beforeEach(() => {
  nowMs = 0;
  events = new EventBus();
  metrics = new Metrics(events, () => nowMs);
});

async function samples(): Promise<string[]> {
  const lines = (await metrics.registry.metrics()).split("\n");
  return lines.filter((line) => line !== "" && !line.startsWith("#"));
}

/** The samples that are not zero, without the buckets and without the common prefix. */
async function changed(): Promise<string[]> {
  const lines = (await samples()).filter((line) => !line.includes("_bucket") && !line.endsWith(" 0"));
  return lines.map((line) => line.replace("openclaw_resume_", "")).toSorted();
}

describe("from the start", () => {
  it("every series is there with zero", async () => {
    expect((await samples()).filter((line) => !line.includes("_bucket")).toSorted()).toEqual(FROM_THE_START.toSorted());
  });

  it("every histogram has its buckets with zero, from the smallest to +Inf", async () => {
    const buckets = (await samples()).filter((line) => line.includes("_bucket"));
    expect(buckets).toContain('openclaw_resume_queue_wait_seconds_bucket{le="0.01",lane="startup-resume"} 0');
    expect(buckets).toContain('openclaw_resume_queue_wait_seconds_bucket{le="+Inf",lane="main"} 0');
    expect(buckets).toContain('openclaw_resume_preemption_seconds_bucket{le="0.5"} 0');
    expect(buckets).toContain('openclaw_resume_run_seconds_bucket{le="60",outcome="timed-out"} 0');
    expect(buckets.filter((line) => !line.endsWith(" 0"))).toEqual([]);
  });

  it("each metric has a type and a help text", async () => {
    const text = await metrics.registry.metrics();
    expect(text.match(/^# TYPE openclaw_resume_\w+ (gauge|counter|histogram)$/gm)).toHaveLength(13);
    expect(text.match(/^# HELP openclaw_resume_\w+ \S.+$/gm)).toHaveLength(13);
  });

  it("nothing is in prom-client's global registry", async () => {
    const { register } = await import("prom-client");
    expect(register.getMetricsAsArray()).toEqual([]);
  });
});

describe("a load", () => {
  it("shows in depth and running of both lanes", async () => {
    events.emit("load", { usersWaiting: 1, usersRunning: 2, queued: 3, running: 4 });
    expect(await changed()).toEqual([
      'queue_depth{lane="main"} 1',
      'queue_depth{lane="startup-resume"} 3',
      'running{lane="main"} 2',
      'running{lane="startup-resume"} 4',
    ]);
  });

  it("shows as starvation up to the scrape, read twice counted once", async () => {
    events.emit("load", { usersWaiting: 1, usersRunning: 0, queued: 1, running: 1 });
    nowMs = 250;
    events.emit("load", { usersWaiting: 0, usersRunning: 0, queued: 1, running: 0 });
    nowMs = 1250;
    await samples();
    expect((await changed()).filter((line) => line.startsWith("starvation"))).toEqual([
      'starvation_seconds_total{lane="main"} 0.25',
      'starvation_seconds_total{lane="startup-resume"} 1',
    ]);
  });
});

describe("waits", () => {
  it("of both lanes are in one histogram", async () => {
    events.emit("mainWaited", { waitMs: 40 });
    events.emit("started", { ...SUBJECT, slot: 1, attempt: 1, waitedMs: 2500, aged: false });
    expect(await changed()).toEqual([
      'queue_wait_seconds_count{lane="main"} 1',
      'queue_wait_seconds_count{lane="startup-resume"} 1',
      'queue_wait_seconds_sum{lane="main"} 0.04',
      'queue_wait_seconds_sum{lane="startup-resume"} 2.5',
    ]);
    expect(await samples()).toContain('openclaw_resume_queue_wait_seconds_bucket{le="0.05",lane="main"} 1');
    expect(await samples()).toContain('openclaw_resume_queue_wait_seconds_bucket{le="0.01",lane="main"} 0');
  });

  it("that still go on are read at the scrape", async () => {
    nowMs = 10_000;
    const pausedBy = new Set(["fuse"] as const);
    metrics.watch({
      slots: { total: 3, used: 1 },
      pausedBy,
      mode: "yielding",
      oldestSinceMs: (lane) => (lane === "main" ? 9500 : 4000),
    });
    expect(await changed()).toEqual([
      'budget_slots{state="free"} 2',
      'budget_slots{state="used"} 1',
      'lane_paused{cause="fuse"} 1',
      'mode{mode="yielding"} 1',
      'oldest_waiting_seconds{lane="main"} 0.5',
      'oldest_waiting_seconds{lane="startup-resume"} 6',
    ]);
  });
});

it("counts the candidates of the boot by verdict and reason", async () => {
  const held = { kind: "hold", reason: "idle-too-long", found: 2, limit: 1 } as const;
  events.emit("judged", { ...SUBJECT, verdict: ADMITTED });
  events.emit("judged", { ...SUBJECT, verdict: held });
  events.emit("judged", { ...SUBJECT, verdict: held });
  expect(await changed()).toEqual([
    'sessions{verdict="admit",reason="interrupted"} 1',
    'sessions{verdict="hold",reason="idle-too-long"} 2',
  ]);
});

describe("outcomes", () => {
  it("count a completed resume once", async () => {
    events.emit("ended", { ...SUBJECT, outcome: "completed", ranMs: 1500 });
    events.emit("settled", { ...SUBJECT, outcome: "completed", reason: "replied", attempts: 1 });
    expect(await changed()).toEqual([
      'outcomes_total{outcome="completed"} 1',
      'run_seconds_count{outcome="completed"} 1',
      'run_seconds_sum{outcome="completed"} 1.5',
    ]);
  });

  it("count each failed or timed-out attempt, and the holding after the last", async () => {
    events.emit("ended", { ...SUBJECT, outcome: "failed", ranMs: 1000, error: "x" });
    events.emit("ended", { ...SUBJECT, outcome: "timed-out", ranMs: 60_000, error: "x" });
    events.emit("settled", { ...SUBJECT, outcome: "held", reason: "attempts-exhausted", attempts: 2 });
    expect((await changed()).filter((line) => line.startsWith("outcomes"))).toEqual([
      'outcomes_total{outcome="failed"} 1',
      'outcomes_total{outcome="held"} 1',
      'outcomes_total{outcome="timed-out"} 1',
    ]);
  });
});

describe("preemptions", () => {
  it("count by cause, with the time from signal to drained", async () => {
    events.emit("ended", { ...SUBJECT, outcome: "preempted", ranMs: 500, cancelCause: "other-user", drainedMs: 125 });
    expect(await changed()).toEqual([
      "preemption_seconds_count 1",
      "preemption_seconds_sum 0.125",
      'preemptions_total{cause="other-user"} 1',
      'run_seconds_count{outcome="preempted"} 1',
      'run_seconds_sum{outcome="preempted"} 0.5',
    ]);
  });

  it("by the operator count by their cause too", async () => {
    events.emit("ended", { ...SUBJECT, outcome: "preempted", ranMs: 500, cancelCause: "operator", drainedMs: 125 });
    events.emit("settled", { ...SUBJECT, outcome: "discarded", reason: "by-operator", attempts: 0 });
    expect((await changed()).filter((line) => /^(preemptions|outcomes)/.test(line))).toEqual([
      'outcomes_total{outcome="discarded"} 1',
      'preemptions_total{cause="operator"} 1',
    ]);
  });

  it("by a shutdown are no user's: they have no drain time", async () => {
    events.emit("ended", { ...SUBJECT, outcome: "preempted", ranMs: 500, cancelCause: "shutdown", drainedMs: 125 });
    expect((await changed()).filter((line) => line.startsWith("preemption"))).toEqual([
      'preemptions_total{cause="shutdown"} 1',
    ]);
  });
});

it("names no session, no agent and no error", async () => {
  events.emit("judged", { ...SUBJECT, verdict: ADMITTED });
  events.emit("queued", { ...SUBJECT, attempts: 0 });
  events.emit("started", { ...SUBJECT, slot: 1, attempt: 1, waitedMs: 1, aged: false });
  events.emit("ended", { ...SUBJECT, outcome: "failed", ranMs: 1, error: "secret-error" });
  events.emit("trouble", { ...SUBJECT, what: "secret-what", error: new Error("secret-error") });
  expect(await metrics.registry.metrics()).not.toContain("secret");
  // Nothing was added to the label values of the start either.
  const names = (lines: string[]) => lines.map((line) => line.replace(/ \S+$/, "")).toSorted();
  const seen = names((await samples()).filter((line) => !line.includes("_bucket")));
  expect(seen).toEqual(names(FROM_THE_START));
});
