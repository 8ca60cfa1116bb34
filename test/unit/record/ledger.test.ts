import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { PendingReply } from "../../../src/domain/record.ts";
import { Ledger } from "../../../src/record/ledger.ts";
import { RecordStore } from "../../../src/record/record-store.ts";
import { makeTempDir, removeTempDir } from "../../support/temp.ts";
import { queued, record, running } from "../support/makers.ts";

const REPLY: PendingReply = { parts: [{ text: "hi" }], route: { channel: "telegram", to: "1" } };
const RECORD = record({ agentId: "a", sessionKey: "a1", sessionId: "session of a1" });

let dir: string;
let store: RecordStore;
let ledger: Ledger;

beforeEach(() => {
  dir = makeTempDir("ledger");
  store = RecordStore.open(dir);
  store.put(RECORD);
  ledger = new Ledger(store, () => 7000);
});

afterEach(() => {
  store.close();
  removeTempDir(dir);
});

const now = () => store.get("a", "a1");

it("writes each phase in turn", () => {
  ledger.started(running("a1", { attempts: 1, preemptions: 2 }), "run-1");
  expect(now()).toEqual({
    ...RECORD,
    phase: "running",
    attempts: 1,
    preemptions: 2,
    runId: "run-1",
    runStartedAtMs: 7000,
  });
  ledger.delivering(queued("a1"), "run-1", REPLY);
  expect(now()).toMatchObject({ phase: "delivering", attempts: 1, runId: "run-1", reply: REPLY });
  ledger.settled(queued("a1"), "completed", "replied");
  expect(now()).toBeUndefined();
});

describe("a reply that waits for its delivery", () => {
  beforeEach(() => {
    ledger.started(running("a1", { attempts: 1 }), "run-1");
    ledger.delivering(queued("a1"), "run-1", REPLY);
  });

  it("keeps its phase and the id of its first try when it is started again", () => {
    ledger.started(running("a1", { attempts: 2 }), "run-2");
    expect(now()).toMatchObject({ phase: "delivering", runId: "run-1", reply: REPLY });
  });

  it("keeps its phase when it goes back to the queue, with its attempts", () => {
    ledger.requeued(queued("a1", { attempts: 2, preemptions: 1 }));
    expect(now()).toMatchObject({ phase: "delivering", runId: "run-1", reply: REPLY, attempts: 2, preemptions: 1 });
  });
});

it("keeps how often the resume was cut off through every phase", () => {
  store.put({ ...RECORD, cutOffs: 3 });
  const seen = [() => ledger.started(running("a1", { attempts: 1 }), "run-1")]
    .concat(() => ledger.requeued(queued("a1")))
    .concat(() => ledger.delivering(queued("a1"), "run-1", REPLY))
    .concat(() => ledger.settled(queued("a1"), "held", "why"))
    .map((step) => {
      step();
      return now()?.cutOffs;
    });
  expect(seen).toEqual([3, 3, 3, 3]);
});

it("hands the attempt of a preempted resume back", () => {
  ledger.started(running("a1", { attempts: 1 }), "run-1");
  ledger.requeued(queued("a1", { attempts: 0, preemptions: 1 }));
  expect(now()).toMatchObject({ phase: "claimed", attempts: 0, preemptions: 1 });
});

describe("settling", () => {
  it.each(["completed", "superseded", "discarded"] as const)("as %s forgets the record", (outcome) => {
    ledger.settled(queued("a1"), outcome, "why");
    expect(store.all()).toEqual([]);
  });

  it("as held remembers it, without its reply", () => {
    ledger.delivering(queued("a1"), "run-1", REPLY);
    ledger.settled(queued("a1", { attempts: 2 }), "held", "attempts-exhausted");
    expect(now()).toMatchObject({
      phase: "settled",
      outcome: "held",
      reason: "attempts-exhausted",
      attempts: 2,
      reply: undefined,
      heldBecause: "attempts: 2",
      heldSinceMs: 7000,
    });
  });

  it("as held says what it is held for now, whatever held it before", () => {
    store.put({ ...RECORD, heldBecause: "3 ms against 2 ms" });
    ledger.settled(queued("a1", { attempts: 3 }), "held", "attempts-exhausted");
    expect(now()?.heldBecause).toBe("attempts: 3");
  });
});

it("remembers what was given back to the host until the host has finished it", () => {
  store.put({ ...RECORD, requestedAtMs: 5 });
  ledger.delivering(queued("a1"), "run-1", REPLY);
  ledger.settled(queued("a1", { attempts: 1 }), "released", "by-operator");
  expect(now()).toEqual({
    ...RECORD,
    phase: "released",
    outcome: "released",
    reason: "by-operator",
    attempts: 1,
    runId: "run-1",
  });
});

describe("a request of the operator's", () => {
  it("is on record with its fresh count from when it is put back", () => {
    store.put({ ...RECORD, attempts: 2 });
    ledger.requeued(queued("a1", { attempts: 0, requestedAtMs: 5 }));
    expect(now()).toMatchObject({ phase: "claimed", attempts: 0, requestedAtMs: 5 });
  });

  it("stays on record through its attempts", () => {
    store.put({ ...RECORD, requestedAtMs: 5 });
    ledger.started(running("a1", { attempts: 1, requestedAtMs: 5 }), "run-1");
    expect(now()?.requestedAtMs).toBe(5);
    ledger.requeued(queued("a1", { attempts: 1, requestedAtMs: 5 }));
    expect(now()?.requestedAtMs).toBe(5);
  });

  it("is over when it is held", () => {
    store.put({ ...RECORD, requestedAtMs: 5 });
    ledger.settled(queued("a1", { requestedAtMs: 5 }), "held", "attempts-exhausted");
    expect(now()).toMatchObject({ outcome: "held", requestedAtMs: undefined });
  });
});

it("keeps who claimed it and whether its conversation was told", () => {
  const told = { notifiedAtMs: 9, pluginVersion: "0.9.0" };
  store.put({ ...RECORD, ...told });
  ledger.started(running("a1", { attempts: 1 }), "run-1");
  ledger.requeued(queued("a1"));
  ledger.settled(queued("a1"), "held", "why");
  expect(now()).toMatchObject(told);
});

describe("without a record", () => {
  beforeEach(() => store.delete("a", "a1"));
  const missing = "the record of a claimed session is missing";

  it("nothing is written, delivered, put back or held", () => {
    // The runner finds it missing, too, and fails the attempt.
    ledger.started(running("a1"), "run-1");
    expect(() => ledger.delivering(queued("a1"), "run-1", REPLY)).toThrow(missing);
    expect(() => ledger.requeued(queued("a1"))).toThrow(missing);
    expect(() => ledger.settled(queued("a1"), "held", "why")).toThrow(missing);
    expect(() => ledger.settled(queued("a1"), "released", "why")).toThrow(missing);
    expect(store.all()).toEqual([]);
  });

  it("a final outcome is final all the same", () => {
    ledger.settled(queued("a1"), "completed", "replied");
    expect(store.all()).toEqual([]);
  });
});
