import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { EventBus, type ResumeEvents } from "../../../src/domain/events.ts";
import { HeldSessions } from "../../../src/host/held-sessions.ts";
import { RecordStore } from "../../../src/record/record-store.ts";
import { makeTempDir, removeTempDir } from "../../support/temp.ts";
import { record } from "../support/makers.ts";

const KEY = "agent:a:chat";
const SUBJECT = { agentId: "a", sessionKey: KEY };
const HOLD = { kind: "hold", reason: "idle-too-long", found: 2, limit: 1 } as const;

let dir: string;
let records: RecordStore;
let events: EventBus;
let held: HeldSessions;
let settled: ResumeEvents["settled"][];
let trouble: ResumeEvents["trouble"][];

beforeEach(() => {
  dir = makeTempDir("held-sessions");
  records = RecordStore.open(dir);
  events = new EventBus();
  [settled, trouble] = [[], []];
  held = new HeldSessions({ records, events });
  events.on("settled", (event) => settled.push(event));
  events.on("trouble", (event) => trouble.push(event));
  records.put(record({ phase: "settled", outcome: "held", attempts: 2 }));
});
afterEach(() => {
  records.close();
  removeTempDir(dir);
});

describe("a held session that its user continues", () => {
  const continues = () => events.emit("userContinued", { key: KEY });

  it.each([
    ["held at boot", () => events.emit("judged", { ...SUBJECT, verdict: HOLD })],
    ["held since", () => events.emit("settled", { ...SUBJECT, outcome: "held", reason: "by-operator", attempts: 2 })],
  ])("is let go (%s), once", (_name, hold) => {
    hold();
    settled.length = 0;
    continues();
    continues();
    expect(settled).toEqual([{ ...SUBJECT, outcome: "superseded", reason: "user-continued", attempts: 2 }]);
    expect([records.all(), records.heldCount()]).toEqual([[], 0]);
  });

  it("takes the other rows of its conversation with it", () => {
    const other = { agentId: "a", sessionKey: "agent:a:older" };
    records.put(record({ ...other, phase: "settled", outcome: "held", attempts: 0 }));
    // At a later boot it is no news any more.
    const verdict = { kind: "hold", reason: "held-earlier", found: "duplicate-of", limit: KEY } as const;
    events.emit("judged", { ...other, verdict, conversationKey: KEY });
    events.emit("judged", { ...SUBJECT, verdict: HOLD });
    continues();
    expect(settled.map(({ sessionKey }) => sessionKey)).toEqual([other.sessionKey, KEY]);
    expect(records.heldCount()).toBe(0);
  });

  it("is left alone when it is not held any more, or was never ours", () => {
    events.emit("judged", { ...SUBJECT, verdict: HOLD });
    records.put(record({ phase: "claimed" }));
    continues();
    events.emit("userContinued", { key: "agent:a:other" });
    expect([settled, records.all().length]).toEqual([[], 1]);
  });

  it("stays held when the record cannot be written, and that is told", () => {
    events.emit("judged", { ...SUBJECT, verdict: HOLD });
    records.close();
    continues();
    expect(settled).toEqual([]);
    expect(trouble).toMatchObject([{ ...SUBJECT, what: "let go of a held session" }]);
    records = RecordStore.open(dir);
    expect(records.heldCount()).toBe(1);
  });

  it("is nobody's after the stop", () => {
    events.emit("judged", { ...SUBJECT, verdict: HOLD });
    held.stop();
    continues();
    expect(records.heldCount()).toBe(1);
  });
});
