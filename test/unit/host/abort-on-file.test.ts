import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { abortAtCall, withShortLockWait } from "../../../src/host/abort-on-file.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

type Phase = "runner_entered" | "attempt_dispatch" | "context_assembled" | "model_call_started" | "process_spawned";

const WHY = new Error("a user writes");

/** A run that has just come this far. */
function runAt(...phases: readonly Phase[]) {
  const abort = new AbortController();
  const { abortSignal, onExecutionPhase } = abortAtCall(abort.signal);
  for (const phase of phases) onExecutionPhase({ phase });
  return {
    abort: () => abort.abort(WHY),
    reach: (phase: Phase) => onExecutionPhase({ phase }),
    isAborted: () => abortSignal?.aborted,
    reason: () => abortSignal?.reason as unknown,
  };
}

it.each([
  ["waits for its turn", []],
  ["has just begun", ["runner_entered"]],
  ["has a process of its own", ["attempt_dispatch", "process_spawned"]],
] as const)("a run that %s is aborted at once, for the same reason", (_name, phases) => {
  const run = runAt(...phases);
  run.abort();
  expect(run.reason()).toBe(WHY);
});

it("so is one in the middle of a model call", () => {
  const run = runAt("attempt_dispatch", "model_call_started");
  vi.advanceTimersByTime(250);
  expect(run.isAborted()).toBe(false);
  run.abort();
  expect(run.reason()).toBe(WHY);
});

it("one whose model call begins is aborted a moment later", () => {
  const run = runAt("attempt_dispatch", "model_call_started");
  vi.advanceTimersByTime(50);
  run.abort();
  vi.advanceTimersByTime(199);
  expect(run.isAborted()).toBe(false);
  vi.advanceTimersByTime(1);
  expect(run.reason()).toBe(WHY);
});

it.each([["attempt_dispatch"], ["context_assembled"]] as const)(
  "one that makes its call ready (%s) is aborted a moment after that has begun",
  (phase) => {
    const run = runAt(phase);
    run.abort();
    vi.advanceTimersByTime(1_000);
    run.reach("context_assembled");
    vi.advanceTimersByTime(1_000);
    run.reach("model_call_started");
    expect(run.isAborted()).toBe(false);
    vi.advanceTimersByTime(250);
    expect(run.reason()).toBe(WHY);
    expect(vi.getTimerCount()).toBe(0);
  },
);

it("one that tells of no call is aborted after a while all the same", () => {
  const run = runAt("attempt_dispatch");
  run.abort();
  vi.advanceTimersByTime(4_999);
  expect(run.isAborted()).toBe(false);
  vi.advanceTimersByTime(1);
  expect(run.isAborted()).toBe(true);
});

it("one that was aborted before it began does not begin", () => {
  expect(abortAtCall(AbortSignal.abort()).abortSignal?.aborted).toBe(true);
});

it("a run waits for the transcript's lock for 1 s at most, and changes nothing else in the configuration", () => {
  const config = { session: { store: "/s", writeLock: { staleMs: 5 } } };
  const before = structuredClone(config);
  expect(withShortLockWait(config)).toEqual({
    session: { store: "/s", writeLock: { staleMs: 5, acquireTimeoutMs: 1_000 } },
  });
  expect(withShortLockWait({})).toEqual({ session: { writeLock: { acquireTimeoutMs: 1_000 } } });
  expect(config).toEqual(before);
});
