import { beforeEach, describe, expect, it } from "vitest";
import { EventBus, type ResumeEvents } from "../../../src/domain/events.ts";
import { NO_LOAD } from "../../../src/domain/starvation.ts";
import { WAIT_CAUSES } from "../../../src/domain/wait-cause.ts";
import { fullName, METRICS, type MetricName } from "../../../src/observe/catalogue.ts";
import { expose } from "../../../src/observe/exposition.ts";
import { Metrics, type ServiceView } from "../../../src/observe/metrics.ts";

const ADMITTED = { kind: "admit", reason: "interrupted", found: 1, limit: 2 } as const;
const SUBJECT = { agentId: "a", sessionKey: "agent:a:chat" };
const NAMES = Object.keys(METRICS) as MetricName[];

let nowMs: number;
let events: EventBus;
let service: { -readonly [Field in keyof ServiceView]: ServiceView[Field] };
let metrics: Metrics;

beforeEach(() => {
  nowMs = 0;
  events = new EventBus();
  service = {
    state: "off",
    settingsErrors: [],
    boot: undefined,
    lane: undefined,
    fleetState: undefined,
    heldCount: () => 0,
    splitCount: undefined,
  };
  metrics = makeMetrics();
});

function makeMetrics(versions = { plugin: "1.2.3", host: "2026.9.6" }): Metrics {
  return new Metrics({ events, nowMs: () => nowMs, service, versions, refOf: () => "0123456789ab" });
}

async function samples(from = metrics): Promise<string[]> {
  const lines = (await expose(from.registry)).body.split("\n");
  return lines.filter((line) => line !== "" && !line.startsWith("#"));
}

/** The names and labels of all samples. */
const seriesOf = (lines: readonly string[]) => lines.map((line) => line.replace(/ \S+$/, "")).toSorted();

/** The samples that are not zero, without the buckets, the build and the common prefix. */
async function changed(): Promise<string[]> {
  const lines = (await samples()).filter((line) => !/_bucket|build_info/.test(line) && !line.endsWith(" 0"));
  return lines.map((line) => line.replace("openclaw_resume_", "")).toSorted();
}

describe("from the start", () => {
  it("every series of the catalogue is there with zero, and no other", async () => {
    const listed = NAMES.flatMap((name) => {
      const { type, series } = METRICS[name];
      if (name === "build_info") return [];
      return series.flatMap((labels) => {
        const inner = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
        const suffixes = type === "histogram" ? ["_sum", "_count"] : [""];
        return suffixes.map(
          (suffix) => `${fullName(name)}${suffix}${inner.length === 0 ? "" : `{${inner.join(",")}}`}`,
        );
      });
    });
    const lines = (await samples()).filter((line) => !/_bucket|build_info|{state="off"}/.test(line));
    expect(seriesOf(lines)).toEqual(listed.filter((line) => !line.endsWith('{state="off"}')).toSorted());
    expect(lines.filter((line) => !line.endsWith(" 0"))).toEqual([]);
  });

  it("every histogram has its buckets with zero, from the smallest to +Inf", async () => {
    const buckets = (await samples()).filter((line) => line.includes("_bucket"));
    expect(buckets).toContain('openclaw_resume_queue_wait_seconds_bucket{le="0.01",lane="startup-resume"} 0');
    expect(buckets).toContain('openclaw_resume_queue_wait_seconds_bucket{le="+Inf",lane="main"} 0');
    expect(buckets).toContain('openclaw_resume_preemption_seconds_bucket{le="0.5"} 0');
    expect(buckets).toContain('openclaw_resume_run_seconds_bucket{le="60",outcome="timed-out"} 0');
    expect(buckets.filter((line) => !line.endsWith(" 0"))).toEqual([]);
  });

  it("each metric has a type and a help text, and its name says its unit", async () => {
    const text = (await expose(metrics.registry)).body;
    for (const name of NAMES) {
      const { type, meaning, unit } = METRICS[name];
      expect(text).toContain(`# HELP ${fullName(name)} ${meaning}\n# TYPE ${fullName(name)} ${type}\n`);
      expect([name, /seconds/.test(name)]).toEqual([name, /seconds/.test(unit)]);
      expect([name, name.endsWith("_total")]).toEqual([name, type === "counter"]);
    }
  });

  it("nothing is in prom-client's global registry", async () => {
    const { register } = await import("prom-client");
    expect(register.getMetricsAsArray()).toEqual([]);
  });

  it("the build says which versions run, and takes no other text for one", async () => {
    expect(await samples()).toContain('openclaw_resume_build_info{version="1.2.3",host="2026.9.6"} 1');
    const other = await samples(makeMetrics({ plugin: "1.0.0-beta.1+4", host: 'x"}\nevil 1' }));
    expect(other).toContain('openclaw_resume_build_info{version="1.0.0-beta.1+4",host="unknown"} 1');
  });
});

describe("a load", () => {
  it("shows in depth and running of both lanes", async () => {
    events.emit("load", { ...NO_LOAD, usersWaiting: 1, usersRunning: 2, queued: 3, running: 4 });
    expect(await changed()).toEqual([
      'queue_depth{lane="main"} 1',
      'queue_depth{lane="startup-resume"} 3',
      'running{lane="main"} 2',
      'running{lane="startup-resume"} 4',
      'state{state="off"} 1',
    ]);
  });

  it("shows as starvation up to the scrape, read twice counted once", async () => {
    events.emit("load", { ...NO_LOAD, usersWaiting: 1, inTheWay: 1, queued: 1, ready: 1, running: 1 });
    nowMs = 250;
    events.emit("load", { ...NO_LOAD, queued: 1, ready: 1 });
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
    expect((await changed()).filter((line) => line.startsWith("queue_wait"))).toEqual([
      'queue_wait_seconds_count{lane="main"} 1',
      'queue_wait_seconds_count{lane="startup-resume"} 1',
      'queue_wait_seconds_sum{lane="main"} 0.04',
      'queue_wait_seconds_sum{lane="startup-resume"} 2.5',
    ]);
    expect(await samples()).toContain('openclaw_resume_queue_wait_seconds_bucket{le="0.05",lane="main"} 1');
    expect(await samples()).toContain('openclaw_resume_queue_wait_seconds_bucket{le="0.01",lane="main"} 0');
  });
});

describe("what a scrape reads at that moment", () => {
  it("is the lane: its slots, its mode, what it waits for, and who waits longest", async () => {
    nowMs = 10_000;
    service.state = "active";
    service.lane = {
      slots: { total: 3, used: 1 },
      waitCauses: () => new Set(["fuse", "users"] as const),
      mode: "yielding",
      spent: { tokens: 1200, costUsd: 0.5 },
      cooldowns: () => ["stub"],
      oldestSinceMs: (lane) => (lane === "main" ? 9500 : 4000),
    };
    service.fleetState = "shared";
    service.heldCount = () => 7;
    service.settingsErrors = ["mode", "notify"];
    expect(await changed()).toEqual([
      'budget_slots{state="free"} 2',
      'budget_slots{state="used"} 1',
      'fleet{state="shared"} 1',
      "held 7",
      'lane_paused{cause="fuse"} 1',
      'lane_paused{cause="users"} 1',
      'mode{mode="yielding"} 1',
      'oldest_waiting_seconds{lane="main"} 0.5',
      'oldest_waiting_seconds{lane="startup-resume"} 6',
      "providers_cooling 1",
      "settings_errors 2",
      "spent_dollars 0.5",
      "spent_tokens 1200",
      'state{state="active"} 1',
    ]);
  });

  it("is one state and one mode at a time, and each cause by itself", async () => {
    for (const cause of WAIT_CAUSES) {
      service.lane = {
        slots: { total: 1, used: 0 },
        spent: { tokens: 0, costUsd: 0 },
        cooldowns: () => [],
        waitCauses: () => new Set([cause]),
        mode: "waiting",
        oldestSinceMs: () => undefined,
      };
      const lines = await changed();
      expect(lines.filter((line) => line.startsWith("lane_paused"))).toEqual([`lane_paused{cause="${cause}"} 1`]);
      expect(lines.filter((line) => /^(mode|state)/.test(line))).toHaveLength(2);
    }
  });

  it("is a failure when the plugin could not start, with a lane or without", async () => {
    service.state = "failed";
    expect((await changed()).filter((line) => /^(mode|state)/.test(line))).toEqual([
      'mode{mode="failed"} 1',
      'state{state="failed"} 1',
    ]);
  });

  it("is the number before when the record cannot be read", async () => {
    service.heldCount = () => 3;
    await samples();
    service.heldCount = () => {
      throw new Error("database is locked");
    };
    expect(await changed()).toContain("held 3");
  });

  it("is how many events were dropped", async () => {
    events.on("mainWaited", () => {
      throw new Error("broken listener");
    });
    events.emit("mainWaited", { waitMs: 1 });
    events.emit("mainWaited", { waitMs: 1 });
    await samples();
    expect(await changed()).toContain("events_dropped_total 2");
  });
});

describe("the boot", () => {
  it("counts its candidates by verdict and reason", async () => {
    const held = { kind: "hold", reason: "idle-too-long", found: 2, limit: 1 } as const;
    events.emit("judged", { ...SUBJECT, verdict: ADMITTED });
    events.emit("judged", { ...SUBJECT, verdict: held });
    events.emit("judged", { ...SUBJECT, verdict: held });
    expect((await changed()).filter((line) => line.startsWith("sessions"))).toEqual([
      'sessions{verdict="admit",reason="interrupted"} 1',
      'sessions{verdict="hold",reason="idle-too-long"} 2',
    ]);
  });

  it("tells when it was, how long its steps took, and when its first user was served", async () => {
    expect((await changed()).filter((line) => /^(boot|first)/.test(line))).toEqual([]);
    const tookMs = { discover: 20, admit: 5, claim: 130 };
    service.boot = { atMs: 1_700_000_000_500, tookMs, firstReplyMs: 1400 };
    expect((await changed()).filter((line) => /^(boot|first)/.test(line))).toEqual([
      'boot_seconds{phase="admit"} 0.005',
      'boot_seconds{phase="claim"} 0.13',
      'boot_seconds{phase="discover"} 0.02',
      "boot_timestamp_seconds 1700000000.5",
      "first_user_reply_seconds 1.4",
    ]);
  });
});

describe("attempts and outcomes", () => {
  const counts = async () => (await changed()).filter((line) => /^(attempts|outcomes|run_seconds_count)/.test(line));

  it("of a resume that completed are one each", async () => {
    events.emit("ended", { ...SUBJECT, slot: 1, result: "completed", ranMs: 1500 });
    events.emit("settled", { ...SUBJECT, outcome: "completed", reason: "replied", attempts: 1 });
    expect(await counts()).toEqual([
      'attempts_total{result="completed"} 1',
      'outcomes_total{outcome="completed"} 1',
      'run_seconds_count{outcome="completed"} 1',
    ]);
  });

  it("of one that failed twice are two attempts and one outcome", async () => {
    events.emit("ended", { ...SUBJECT, slot: 1, result: "failed", ranMs: 1000, error: "x" });
    events.emit("ended", { ...SUBJECT, slot: 1, result: "timed-out", ranMs: 60_000, error: "x" });
    events.emit("settled", { ...SUBJECT, outcome: "held", reason: "attempts-exhausted", attempts: 2 });
    expect((await counts()).filter((line) => !line.startsWith("run"))).toEqual([
      'attempts_total{result="failed"} 1',
      'attempts_total{result="timed-out"} 1',
      'outcomes_total{outcome="held"} 1',
    ]);
  });
});

describe("preemptions", () => {
  const cancelled = (cancelCause: NonNullable<ResumeEvents["ended"]["cancelCause"]>) =>
    events.emit("ended", { ...SUBJECT, slot: 1, result: "preempted", ranMs: 500, cancelCause, drainedMs: 125 });
  const preemptions = async () => (await changed()).filter((line) => line.startsWith("preemption"));

  it.each(["own-user", "other-user"] as const)(
    "for a user (%s) count, with the time from signal to drained",
    async (cause) => {
      cancelled(cause);
      expect(await preemptions()).toEqual([
        "preemption_seconds_count 1",
        "preemption_seconds_sum 0.125",
        `preemptions_total{cause="${cause}"} 1`,
      ]);
    },
  );

  it.each(["operator", "shutdown"] as const)("by %s are no user's: they have no drain time", async (cause) => {
    cancelled(cause);
    expect(await preemptions()).toEqual([`preemptions_total{cause="${cause}"} 1`]);
  });
});

describe("for a scraper that asks for OpenMetrics", () => {
  const OPEN = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5";

  it("runs carry what stands for their session in the log, and only for it", async () => {
    events.emit("ended", { ...SUBJECT, slot: 1, result: "completed", ranMs: 1500 });
    const open = await expose(metrics.registry, OPEN);
    expect(open.body).toMatch(
      /run_seconds_bucket{le="2.5",outcome="completed"} 1 # {session_ref="0123456789ab"} 1.5 \d/,
    );
    expect(open.body.endsWith("# EOF\n")).toBe(true);
    const plain = await expose(metrics.registry);
    expect(plain.body).not.toContain("session_ref");
  });

  it("counters keep their names in both formats, however often each is asked for", async () => {
    const texts: string[] = [];
    for (const accept of [OPEN, undefined, OPEN, undefined]) texts.push((await expose(metrics.registry, accept)).body);
    for (const text of texts) expect(text).toContain('\nopenclaw_resume_outcomes_total{outcome="completed"} 0\n');
    expect(texts[0]).toContain("# TYPE openclaw_resume_outcomes counter");
    expect(texts[1]).toContain("# TYPE openclaw_resume_outcomes_total counter");
    expect([texts[2], texts[3]]).toEqual([texts[0], texts[1]]);
  });
});

it("a scrape takes the event loop for a few milliseconds, whatever has happened", async () => {
  for (let index = 0; index < 10_000; index += 1) {
    events.emit("ended", { ...SUBJECT, slot: 1, result: "completed", ranMs: index });
  }
  const times: number[] = [];
  for (let round = 0; round < 21; round += 1) {
    const startedAtMs = performance.now();
    await expose(metrics.registry, "application/openmetrics-text");
    times.push(performance.now() - startedAtMs);
  }
  // The median: a busy machine may take any single one away.
  expect(times.toSorted((left, right) => left - right)[10]).toBeLessThan(5);
});

it("names no session, no agent and no error, and adds no series, whatever happens to how many sessions", async () => {
  const before = seriesOf(await samples());
  for (let index = 0; index < 10_000; index += 1) {
    const subject = { agentId: `secret-agent-${index}`, sessionKey: `agent:secret:"}\n${index}` };
    events.emit("judged", { ...subject, verdict: { ...ADMITTED, found: "secret-found" } });
    events.emit("queued", { ...subject, attempts: 0 });
    events.emit("started", { ...subject, slot: index, attempt: 1, waitedMs: index, aged: false });
    events.emit("cancelled", { ...subject, slot: index, cause: "own-user" });
    events.emit("ended", { ...subject, slot: index, result: "failed", ranMs: index, error: "secret-error" });
    events.emit("settled", { ...subject, outcome: "held", reason: "secret-reason", attempts: 1 });
    events.emit("trouble", { ...subject, what: "secret-what", error: new Error("secret-error") });
  }
  const open = await expose(metrics.registry, "application/openmetrics-text");
  expect([(await expose(metrics.registry)).body, open.body].join("")).not.toContain("secret");
  expect(seriesOf(await samples())).toEqual(before);
});
