import type { OpenClawPluginServiceContext } from "openclaw/plugin-sdk/plugin-entry";
import type { PluginRuntime } from "openclaw/plugin-sdk/runtime-store";
import type { EventBus } from "../domain/events.ts";
import { parseKey } from "../domain/session-key.ts";
import type { ResumeLane } from "../lane/resume-lane.ts";
import type { HostParts } from "./host-parts.ts";
import { type ProviderListener, ProviderWatch } from "./provider-watch.ts";
import { areDiagnosticsEnabled, defaultAgentId } from "./sdk.ts";
import { UserSignals } from "./user-signals.ts";

export interface WatchUsersOptions {
  readonly host: Pick<HostParts, "config" | "sessions">;
  readonly runtime: Pick<PluginRuntime, "events">;
  readonly gatewayEvents: OpenClawPluginServiceContext["gatewayEvents"];
  readonly events: EventBus;
  /** Runs a step in the service's own async context. */
  readonly within: <Value>(step: () => Value) => Value;
}

/**
 * Makes what tells the lane of every user who waits; `start` begins with it. Signals arrive inside the user's own turn: what
 * the lane starts because of them must not become part of it.
 */
export function watchUsers(options: WatchUsersOptions, lane: ResumeLane): UserSignals {
  const { host, runtime, gatewayEvents, events, within } = options;
  return new UserSignals({
    events: runtime.events,
    gatewayEvents,
    defaultAgentId: defaultAgentId(host.config()),
    diagnosticsEnabled: () => areDiagnosticsEnabled(host.config()),
    isRecovery: (agentId, sessionKey, runId) => host.sessions.isRecovery(agentId, sessionKey, runId),
    listener: {
      userWrote: (key) => within(() => lane.userWrote(key)),
      userRunStarted: (runId, key) => within(() => lane.userRunStarted(runId, key)),
      userRunEnded: (runId, answered) => within(() => lane.userRunEnded(runId, answered)),
      userServed: (key, waitsForHost) => within(() => lane.userServed(key, waitsForHost)),
      recoveryStarted: (runId, key) => within(() => lane.recoveryStarted(runId, key)),
      recoveryEnded: (runId) => within(() => lane.recoveryEnded(runId)),
      mainQueued: (turns) => within(() => lane.mainQueued(turns)),
      mainWaited: (waitMs) => events.emit("mainWaited", { waitMs }),
    },
  });
}

/** Tells the lane of everything that model providers answer and refuse, of users' turns as of resumes. */
export function watchProviders({ host, runtime, within }: WatchUsersOptions, lane: ResumeLane): ProviderWatch {
  const listener: ProviderListener = {
    providerAsked: (runId, provider) => within(() => lane.providerAsked(runId, provider)),
    providerAnswered: (runId, provider, isOld) => within(() => lane.providerAnswered(runId, provider, isOld)),
    providerRefused: (runId, refusal, isAboutToRepeat) =>
      within(() => lane.providerRefused(runId, refusal, isAboutToRepeat)),
  };
  return new ProviderWatch(runtime.events, listener, ({ runId, sessionKey }) => {
    if (sessionKey === undefined) return lane.providerOf(runId);
    const agentId = parseKey(sessionKey)?.agentId ?? defaultAgentId(host.config());
    return host.sessions.forecast({ agentId, sessionKey, totalTokens: undefined }).provider;
  });
}

/** Begins to listen, and says so when the operator has switched off what shows some users. */
export function startWatching(signals: UserSignals, events: EventBus): void {
  signals.start();
  if (signals.seesLanes) return;
  const error = "diagnostics.enabled is false: users of the HTTP endpoints do not preempt resumes";
  events.emit("trouble", { what: "see every user", error });
}
