import { AsyncLocalStorage } from "node:async_hooks";
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { listAgentIds, tryResolveDefaultAgentId } from "openclaw/plugin-sdk/agent-scope-runtime";
import type { OpenClawConfig, OpenClawPluginApi, OpenClawPluginServiceContext } from "openclaw/plugin-sdk/plugin-entry";
import type { Judged } from "../domain/admit.ts";
import { EventBus } from "../domain/events.ts";
import type { ResumeRecord } from "../domain/record.ts";
import { ResumeLane } from "../lane/resume-lane.ts";
import { createLog, logEvents } from "../observe/log.ts";
import { Metrics } from "../observe/metrics.ts";
import { Ledger } from "../record/ledger.ts";
import { RecordStore } from "../record/record-store.ts";
import { resolveSettings } from "../settings/resolve.ts";
import type { Settings } from "../settings/settings.ts";
import { claimJudged, judgeInterrupted, report } from "./boot.ts";
import { createDelivery } from "./delivery.ts";
import { HostRunner } from "./runner.ts";
import { createSessionStore, type SessionStore } from "./session-store.ts";
import { createTranscriptReader, type ReadTranscript } from "./transcripts.ts";
import { UserSignals } from "./user-signals.ts";

/** The host gives a stopping plugin 5 s. */
const STOP_LIMIT_MS = 4_000;

/** The plugin between one `start` and the next `stop` of its service. */
export class ResumeService {
  readonly #api: OpenClawPluginApi;
  readonly #pluginConfig: unknown;
  #metrics: Metrics | undefined;
  #signals: UserSignals | undefined;
  #lane: ResumeLane | undefined;
  #records: RecordStore | undefined;
  #stopListening: (() => void) | undefined;
  /** Host calls must run inside the service's own async context: the hook's is released when its handler returns. */
  #inServiceContext: ReturnType<typeof AsyncLocalStorage.snapshot> | undefined;
  #gateway: { readonly stopping: AbortSignal | undefined } | undefined;

  constructor(api: OpenClawPluginApi) {
    this.#api = api;
    this.#pluginConfig = api.pluginConfig;
  }

  /** The registry of the running service. */
  get registry() {
    return this.#metrics?.registry;
  }

  /** Awaited by the host before its own recovery starts: what is claimed here, the host does not resume. */
  async start(context: OpenClawPluginServiceContext): Promise<void> {
    this.#inServiceContext = AsyncLocalStorage.snapshot();
    const events = new EventBus();
    const log = createLog(context.logger);
    logEvents(events, log);
    this.#metrics = new Metrics(events, Date.now);
    const resolved = resolveSettings(this.#pluginConfig);
    if (!resolved.ok) {
      for (const { path, message } of resolved.errors) {
        log.error(
          { setting: path },
          `plugins.entries.${this.#api.id}.config${path === "" ? "" : `.${path}`}: ${message}`,
        );
      }
      log.error(
        "nothing is resumed by this plugin until its settings are right; the host recovers as it would without it",
      );
      return;
    }
    if (resolved.settings.mode === "off") return;
    try {
      await this.#takeOver(resolved.settings, context, events);
    } catch (error) {
      // The series stay, so that an alert can tell.
      await this.#release();
      throw error;
    }
  }

  /** The gateway is ready; `stopping` fires when it begins to stop, before it waits for running work. */
  gatewayStarted(stopping: AbortSignal | undefined): void {
    this.#gateway = { stopping };
    this.#openLane();
  }

  messageReceived(sessionKey: string | undefined): void {
    this.#signals?.messageReceived(sessionKey);
  }

  async stop(): Promise<void> {
    await this.#release();
    this.#metrics?.registry.clear();
    this.#metrics = undefined;
  }

  async #release(): Promise<void> {
    this.#stopListening?.();
    this.#signals?.stop();
    // A delivery that hangs must not hold the gateway: it is on record and goes on at the next boot.
    await Promise.race([this.#lane?.drain(), sleep(STOP_LIMIT_MS, undefined, { ref: false })]);
    this.#records?.close();
    this.#stopListening = this.#signals = this.#lane = this.#records = undefined;
  }

  async #takeOver(settings: Settings, context: OpenClawPluginServiceContext, events: EventBus): Promise<void> {
    const nowMs = Date.now();
    const host = hostParts(this.#api);
    if (settings.mode === "observe") {
      const judged = this.#judge(settings, host, RecordStore.peek(context.stateDir), nowMs, events);
      for (const { candidate, verdict } of judged) report(candidate.row, verdict, events);
      events.emit("booted", { mode: settings.mode, claimed: 0, tookMs: Date.now() - nowMs });
      return;
    }
    const records = (this.#records = new RecordStore(context.stateDir));
    // Users are watched from before the first claim: one who writes meanwhile must not find a resume in the way.
    const lane = this.#startLane(settings, host, records, context, events);
    const judged = this.#judge(settings, host, records.all(), nowMs, events);
    const queue = await claimJudged(judged, { ...host, records, bootId: randomUUID(), nowMs, events });
    events.emit("booted", { mode: settings.mode, claimed: queue.length, tookMs: Date.now() - nowMs });
    for (const resume of queue) lane.enqueue(resume);
    this.#openLane();
  }

  #judge(
    settings: Settings,
    host: HostParts,
    known: readonly ResumeRecord[],
    nowMs: number,
    events: EventBus,
  ): Judged[] {
    return judgeInterrupted({
      ...host,
      agentIds: listAgentIds(host.config()),
      known,
      limits: { ...settings.filter, maxPerBoot: settings.budget.maxPerBoot, maxAttempts: settings.resume.maxAttempts },
      nowMs,
      liveSinceMs: isFirstStartInProcess() ? nowMs - process.uptime() * 1000 : -Infinity,
      events,
    });
  }

  #startLane(
    settings: Settings,
    host: HostParts,
    records: RecordStore,
    context: OpenClawPluginServiceContext,
    events: EventBus,
  ): ResumeLane {
    const ledger = new Ledger(records, Date.now);
    const runner = new HostRunner({
      ...host,
      agent: this.#api.runtime.agent,
      deliver: createDelivery(host.config),
      ledger,
      laneName: settings.lane.name,
      timeoutMs: settings.resume.timeoutMs,
      unsafeTail: settings.resume.unsafeTail,
      expectOwnTurn: (key, runId) => signals.expectOwnTurn(key, runId),
    });
    const lane = new ResumeLane({
      limits: {
        ...settings.budget,
        ...settings.preemption,
        quietMs: settings.lane.quietMs,
        retryDelayMs: settings.resume.retryDelayMs,
        maxAttempts: settings.resume.maxAttempts,
        preemptionScope: settings.preemption.scope,
      },
      timeoutMs: settings.resume.timeoutMs,
      runner,
      ledger,
      events,
      clock: { nowMs: Date.now, after: timer, newRunId: randomUUID },
    });
    const signals = new UserSignals({
      events: this.#api.runtime.events,
      gatewayEvents: context.gatewayEvents,
      defaultAgentId: tryResolveDefaultAgentId(host.config()) ?? "main",
      // Signals arrive inside the user's own turn; what the lane starts because of them must not become part of it.
      listener: {
        userWrote: (key) => this.#inServiceContext?.(() => lane.userWrote(key)),
        userRunStarted: (runId, key) => this.#inServiceContext?.(() => lane.userRunStarted(runId, key)),
        userRunEnded: (runId) => this.#inServiceContext?.(() => lane.userRunEnded(runId)),
        userServed: (key) => this.#inServiceContext?.(() => lane.userServed(key)),
        mainWaited: (waitMs) => events.emit("mainWaited", { waitMs }),
      },
    });
    this.#lane = lane;
    this.#signals = signals;
    this.#metrics?.watch(lane);
    signals.start();
    if (!signals.seesLanes) {
      const error = "diagnostics.enabled is false: users of the HTTP endpoints do not preempt resumes";
      events.emit("trouble", { what: "see every user", error });
    }
    return lane;
  }

  #openLane(): void {
    const lane = this.#lane;
    if (lane === undefined || this.#gateway === undefined) return;
    const { stopping } = this.#gateway;
    if (stopping?.aborted === true) return;
    const onStopping = () => void lane.drain();
    stopping?.addEventListener("abort", onStopping, { once: true });
    // The gateway's signal outlives a plugin that is replaced in process.
    this.#stopListening = () => stopping?.removeEventListener("abort", onStopping);
    this.#inServiceContext?.(() => lane.open());
  }
}

/** The host's session store and configuration, as the plugin's parts take them. */
interface HostParts {
  readonly config: () => OpenClawConfig;
  readonly storePathOf: (agentId: string) => string;
  readonly sessions: SessionStore;
  readonly transcript: ReadTranscript;
}

function hostParts({ runtime }: OpenClawPluginApi): HostParts {
  const { session } = runtime.agent;
  const config = () => runtime.config.current() as OpenClawConfig;
  const storePathOf = (agentId: string) => session.resolveStorePath(config().session?.store, { agentId });
  return {
    config,
    storePathOf,
    sessions: createSessionStore(session, config),
    transcript: createTranscriptReader(storePathOf),
  };
}

/** One process can start the plugin more than once, even from a second copy of this module. */
function isFirstStartInProcess(): boolean {
  const mark = Symbol.for("openclaw-resume-scheduler.started");
  const first = !Object.hasOwn(globalThis, mark);
  Object.defineProperty(globalThis, mark, { value: true, configurable: true });
  return first;
}

function timer(delayMs: number, callback: () => void): () => void {
  const handle = setTimeout(callback, delayMs);
  handle.unref();
  return () => clearTimeout(handle);
}
