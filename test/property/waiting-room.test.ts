import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import type { QueuedResume } from "../../src/domain/queued-resume.ts";
import { WaitingRoom } from "../../src/domain/waiting-room.ts";
import { queued, takeNext } from "../unit/support/makers.ts";

const LIMITS = { maxPreemptions: 2, maxWaitMs: 1000 };

const key = fc
  .tuple(fc.constantFrom("a", "b", "c"), fc.integer({ min: 1, max: 4 }))
  .map(([agent, n]) => `${agent}${n}`);
const add = fc.record({
  do: fc.constant("add" as const),
  key,
  activityAtMs: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
  direct: fc.boolean(),
  provider: fc.constantFrom("p", "q", undefined),
  preemptions: fc.integer({ min: 0, max: 3 }),
  restMs: fc.integer({ min: -100, max: 600 }),
  waitedMs: fc.integer({ min: 0, max: 1200 }),
  requestedAtMs: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
});
const limits = fc.record({
  maxPreemptions: fc.integer({ min: 0, max: 4 }),
  maxWaitMs: fc.constantFrom(0, 300, 1000, 5000),
});
const step = fc.oneof(
  { weight: 5, arbitrary: add },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("remove" as const), key }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("take" as const),
      want: fc.constantFrom("any" as const, "aged" as const),
      agents: fc.subarray(["a", "b", "c"]),
      providers: fc.subarray(["p", "q", undefined]),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("pass" as const), ms: fc.integer({ min: 0, max: 500 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("setLimits" as const), limits }) },
);

/** The order within an agent, written down a second time. */
function isBefore(left: QueuedResume, right: QueuedResume): boolean {
  const [asked, askedToo] = [left.requestedAtMs ?? Infinity, right.requestedAtMs ?? Infinity];
  if (asked !== askedToo) return asked < askedToo;
  const [newer, older] = [left.activityAtMs ?? 0, right.activityAtMs ?? 0];
  if (newer !== older) return newer > older;
  if (left.direct !== right.direct) return left.direct;
  return left.key < right.key;
}

test.prop([fc.array(step, { maxLength: 80, size: "max" })], { numRuns: 2000 })(
  "a room loses nothing, doubles nothing, and takes the best that may start",
  (steps) => {
    const room = new WaitingRoom(LIMITS);
    const inside = new Map<string, QueuedResume>();
    let [nowMs, inForce] = [5000, LIMITS];
    for (const one of steps) {
      room.advance(nowMs);
      const isAged = (resume: QueuedResume) =>
        resume.preemptions >= inForce.maxPreemptions || nowMs - resume.queuedAtMs >= inForce.maxWaitMs;
      if (one.do === "add") {
        const { activityAtMs, direct, provider, preemptions, requestedAtMs } = one;
        const queuedAtMs = nowMs - one.waitedMs;
        const notBeforeMs = nowMs + one.restMs;
        const resume = queued(one.key, {
          activityAtMs,
          direct,
          provider,
          preemptions,
          requestedAtMs,
          queuedAtMs,
          notBeforeMs,
        });
        room.add(resume, nowMs);
        inside.set(one.key, resume);
      } else if (one.do === "remove") {
        expect(room.remove(one.key)).toEqual(inside.get(one.key));
        inside.delete(one.key);
      } else if (one.do === "pass") {
        nowMs += one.ms;
      } else if (one.do === "setLimits") {
        inForce = one.limits;
        room.setLimits(inForce, nowMs);
      } else {
        const mayStart = (agentId: string, provider: string | undefined) =>
          one.agents.includes(agentId) && one.providers.includes(provider);
        const ready = [...inside.values()].filter(
          (resume) => resume.notBeforeMs <= nowMs && mayStart(resume.agentId, resume.provider),
        );
        const isAsked = (resume: QueuedResume) => resume.requestedAtMs !== undefined;
        const aged = ready.filter(isAged);
        const agedAsked = aged.filter(isAsked);
        const places = one.want === "aged" ? [agedAsked, aged] : [agedAsked, ready.filter(isAsked), aged, ready];
        const choice = places.find((place) => place.length > 0) ?? [];
        const [first] = room.inOrder();
        const taken = takeNext(room, one.want, mayStart);
        if (taken === undefined) {
          expect(choice).toEqual([]);
        } else {
          expect(choice).toContainEqual(taken);
          if (one.want === "any" && one.agents.length + one.providers.length === 6) expect(first).toEqual(taken);
          const sameAgent = choice.filter((other) => other.agentId === taken.agentId && other !== taken);
          expect(sameAgent.filter((other) => isBefore(other, taken))).toEqual([]);
          inside.delete(taken.key);
        }
      }
      expect(room.size).toBe(inside.size);
      expect(
        room
          .inOrder()
          .map((resume) => resume.key)
          .toSorted(),
      ).toEqual([...inside.keys()].toSorted());
      const oldest = Math.min(...[...inside.values()].map((resume) => resume.queuedAtMs));
      expect(room.oldestSinceMs() ?? Infinity).toBe(oldest);
    }
  },
);

test.prop([fc.array(key, { maxLength: 40 })])("agents with work take strict turns", (keys) => {
  const room = new WaitingRoom(LIMITS);
  for (const one of keys) room.add(queued(one), 0);
  const left = new Map<string, number>();
  for (const one of new Set(keys)) left.set(one.slice(0, 1), (left.get(one.slice(0, 1)) ?? 0) + 1);
  let round = new Set<string>();
  for (let taken = takeNext(room, "any", () => true); taken !== undefined; taken = takeNext(room, "any", () => true)) {
    // No agent is served again while another one that has work has not had its turn in this round.
    if (round.has(taken.agentId)) {
      expect([...left].filter(([agent, count]) => count > 0 && !round.has(agent))).toEqual([]);
      round = new Set();
    }
    round.add(taken.agentId);
    left.set(taken.agentId, (left.get(taken.agentId) ?? 0) - 1);
  }
  expect([...left.values()].filter((count) => count !== 0)).toEqual([]);
});

test.prop([fc.array(add, { maxLength: 30 })])("the list is in the order in which all are taken", (adds) => {
  const room = new WaitingRoom(LIMITS);
  for (const { key: one, activityAtMs, direct, provider, preemptions, requestedAtMs } of adds) {
    room.add(queued(one, { activityAtMs, direct, provider, preemptions, requestedAtMs }), 0);
  }
  const listed = room.inOrder();
  const taken: QueuedResume[] = [];
  for (let next = takeNext(room, "any", () => true); next !== undefined; next = takeNext(room, "any", () => true)) {
    taken.push(next);
  }
  expect(taken).toEqual(listed);
});
