import type { PluginRuntime } from "openclaw/plugin-sdk/runtime-store";
import type { DeliveryRoute } from "../domain/session.ts";

type AgentApi = PluginRuntime["agent"];
type RunParams = Parameters<AgentApi["runEmbeddedAgent"]>[0];
type HostEntry = NonNullable<ReturnType<AgentApi["session"]["getSessionEntry"]>>;

/** What a run takes from its session besides the transcript. */
export type RunContext = Partial<RunParams>;

/**
 * The model, the permissions and the channel of a conversation, as its own turns have them.
 *
 * `runEmbeddedAgent` reads none of it from the session entry (2026.9.6): without it a resume would run on the agent's
 * default model and under its default permissions. There is no sender on purpose: owner rights end with the turn.
 */
export function runContextOf(entry: HostEntry, route: DeliveryRoute | undefined): RunContext {
  return withoutUndefined({
    provider: entry.modelOverride === undefined ? undefined : entry.providerOverride,
    model: entry.modelOverride,
    authProfileId: entry.authProfileOverride,
    authProfileIdSource:
      entry.authProfileOverride === undefined
        ? undefined
        : entry.authProfileOverrideSource === "auto"
          ? "auto"
          : "user",
    agentHarnessId: entry.agentHarnessId,
    agentHarnessRuntimeOverride: entry.agentRuntimeOverride,
    thinkLevel: entry.thinkingLevel,
    reasoningLevel: entry.reasoningLevel,
    verboseLevel: entry.verboseLevel,
    fastMode: entry.fastMode,
    permissionMode: entry.permissionMode,
    sessionRoot: entry.sessionRoot,
    toolOverrides: entry.toolOverrides,
    execSession: withoutUndefined({
      execHost: entry.execHost,
      execNode: entry.execNode,
      execCwd: entry.execCwd,
      permissionMode: entry.permissionMode,
      sandbox: entry.sandbox,
    }),
    chatType: entry.chatType,
    groupId: entry.groupId,
    groupChannel: entry.groupChannel,
    groupSpace: entry.space,
    messageChannel: route?.channel,
    messageProvider: route?.channel,
    agentAccountId: route?.accountId,
    messageTo: route?.to,
    messageThreadId: route?.threadId,
  });
}

/** The host tells "not given" from "given as undefined" here and there. */
function withoutUndefined(fields: Record<string, unknown>): RunContext {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
