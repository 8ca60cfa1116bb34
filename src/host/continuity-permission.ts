import type { OpenClawConfig } from "openclaw/plugin-sdk/plugin-entry";

/** The setting that has to be changed before the host lets the plugin see and add to prompts. */
export function missingPermission(
  config: OpenClawConfig,
  pluginId: string,
): { readonly path: string; readonly value: true } | undefined {
  const { allowConversationAccess, allowPromptInjection } = config.plugins?.entries?.[pluginId]?.hooks ?? {};
  const path = (name: string) => `plugins.entries.${pluginId}.hooks.${name}`;
  if (allowConversationAccess !== true) return { path: path("allowConversationAccess"), value: true };
  if (allowPromptInjection === false) return { path: path("allowPromptInjection"), value: true };
  return undefined;
}
