import type { OpenClawConfig } from "openclaw/plugin-sdk/plugin-entry";
import type { SecretReference } from "../settings/settings.ts";
import { FleetFault } from "./redis-address.ts";

/** The host puts in the value of each variable that is set, and leaves the others as they are. */
const UNSET_VARIABLE = /(?<!\$)\$\{([A-Z_][A-Z0-9_]*)\}/;
const CONFIG_PATH = "plugins.entries.resume-scheduler.config.fleet.redisUrl";

/**
 * The address itself, of a setting that may say where it is to be found; asked for anew, it may be another.
 *
 * Throws a `FleetFault` that says which secret is missing, by source, provider and name, and never what it is.
 */
export async function resolveRedisUrl(config: OpenClawConfig, redisUrl: string | SecretReference): Promise<string> {
  if (typeof redisUrl === "string") {
    const [, variable] = UNSET_VARIABLE.exec(redisUrl) ?? [];
    if (variable === undefined) return redisUrl;
    throw new FleetFault(`the environment variable ${variable} in fleet.redisUrl is not set for this gateway`);
  }
  const { source, provider, id } = redisUrl;
  const { resolveConfiguredSecretInputString } = await import("openclaw/plugin-sdk/secret-input-runtime");
  const { value } = await resolveConfiguredSecretInputString({
    config,
    env: process.env,
    value: redisUrl,
    path: CONFIG_PATH,
  }).catch(() => ({ value: undefined }));
  if (value !== undefined) return value;
  throw new FleetFault(
    `the secret of fleet.redisUrl (${source}, ${provider}, ${id}) cannot be had: is it there, and is secrets.providers right?`,
  );
}
