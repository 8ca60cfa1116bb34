import type { OpenClawConfig } from "openclaw/plugin-sdk/plugin-entry";
import type { PluginRuntime } from "openclaw/plugin-sdk/runtime-store";

/**
 * What a run must be told so that an abort ends it whenever it comes, on hosts that keep transcripts as files (2026.6.5,
 * 2026.7.1-2). Else it may keep its session and its slot until the host's own time limit, and its user waits as long.
 */

type RunParams = Parameters<PluginRuntime["agent"]["runEmbeddedAgent"]>[0];
type Phase = Parameters<NonNullable<RunParams["onExecutionPhase"]>>[0]["phase"];

/** Until the call begins; a run that takes longer is aborted as it is, for not every harness tells of its calls. */
const GETTING_READY_MS = 5_000;
/** Until the host has let go of the transcript and taken it again; some 30 ms. */
const BEGINNING_MS = 250;

/** How long after it has come to a phase a run must not be aborted; not given: not at all. */
const NOT_WITHIN_MS: Partial<Record<Phase, number>> = {
  attempt_dispatch: GETTING_READY_MS,
  context_assembled: GETTING_READY_MS,
  model_call_started: BEGINNING_MS,
};

/** Nobody else writes to a transcript for this long; the host waits for a minute if it is not told. */
const LOCK_WAIT_MS = 1_000;

/**
 * The host loses an abort that comes while it makes a model call ready: it takes it for one of a call, of which there is
 * none yet, and then begins that call. So it gets such an abort after that, a fraction of a second later.
 */
export function abortAtCall(signal: AbortSignal): Required<Pick<RunParams, "abortSignal" | "onExecutionPhase">> {
  const atCall = new AbortController();
  let notBeforeMs = 0;
  let timer: NodeJS.Timeout | undefined;
  const abort = () => atCall.abort(signal.reason);
  const abortInTime = () => {
    clearTimeout(timer);
    const waitMs = notBeforeMs - performance.now();
    if (waitMs > 0) timer = setTimeout(abort, waitMs).unref();
    else abort();
  };
  if (signal.aborted) abort();
  else signal.addEventListener("abort", abortInTime, { once: true });
  return {
    abortSignal: atCall.signal,
    onExecutionPhase: ({ phase }) => {
      notBeforeMs = performance.now() + (NOT_WITHIN_MS[phase] ?? 0);
      if (signal.aborted) abortInTime();
    },
  };
}

/**
 * While a model has not begun to answer, the run does not hold the lock of its transcript. On an abort it takes the lock
 * twice at once, for the call that ends and for what cleans up, and may wait for itself. So it must not wait for long.
 */
export function withShortLockWait(config: OpenClawConfig): OpenClawConfig {
  const session = (config.session ?? {}) as { writeLock?: object };
  const writeLock = { ...session.writeLock, acquireTimeoutMs: LOCK_WAIT_MS };
  return Object.assign({ ...config }, { session: { ...session, writeLock } });
}
