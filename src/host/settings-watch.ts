import { unwatchFile, watchFile } from "node:fs";
import type { OpenClawConfig } from "openclaw/plugin-sdk/plugin-entry";
import { configPath } from "./sdk.ts";

/** How soon an edit of the configuration file is seen. */
const LOOK_EVERY_MS = 500;

/**
 * Calls back with our part of the configuration file after each edit of it, and with `readNow` once for what it says now:
 * an edit replaces the plugin, and the next one may be written before the new plugin watches. The returned function stops.
 *
 * The host answers an edit of a plugin's settings by replacing the plugin, and refuses to while the plugin's runs go on
 * (2026.9.6): the edit would take effect at some later one. So the file itself is read. The host's other ways to learn of
 * an edit (`registerReload`, a service with `reload.configPrefixes`) are no better: with them it starts a new generation
 * of all plugins beside the old one, and a channel's reply that is on its way at that moment is lost.
 */
export function watchSettings(
  pluginId: string,
  changed: (settings: unknown) => void,
  failed: (error: unknown) => void,
  { readNow }: { readonly readNow: boolean },
): () => void {
  const path = configPath();
  let stopped = false;
  const look = async () => {
    try {
      const read = await readSettings(pluginId);
      if (!stopped && read !== undefined) changed(read.settings);
    } catch (error) {
      failed(error);
    }
  };
  const onEdit = () => void look();
  watchFile(path, { interval: LOOK_EVERY_MS, persistent: false }, onEdit);
  if (readNow) onEdit();
  return () => {
    stopped = true;
    unwatchFile(path, onEdit);
  };
}

/** Our part of the configuration. */
export const settingsOf = (config: OpenClawConfig, pluginId: string): unknown =>
  config.plugins?.entries?.[pluginId]?.config;

/** What the file says; `undefined` while it is not valid as a whole: the host then keeps to what it has. */
async function readSettings(pluginId: string): Promise<{ readonly settings: unknown } | undefined> {
  const { readConfigFileSnapshotForWrite } = await import("openclaw/plugin-sdk/config-mutation");
  const { snapshot } = await readConfigFileSnapshotForWrite({ skipPluginValidation: true, observe: false });
  return snapshot.valid ? { settings: settingsOf(snapshot.sourceConfig, pluginId) } : undefined;
}
