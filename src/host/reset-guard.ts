import type { OpenClawConfig } from "openclaw/plugin-sdk/plugin-entry";
import { canonicalKey } from "../domain/session-key.ts";
import { type ActiveRuns, defaultAgentId, loadActiveRuns } from "./sdk.ts";

/**
 * Hosts before 2026.9 take it for the old session's work that the lane of a session is busy when its user resets it
 * (`/new`), but abort what is registered for the new one: the turn of the user who has just reset it and then gets no
 * answer. A resume that was cancelled for that user keeps the lane busy until it has ended. So until then something else is
 * registered for the new session, which bears to be aborted; the host only looks there for a reset.
 */

/** A resume that runs, and what is registered for the sessions that were begun in the place of its own. */
interface GuardedRun {
  readonly runId: string;
  readonly registered: Map<string, Handle>;
}
type Handle = Parameters<ActiveRuns["setActiveEmbeddedRun"]>[1];

export interface ResetGuardOptions {
  readonly config: () => OpenClawConfig;
  /** Where the host registers what runs; `undefined` where nothing is to be guarded. Default: that of this host. */
  readonly load?: typeof loadActiveRuns;
}

/** Keeps a user's turn from being aborted in the place of the resume that it ends. */
export class ResetGuard {
  readonly #options: ResetGuardOptions;
  readonly #running = new Map<string, GuardedRun>();
  #activeRuns: ActiveRuns | undefined;

  constructor(options: ResetGuardOptions) {
    this.#options = options;
  }

  /** To be called before a resume runs; the returned function when its run has ended, whatever became of it. */
  async guard(key: string, runId: string): Promise<() => void> {
    const { load = loadActiveRuns } = this.#options;
    this.#activeRuns ??= await load();
    if (this.#activeRuns === undefined) return () => undefined;
    const { clearActiveEmbeddedRun } = this.#activeRuns;
    const run: GuardedRun = { runId, registered: new Map() };
    this.#running.set(key, run);
    return () => {
      this.#running.delete(key);
      for (const [sessionId, handle] of run.registered) clearActiveEmbeddedRun(sessionId, handle);
    };
  }

  /** A new session begins under this key. */
  sessionStarted(sessionKey: string | undefined, sessionId: string): void {
    if (this.#running.size === 0 || sessionKey === undefined) return;
    const run = this.#running.get(canonicalKey(defaultAgentId(this.#options.config()), sessionKey));
    if (run === undefined || run.registered.has(sessionId)) return;
    const handle = cancelled(run.runId);
    run.registered.set(sessionId, handle);
    this.#activeRuns?.setActiveEmbeddedRun(sessionId, handle);
  }
}

/** The lane has cancelled that run already, for the same user. */
function cancelled(runId: string): Handle {
  return {
    kind: "embedded",
    runId,
    queueMessage: () => Promise.reject(new Error("this run is being cancelled")),
    isStreaming: () => false,
    isStopped: () => true,
    isCompacting: () => false,
    abort: () => undefined,
  };
}
