import { onDiagnosticEvent } from "openclaw/plugin-sdk/diagnostic-runtime";
import type { OpenClawPluginServiceContext } from "openclaw/plugin-sdk/plugin-entry";
import type { PluginRuntime } from "openclaw/plugin-sdk/runtime-store";
import { isOwned, kindOfKey } from "../domain/conversation.ts";
import { canonicalKey } from "../domain/session-key.ts";

/** Who is told about users. Keys are canonical session keys. */
export interface UserListener {
  userWrote(key: string): void;
  userRunStarted(runId: string, key: string): void;
  /** `answered`: it did not end in an error. */
  userRunEnded(runId: string, answered: boolean): void;
  /** The host recovers a session that was left to it. */
  recoveryStarted(runId: string, key: string): void;
  recoveryEnded(runId: string): void;
  /**
   * The host is done with a user's message, whatever became of it. `waitsForHost`: it recovers the session, and takes the
   * message after that.
   */
  userServed(key: string, waitsForHost: boolean): void;
  /** A turn left the host's lane `main` after this wait. */
  mainWaited(waitMs: number): void;
  /** How many turns wait for a slot of the host's lane `main`. */
  mainQueued(turns: number): void;
}

export interface UserSignalsOptions {
  readonly events: PluginRuntime["events"];
  readonly gatewayEvents: OpenClawPluginServiceContext["gatewayEvents"];
  readonly defaultAgentId: string;
  /** Whether the host publishes its diagnostic events. */
  readonly diagnosticsEnabled: () => boolean;
  /** Whether the host itself has started this run to recover the session, as its entry tells, if it does. May throw. */
  readonly isRecovery: (agentId: string, sessionKey: string, runId: string) => boolean | undefined;
  readonly listener: UserListener;
}

const SESSION_LANE = "session:";
const MOST_TRACES = 1000;

/**
 * Sees every user who waits, whichever way they write.
 *
 * No signal sees all. The hook `message_received` shows channels, the Control UI and the TUI; `sessions.changed` the
 * `agent` method; the HTTP endpoints show only as a turn that enters its session's lane. They overlap, and the scheduler
 * takes repeats of the same message as one. (The diagnostic `message.received` is of no use: heartbeats raise it too.)
 */
export class UserSignals {
  readonly #options: UserSignalsOptions;
  readonly #stops: (() => void)[] = [];
  /** Runs that are about to enter their session's lane and are not a user's, by session key. */
  readonly #expected = new Map<string, Set<string>>();
  /** Runs that are not a user's: ours, heartbeats, the host's own recovery. */
  readonly #otherRuns = new Set<string>();
  /** Those of them that are ours: until we say so, whatever the host says. It ends a run that it will repeat (2026.8.2). */
  readonly #ownRuns = new Set<string>();
  /** Those of them that are the host's own recovery. */
  readonly #recoveries = new Set<string>();
  /**
   * Traces in which something was sent while the host has sessions to recover. A command is answered in the trace of its
   * message; what the host sends to announce a recovery has another, or none.
   */
  readonly #answeredTraces = new Set<string>();
  /**
   * Runs that answer a user in a session that the host recovers itself, as far as the host says so: not those that come by the
   * HTTP endpoints or the `agent` method. With the sessions, until they are recovered.
   */
  readonly #announced = new Map<string, string>();
  /** Sessions that the host recovers itself, until it has. */
  readonly #leftToHost = new Set<string>();
  #mainQueued = 0;

  constructor(options: UserSignalsOptions) {
    this.#options = options;
  }

  /** False when the operator has switched the host's diagnostics off: the HTTP endpoints are then not seen. */
  get seesLanes(): boolean {
    return this.#options.diagnosticsEnabled();
  }

  start(): void {
    const { events, gatewayEvents } = this.#options;
    this.#stops.push(onDiagnosticEvent((event) => this.#onDiagnostic(event)));
    this.#stops.push(events.onAgentEvent((event) => this.#onAgentEvent(event)));
    const stop = gatewayEvents?.onSessionsChanged(({ sessionKey, agentId, reason }) => {
      // The host starts its own recoveries by the method that says this, too.
      const isRecovery = this.#leftToHost.has(this.#keyOf(sessionKey, agentId));
      if (reason === "send" && !isRecovery) this.#wrote(sessionKey, agentId);
    });
    if (stop !== undefined) this.#stops.push(stop);
  }

  stop(): void {
    for (const stop of this.#stops.splice(0)) stop();
  }

  /** The host recovers these sessions by itself, before or after their users' own turns. */
  expectRecovery(keys: Iterable<string>): void {
    for (const key of keys) this.#leftToHost.add(key);
  }

  /** For the `message_received` hook, which only the plugin entry can register. */
  messageReceived(sessionKey: string | undefined): void {
    if (sessionKey !== undefined) this.#wrote(sessionKey);
  }

  /** The next turn on this session is a resume. The returned function ends the expectation. */
  expectOwnTurn(key: string, runId: string): () => void {
    this.#expect(key, runId);
    this.#ownRuns.add(runId);
    return () => {
      this.#ownRuns.delete(runId);
      this.#forget(key, runId);
    };
  }

  #onDiagnostic(event: Parameters<Parameters<typeof onDiagnosticEvent>[0]>[0]): void {
    if (event.type === "message.processed" && event.sessionKey !== undefined) {
      const key = this.#keyOf(event.sessionKey);
      const wasAnswered = this.#answeredTraces.delete(event.trace?.traceId ?? "");
      this.#options.listener.userServed(key, this.#leftToHost.has(key) && !wasAnswered);
    } else if (event.type === "message.delivery.completed" && event.trace !== undefined) {
      this.#noteAnswer(event.trace.traceId);
    } else if (event.type === "queue.lane.enqueue" && event.lane.startsWith(SESSION_LANE)) {
      this.#turnQueued(event.lane.slice(SESSION_LANE.length), event.queueSize);
    } else if (event.type === "queue.lane.enqueue" && event.lane === "main") {
      this.#options.listener.mainQueued((this.#mainQueued += 1));
    } else if (event.type === "queue.lane.dequeue" && event.lane === "main") {
      this.#options.listener.mainWaited(event.waitMs);
      this.#options.listener.mainQueued((this.#mainQueued = event.queueSize));
    } else if (event.type === "session.turn.created") {
      const key = this.#keyOf(event.sessionKey ?? "");
      if (event.trigger === "heartbeat") this.#expect(key, event.runId);
      else if (event.trigger === "user" && this.#leftToHost.has(key)) this.#announced.set(event.runId, key);
    }
  }

  #noteAnswer(traceId: string): void {
    // What is sent without a message is asked for by nobody.
    if (this.#leftToHost.size === 0 || this.#answeredTraces.size >= MOST_TRACES) this.#answeredTraces.clear();
    else this.#answeredTraces.add(traceId);
  }

  #turnQueued(sessionKey: string, queueSize: number): void {
    const key = this.#keyOf(sessionKey);
    const expected = this.#expected.get(key);
    const [runId] = expected ?? [];
    if (runId !== undefined) expected?.delete(runId);
    // A second turn in the lane of a session that is being recovered is its user's.
    else if (!this.#leftToHost.has(key) || queueSize > 1) this.#wrote(sessionKey);
  }

  #expect(key: string, runId: string): void {
    this.#otherRuns.add(runId);
    this.#expected.set(key, (this.#expected.get(key) ?? new Set()).add(runId));
  }

  #forget(key: string, runId: string): void {
    this.#otherRuns.delete(runId);
    const expected = this.#expected.get(key);
    expected?.delete(runId);
    if (expected?.size === 0) this.#expected.delete(key);
  }

  #onAgentEvent(event: Parameters<Parameters<PluginRuntime["events"]["onAgentEvent"]>[0]>[0]): void {
    if (event.stream !== "lifecycle" || event.sessionKey === undefined) return;
    const { phase } = event.data;
    const key = this.#keyOf(event.sessionKey, event.agentId);
    const ended = phase === "end" || phase === "error";
    const { listener } = this.#options;
    if (phase === "start" && this.#leftToHost.has(key) && this.#isRecovery(event, key)) {
      this.#otherRuns.add(event.runId);
      this.#recoveries.add(event.runId);
      listener.recoveryStarted(event.runId, key);
    } else if (this.#otherRuns.has(event.runId)) {
      if (!ended || this.#ownRuns.has(event.runId)) return;
      this.#forget(key, event.runId);
      if (!this.#recoveries.delete(event.runId)) return;
      this.#recovered(key);
      listener.recoveryEnded(event.runId);
    } else if (phase === "start" && this.#isConversation(event.sessionKey)) {
      listener.userRunStarted(event.runId, key);
    } else if (ended) {
      listener.userRunEnded(event.runId, phase === "end");
    }
  }

  #recovered(key: string): void {
    this.#leftToHost.delete(key);
    for (const [runId, announced] of this.#announced) if (announced === key) this.#announced.delete(runId);
  }

  #wrote(sessionKey: string, agentId?: string): void {
    if (!this.#isConversation(sessionKey)) return;
    const key = this.#keyOf(sessionKey, agentId);
    this.#options.listener.userWrote(key);
  }

  /** An entry that cannot be read tells nothing: then the session's turn is taken for what is expected of it. */
  #isRecovery({ agentId, sessionKey, runId }: { agentId?: string; sessionKey?: string; runId: string }, key: string) {
    try {
      const told = this.#options.isRecovery(agentId ?? key.split(":")[1] ?? "", sessionKey ?? key, runId);
      // A recovery is announced by nothing, and without diagnostics no user is.
      return told ?? (this.seesLanes && !this.#announced.has(runId));
    } catch {
      return true;
    }
  }

  #isConversation(sessionKey: string): boolean {
    return !isOwned(kindOfKey(sessionKey));
  }

  #keyOf(sessionKey: string, agentId = this.#options.defaultAgentId): string {
    return canonicalKey(agentId, sessionKey);
  }
}
