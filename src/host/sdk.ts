import * as diagnosticRuntime from "openclaw/plugin-sdk/diagnostic-runtime";
import * as modelSessionRuntime from "openclaw/plugin-sdk/model-session-runtime";
import type { OpenClawConfig } from "openclaw/plugin-sdk/plugin-entry";
import { normalizeAgentId } from "openclaw/plugin-sdk/routing";
import * as sessionStoreRuntime from "openclaw/plugin-sdk/session-store-runtime";
import * as statePaths from "openclaw/plugin-sdk/state-paths";
import { join } from "node:path";

/**
 * What not every host has (2026.6.5 to 2026.9.6). Here, and nowhere else, the plugin finds out what its host's SDK offers;
 * it never asks for a version.
 *
 * A module that every host has is imported whole: a named import of something that is missing would keep the plugin from
 * being loaded at all. One that may be missing is imported by `loadSdk`.
 */
type AgentScope = typeof import("openclaw/plugin-sdk/agent-scope-runtime");

const { areDiagnosticsEnabledForProcess } = diagnosticRuntime as Partial<typeof diagnosticRuntime>;
const { resolveConfigPath } = statePaths as Partial<typeof statePaths>;

/** Hosts before 2026.8 do not tell the model of a session's next run; 2026.6.5 has to be told it. */
export const { resolveSessionModelRef } = modelSessionRuntime as Partial<typeof modelSessionRuntime>;

/** Hosts before 2026.8 keep transcripts as files; the others have these to read them. */
export const { loadTranscriptEventsSync, readRecentUserAssistantTextForSession, readTranscriptStatsSync } =
  sessionStoreRuntime as Partial<typeof sessionStoreRuntime>;

/** The host has no such functions because its transcripts are files. */
export const keepsTranscriptFiles = loadTranscriptEventsSync === undefined;

/** The host lets the frame of a tab in the Control UI read a route that it guards; that came with transcripts in SQLite. */
export const authorisesFrames = !keepsTranscriptFiles;

/** A function that came with 2026.9, and so tells of what was mended by then. */
const isBefore2026_9 =
  (sessionStoreRuntime as Partial<typeof sessionStoreRuntime>).getConversationSession === undefined;

/** The Control UI opens a session that a plugin's page asks it to open. */
export const opensSessions = !isBefore2026_9;

/**
 * The host moves an unanswered message out of the way of a run that it is not the turn of, whatever the run says of itself:
 * see standing-message.ts.
 */
export const movesUnanswered = !keepsTranscriptFiles && isBefore2026_9;

/** Where a host registers what runs in its sessions. */
export type ActiveRuns = Pick<
  typeof import("openclaw/plugin-sdk/agent-harness-runtime"),
  "setActiveEmbeddedRun" | "clearActiveEmbeddedRun"
>;

/** The host can take a user's own turn for what it has to abort when that user resets a session: see reset-guard.ts. */
export const abortsOwnReset = isBefore2026_9;

/** That of a host which `abortsOwnReset`. Never rejects. */
export async function loadActiveRuns(): Promise<ActiveRuns | undefined> {
  if (!abortsOwnReset) return undefined;
  try {
    return await import("openclaw/plugin-sdk/agent-harness-runtime");
  } catch {
    // Then its users write once more.
    return undefined;
  }
}

let agentScope: Partial<AgentScope> = {};

/** Looks for the modules that a host may lack. To be awaited before anything is asked of the host; never rejects. */
export async function loadSdk(): Promise<void> {
  try {
    agentScope = await import("openclaw/plugin-sdk/agent-scope-runtime");
  } catch {
    // Before 2026.8 there is no such module: then the configuration tells.
  }
}

/** The ids of every agent, as the host has them. */
export function listAgentIds(config: OpenClawConfig): string[] {
  if (agentScope.listAgentIds !== undefined) return agentScope.listAgentIds(config);
  const ids = configuredAgents(config).map(({ id }) => normalizeAgentId(id));
  return ids.length === 0 ? [DEFAULT_AGENT_ID] : [...new Set(ids)];
}

/** The agent that a session key without one belongs to. */
export function defaultAgentId(config: OpenClawConfig): string {
  const agents = configuredAgents(config);
  const marked = agents.filter((agent) => agent.default === true);
  if (agentScope.listAgentIds === undefined) {
    return normalizeAgentId((marked[0] ?? agents[0])?.id ?? DEFAULT_AGENT_ID);
  }
  // Since 2026.8 none of several agents is the default one because it comes first.
  const isMarked = marked.length === 1 && config.agents?.ownership !== "explicit";
  const ids = isMarked ? marked.map(({ id }) => normalizeAgentId(id)) : agentScope.listAgentIds(config);
  return ids.length === 1 ? (ids[0] ?? DEFAULT_AGENT_ID) : DEFAULT_AGENT_ID;
}

/** Whether this process publishes diagnostic events. */
export function areDiagnosticsEnabled(config: OpenClawConfig): boolean {
  return areDiagnosticsEnabledForProcess?.() ?? diagnosticRuntime.isDiagnosticsEnabled(config);
}

/** The configuration file of this gateway. */
export function configPath(): string {
  if (resolveConfigPath !== undefined) return resolveConfigPath();
  const named = process.env["OPENCLAW_CONFIG_PATH"]?.trim();
  return named === undefined || named === "" ? join(statePaths.resolveStateDir(), "openclaw.json") : named;
}

const DEFAULT_AGENT_ID = "main";

interface ConfiguredAgent {
  readonly id: string;
  readonly default?: unknown;
}

/** Agents are a list with ids in them, or (from 2026.8 on) entries under their ids. */
function configuredAgents({ agents }: OpenClawConfig): ConfiguredAgent[] {
  const { list, entries } = (agents ?? {}) as { list?: unknown; entries?: unknown };
  const named: unknown[] = Array.isArray(list)
    ? list
    : Object.entries(entries ?? {}).map(([id, entry]) => ({ ...(entry as object), id }));
  return named.filter((agent): agent is ConfiguredAgent => typeof (agent as { id?: unknown } | null)?.id === "string");
}
