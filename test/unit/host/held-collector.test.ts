import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ClockJump } from "../../../src/domain/clock-jumps.ts";
import { EventBus, type ResumeEvents } from "../../../src/domain/events.ts";
import type { ResumeRecord } from "../../../src/domain/record.ts";
import { HeldCollector } from "../../../src/host/held-collector.ts";
import { writeHistory } from "../../../src/record/history-writer.ts";
import { RecordStore } from "../../../src/record/record-store.ts";
import { makeTempDir, removeTempDir } from "../../support/temp.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { FakeHost } from "../support/fake-host.ts";
import { HOUR, NOW, record } from "../support/makers.ts";

const MINUTE = 60_000;

let dir: string;
let records: RecordStore;
let clock: FakeClock;
let events: EventBus;
let host: FakeHost;
let lane: { isIdle: boolean };
let gc: { enabled: boolean; heldMs: number; errorMs: number };
let clockJumps: ClockJump[];
let collector: HeldCollector;
let settled: ResumeEvents["settled"][];
let trouble: ResumeEvents["trouble"][];

beforeEach(() => {
  dir = makeTempDir("held-collector");
  records = RecordStore.open(dir);
  clock = new FakeClock(NOW);
  events = new EventBus();
  host = new FakeHost(dir);
  lane = { isIdle: true };
  gc = { enabled: true, heldMs: 14 * HOUR, errorMs: 3 * HOUR };
  [clockJumps, settled, trouble] = [[], [], []];
  events.on("settled", (event) => settled.push(event));
  events.on("trouble", (event) => trouble.push(event));
});
afterEach(() => {
  vi.restoreAllMocks();
  collector.stop();
  expect(clock.pendingTimers).toBe(0);
  records.close();
  removeTempDir(dir);
});

function start(over: Partial<ConstructorParameters<typeof HeldCollector>[0]> = {}): void {
  collector = new HeldCollector({
    records,
    sessions: host.sessions,
    lane,
    settings: () => gc,
    clockJumps: () => clockJumps,
    events,
    nowMs: () => clock.nowMs(),
    after: (delayMs, callback) => clock.after(delayMs, callback),
    ...over,
  });
}

function hold(name: string, forMs: number, over: Partial<ResumeRecord> = {}, entry = {}): void {
  const sessionKey = `agent:a:${name}`;
  host.set(sessionKey, { status: "killed", ...entry });
  records.put(
    record({ sessionKey, phase: "settled", outcome: "held", reason: "too-old", heldSinceMs: NOW - forMs, ...over }),
  );
}

const names = () =>
  records
    .all()
    .map(({ sessionKey }) => sessionKey.replace("agent:a:", ""))
    .toSorted();

describe("the collector", () => {
  it("retires what was held for too long, and tells of each; the rest stays", async () => {
    hold("old", 15 * HOUR, { attempts: 2 });
    hold("young", 10 * HOUR);
    hold("error", 4 * HOUR, { reason: "permanent-error" });
    hold("pinned", 15 * HOUR, {}, { pinnedAt: 5 });
    hold("queued", 15 * HOUR, { outcome: undefined, phase: "claimed" });
    host.set("agent:a:old", { seen: true });
    start();
    await clock.elapse(MINUTE);
    expect(names()).toEqual(["pinned", "queued", "young"]);
    expect(settled.map(({ sessionKey, ...rest }) => [sessionKey, rest])).toEqual([
      ["agent:a:old", { agentId: "a", outcome: "retired", reason: "held-too-long", attempts: 2 }],
      ["agent:a:error", { agentId: "a", outcome: "retired", reason: "error-too-long", attempts: 0 }],
    ]);
    expect(host.statusOf("agent:a:old")).toBe("killed");
    expect([records.heldCount(), trouble]).toEqual([2, []]);
  });

  it("looks again hours later, for as long as the gateway runs", async () => {
    start();
    await clock.elapse(MINUTE);
    hold("later", 9 * HOUR);
    await clock.elapse(5 * HOUR);
    expect(names()).toEqual(["later"]);
    await clock.elapse(8 * HOUR);
    expect(names()).toEqual([]);
  });

  it("waits for the lane's quiet time, and for each part of a pass", async () => {
    for (let index = 0; index < 200; index += 1) hold(`k${index}`, 15 * HOUR);
    // One session a slice.
    let atMs = 0;
    vi.spyOn(performance, "now").mockImplementation(() => (atMs += 10));
    lane.isIdle = false;
    start();
    await clock.elapse(10 * MINUTE);
    expect(settled).toEqual([]);
    lane.isIdle = true;
    events.on("settled", () => {
      lane.isIdle = settled.length !== 100;
    });
    await clock.elapse(10 * MINUTE);
    expect(settled).toHaveLength(100);
    lane.isIdle = true;
    await clock.elapse(10 * MINUTE);
    expect([settled.length, records.heldCount()]).toEqual([200, 0]);
  });

  it("does nothing where it is switched off, and begins when it is switched on", async () => {
    hold("old", 15 * HOUR);
    gc.enabled = false;
    start();
    expect(clock.pendingTimers).toBe(0);
    events.emit("reconfigured", { changed: ["budget.maxConcurrent"] });
    expect(clock.pendingTimers).toBe(0);
    gc.enabled = true;
    events.emit("reconfigured", { changed: ["gc.enabled"] });
    await clock.elapse(MINUTE);
    expect(names()).toEqual([]);
    gc.enabled = false;
    events.emit("reconfigured", { changed: ["gc.enabled"] });
    expect(clock.pendingTimers).toBe(0);
  });

  it("goes by new limits at once", async () => {
    hold("young", 10 * HOUR);
    start();
    await clock.elapse(MINUTE);
    gc.heldMs = 9 * HOUR;
    events.emit("reconfigured", { changed: ["gc.heldDays"] });
    await clock.elapse(MINUTE);
    expect(names()).toEqual([]);
  });

  it("retires nobody because the clock was set", async () => {
    hold("young", 10 * HOUR);
    clockJumps = [{ atMs: NOW, byMs: 90_000 * HOUR }];
    start({ nowMs: () => clock.nowMs() + 90_000 * HOUR });
    await clock.elapse(MINUTE);
    expect(names()).toEqual(["young"]);
  });

  it("leaves a session alone whose row cannot be read", async () => {
    hold("old", 15 * HOUR);
    host.broken = new Error("locked");
    start();
    await clock.elapse(MINUTE);
    expect([names(), trouble]).toEqual([["old"], []]);
  });

  it("survives what goes wrong, tells of it once and tries again hours later", async () => {
    hold("old", 15 * HOUR);
    hold("older", 16 * HOUR);
    const full = vi.spyOn(records, "retire").mockImplementation(() => {
      throw new Error("disk full");
    });
    start();
    await clock.elapse(HOUR);
    expect(trouble).toMatchObject([{ what: "retire held sessions" }]);
    expect([names(), settled]).toEqual([["old", "older"], []]);
    full.mockRestore();
    await clock.elapse(6 * HOUR);
    expect(names()).toEqual([]);
  });

  it("takes a session as it is by then", async () => {
    hold("old", 15 * HOUR);
    hold("older", 16 * HOUR);
    start();
    events.on("settled", () => hold("old", 0));
    await clock.elapse(MINUTE);
    expect(names()).toEqual(["old"]);
  });
});

/** What a step takes: by the clock, and of that what this thread was at work, milliseconds. */
interface Took {
  readonly clockMs: number;
  readonly workMs: number;
}

it("5,000 sessions hold up the event loop for no longer than 10 ms at once", { timeout: 30_000 }, async () => {
  const held = Array.from({ length: 5_000 }, (_, index) =>
    record({ sessionKey: `agent:a:k${index}`, phase: "settled", outcome: "held", reason: "too-old", heldSinceMs: 1 }),
  );
  records.put(...held);
  for (const { sessionKey } of held) host.set(sessionKey, { status: "killed" });
  const took: Took[] = [];
  const timed = (step: () => void) => {
    const [startedMs, before] = [performance.now(), process.threadCpuUsage()];
    step();
    const { user, system } = process.threadCpuUsage(before);
    took.push({ clockMs: performance.now() - startedMs, workMs: (user + system) / 1000 });
  };
  const addAll: RecordStore["history"]["addAll"] = (steps) => timed(() => records.history.addAll(steps));
  const history = writeHistory(events, { addAll }, () => NOW);
  const done = Promise.withResolvers<void>();
  const after = (delayMs: number, callback: () => void) => {
    if (delayMs > HOUR) done.resolve();
    const next = setImmediate(() => timed(callback));
    return () => clearImmediate(next);
  };
  start({ after });
  await done.promise;
  collector.stop();
  history.stop();
  expect([settled.length, records.heldCount()]).toEqual([5_000, 0]);
  expect(took.length).toBeGreaterThan(100);
  // Other tests have the processor and the disk, too: what this thread did is looked at in full, how long that was mostly.
  const longest = (of: keyof Took) => took.map((one) => one[of]).toSorted((left, right) => right - left);
  expect(longest("workMs")[0]).toBeLessThan(10);
  expect(longest("clockMs")[Math.floor(took.length / 100)]).toBeLessThan(10);
});
