/**
 * O1: what the metrics cost.
 *
 * Per transition: the life of one resume, that is queued, starts, ends and is settled, as the lane tells it to its
 * listeners, of which the metrics are the only one. The reference makes the same calls of prom-client directly. What stands
 * for a session in an exemplar, a keyed hash, is known to both: the log has asked for it before.
 *
 * A scrape: the whole text, with 100,000 resumes queued in the lane and as many sessions in the record, each tenth of them
 * held.
 */
import { Counter, Gauge, Histogram } from "prom-client";
import { EventBus } from "../../src/domain/events.ts";
import type { QueuedResume } from "../../src/domain/queued-resume.ts";
import { canonicalKey } from "../../src/domain/session-key.ts";
import { METRICS } from "../../src/observe/catalogue.ts";
import { expose, metricsRegistry } from "../../src/observe/exposition.ts";
import { Metrics, type MetricsOptions } from "../../src/observe/metrics.ts";
import { SessionRefs } from "../../src/observe/session-ref.ts";
import { RecordStore } from "../../src/record/record-store.ts";
import { makeTempDir } from "../../test/support/temp.ts";
import { record } from "../../test/unit/support/makers.ts";
import type { Say } from "./benches.ts";
import { compare, inUnits } from "./compare.ts";
import type { Figure } from "./figure.ts";
import { BOOT_MS, makeLane, makeResumes, REPLIED } from "./resumes.ts";

const LIVES = 20_000;
/** Sessions that they are of, in turn: no more than what the log has just named. */
const NAMED = 100;
/** Events of one life that the metrics count something of. */
const TRANSITIONS = 6;
const SESSIONS = 100_000;
const HELD = SESSIONS / 10;
const CHUNK = 1_000;
const SCRAPES = 10;

/** The same at every moment: only their making is of interest. */
const LOAD = { usersWaiting: 0, usersRunning: 0, inTheWay: 0, queued: 3, ready: 3, running: 1 };
const WAITED_MS = 1_500;
const RAN_MS = 4_000;

export async function metrics(say: Say): Promise<Figure[]> {
  say("counting transitions");
  const [perTransition] = [await transitions()];
  say(`filling a lane and a record with ${SESSIONS} sessions`);
  return [perTransition, await scrape(say)];
}

async function transitions(): Promise<Figure> {
  const sessions = makeResumes(NAMED);
  const { events } = makeMetrics();
  const raw = rawMetrics();
  const run = (live: (resume: QueuedResume) => void) => () => {
    for (let life = 0; life < LIVES; life += NAMED) for (const session of sessions) live(session);
  };
  const spentNs = await compare({ ours: { run: run((one) => tell(events, one)) }, raw: { run: run(() => raw()) } });
  const [ours, bare] = [spentNs.ours / LIVES / TRANSITIONS, spentNs.raw / LIVES / TRANSITIONS];
  return {
    what: "metrics per transition, against the same calls of prom-client",
    value: ours / bare,
    unit: "x",
    bar: { atMost: 1.5 },
    from: `${inUnits(ours)} against ${inUnits(bare)}`,
  };
}

function tell(events: EventBus, { agentId, sessionKey }: QueuedResume): void {
  const subject = { agentId, sessionKey };
  events.emit("load", LOAD);
  events.emit("started", { ...subject, slot: 1, attempt: 1, waitedMs: WAITED_MS, aged: false });
  events.emit("load", LOAD);
  events.emit("ended", { ...subject, slot: 1, result: "completed", ranMs: RAN_MS });
  events.emit("settled", { ...subject, outcome: "completed", reason: "replied", attempts: 1 });
  events.emit("load", LOAD);
}

function rawMetrics(): () => void {
  const registers = [metricsRegistry()];
  const make = { help: "the same", registers };
  const histogram = { ...make, enableExemplars: true as const };
  const depth = new Gauge({ ...make, name: "depth", labelNames: ["lane"] });
  const running = new Gauge({ ...make, name: "running", labelNames: ["lane"] });
  const attempts = new Counter({ ...make, name: "attempts", labelNames: ["result"] });
  const outcomes = new Counter({ ...make, name: "outcomes", labelNames: ["outcome"] });
  const waits: Histogram = new Histogram({
    ...histogram,
    name: "waits",
    labelNames: ["lane"],
    buckets: [...METRICS.queue_wait_seconds.buckets.bounds],
  });
  const runs: Histogram = new Histogram({
    ...histogram,
    name: "runs",
    labelNames: ["outcome"],
    buckets: [...METRICS.run_seconds.buckets.bounds],
  });
  const load = () => {
    depth.set({ lane: "main" }, LOAD.usersWaiting);
    depth.set({ lane: "startup-resume" }, LOAD.queued);
    running.set({ lane: "main" }, LOAD.usersRunning);
    running.set({ lane: "startup-resume" }, LOAD.running);
  };
  const exemplarLabels = { session_ref: "0123456789ab" };
  return () => {
    load();
    waits.observe({ labels: { lane: "startup-resume" }, value: WAITED_MS / 1000, exemplarLabels });
    load();
    attempts.inc({ result: "completed" });
    runs.observe({ labels: { outcome: "completed" }, value: RAN_MS / 1000, exemplarLabels });
    outcomes.inc({ outcome: "completed" });
    load();
  };
}

async function scrape(say: Say): Promise<Figure> {
  const { lane } = makeLane(() => Promise.resolve(REPLIED));
  const records = RecordStore.open(makeTempDir("bench-metrics"));
  lane.pause("mode");
  for (let from = 0; from < SESSIONS; from += CHUNK) {
    const some = makeResumes(CHUNK, from);
    for (const resume of some) lane.enqueue(resume);
    records.put(
      ...some.map(({ agentId, sessionKey }, nth) =>
        record({ agentId, sessionKey, ...((from + nth) % (SESSIONS / HELD) === 0 ? { outcome: "held" } : {}) }),
      ),
    );
  }
  if (records.heldCount() !== HELD) throw new Error(`${HELD} are held, and ${records.heldCount()} were counted`);
  const { metrics: ours } = makeMetrics({ lane, heldCount: () => records.heldCount() });
  say("scraping");
  let bytes = 0;
  const run = async () => {
    for (let time = 0; time < SCRAPES; time += 1) bytes = (await expose(ours.registry)).body.length;
  };
  const spentNs = await compare({ scrape: { run } }, { runs: 15 });
  records.close();
  return {
    what: `a scrape, ${SESSIONS.toLocaleString("en")} sessions`,
    value: spentNs.scrape / SCRAPES / 1e6,
    unit: "ms",
    bar: { atMost: 2 },
    from: `${(bytes / 1024).toFixed(0)} KiB of text, ${HELD.toLocaleString("en")} sessions held`,
  };
}

function makeMetrics(service: Partial<MetricsOptions["service"]> = {}): { events: EventBus; metrics: Metrics } {
  const events = new EventBus();
  const refs = new SessionRefs("0123456789abcdef0123456789abcdef");
  const none = { settingsErrors: [], lane: undefined, fleetState: undefined, boot: undefined, splitCount: 0 };
  const made = new Metrics({
    events,
    nowMs: () => BOOT_MS,
    service: { state: "active", ...none, heldCount: () => 0, ...service },
    versions: { plugin: "1.2.3", host: "2026.9.6" },
    refOf: ({ agentId, sessionKey }) => refs.of(canonicalKey(agentId, sessionKey)),
  });
  return { events, metrics: made };
}
