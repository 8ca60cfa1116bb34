import { describe, expect, it } from "vitest";
import { UserTurns } from "../../../src/domain/user-turns.ts";

const counts = (turns: UserTurns) => [turns.waitingCount, turns.runningCount];

describe("a user turn", () => {
  it("waits from its signal, runs from its start and is gone at its end", () => {
    const turns = new UserTurns();
    turns.wrote("a", 0);
    expect(counts(turns)).toEqual([1, 0]);
    turns.runStarted("run", "a", 10);
    expect(counts(turns)).toEqual([0, 1]);
    turns.runEnded("run", 20);
    expect(counts(turns)).toEqual([0, 0]);
  });

  it("counts without a signal too", () => {
    const turns = new UserTurns();
    turns.runStarted("run", "a", 10);
    expect(counts(turns)).toEqual([0, 1]);
  });

  it("that waits is not ended by another session's run", () => {
    const turns = new UserTurns();
    turns.wrote("a", 0);
    turns.runStarted("run", "b", 1);
    turns.runEnded("run", 2);
    expect(counts(turns)).toEqual([1, 0]);
  });

  it("that was steered into the run before it waits no longer when that run ends", () => {
    const turns = new UserTurns();
    turns.runStarted("run", "a", 0);
    turns.wrote("a", 1);
    turns.runEnded("run", 2);
    expect(counts(turns)).toEqual([0, 0]);
  });
});

describe("the end of a run", () => {
  it("that nobody announced changes nothing", () => {
    const turns = new UserTurns();
    turns.watchFrom(100);
    turns.wrote("a", 200);
    turns.runEnded("unknown", 300);
    expect(counts(turns)).toEqual([1, 0]);
    turns.runStarted("run", "a", 400);
    turns.runEnded("run", 500);
    turns.runEnded("run", 900);
    expect(turns.quietAtMs(10)).toBe(510);
  });
});

describe("a signal", () => {
  it("is news once per message", () => {
    const turns = new UserTurns();
    expect(turns.wrote("a", 0)).toBe(true);
    expect(turns.wrote("a", 5)).toBe(false);
    expect(turns.wrote("b", 5)).toBe(true);
  });

  it("is news again when the run that it announced has started", () => {
    const turns = new UserTurns();
    turns.wrote("a", 0);
    turns.runStarted("run", "a", 1);
    expect(turns.wrote("a", 2)).toBe(true);
  });

  it("without a run is kept for less than 15 s", () => {
    const turns = new UserTurns();
    turns.wrote("a", 100);
    turns.advance(15_099);
    expect(turns.waitingCount).toBe(1);
    expect(turns.nextChangeAtMs()).toBe(15_100);
    turns.advance(15_100);
    expect(turns.waitingCount).toBe(0);
    expect(turns.nextChangeAtMs()).toBeUndefined();
  });

  it("is forgotten by the time of the first one, not of its repeats", () => {
    const turns = new UserTurns();
    turns.wrote("a", 0);
    turns.wrote("a", 14_000);
    turns.advance(15_000);
    expect(turns.waitingCount).toBe(0);
  });

  it("that nobody came to forget in time does not swallow the next message", () => {
    const turns = new UserTurns();
    turns.wrote("a", 0);
    expect(turns.wrote("a", 16_000)).toBe(true);
    turns.advance(16_001);
    expect(turns.waitingCount).toBe(1);
    expect(turns.oldestWaitingSinceMs()).toBe(16_000);
  });

  it("is forgotten by itself: a later one stays", () => {
    const turns = new UserTurns();
    turns.wrote("a", 0);
    turns.wrote("b", 5000);
    turns.advance(15_000);
    expect(turns.waitingCount).toBe(1);
    expect(turns.oldestWaitingSinceMs()).toBe(5000);
    expect(turns.nextChangeAtMs()).toBe(20_000);
  });
});

describe("a message that was served", () => {
  it("waits no longer; quiet is counted from then on", () => {
    const turns = new UserTurns();
    turns.wrote("a", 0);
    turns.served("a", 100, false);
    expect(counts(turns)).toEqual([0, 0]);
    expect(turns.quietAtMs(2000)).toBe(2100);
  });

  it("changes nothing about other sessions, nor about a run", () => {
    const turns = new UserTurns();
    turns.wrote("a", 0);
    turns.runStarted("run", "b", 1);
    turns.served("b", 2, false);
    expect(counts(turns)).toEqual([1, 1]);
  });

  it("of which nobody knew does not disturb the quiet", () => {
    const turns = new UserTurns();
    turns.watchFrom(100);
    turns.served("a", 500, false);
    expect(turns.quietAtMs(2000)).toBe(2100);
  });
});

describe("isWaiting", () => {
  it("is true from the signal to the run", () => {
    const turns = new UserTurns();
    expect(turns.isWaiting("a")).toBe(false);
    turns.wrote("a", 0);
    expect([turns.isWaiting("a"), turns.isWaiting("b")]).toEqual([true, false]);
    turns.runStarted("run", "a", 1);
    expect(turns.isWaiting("a")).toBe(false);
  });

  it("is over when the message was served or is forgotten", () => {
    const turns = new UserTurns();
    turns.wrote("a", 0);
    turns.wrote("b", 0);
    turns.served("a", 1, false);
    expect([turns.isWaiting("a"), turns.isWaiting("b")]).toEqual([false, true]);
    turns.advance(15_000);
    expect(turns.isWaiting("b")).toBe(false);
  });
});

describe("oldestWaitingSinceMs", () => {
  it("is unknown when nobody waits", () => {
    expect(new UserTurns().oldestWaitingSinceMs()).toBeUndefined();
  });

  it("passes to the next one when the oldest starts", () => {
    const turns = new UserTurns();
    turns.wrote("a", 1);
    turns.wrote("b", 2);
    expect(turns.oldestWaitingSinceMs()).toBe(1);
    turns.runStarted("run", "a", 3);
    expect(turns.oldestWaitingSinceMs()).toBe(2);
  });
});

describe("while turns wait for a slot of the lane main", () => {
  it("no signal is forgotten: it may be one of them", () => {
    const turns = new UserTurns();
    turns.mainQueued(1);
    turns.wrote("a", 0);
    turns.advance(599_999);
    expect([turns.isWaiting("a"), turns.nextChangeAtMs()]).toEqual([true, 600_000]);
    turns.mainQueued(0);
    turns.advance(599_999);
    expect(turns.isWaiting("a")).toBe(false);
  });

  it("not even then does one wait forever", () => {
    const turns = new UserTurns();
    turns.mainQueued(1);
    turns.wrote("a", 0);
    turns.advance(600_000);
    expect(turns.waitingCount).toBe(0);
  });
});

describe("the host's own recovery of a session", () => {
  it("holds up its user's message, which nothing else follows", () => {
    const turns = new UserTurns();
    turns.recoveryStarted("recovery", "a");
    expect(turns.recoveriesInTheWay).toBe(0);
    turns.wrote("a", 0);
    turns.wrote("b", 0);
    expect([turns.recoveriesInTheWay, turns.waitingForRoomCount]).toEqual([1, 2]);
    turns.served("a", 300, true);
    expect([turns.waitingCount, turns.waitingForRoomCount]).toEqual([2, 1]);
    turns.advance(1_000_000);
    expect([turns.isWaiting("a"), turns.isWaiting("b"), turns.recoveriesInTheWay]).toEqual([true, false, 1]);
    turns.recoveryEnded("recovery");
    expect([turns.waitingCount, turns.waitingForRoomCount, turns.recoveriesInTheWay]).toEqual([0, 0, 0]);
  });

  it("holds up no longer what was answered, or has begun", () => {
    const turns = new UserTurns();
    turns.recoveryStarted("one", "a");
    turns.recoveryStarted("two", "b");
    turns.wrote("a", 0);
    turns.wrote("b", 0);
    turns.served("a", 1, false);
    turns.served("b", 1, true);
    turns.runStarted("run", "b", 2);
    expect([turns.waitingCount, turns.waitingForRoomCount]).toEqual([0, 0]);
    turns.wrote("b", 3);
    expect(turns.waitingForRoomCount).toBe(1);
  });

  it("is nothing to be quiet about once it alone keeps a user waiting", () => {
    const turns = new UserTurns();
    turns.recoveryStarted("recovery", "a");
    turns.wrote("a", 0);
    expect([turns.quietAtMs(2000), turns.nextChangeAtMs()]).toEqual([undefined, 15_000]);
    turns.advance(15_000);
    expect([turns.quietAtMs(2000), turns.nextChangeAtMs()]).toEqual([17_000, undefined]);
  });

  it("that does not come is not waited for forever", () => {
    const turns = new UserTurns();
    turns.wrote("a", 0);
    turns.served("a", 1, true);
    turns.advance(599_999);
    expect(turns.waitingCount).toBe(1);
    turns.advance(600_000);
    expect([turns.waitingCount, turns.waitingForRoomCount]).toEqual([0, 0]);
  });

  it("that nobody knew of ends unnoticed", () => {
    const turns = new UserTurns();
    turns.wrote("a", 0);
    turns.recoveryEnded("unknown");
    expect(turns.waitingCount).toBe(1);
  });
});

describe("quiet", () => {
  it("is counted from when watching began", () => {
    const turns = new UserTurns();
    turns.watchFrom(100);
    expect(turns.quietAtMs(2000)).toBe(2100);
  });

  it("does not come while a user waits or runs", () => {
    const turns = new UserTurns();
    turns.wrote("a", 0);
    expect(turns.quietAtMs(2000)).toBeUndefined();
    turns.runStarted("run", "a", 10);
    expect(turns.quietAtMs(2000)).toBeUndefined();
  });

  it("is counted from the end of the last run", () => {
    const turns = new UserTurns();
    turns.runStarted("one", "a", 0);
    turns.runStarted("two", "b", 0);
    turns.runEnded("one", 10);
    expect(turns.quietAtMs(2000)).toBeUndefined();
    turns.runEnded("two", 30);
    expect(turns.quietAtMs(2000)).toBe(2030);
  });

  it("is counted from when a signal without a run is forgotten", () => {
    const turns = new UserTurns();
    turns.wrote("a", 0);
    turns.advance(15_000);
    expect(turns.quietAtMs(2000)).toBe(17_000);
  });
});
