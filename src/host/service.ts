import { AsyncLocalStorage } from "node:async_hooks";
import { randomUUID } from "node:crypto";
import type { OpenClawPluginApi, OpenClawPluginServiceContext } from "openclaw/plugin-sdk/plugin-entry";
import type { BootTimes, EventBus } from "../domain/events.ts";
import { canonicalKey } from "../domain/session-key.ts";
import type { ServiceState } from "../domain/service-state.ts";
import { hostLane } from "../lane/host-lane.ts";
import type { ResumeLane } from "../lane/resume-lane.ts";
import { expose, type Exposition } from "../observe/exposition.ts";
import type { Office } from "../operate/office.ts";
import { unusable } from "../record/database.ts";
import { type RecordAtRest, readAtRest } from "../record/record-at-rest.ts";
import { RecordStore } from "../record/record-store.ts";
import { LiveSettings } from "../settings/live.ts";
import type { Settings } from "../settings/settings.ts";
import { type Active, laneLimits, startActive, timer } from "./active.ts";
import { judgeSessions } from "./admission.ts";
import { claimJudged, type Judgement, report, verdictsOf } from "./boot.ts";
import { sweepCarryOvers } from "./continuity-hooks.ts";
import { missingPermission } from "./continuity-permission.ts";
import { handBack, handBackAfterFailure } from "./hand-back.ts";
import { hostFeatures, missingFeatures } from "./host-features.ts";
import { type HostParts, hostParts } from "./host-parts.ts";
import { belongTo, inProcess } from "./in-process.ts";
import { createInstruments, type Instruments, rememberLogKey } from "./instruments.ts";
import { Permits } from "./permits.ts";
import { type Onlooker, startOnlooker } from "./onlooker.ts";
import { loadSdk } from "./sdk.ts";
import { settingsOf, watchSettings } from "./settings-watch.ts";
import { betweenTurns, gathered } from "./slices.ts";
import { readSplits } from "./split-conversations.ts";
import { steadyClock } from "./steady-clock.ts";

/** The host gives a stopping plugin 5 s: for a start that is still under way, for what runs, and for what is shared. */
const START_LIMIT_MS = 800;
const DRAIN_LIMIT_MS = 3_500;
const CLOSE_LIMIT_MS = 500;

/** What lives from one `start` of the service to the next `stop`. */
interface Session extends Instruments {
  readonly host: HostParts;
  /** Of the lane; what is compared with the host's times goes by the wall clock. */
  readonly nowMs: () => number;
  readonly settings: LiveSettings;
  state: ServiceState;
  stopWatching?: () => void;
  boot?: Office["boot"];
  permits?: Permits;
  active?: Active;
  onlooker?: Onlooker;
  /** The lane of either; it can be looked at to the end. */
  lane?: ResumeLane;
  /** Once somebody has asked. */
  atRest?: RecordAtRest;
  /** How many sessions are held, as far as the record can be read. */
  heldCount: () => number;
  /** How many conversations were split at boot, once they have been counted. */
  splitCount?: number;
}

/** The plugin between one `start` and the next `stop` of its service. */
export class ResumeService {
  readonly #api: OpenClawPluginApi;
  #session: Session | undefined;
  #stopListening: (() => void) | undefined;
  /** Host calls must run inside the service's own async context: the hook's is released when its handler returns. */
  #inServiceContext: ReturnType<typeof AsyncLocalStorage.snapshot> | undefined;
  /** Of the gateway, once it has started. */
  #gatewayStopping: AbortSignal | undefined;
  #messagesSeen = 0;
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;

  constructor(api: OpenClawPluginApi) {
    this.#api = api;
  }

  /** The registry of the running service. */
  get registry() {
    return this.#session?.metrics.registry;
  }

  /** Its metrics, as a scraper asks for them (`Accept`); `undefined` while it does not run. */
  async expose(accept: string | undefined): Promise<Exposition | undefined> {
    const { registry } = this;
    return registry === undefined ? undefined : await expose(registry, accept);
  }

  /** What the running service tells its listeners. */
  get events(): EventBus | undefined {
    return this.#session?.events;
  }

  /** What the operator can see and touch. Throws when the service was never started. */
  office(): Office {
    const session = this.#session;
    if (session === undefined) throw new Error("the resume-scheduler service is not running");
    const { host, state, settings, events, totals, timeline, changes, boot, lane, active } = session;
    return {
      pluginId: this.#api.id,
      version: this.#version,
      state,
      nowMs: Date.now,
      host,
      settings: settings.current,
      settingsConfig: settings.lastRight?.config,
      settingsErrors: settings.errors,
      events,
      totals,
      timeline,
      changes,
      boot,
      lane,
      atRest: () => (session.atRest ??= readAtRest(host.stateDir)),
      active,
      hostFeatures: hostFeatures(this.#api.runtime),
      messagesSeen: this.#messagesSeen,
    };
  }

  /** Runs a step in the service's own async context: what starts because of it must not be part of who asked for it. */
  within<Value>(step: () => Value): Value {
    return this.#inServiceContext === undefined ? step() : this.#inServiceContext(step);
  }

  /**
   * Awaited by the host before its own recovery starts: what is claimed here, the host does not resume. One during a stop
   * waits for it.
   */
  start(context: OpenClawPluginServiceContext): Promise<void> {
    const stopped = this.#stopping;
    this.#starting = stopped === undefined ? this.#start(context) : stopped.then(() => this.#start(context));
    return this.#starting;
  }

  async #start(context: OpenClawPluginServiceContext): Promise<void> {
    const isBoot = inProcess.context === undefined;
    if (isBoot) inProcess.boot = inProcess.lane = undefined;
    // A later start runs inside the edit that replaced the plugin, and the host takes no runs from there once it is done.
    this.#inServiceContext = inProcess.context ??= AsyncLocalStorage.snapshot();
    const session = (this.#session = this.#newSession(context));
    const { events, log } = session;
    inProcess.service = this;
    session.stopWatching = this.within(() =>
      watchSettings(
        this.#api.id,
        (config) => this.#settingsChanged(session, config),
        (error) => events.emit("trouble", { what: "read the changed settings", error }),
        { readNow: !isBoot },
      ),
    );
    const settings = session.settings.current;
    const liveSinceMs = inProcess.started ? -Infinity : Date.now() - process.uptime() * 1000;
    inProcess.started = true;
    inProcess.lastRight = session.settings.lastRight;
    this.#complain(session);
    if (settings === undefined) {
      session.state = "misconfigured";
      log.error(
        "nothing is resumed by this plugin until its settings are right; the host recovers as it would without it",
      );
    } else session.state = settings.mode;
    this.#complainOfPermission(session);
    sweepCarryOvers(this.#api, session.host.stateDir);
    try {
      await loadSdk();
      const missing = settings === undefined || settings.mode === "off" ? [] : missingFeatures(this.#api.runtime);
      if (missing.length > 0) {
        session.state = "failed";
        log.error(
          { step: "starting" },
          `nothing is resumed by this plugin: this host lacks ${missing.join(", ")}; it recovers as it would without the plugin`,
        );
      }
      // Only at a gateway's start does the host begin with what it is given back.
      if (isBoot && session.state !== "active") await handBack(session.host, events);
      if (session.state !== "active") {
        const held = RecordStore.peek(session.host.stateDir, (store) => store.heldCount(), 0);
        session.heldCount = () => held;
      }
      if (settings !== undefined && session.state === "observe")
        await this.#observe(session, settings, context, liveSinceMs);
      if (settings !== undefined && session.state === "active")
        await this.#takeOver(session, settings, context, { isBoot, liveSinceMs });
    } catch (error) {
      session.state = "failed";
      events.emit("failed", { error });
      session.lane?.fail();
      session.stopWatching();
      const mayHaveClaimed = isBoot && settings?.mode === "active" && session.active === undefined;
      await this.#release(session);
      if (mayHaveClaimed) await this.#handBack(session, settings, liveSinceMs);
      throw error;
    }
  }

  /** What earlier boots have claimed must not be left to nobody. The host goes on with what it is given before it recovers. */
  async #handBack({ host, events }: Session, settings: Settings, liveSinceMs: number): Promise<void> {
    try {
      await handBackAfterFailure(host, { settings, nowMs: Date.now(), liveSinceMs, events });
    } catch (error) {
      events.emit("trouble", { what: "give sessions back to the host", error });
    }
  }

  #newSession(context: OpenClawPluginServiceContext): Session {
    const nowMs = steadyClock();
    const settings = new LiveSettings(settingsOf(context.config, this.#api.id), inProcess.lastRight);
    const instruments = createInstruments(context, {
      nowMs,
      laneOf: (slot) => hostLane(settings.current?.lane.name ?? "", slot),
      versions: { plugin: this.#version, host: this.#api.runtime.version },
      service: {
        get state() {
          return session.state;
        },
        get settingsErrors() {
          return session.settings.errors;
        },
        get lane() {
          return session.lane;
        },
        get fleetState() {
          return session.active?.permits.fleet?.state;
        },
        get boot() {
          return inProcess.boot;
        },
        heldCount: () => session.heldCount(),
        get splitCount() {
          return session.splitCount;
        },
      },
    });
    const host = hostParts(this.#api.runtime, context.stateDir);
    const session: Session = { ...instruments, host, nowMs, settings, state: "off", heldCount: () => 0 };
    session.events.on("userAnswered", () => this.#noteFirstReply(session));
    return session;
  }

  /** The gateway is ready; `stopping` (not of every host) fires when it begins to stop, before it waits for running work. */
  gatewayStarted(stopping: AbortSignal | undefined): void {
    this.#gatewayStopping = belongTo(stopping);
    if (inProcess.boot !== undefined) inProcess.boot.readyAtMs ??= performance.now();
    this.#openLane();
  }

  messageReceived(sessionKey: string | undefined): void {
    this.#messagesSeen += 1;
    const { active, onlooker } = this.#session ?? {};
    (active ?? onlooker)?.signals.messageReceived(sessionKey);
  }

  /** For the hook `session_start`. */
  sessionStarted(sessionKey: string | undefined, sessionId: string): void {
    this.#session?.active?.resets.sessionStarted(sessionKey, sessionId);
  }

  /** Of the gateway's life: a plugin that is replaced in it begins nothing anew. */
  #noteFirstReply({ events }: Session): void {
    const { boot } = inProcess;
    if (boot?.readyAtMs === undefined || boot.firstReplyMs !== undefined) return;
    boot.firstReplyMs = performance.now() - boot.readyAtMs;
    events.emit("firstUserReply", { sinceReadyMs: Math.round(boot.firstReplyMs) });
  }

  #booted({ events }: Session, mode: string, claimed: number, atMs: number, tookMs: BootTimes): void {
    const isBoot = inProcess.boot === undefined;
    inProcess.boot ??= { atMs, tookMs };
    events.emit("booted", { mode, claimed, tookMs, isBoot });
  }

  /**
   * Takes changed settings over while the gateway runs: what runs goes on as it was started, the queue keeps its order.
   * Filters and the boot limit count at the next boot. Wrong settings are told, and those before them stay in force.
   */
  #settingsChanged(session: Session, config: unknown): void {
    if (!session.settings.change(config)) return;
    const { settings, active, events } = session;
    inProcess.lastRight = settings.lastRight;
    this.#complain(session);
    if (settings.changed.length === 0 || settings.current === undefined) return;
    const { current } = settings;
    events.emit("reconfigured", { changed: settings.changed });
    active?.permits.setPace(current.budget);
    active?.lane.setLimits(laneLimits(current, active.permits));
    if (current.mode === "active") active?.lane.unpause("mode");
    else active?.lane.pause("mode");
    if (active !== undefined && settings.changed.some((path) => /^fleet\b/.test(path))) {
      session.log.warn("the settings of the fleet are changed at the next gateway start");
    }
    if (settings.changed.some((path) => /^continuity\b/.test(path))) {
      session.log.warn("the settings of continuity are changed at the next gateway start");
    }
    if (current.mode !== session.state && active === undefined) {
      session.log.warn({ mode: current.mode }, "the mode is changed at the next gateway start: recovery has begun");
    } else if (active !== undefined) session.state = current.mode;
  }

  /** Ends everything that was started. A second call is the same stop; one during the start waits for it, a second long. */
  stop(): Promise<void> {
    return (this.#stopping ??= this.#stop().finally(() => (this.#stopping = undefined)));
  }

  async #stop(): Promise<void> {
    const started = this.#starting?.catch(() => undefined);
    if (started !== undefined) await atMost(START_LIMIT_MS, started);
    const session = this.#session;
    if (session === undefined) return;
    session.stopWatching?.();
    session.changes.close();
    await this.#release(session);
    // The host stops a service that could not start: metrics, status and doctor go on to say so.
    if (session.state === "failed") return;
    session.metrics.registry.clear();
    this.#session = undefined;
    if (inProcess.service === this) inProcess.service = undefined;
  }

  get #version(): string {
    return this.#api.version ?? "unknown";
  }

  async #release(session: Session): Promise<void> {
    this.#stopListening?.();
    this.#stopListening = undefined;
    const { active, onlooker, permits } = session;
    onlooker?.signals.stop();
    void onlooker?.lane.drain();
    delete session.active;
    delete session.atRest;
    if (active !== undefined) {
      active.quiet();
      // A delivery that hangs must not hold the gateway: it is on record and goes on at the next boot.
      await atMost(DRAIN_LIMIT_MS, active.lane.drain());
      inProcess.lane = active.lane.memory;
      active.close();
    }
    if (permits !== undefined) await atMost(CLOSE_LIMIT_MS, permits.close());
  }

  async #observe(
    session: Session,
    settings: Settings,
    { gatewayEvents }: OpenClawPluginServiceContext,
    liveSinceMs: number,
  ): Promise<void> {
    const { host, events } = session;
    const nowMs = Date.now();
    const { lane, signals } = (session.onlooker = startOnlooker({
      ...this.#watching(session, gatewayEvents),
      settings,
      nowMs: session.nowMs,
    }));
    session.lane = lane;
    const known = RecordStore.peek(host.stateDir, (store) => store.all(), []);
    const lost = unusable(host.stateDir);
    const judging = judgeSessions(host, { settings, known, lost, nowMs, liveSinceMs, events });
    const judgement = await betweenTurns(judging);
    const verdicts = verdictsOf(judgement);
    signals.expectRecovery(verdicts.map(({ agentId, sessionKey }) => canonicalKey(agentId, sessionKey)));
    await report(verdicts, events);
    this.#countSplits(session, judgement);
    session.boot = { id: randomUUID(), atMs: nowMs, verdicts };
    this.#booted(session, settings.mode, 0, nowMs, { ...judgement.tookMs, claim: 0 });
    this.#openLane();
  }

  /** After the claim, which nothing may hold up; nobody waits for it. */
  #countSplits(session: Session, { shared }: Judgement): void {
    readSplits(shared, session.host)
      .then((splits) => (session.splitCount = splits.length))
      .catch((error: unknown) => session.events.emit("trouble", { what: "count split conversations", error }));
  }

  async #takeOver(
    session: Session,
    settings: Settings,
    { gatewayEvents }: OpenClawPluginServiceContext,
    { isBoot, liveSinceMs }: { readonly isBoot: boolean; readonly liveSinceMs: number },
  ): Promise<void> {
    const { host, events } = session;
    const nowMs = Date.now();
    const shared = { settings, config: host.config, events, nowMs: session.nowMs, after: timer };
    const permits = (session.permits = await Permits.open(shared));
    // Users are watched from before the first claim: one who writes meanwhile must not find a resume in the way.
    const { lane, records, signals } = (session.active = startActive({
      ...this.#watching(session, gatewayEvents),
      host,
      runtime: this.#api.runtime,
      nowMs: session.nowMs,
      settings: () => session.settings.current ?? settings,
      isBoot,
      permits,
      memory: inProcess.lane,
    }));
    session.lane = lane;
    session.heldCount = () => records.heldCount();
    rememberLogKey(records.facts, session.refs.key);
    const known = await gathered(records.each());
    if (records.lost !== undefined) events.emit("trouble", { what: "keep the record", error: new Error(records.lost) });
    const judging = judgeSessions(host, { settings, known, lost: records.lost, nowMs, liveSinceMs, events });
    const judgement = await betweenTurns(judging);
    // Stopped meanwhile, and so is the record closed: the next boot judges anew.
    const isOver = () => session.active === undefined;
    if (isOver()) return;
    const boot = { bootId: randomUUID(), pluginVersion: this.#version, nowMs };
    const claimedFromMs = performance.now();
    const { queue, verdicts } = await claimJudged(judgement, { ...host, ...boot, known, records, events, isOver });
    const tookMs = { ...judgement.tookMs, claim: performance.now() - claimedFromMs };
    session.boot = { id: boot.bootId, atMs: nowMs, verdicts };
    this.#countSplits(session, judgement);
    const left = verdicts.filter(({ verdict }) => verdict.kind === "leave");
    signals.expectRecovery(left.map(({ agentId, sessionKey }) => canonicalKey(agentId, sessionKey)));
    this.#booted(session, settings.mode, queue.length, nowMs, tookMs);
    this.within(() => queue.forEach((resume) => lane.enqueue(resume)));
    const isUp = inProcess.boot?.readyAtMs !== undefined;
    if (isUp && inProcess.startIsToldOnce === true) this.#gatewayStopping ??= inProcess.stopping;
    this.#openLane();
  }

  #watching({ host, events }: Session, gatewayEvents: OpenClawPluginServiceContext["gatewayEvents"]) {
    const within: ResumeService["within"] = (step) => this.within(step);
    return { host, runtime: this.#api.runtime, gatewayEvents, events, within };
  }

  #openLane(): void {
    const { lane, active } = this.#session ?? {};
    const stopping = this.#gatewayStopping;
    if (lane === undefined || stopping === undefined || stopping.aborted) return;
    this.#stopListening?.();
    const onStopping = () => {
      // Whoever watches holds a connection, and the gateway would wait for its end.
      this.#session?.changes.close();
      void lane.drain();
    };
    stopping.addEventListener("abort", onStopping, { once: true });
    // The gateway's signal outlives a plugin that is replaced in process.
    this.#stopListening = () => stopping.removeEventListener("abort", onStopping);
    this.within(() => {
      lane.open();
      active?.notices.open();
    });
  }

  #complainOfPermission({ host, log, settings }: Session): void {
    if (settings.current?.continuity.enabled !== true) return;
    const missing = missingPermission(host.config(), this.#api.id);
    if (missing === undefined) return;
    const why = `${missing.path} is not ${missing.value}`;
    log.warn({ step: "starting", setting: "continuity.enabled" }, `no conversation is carried over: ${why}`);
  }

  #complain({ log, redact, settings }: Session): void {
    for (const { path, message } of settings.errors) {
      const where = `plugins.entries.${this.#api.id}.config${path === "" ? "" : `.${path}`}`;
      // What a scope is made of names sessions; `openclaw resumes doctor` shows it to who may see it.
      const isScope = /^filter\.(agents|channels|sessionKeys)\b/.test(path);
      log.error({ step: "starting", setting: path }, `${where}: ${isScope ? redact(message) : message}`);
    }
  }
}

/** Waits for it, and no longer than this. */
async function atMost(limitMs: number, awaited: Promise<unknown>): Promise<void> {
  const limit = Promise.withResolvers<void>();
  const cancel = timer(limitMs, limit.resolve);
  await Promise.race([awaited, limit.promise]);
  cancel();
}
