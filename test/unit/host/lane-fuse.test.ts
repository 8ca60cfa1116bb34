import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { EventBus } from "../../../src/domain/events.ts";
import { FUSE_MS } from "../../../src/domain/fuse.ts";
import { LaneFuse } from "../../../src/host/lane-fuse.ts";
import { RecordStore } from "../../../src/record/record-store.ts";
import { makeTempDir, removeTempDir } from "../../support/temp.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { NOW, record } from "../support/makers.ts";

let dir: string;
let records: RecordStore;
let clock: FakeClock;
let lane: string[];
let told: unknown[];

beforeEach(() => {
  dir = makeTempDir("lane-fuse");
  records = RecordStore.open(dir);
  clock = new FakeClock(NOW);
  lane = [];
  told = [];
});
afterEach(() => {
  records.close();
  removeTempDir(dir);
});

/** One boot that finds its sessions in this phase. */
function boot(phase: "running" | "claimed", isBoot = true): LaneFuse {
  const events = new EventBus();
  events.on("fused", (event) => told.push(event));
  events.on("trouble", ({ what }) => told.push(what));
  return new LaneFuse({
    isBoot,
    lane: {
      pause: (cause) => void lane.push(`pause ${cause}`),
      unpause: (cause) => void lane.push(`unpause ${cause}`),
    },
    facts: records.facts,
    known: [record({ phase: "claimed" }), record({ sessionKey: "k", phase })],
    events,
    nowMs: clock.nowMs(),
    after: (delayMs, callback) => clock.after(delayMs, callback),
  });
}

describe("the fuse", async () => {
  it("does nothing after gateways that stopped, or died with nothing running", async () => {
    for (let boots = 0; boots < 5; boots += 1) expect(boot("claimed").untilMs).toBeUndefined();
    expect([lane, records.facts.get("deaths")]).toEqual([[], undefined]);
  });

  it("keeps the lane paused after the third death within ten minutes, and says so", async () => {
    boot("running");
    await clock.elapse(FUSE_MS - 1);
    boot("running");
    expect(lane).toEqual([]);
    expect(boot("running").untilMs).toBe(clock.nowMs() + FUSE_MS);
    expect(lane).toEqual(["pause fuse"]);
    expect(told).toEqual([{ deaths: 3, untilMs: clock.nowMs() + FUSE_MS }]);
  });

  it("stays blown at the next boot, whatever that finds", async () => {
    for (let boots = 0; boots < 3; boots += 1) boot("running").stop();
    await clock.elapse(60_000);
    expect(boot("claimed").untilMs).toBe(clock.nowMs() + FUSE_MS);
  });

  it("goes on when the gateway has been up for ten minutes, and forgets", async () => {
    boot("running");
    boot("running");
    const fuse = boot("running");
    await clock.elapse(FUSE_MS);
    expect(lane).toEqual(["pause fuse", "unpause fuse"]);
    expect([fuse.untilMs, records.facts.get("deaths")]).toEqual([undefined, undefined]);
  });

  it("goes on when the operator says so, once", async () => {
    boot("running");
    boot("running");
    boot("running").reset();
    await clock.elapse(FUSE_MS);
    expect(lane).toEqual(["pause fuse", "unpause fuse"]);
    expect(boot("claimed").untilMs).toBeUndefined();
  });

  it("leaves no timer behind when it is stopped", async () => {
    boot("running");
    boot("running");
    boot("running").stop();
    await clock.elapse(FUSE_MS);
    expect(lane).toEqual(["pause fuse"]);
  });

  it("counts deaths longer apart than ten minutes alone", async () => {
    for (let boots = 0; boots < 5; boots += 1) {
      boot("running");
      await clock.elapse(FUSE_MS / 2);
    }
    expect(lane).toEqual([]);
  });

  it("takes a plugin that is replaced in process for no death, and goes on until the same moment", async () => {
    for (let deaths = 0; deaths < 3; deaths += 1) boot("running");
    const untilMs = clock.nowMs() + FUSE_MS;
    await clock.elapse(240_000);
    expect(boot("running", false).untilMs).toBe(untilMs);
    expect(records.facts.get("deaths")).toHaveLength(3);
    lane = [];
    await clock.elapse(360_000);
    expect(lane).toContain("unpause fuse");
    expect(boot("claimed", false).untilMs).toBeUndefined();
  });

  it("lets the lane go on though the record cannot be written, and says so", async () => {
    for (let deaths = 0; deaths < 3; deaths += 1) boot("running");
    records.facts.set = () => {
      throw new Error("disk full");
    };
    lane = [];
    await clock.elapse(FUSE_MS);
    expect([lane, told.at(-1)]).toEqual([["unpause fuse"], "forget the deaths"]);
  });
});
