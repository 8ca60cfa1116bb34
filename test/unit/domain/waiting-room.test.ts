import { describe, expect, it } from "vitest";
import type { QueuedResume } from "../../../src/domain/queued-resume.ts";
import { WaitingRoom } from "../../../src/domain/waiting-room.ts";
import { queued, takeNext } from "../support/makers.ts";

const anyone = () => true;
const LIMITS = { maxPreemptions: 3, maxWaitMs: 1000 };

function roomWith(...resumes: QueuedResume[]): WaitingRoom {
  const room = new WaitingRoom(LIMITS);
  for (const resume of resumes) room.add(resume, 0);
  return room;
}

function takeAll(room: WaitingRoom, mayStart: (agentId: string) => boolean = anyone): string[] {
  const keys: string[] = [];
  for (let next = takeNext(room, "any", mayStart); next !== undefined; next = takeNext(room, "any", mayStart))
    keys.push(next.key);
  return keys;
}

const keysOf = (room: WaitingRoom) => room.inOrder().map(({ key }) => key);

describe("order", () => {
  it("within an agent is newest activity, then direct, then key", () => {
    const room = roomWith(
      queued("a-group", { activityAtMs: 5, direct: false }),
      queued("a-z", { activityAtMs: 5 }),
      queued("a-b", { activityAtMs: 5 }),
      queued("a-old", { activityAtMs: 4 }),
      queued("a-new", { activityAtMs: 6, direct: false }),
    );
    expect(takeAll(room)).toEqual(["a-new", "a-b", "a-z", "a-group", "a-old"]);
  });

  it("lets agents take turns", () => {
    const room = roomWith(queued("a1"), queued("a2"), queued("a3"), queued("b1"), queued("c1"), queued("c2"));
    expect(takeAll(room)).toEqual(["a1", "b1", "c1", "a2", "c2", "a3"]);
  });

  it("gives an agent that comes back its turn after the others", () => {
    const room = roomWith(queued("a1"), queued("b1"), queued("b2"));
    takeNext(room, "any", anyone);
    room.add(queued("a1"), 0);
    expect(takeAll(room)).toEqual(["b1", "a1", "b2"]);
  });

  it("within an agent is the same whatever they ask, and passes over those whose provider may not be asked", () => {
    const room = roomWith(
      queued("a1", { activityAtMs: 7, provider: "p" }),
      queued("a2", { activityAtMs: 8, provider: "q" }),
      queued("a3", { activityAtMs: 9, provider: "p" }),
      queued("a4", { activityAtMs: 6 }),
    );
    const isNotP = (_agentId: string, provider: string | undefined) => provider !== "p";
    expect(keysOf(room)).toEqual(["a3", "a2", "a1", "a4"]);
    expect(takeNext(room, "any", isNotP)?.key).toBe("a2");
    expect(takeNext(room, "any", isNotP)?.key).toBe("a4");
    expect(takeNext(room, "any", isNotP)).toBeUndefined();
    expect(takeAll(room)).toEqual(["a3", "a1"]);
  });

  it("finds a resume whose provider has changed", () => {
    const room = roomWith(queued("a1", { provider: "p" }));
    room.add(queued("a1", { provider: "q" }), 0);
    expect([room.size, room.remove("a1")?.provider, room.size]).toEqual([1, "q", 0]);
  });

  it("passes over an agent that may not start another", () => {
    const room = roomWith(queued("a1", { activityAtMs: 9 }), queued("b1"));
    expect(takeNext(room, "any", (agentId) => agentId !== "a")?.key).toBe("b1");
    expect(takeNext(room, "any", (agentId) => agentId !== "a")).toBeUndefined();
    expect(room.size).toBe(1);
  });
});

describe("contents", () => {
  it("replaces a resume of the same key", () => {
    const room = roomWith(queued("a1", { attempts: 0 }), queued("a1", { attempts: 1 }));
    expect(room.size).toBe(1);
    expect(takeNext(room, "any", anyone)?.attempts).toBe(1);
    expect(room.size).toBe(0);
  });

  it("takes a resume out by key", () => {
    const room = roomWith(queued("a1"), queued("a2"));
    expect(room.remove("a1")?.key).toBe("a1");
    expect(room.remove("a1")).toBeUndefined();
    expect(takeAll(room)).toEqual(["a2"]);
  });

  it("tells since when the one has waited that has waited longest", () => {
    const room = roomWith(queued("a1", { queuedAtMs: 0 }), queued("b1", { queuedAtMs: -5 }));
    expect(room.oldestSinceMs()).toBe(-5);
    room.remove("b1");
    expect(room.oldestSinceMs()).toBe(0);
    room.remove("a1");
    expect(room.oldestSinceMs()).toBeUndefined();
  });

  it("counts resting ones as waiting", () => {
    const room = roomWith(queued("a1", { notBeforeMs: 50 }));
    expect(room.size).toBe(1);
    expect(room.inOrder().map(({ key }) => key)).toEqual(["a1"]);
    expect(room.oldestSinceMs()).toBe(0);
  });
});

describe("a resting retry", () => {
  it("is not taken before its time", () => {
    const room = roomWith(queued("a1", { notBeforeMs: 50 }));
    room.advance(49);
    expect(takeNext(room, "any", anyone)).toBeUndefined();
  });

  it("is taken when its time has come", () => {
    const room = roomWith(queued("a1", { notBeforeMs: 50 }));
    room.advance(50);
    expect(takeNext(room, "any", anyone)?.key).toBe("a1");
  });

  it("can be removed while it rests", () => {
    const room = roomWith(queued("a1", { notBeforeMs: 50 }));
    room.remove("a1");
    room.advance(50);
    expect(takeAll(room)).toEqual([]);
  });

  it("that ages while it rests is aged when it has rested, not before", () => {
    const room = roomWith(queued("a1", { notBeforeMs: 2000 }));
    room.advance(1999);
    expect(takeNext(room, "aged", anyone)).toBeUndefined();
    room.advance(2000);
    expect(takeNext(room, "aged", anyone)?.key).toBe("a1");
  });
});

describe("ageing", () => {
  it("comes with the last allowed preemption", () => {
    const room = roomWith(queued("a1", { preemptions: 2 }), queued("b1", { preemptions: 3 }));
    expect(takeNext(room, "aged", anyone)?.key).toBe("b1");
    expect(takeNext(room, "aged", anyone)).toBeUndefined();
  });

  it("comes with the longest wait, to the millisecond", () => {
    const room = roomWith(queued("a1", { queuedAtMs: 0 }));
    room.advance(999);
    expect(takeNext(room, "aged", anyone)).toBeUndefined();
    room.advance(1000);
    expect(takeNext(room, "aged", anyone)?.key).toBe("a1");
  });

  it("puts a resume before all fresh ones, of its own agent and of others", () => {
    const room = roomWith(
      queued("b1", { activityAtMs: 9 }),
      queued("a1", { activityAtMs: 9 }),
      queued("a2", { activityAtMs: 1, preemptions: 3 }),
    );
    expect(takeAll(room)).toEqual(["a2", "b1", "a1"]);
  });

  it("lets agents take turns among the aged ones", () => {
    const aged = { preemptions: 3 };
    const room = roomWith(queued("a1", aged), queued("a2", aged), queued("b1", aged));
    expect(takeAll(room)).toEqual(["a1", "b1", "a2"]);
  });

  it("falls back to a fresh one when no aged one may start", () => {
    const room = roomWith(queued("a1", { preemptions: 3 }), queued("b1"));
    expect(takeNext(room, "any", (agentId) => agentId === "b")?.key).toBe("b1");
  });
});

describe("nextChangeAtMs", () => {
  it("is unknown in an empty room", () => {
    expect(roomWith().nextChangeAtMs()).toBeUndefined();
  });

  it("is when the first fresh one ages", () => {
    expect(roomWith(queued("a1", { queuedAtMs: 30 }), queued("a2", { queuedAtMs: 20 })).nextChangeAtMs()).toBe(1020);
  });

  it("is when the first resting one has rested", () => {
    expect(roomWith(queued("a1"), queued("a2", { notBeforeMs: 50 })).nextChangeAtMs()).toBe(50);
  });

  it("is unknown when all have aged", () => {
    expect(roomWith(queued("a1", { preemptions: 3 })).nextChangeAtMs()).toBeUndefined();
  });

  it("is unknown again when the one that would age was taken", () => {
    const room = roomWith(queued("a1"));
    takeNext(room, "any", anyone);
    expect(room.nextChangeAtMs()).toBeUndefined();
  });
});

describe("what the operator asked for", () => {
  const asked = (key: string, requestedAtMs: number, over: Partial<QueuedResume> = {}) =>
    queued(key, { requestedAtMs, ...over });

  it("comes before aged and fresh ones, whatever their agents' turns", () => {
    const room = roomWith(queued("a1", { activityAtMs: 9 }), queued("b1", { preemptions: 3 }), asked("c1", 5));
    expect(takeAll(room)).toEqual(["c1", "b1", "a1"]);
  });

  it("comes in the order of asking within an agent, and in turns between agents", () => {
    const room = roomWith(asked("a2", 20, { activityAtMs: 9 }), asked("a1", 10), asked("a3", 30), asked("b1", 40));
    expect(takeAll(room)).toEqual(["a1", "b1", "a2", "a3"]);
  });

  it("is passed over when its agent may not start another", () => {
    const room = roomWith(asked("a1", 5), queued("b1"));
    expect(takeNext(room, "any", (agentId) => agentId === "b")?.key).toBe("b1");
  });

  it("does not start beside users before it has aged", () => {
    const room = roomWith(asked("a1", 5));
    room.advance(999);
    expect(takeNext(room, "aged", anyone)).toBeUndefined();
    room.advance(1000);
    expect(takeNext(room, "aged", anyone)?.key).toBe("a1");
  });

  it("still rests until its time has come", () => {
    const room = roomWith(asked("a1", 5, { notBeforeMs: 50 }), queued("b1"));
    expect(takeAll(room)).toEqual(["b1"]);
    room.advance(50);
    expect(takeAll(room)).toEqual(["a1"]);
  });

  it("can be removed", () => {
    const room = roomWith(asked("a1", 5), queued("b1"));
    expect(room.remove("a1")?.key).toBe("a1");
    expect(takeAll(room)).toEqual(["b1"]);
  });

  it("comes first though it has aged", () => {
    const room = roomWith(queued("b1", { preemptions: 3 }), asked("a1", 5, { preemptions: 3 }));
    expect(takeAll(room)).toEqual(["a1", "b1"]);
  });

  it("loses nothing to a later request when it ages", () => {
    const room = roomWith(asked("a1", 5, { queuedAtMs: 0 }), asked("a2", 6, { queuedAtMs: 900 }));
    room.advance(1000);
    expect(takeAll(room)).toEqual(["a1", "a2"]);
  });
});

describe("the list in order", () => {
  it("is the order in which they are taken; what rests comes last, the first to have rested first", () => {
    const room = roomWith(
      queued("a-rests", { notBeforeMs: 70 }),
      queued("b-rests", { notBeforeMs: 60 }),
      queued("a-fresh"),
      queued("a-aged", { preemptions: 3 }),
      queued("b-fresh", { activityAtMs: 5 }),
      queued("b-asked", { requestedAtMs: 1 }),
    );
    const order = ["b-asked", "a-aged", "a-fresh", "b-fresh", "b-rests", "a-rests"];
    expect(keysOf(room)).toEqual(order);
    expect(takeAll(room)).toEqual(order.slice(0, 4));
  });

  it("goes on with the agents' turns", () => {
    const room = roomWith(queued("a1"), queued("a2"), queued("b1"), queued("c1"));
    takeNext(room, "any", anyone);
    expect(keysOf(room)).toEqual(["b1", "c1", "a2"]);
  });

  it("changes nothing", () => {
    const room = roomWith(queued("a1"), queued("b1"));
    expect([keysOf(room), keysOf(room), takeAll(room)]).toEqual(Array.from({ length: 3 }, () => ["a1", "b1"]));
  });

  it("is empty in an empty room", () => {
    expect(keysOf(roomWith())).toEqual([]);
  });
});

describe("get", () => {
  it("finds a resume wherever it is, and none that is gone", () => {
    const room = roomWith(
      queued("a1"),
      queued("a2", { preemptions: 3 }),
      queued("a3", { notBeforeMs: 9 }),
      queued("a4", { requestedAtMs: 1 }),
    );
    expect(["a1", "a2", "a3", "a4"].map((key) => room.get(key)?.key)).toEqual(["a1", "a2", "a3", "a4"]);
    room.remove("a1");
    expect([room.get("a1"), room.get("zz")]).toEqual([undefined, undefined]);
  });
});

describe("readyCount", () => {
  it("leaves out those that rest", () => {
    const room = roomWith(queued("a1", { notBeforeMs: 50 }), queued("a2", { notBeforeMs: 60 }));
    expect(room.readyCount).toBe(0);
    room.advance(50);
    expect(room.readyCount).toBe(1);
    room.remove("a1");
    expect([room.readyCount, room.size]).toEqual([0, 1]);
  });
});

describe("new limits", () => {
  it("make what has been preempted often enough aged, or fresh again", () => {
    const room = roomWith(queued("a1", { preemptions: 2 }), queued("b1"));
    room.setLimits({ maxPreemptions: 2, maxWaitMs: 1000 }, 0);
    expect(keysOf(room)).toEqual(["a1", "b1"]);
    expect(takeNext(room, "aged", () => false)).toBeUndefined();
    room.setLimits({ maxPreemptions: 3, maxWaitMs: 1000 }, 0);
    expect(takeNext(room, "aged", anyone)).toBeUndefined();
    room.setLimits({ maxPreemptions: 2, maxWaitMs: 1000 }, 0);
    expect(takeNext(room, "aged", anyone)?.key).toBe("a1");
  });

  it("make what has waited long enough aged at once, to the millisecond", () => {
    const room = roomWith(queued("a1", { queuedAtMs: 0 }));
    room.setLimits({ maxPreemptions: 3, maxWaitMs: 500 }, 499);
    expect(takeNext(room, "aged", anyone)).toBeUndefined();
    expect(room.nextChangeAtMs()).toBe(500);
    room.setLimits({ maxPreemptions: 3, maxWaitMs: 499 }, 499);
    expect(takeNext(room, "aged", anyone)?.key).toBe("a1");
  });

  it("let what rests go on resting", () => {
    const room = roomWith(queued("a1", { notBeforeMs: 50 }));
    room.setLimits({ maxPreemptions: 0, maxWaitMs: 0 }, 10);
    expect([room.readyCount, room.nextChangeAtMs()]).toEqual([0, 50]);
  });

  it("leave the order of an agent's own and of agents with one each", () => {
    const room = roomWith(queued("b1"), queued("a1"), queued("c1"));
    room.setLimits({ maxPreemptions: 9, maxWaitMs: 9000 }, 0);
    expect(keysOf(room)).toEqual(["b1", "a1", "c1"]);
    const one = roomWith(queued("a2", { activityAtMs: 2 }), queued("a3", { activityAtMs: 3 }), queued("a1"));
    one.setLimits({ maxPreemptions: 9, maxWaitMs: 9000 }, 0);
    expect(keysOf(one)).toEqual(["a3", "a2", "a1"]);
  });

  it("leave the agents' turns, however many each has", () => {
    const room = roomWith(queued("a1"), queued("a2"), queued("b1"), queued("c1"), queued("c2"));
    const before = keysOf(room);
    room.setLimits({ maxPreemptions: 3, maxWaitMs: 1000 }, 0);
    expect(keysOf(room)).toEqual(before);
  });

  it("lose nothing", () => {
    const room = roomWith(
      queued("a1"),
      queued("b1", { preemptions: 3 }),
      queued("c1", { notBeforeMs: 9 }),
      queued("c2", { requestedAtMs: 1 }),
    );
    room.setLimits({ maxPreemptions: 0, maxWaitMs: 0 }, 0);
    expect([room.size, keysOf(room).toSorted()]).toEqual([4, ["a1", "b1", "c1", "c2"]]);
  });
});

describe("with many that leave", () => {
  it("ages the rest, of every moment, and loses none", () => {
    const room = new WaitingRoom(LIMITS);
    const keys = Array.from({ length: 600 }, (_, nth) => `a${nth}`);
    const leaves = (nth: number) => nth % 6 !== 0;
    for (const [nth, key] of keys.entries()) {
      room.add(queued(key, { queuedAtMs: nth % 2 === 0 ? 0 : 5, activityAtMs: (nth * 211) % 600 }), 10);
      // Others are queued at the same moments while some leave.
      if (nth >= 300 && leaves(nth - 300)) room.remove(keys[nth - 300]!);
    }
    for (const [nth, key] of keys.entries()) if (nth >= 300 && leaves(nth)) room.remove(key);
    const left = keys.filter((_, nth) => !leaves(nth));
    expect([room.size, room.oldestSinceMs()]).toEqual([left.length, 0]);
    room.advance(LIMITS.maxWaitMs);
    expect(takeNext(room, "aged", anyone)).toBeDefined();
    room.advance(LIMITS.maxWaitMs + 5);
    const taken: QueuedResume[] = [];
    for (let next; (next = takeNext(room, "aged", anyone)) !== undefined;) taken.push(next);
    expect(taken).toHaveLength(left.length - 1);
    expect(taken.map(({ activityAtMs }) => activityAtMs)).toEqual(
      taken.map(({ activityAtMs }) => activityAtMs ?? 0).toSorted((one, other) => other - one),
    );
    expect([room.size, room.oldestSinceMs()]).toEqual([0, undefined]);
  });
});
