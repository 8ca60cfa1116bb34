import { describe, expect, it } from "vitest";
import type { QueuedResume } from "../../../src/domain/queued-resume.ts";
import { WaitingRoom } from "../../../src/domain/waiting-room.ts";
import { queued } from "../support/makers.ts";

const anyone = () => true;

function roomWith(...resumes: QueuedResume[]): WaitingRoom {
  const room = new WaitingRoom({ maxPreemptions: 3, maxWaitMs: 1000 });
  for (const resume of resumes) room.add(resume, 0);
  return room;
}

function takeAll(room: WaitingRoom, mayStart: (agentId: string) => boolean = anyone): string[] {
  const keys: string[] = [];
  for (let next = room.take("any", mayStart); next !== undefined; next = room.take("any", mayStart))
    keys.push(next.key);
  return keys;
}

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
    room.take("any", anyone);
    room.add(queued("a1"), 0);
    expect(takeAll(room)).toEqual(["b1", "a1", "b2"]);
  });

  it("passes over an agent that may not start another", () => {
    const room = roomWith(queued("a1", { activityAtMs: 9 }), queued("b1"));
    expect(room.take("any", (agentId) => agentId !== "a")?.key).toBe("b1");
    expect(room.take("any", (agentId) => agentId !== "a")).toBeUndefined();
    expect(room.size).toBe(1);
  });
});

describe("contents", () => {
  it("replaces a resume of the same key", () => {
    const room = roomWith(queued("a1", { attempts: 0 }), queued("a1", { attempts: 1 }));
    expect(room.size).toBe(1);
    expect(room.take("any", anyone)?.attempts).toBe(1);
    expect(room.size).toBe(0);
  });

  it("takes a resume out by key", () => {
    const room = roomWith(queued("a1"), queued("a2"));
    expect(room.remove("a1")?.key).toBe("a1");
    expect(room.remove("a1")).toBeUndefined();
    expect(takeAll(room)).toEqual(["a2"]);
  });

  it("tells which one has waited longest", () => {
    const room = roomWith(queued("a1", { queuedAtMs: 0 }), queued("b1", { queuedAtMs: -5 }));
    expect(room.oldest()?.key).toBe("b1");
    room.remove("b1");
    expect(room.oldest()?.key).toBe("a1");
  });

  it("counts resting ones as waiting", () => {
    const room = roomWith(queued("a1", { notBeforeMs: 50 }));
    expect(room.size).toBe(1);
    expect([...room.values()].map(({ key }) => key)).toContain("a1");
    expect(room.oldest()?.key).toBe("a1");
  });
});

describe("a resting retry", () => {
  it("is not taken before its time", () => {
    const room = roomWith(queued("a1", { notBeforeMs: 50 }));
    room.advance(49);
    expect(room.take("any", anyone)).toBeUndefined();
  });

  it("is taken when its time has come", () => {
    const room = roomWith(queued("a1", { notBeforeMs: 50 }));
    room.advance(50);
    expect(room.take("any", anyone)?.key).toBe("a1");
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
    expect(room.take("aged", anyone)).toBeUndefined();
    room.advance(2000);
    expect(room.take("aged", anyone)?.key).toBe("a1");
  });
});

describe("ageing", () => {
  it("comes with the last allowed preemption", () => {
    const room = roomWith(queued("a1", { preemptions: 2 }), queued("b1", { preemptions: 3 }));
    expect(room.take("aged", anyone)?.key).toBe("b1");
    expect(room.take("aged", anyone)).toBeUndefined();
  });

  it("comes with the longest wait, to the millisecond", () => {
    const room = roomWith(queued("a1", { queuedAtMs: 0 }));
    room.advance(999);
    expect(room.take("aged", anyone)).toBeUndefined();
    room.advance(1000);
    expect(room.take("aged", anyone)?.key).toBe("a1");
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
    expect(room.take("any", (agentId) => agentId === "b")?.key).toBe("b1");
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
    room.take("any", anyone);
    expect(room.nextChangeAtMs()).toBeUndefined();
  });
});
