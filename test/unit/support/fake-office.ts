import { EventBus, type ResumeEvents } from "../../../src/domain/events.ts";
import type { ResumeRecord } from "../../../src/domain/record.ts";
import { LaneFuse } from "../../../src/host/lane-fuse.ts";
import { type LaneLimits, ResumeLane } from "../../../src/lane/resume-lane.ts";
import { Desk } from "../../../src/operate/desk.ts";
import type { Office } from "../../../src/operate/office.ts";
import { Changes } from "../../../src/observe/changes.ts";
import { Timeline } from "../../../src/observe/timeline.ts";
import { Totals } from "../../../src/operate/totals.ts";
import { Ledger } from "../../../src/record/ledger.ts";
import { readAtRest } from "../../../src/record/record-at-rest.ts";
import { RecordStore } from "../../../src/record/record-store.ts";
import { resolveSettings } from "../../../src/settings/resolve.ts";
import type { Settings } from "../../../src/settings/settings.ts";
import { FakeClock } from "./fake-clock.ts";
import { FakeHost } from "./fake-host.ts";
import { FakeRunner } from "./fake-runner.ts";
import { LANE_LIMITS, NOW, queued, record } from "./makers.ts";

/** The canonical key of agent a's session of this name. */
export const keyOf = (name: string): string => `agent:a:${name}`;

export function settingsOf(config: unknown): Settings {
  const result = resolveSettings(config);
  if (!result.ok) throw new Error(JSON.stringify(result.errors));
  return result.settings;
}

/** A running plugin: everything of it is real but the host, the agent's turns and the time. */
export class FakeOffice {
  readonly clock = new FakeClock(NOW);
  readonly runner = new FakeRunner();
  readonly events = new EventBus();
  readonly host: FakeHost;
  readonly records: RecordStore;
  readonly lane: ResumeLane;
  readonly fuse: LaneFuse;
  readonly desk: Desk;
  /** What the desk sees beyond that. */
  over: Partial<Office> = {};

  constructor(stateDir: string, limits: Partial<LaneLimits> = {}) {
    this.host = new FakeHost(stateDir);
    this.records = RecordStore.open(stateDir);
    const { clock, runner, events, records } = this;
    const ledger = new Ledger(records, () => clock.nowMs());
    this.lane = new ResumeLane({ limits: { ...LANE_LIMITS, ...limits }, runner, ledger, events, clock });
    this.fuse = new LaneFuse({
      isBoot: true,
      lane: this.lane,
      facts: records.facts,
      known: records.all(),
      events,
      nowMs: clock.nowMs(),
      after: (delayMs, callback) => clock.after(delayMs, callback),
    });
    const totals = new Totals(events);
    const timeline = new Timeline(events, () => clock.nowMs());
    const changes = new Changes(events);
    const fixed = {
      pluginId: "resume-scheduler",
      version: "1.0.0",
      state: "active",
      settings: settingsOf({}),
    } as const;
    this.desk = new Desk(() => ({
      ...fixed,
      nowMs: () => clock.nowMs(),
      host: this.host,
      settingsErrors: [],
      events,
      totals,
      timeline,
      changes,
      settingsConfig: {},
      boot: undefined,
      lane: this.lane,
      atRest: () => readAtRest(stateDir),
      active: { lane: this.lane, records, fuse: this.fuse, permits: { fleet: undefined } },
      hostFeatures: {},
      messagesSeen: 0,
      ...this.over,
    }));
  }

  /** A session that is claimed: its entry and its record. */
  claim(name: string, over: Partial<ResumeRecord> = {}): ResumeRecord {
    const claimed = record({ sessionKey: keyOf(name), ...over });
    this.host.set(claimed.sessionKey, { status: "killed" });
    this.records.put(claimed);
    return claimed;
  }

  hold(name: string, over: Partial<ResumeRecord> = {}): ResumeRecord {
    return this.claim(name, { phase: "settled", outcome: "held", reason: "idle-too-long", ...over });
  }

  /** A claimed session that waits in the lane. */
  queue(name: string, over: Partial<ResumeRecord> = {}): void {
    const { agentId, sessionKey, sessionId, attempts, preemptions } = this.claim(name, over);
    const nowMs = this.clock.nowMs();
    const times = { queuedAtMs: nowMs, enqueuedAtMs: nowMs, notBeforeMs: nowMs };
    this.lane.enqueue(queued(sessionKey, { agentId, sessionId, attempts, preemptions, ...times }));
  }

  /** Lets what is queued start. */
  async open(): Promise<void> {
    this.lane.open();
    await this.clock.elapse(LANE_LIMITS.quietMs);
  }

  recordOf(name: string): ResumeRecord | undefined {
    return this.records.get("a", keyOf(name));
  }

  /** Everything that is emitted under this name from here on. */
  heard<Name extends keyof ResumeEvents>(name: Name): ResumeEvents[Name][] {
    const list: ResumeEvents[Name][] = [];
    this.events.on(name, (event) => list.push(event));
    return list;
  }

  close(): void {
    this.records.close();
  }
}
