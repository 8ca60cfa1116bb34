import type { PluginRuntime } from "openclaw/plugin-sdk/runtime-store";

/** What a resume needs of the host, and whether this host has it. */
export function hostFeatures({ agent, events }: PluginRuntime): Record<string, boolean> {
  const needed: Record<string, unknown> = {
    runEmbeddedAgent: agent.runEmbeddedAgent,
    resolveAgentWorkspaceDir: agent.resolveAgentWorkspaceDir,
    listSessionEntries: agent.session.listSessionEntries,
    getSessionEntry: agent.session.getSessionEntry,
    patchSessionEntry: agent.session.patchSessionEntry,
    onAgentEvent: events.onAgentEvent,
  };
  return Object.fromEntries(Object.entries(needed).map(([name, found]) => [name, typeof found === "function"]));
}

/** The names of what it needs and this host lacks. */
export function missingFeatures(runtime: PluginRuntime): string[] {
  const features = hostFeatures(runtime);
  return Object.keys(features).filter((name) => features[name] !== true);
}
